"""Every setting of the environment, read once and typed: env, then ``.env``, then the default.

Secrets have a ``*_FILE`` twin (``REFERRAL_LOOP_CODEC_KEYS_FILE=/run/secrets/codec_keys``) for
container platforms. What a clinic decides is not here but in its policy file. Composition roots
call ``load``; nothing else reads the environment. ``.env.example`` lists every variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AliasChoices,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from engine.codec import KeyRing
from engine.codec_readers import NAME, Readers
from integrations.emr.fhir_slots import FhirSlots
from integrations.emr.signature import check_secret
from integrations.fax import telnyx
from integrations.fax.telnyx_signature import check_key
from integrations.mailbox.imap import ImapSettings
from integrations.sms import twilio
from models.errors import ConfigError
from models.ids import SLUG
from models.links import LinkKeys, Pages
from telemetry.logs import Format, Level

TASK_QUEUE: Final = "referral-loop"
PREFIX: Final = "REFERRAL_LOOP_"
EXAMPLE_ORGANIZATION: Final = "riverside"

# Published in .env.example and in the documentation: good for trying things out, and refused
# anywhere else.
EXAMPLE_CODEC_KEYS: Final = "example:" + "ZXhhbXBsZSBrZXksIG5vdCBmb3IgcHJvZHVjdGlvbiE="
EXAMPLE_WEBHOOK_SECRET: Final = "whsec_" + "ZXhhbXBsZSBzZWNyZXQsIG5vdCBmb3IgcHJvZHVjdGlvbg=="
EXAMPLE_API_TOKEN: Final = "example-token-not-for-production"  # noqa: S105  (published)
# What the sign-in page of a trial takes from whoever has not set a password.
EXAMPLE_PASSWORD: Final = "example-password"  # noqa: S105  (published)

SECRETS: Final = (
    "codec_keys",
    "codec_tokens",
    "webhook_secrets",
    "api_tokens",
    "store_url",
    "smtp_password",
    "twilio_auth_token",
    "telnyx_api_key",
    "fhir_token",
    "desk_oidc_client_secret",
    "fax_mail_password",
)
SHORTEST_TOKEN: Final = 20
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")  # a name, an address, [IPv6]

Port = Annotated[int, Field(ge=0, le=65535)]


class _SecretFiles(PydanticBaseSettingsSource):
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


class Settings(BaseSettings):
    """What this process was told; frozen, and never prints a secret."""

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
        return init_settings, env_settings, _SecretFiles(settings_cls, *places), dotenv_settings

    @property
    def database_url(self) -> str:
        """The address of the record; SQLite in ``data_dir`` unless told otherwise."""
        if self.store_url is not None:
            return self.store_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'referral-loop.db'}"

    @property
    def may_migrate(self) -> bool:
        """Whether any process may bring the schema up to date, or only ``starter.py migrate``."""
        return self.environment == "dev"

    @property
    def outbox_dir(self) -> Path:
        """Where the embedded channels write what would be sent."""
        return self.data_dir / "outbox"

    @property
    def engine_metrics(self) -> str | None:
        """Where a worker's Temporal SDK serves its metrics."""
        port = self.engine_metrics_port
        return None if port is None else f"{self.metrics_host}:{port}"

    @property
    def base_url(self) -> str:
        """How others reach us; status URLs begin with it."""
        return self.public_url or f"http://{self.http_host}:{self.http_port}"

    @property
    def twilio(self) -> twilio.TwilioSettings | None:
        """The account that texts, if there is one."""
        if not (self.twilio_account_sid and self.twilio_auth_token):
            return None
        tokens = self.twilio_auth_token.get_secret_value().split(",")
        return twilio.TwilioSettings(
            account_sid=self.twilio_account_sid,
            tokens=tuple(SecretStr(token.strip()) for token in tokens),
            callbacks=self.base_url,
            address=self.twilio_url,
        )

    @property
    def telnyx(self) -> telnyx.TelnyxSettings | None:
        """The account that faxes, if there is one."""
        if not (self.telnyx_api_key and self.telnyx_connection_id and self.telnyx_public_key):
            return None
        return telnyx.TelnyxSettings(
            api_key=self.telnyx_api_key,
            connection_id=self.telnyx_connection_id,
            public_key=self.telnyx_public_key,
            callbacks=self.base_url,
            address=self.telnyx_url,
            plain=self.environment == "dev",
        )

    @property
    def fax_mailbox(self) -> ImapSettings | None:
        """The mailbox that faxes are mailed to, if one is watched; raises ConfigError."""
        if self.fax_mail_host is None:
            return None
        names = ("fax_mail_username", "fax_mail_password", "fax_mail_clinic")
        lacking = [PREFIX + name.upper() for name in names if not getattr(self, name)]
        org, _, clinic = (self.fax_mail_clinic or "").partition("/")
        if lacking or self.fax_mail_password is None or not (org and clinic):
            variable = lacking[0] if lacking else f"{PREFIX}FAX_MAIL_CLINIC"
            raise ConfigError(
                f"{variable} is missing: a mailbox of faxes needs a user name, a password, and "
                "whose faxes they are, as organization/clinic.",
                field=variable,
            )
        if self.fax_mail_security == "none" and self.environment != "dev":
            raise ConfigError(
                f"{PREFIX}FAX_MAIL_SECURITY is none: faxes are about patients and travel "
                "encrypted; set it to tls.",
                field=f"{PREFIX}FAX_MAIL_SECURITY",
            )
        return ImapSettings(
            host=self.fax_mail_host,
            port=self.fax_mail_port,
            username=self.fax_mail_username or "",
            password=self.fax_mail_password,
            security=self.fax_mail_security,
            org=org,
            clinic=clinic,
        )

    @property
    def keyring(self) -> KeyRing:
        """The keys that encrypt what workflows say; raises ConfigError naming the entry."""
        return KeyRing.parse(self.codec_keys.get_secret_value())

    @property
    def pages(self) -> Pages:
        """Where patients' pages are, and what signs the links to them; raises ConfigError.

        The current key signs, every other one is still believed.
        """
        ring = self.keyring
        others = [key for name, key in ring.keys.items() if name != ring.current]
        return Pages(self.base_url, LinkKeys([ring.keys[ring.current], *others]))

    @property
    def fhir(self) -> FhirSlots | None:
        """The EMR's free times; None where no FHIR server is named."""
        if self.fhir_url is None:
            return None
        return FhirSlots(
            self.fhir_url, self.fhir_token.get_secret_value() if self.fhir_token else None
        )

    @property
    def engine_address(self) -> str:
        """TEMPORAL_ADDRESS, for every process that does not start a server; raises ConfigError."""
        if self.temporal_address is None:
            raise ConfigError(
                "Set TEMPORAL_ADDRESS (host:port): only `starter.py up` and `demo` start a server "
                "themselves.",
                field="TEMPORAL_ADDRESS",
            )
        return self.temporal_address

    @property
    def readers(self) -> Readers:
        """Who may have payloads decoded; raises ConfigError naming the entry."""
        told = self.codec_tokens
        return Readers.parse(told.get_secret_value()) if told is not None else Readers()

    @property
    def login_readers(self) -> dict[str, str]:
        """Whom logins may name, by mail address (in lower case) or subject: their names for us."""
        entries = (entry.partition(":") for entry in self.codec_oidc_readers)
        return {who.lower() if "@" in who else who: name for name, _, who in entries}

    @property
    def replay_window(self) -> timedelta:
        """How far a signed timestamp may lie from our clock, either way."""
        return timedelta(seconds=self.replay_window_seconds)

    def hook_secrets(self, org: str) -> tuple[str, ...]:
        """The signing secrets of one organization; several while one is being rotated."""
        return tuple(one.get_secret_value() for one in self.webhook_secrets.get(org, ()))

    def tokens(self, org: str) -> tuple[str, ...]:
        """The API tokens of one organization."""
        return tuple(one.get_secret_value() for one in self.api_tokens.get(org, ()))


def load(**given: Any) -> Settings:
    """The settings of this process; raises ConfigError naming the variable that is wrong.

    *given* overrides the environment. Outside ``dev`` every published example secret is refused.
    """
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        variable = _variable(str(first["loc"][0]))
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{variable} is wrong: {said}.", field=variable) from None
    except SettingsError as error:
        variable = _variable_in(str(error))
        raise ConfigError(
            f"{variable} is not valid JSON; see .env.example for its shape.", field=variable
        ) from None
    if settings.environment != "dev":
        _refuse_examples(settings)
    _safe_fhir(settings)
    _complete_login(settings)
    _complete_vendors(settings)
    # A key that cannot be read must stop the start, not the first workflow.
    _ = settings.keyring, settings.readers, settings.fax_mailbox
    return settings


def variables() -> Mapping[str, FieldInfo]:
    """Every variable by its full name, for the documentation and its test."""
    return {PREFIX + name.upper(): field for name, field in Settings.model_fields.items()}


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


_ACCOUNTS: Final = {
    "twilio": ("twilio_account_sid", "twilio_auth_token"),
    "telnyx": ("telnyx_api_key", "telnyx_connection_id", "telnyx_public_key"),
}


def _complete_vendors(settings: Settings) -> None:
    """All of an account or none of it; outside dev over https alone, both ways."""
    for vendor, names in _ACCOUNTS.items():
        told = {name: bool(getattr(settings, name)) for name in names}
        if not any(told.values()):
            continue
        if not all(told.values()):
            variable = PREFIX + next(name for name, there in told.items() if not there).upper()
            raise ConfigError(
                f"{variable} is missing: an account of {vendor} is told whole.", field=variable
            )
        if settings.environment == "dev":
            continue
        for name in (f"{vendor}_url", "public_url"):
            if not (getattr(settings, name) or "").startswith("https://"):
                variable = PREFIX + name.upper()
                raise ConfigError(
                    f"{variable} must be an https address: texts and faxes travel there.",
                    field=variable,
                )


def _safe_fhir(settings: Settings) -> None:
    """Its token, and who is free when, travel encrypted outside dev."""
    url = settings.fhir_url
    if url is not None and settings.environment != "dev" and not url.startswith("https://"):
        raise ConfigError(
            f"{PREFIX}FHIR_URL must be an https address: its token travels there.",
            field=f"{PREFIX}FHIR_URL",
        )


def _complete_login(settings: Settings) -> None:
    """All or none: an issuer without a list would let in everybody it knows."""
    told = {
        name: bool(getattr(settings, name))
        for name in ("codec_oidc_issuer", "codec_oidc_audience", "codec_oidc_readers")
    }
    if any(told.values()) and not all(told.values()):
        variable = PREFIX + next(name for name, there in told.items() if not there).upper()
        raise ConfigError(
            f"{variable} is missing: issuer, audience and readers belong together.", field=variable
        )
    if bool(settings.desk_oidc_issuer) != bool(settings.desk_oidc_client_id):
        missing = "desk_oidc_client_id" if settings.desk_oidc_issuer else "desk_oidc_issuer"
        raise ConfigError(
            f"{PREFIX}{missing.upper()} is missing: issuer and client id belong together.",
            field=PREFIX + missing.upper(),
        )


def _refuse_examples(settings: Settings) -> None:
    for variable in examples(settings):
        raise ConfigError(
            f"{variable} (or {variable}_FILE) still holds the published example; "
            "set your own before running outside dev.",
            code="example_secret",
            field=variable,
        )


def _variable(place: str) -> str:
    return (
        place.upper() if place.upper().startswith((PREFIX, "TEMPORAL_")) else PREFIX + place.upper()
    )


def _variable_in(message: str) -> str:
    names = [name for name in Settings.model_fields if f'"{name}"' in message]
    return PREFIX + names[0].upper() if names else f"{PREFIX}*"
