"""The variables: their names, their defaults, and what each may look like."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AliasChoices,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from engine.codec_readers import NAME
from integrations.emr.signature import check_secret
from integrations.fax import telnyx
from integrations.fax.telnyx_signature import check_key
from integrations.sms import twilio
from models.ids import SLUG
from settings.examples import (
    EXAMPLE_API_TOKEN,
    EXAMPLE_CODEC_KEYS,
    EXAMPLE_ORGANIZATION,
    EXAMPLE_WEBHOOK_SECRET,
)
from settings.report_tokens import ReportToken
from settings.secret_files import PREFIX, SecretFiles
from telemetry.logs import Format, Level

SHORTEST_TOKEN: Final = 20
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")  # a name, an address, [IPv6]

Port = Annotated[int, Field(ge=0, le=65535)]


class Environment(BaseSettings):
    """Every variable with its default; frozen, and never prints a secret."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    environment: Literal["dev", "production"] = "dev"
    log_level: Level = "info"
    log_format: Format = "auto"  # text on a terminal, JSON everywhere else
    metrics_host: str = "127.0.0.1"
    metrics_port: Port | None = None  # None: no metrics are served
    engine_metrics_port: Port | None = None  # a worker's: the Temporal SDK's own
    data_dir: Path = Path("var")  # database, outbox, embedded Temporal server
    store_url: SecretStr | None = None  # default: SQLite in data_dir
    policy_files: Annotated[tuple[Path, ...], NoDecode] = (Path("clinics/example.toml"),)

    temporal_address: str | None = Field(
        default=None, validation_alias=AliasChoices(f"{PREFIX}TEMPORAL_ADDRESS", "TEMPORAL_ADDRESS")
    )  # None: find or start one
    temporal_namespace: str = Field(
        default="referral-loop",
        validation_alias=AliasChoices(f"{PREFIX}TEMPORAL_NAMESPACE", "TEMPORAL_NAMESPACE"),
    )
    temporal_ui_address: str | None = None  # where admins open it
    codec_keys: SecretStr = SecretStr(EXAMPLE_CODEC_KEYS)
    codec_tokens: SecretStr | None = None  # who may have payloads decoded
    # The same for people who log in to the Temporal UI: who vouches, for whom, and who of them.
    codec_oidc_issuer: str | None = None
    codec_oidc_audience: str | None = None
    codec_oidc_readers: Annotated[tuple[str, ...], NoDecode] = ()  # name:mail or name:subject

    # Staff who sign in to the desk through a provider; whoever it vouches for is found by mail.
    desk_oidc_issuer: str | None = None
    desk_oidc_client_id: str | None = None
    desk_oidc_client_secret: SecretStr | None = None  # none: a public client, PKCE alone

    http_host: str = "127.0.0.1"
    http_port: Port = 8080
    public_url: str | None = None  # default: http://<host>:<port>
    webhook_secrets: dict[str, tuple[SecretStr, ...]] = {
        EXAMPLE_ORGANIZATION: (SecretStr(EXAMPLE_WEBHOOK_SECRET),)
    }
    api_tokens: dict[str, tuple[SecretStr, ...]] = {
        EXAMPLE_ORGANIZATION: (SecretStr(EXAMPLE_API_TOKEN),)
    }
    report_tokens: dict[str, tuple[ReportToken, ...]] = {}  # who may read figures, no more
    max_body_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 9 * 1024 * 1024
    replay_window_seconds: Annotated[int, Field(ge=1, le=3600)] = 300

    fax_folder: Path | None = None  # a worker's: <folder>/<organization>/<clinic>/ is watched

    # A mailbox that faxes are mailed to, for the workers.
    fax_mail_host: str | None = None
    fax_mail_port: Port = 993
    fax_mail_username: str | None = None
    fax_mail_password: SecretStr | None = None
    fax_mail_security: Literal["tls", "none"] = "tls"
    fax_mail_clinic: str | None = None  # whose faxes they are: organization/clinic

    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_from: str | None = None

    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None  # several while one is being rotated, by commas
    twilio_url: str = twilio.ADDRESS
    telnyx_api_key: SecretStr | None = None
    telnyx_connection_id: str | None = None
    telnyx_public_key: str | None = None
    telnyx_url: str = telnyx.ADDRESS

    fhir_url: str | None = None  # of the EMR, where clinics' free times are read
    fhir_token: SecretStr | None = None

    @field_validator("policy_files", "codec_oidc_readers", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("telnyx_public_key")
    @classmethod
    def _ed25519(cls, value: str | None) -> str | None:
        problem = check_key(value) if value is not None else None
        if problem:
            raise ValueError(f"the key {problem}")
        return value

    @field_validator("public_url", "temporal_ui_address", "twilio_url", "telnyx_url", "fhir_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None:
            TypeAdapter(HttpUrl).validate_python(value)
        return value.rstrip("/") if value else None

    @field_validator("codec_oidc_readers")
    @classmethod
    def _named(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for place, entry in enumerate(given, start=1):
            name, _, identity = entry.partition(":")
            if not identity or not NAME.fullmatch(name):
                raise ValueError(f"entry {place} is not name:mail-address or name:subject")
        return given

    @field_validator("codec_oidc_issuer", "desk_oidc_issuer")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        # Kept to the letter, a slash at its end included: tokens name it so.
        if value is not None:
            host = TypeAdapter(HttpUrl).validate_python(value).host
            if not value.startswith("https://") and host not in {"127.0.0.1", "localhost"}:
                raise ValueError("expected an https address")
        return value

    @field_validator("temporal_address")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        host, _, port = (value or "").rpartition(":")
        named = _HOST.fullmatch(host) is not None
        if value is not None and not (named and port.isdecimal() and 0 < int(port[:6]) <= 65535):
            raise ValueError("expected host:port, such as 127.0.0.1:7233")
        return value

    @field_validator("webhook_secrets", "api_tokens")
    @classmethod
    def _by_organization(
        cls, given: dict[str, tuple[SecretStr, ...]]
    ) -> dict[str, tuple[SecretStr, ...]]:
        for org, secrets in given.items():
            if not SLUG.fullmatch(org):
                raise ValueError("each key must be the id of an organization")
            if not secrets:
                raise ValueError(f"{org} has an empty list; leave the organization out instead")
        return given

    @field_validator("webhook_secrets")
    @classmethod
    def _usable_secrets(
        cls, given: dict[str, tuple[SecretStr, ...]]
    ) -> dict[str, tuple[SecretStr, ...]]:
        for org, secrets in given.items():
            for place, secret in enumerate(secrets, start=1):
                problem = check_secret(secret.get_secret_value())
                if problem:
                    raise ValueError(f"secret {place} of {org} {problem}")
        return given

    @field_validator("api_tokens")
    @classmethod
    def _long_tokens(
        cls, given: dict[str, tuple[SecretStr, ...]]
    ) -> dict[str, tuple[SecretStr, ...]]:
        for org, tokens in given.items():
            if any(len(token.get_secret_value()) < SHORTEST_TOKEN for token in tokens):
                raise ValueError(f"a token of {org} is shorter than {SHORTEST_TOKEN} characters")
        return given

    @field_validator("report_tokens")
    @classmethod
    def _usable_readers(
        cls, given: dict[str, tuple[ReportToken, ...]]
    ) -> dict[str, tuple[ReportToken, ...]]:
        for org, readers in given.items():
            if not SLUG.fullmatch(org):
                raise ValueError("each key must be the id of an organization")
            for one in readers:
                if len(one.token.get_secret_value()) < SHORTEST_TOKEN:
                    raise ValueError(
                        f"the token {one.name} of {org} is shorter than {SHORTEST_TOKEN} characters"
                    )
        return given

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (a directory; ours are files)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then secret files, then ``.env``."""
        places = [
            source.env_vars
            for source in (env_settings, dotenv_settings)
            if isinstance(source, EnvSettingsSource)
        ]
        return init_settings, env_settings, SecretFiles(settings_cls, *places), dotenv_settings
