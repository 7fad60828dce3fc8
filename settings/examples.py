"""Secrets that are published in .env.example and in the documentation.

Good for trying things out, and refused anywhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from settings.secret_files import PREFIX

if TYPE_CHECKING:
    from settings.whole import Settings

EXAMPLE_ORGANIZATION: Final = "riverside"
EXAMPLE_CODEC_KEYS: Final = "example:" + "ZXhhbXBsZSBrZXksIG5vdCBmb3IgcHJvZHVjdGlvbiE="
EXAMPLE_WEBHOOK_SECRET: Final = "whsec_" + "ZXhhbXBsZSBzZWNyZXQsIG5vdCBmb3IgcHJvZHVjdGlvbg=="
EXAMPLE_API_TOKEN: Final = "example-token-not-for-production"  # noqa: S105  (published)
# What the sign-in page of a trial takes from whoever has not set a password.
EXAMPLE_PASSWORD: Final = "example-password"  # noqa: S105  (published)


def examples(settings: Settings) -> list[str]:
    """The variables that still hold a published example secret."""
    published = {
        "codec_keys": EXAMPLE_CODEC_KEYS.partition(":")[2]
        in settings.codec_keys.get_secret_value(),
        "webhook_secrets": any(
            EXAMPLE_WEBHOOK_SECRET in settings.hook_secrets(org) for org in settings.webhook_secrets
        ),
        "api_tokens": any(EXAMPLE_API_TOKEN in settings.tokens(org) for org in settings.api_tokens),
    }
    return [PREFIX + name.upper() for name, is_example in published.items() if is_example]
