"""Secrets have a ``*_FILE`` twin, for container platforms.

``REFERRAL_LOOP_CODEC_KEYS_FILE=/run/secrets/codec_keys``
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from models.errors import ConfigError

PREFIX: Final = "REFERRAL_LOOP_"
SECRETS: Final = (
    "codec_keys",
    "codec_tokens",
    "webhook_secrets",
    "api_tokens",
    "report_tokens",
    "store_url",
    "smtp_password",
    "twilio_auth_token",
    "telnyx_api_key",
    "fhir_token",
    "desk_oidc_client_secret",
    "fax_mail_password",
)


class SecretFiles(PydanticBaseSettingsSource):
    """Reads ``<VARIABLE>_FILE`` for each secret; the line break at the file's end is dropped."""

    def __init__(self, settings_cls: type[BaseSettings], *places: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self._places = places

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The text of the file named for this field, or None."""
        variable = PREFIX + field_name.upper()
        for place in self._places:
            path = place.get(f"{variable}_FILE".lower())
            if not path:
                continue
            if place.get(variable.lower()):
                raise ConfigError(f"Set {variable} or {variable}_FILE, not both.", field=variable)
            try:
                text = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"{variable}_FILE names a file that cannot be read ({type(error).__name__}).",
                    field=f"{variable}_FILE",
                ) from None
            return text, field_name, self.field_is_complex(field)
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every secret that has a file."""
        found: dict[str, Any] = {}
        for name in SECRETS:
            field = self.settings_cls.model_fields[name]
            value, key, is_complex = self.get_field_value(field, name)
            if value is not None:
                found[key] = self.prepare_field_value(name, field, value, is_complex)
        return found
