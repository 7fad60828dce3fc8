"""Every setting of the environment, read once and typed: env, then ``.env``, then the default.

Secrets have a ``*_FILE`` twin (``REFERRAL_LOOP_CODEC_KEYS_FILE=/run/secrets/codec_keys``) for
container platforms. What a clinic decides is not here but in its policy file. Composition roots
call ``load``; nothing else reads the environment. ``.env.example`` lists every variable.
"""

from __future__ import annotations

from typing import Final

from settings.examples import (
    EXAMPLE_API_TOKEN,
    EXAMPLE_CODEC_KEYS,
    EXAMPLE_ORGANIZATION,
    EXAMPLE_PASSWORD,
    EXAMPLE_WEBHOOK_SECRET,
    examples,
)
from settings.loading import load, variables
from settings.secret_files import PREFIX, SECRETS
from settings.whole import Settings

TASK_QUEUE: Final = "referral-loop"

__all__ = [
    "EXAMPLE_API_TOKEN",
    "EXAMPLE_CODEC_KEYS",
    "EXAMPLE_ORGANIZATION",
    "EXAMPLE_PASSWORD",
    "EXAMPLE_WEBHOOK_SECRET",
    "PREFIX",
    "SECRETS",
    "TASK_QUEUE",
    "Settings",
    "examples",
    "load",
    "variables",
]
