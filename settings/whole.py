"""What this process was told, and what follows from it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from engine.codec import KeyRing
from engine.codec_readers import Readers
from integrations.emr.fhir_slots import FhirSlots
from integrations.fax import telnyx
from integrations.mailbox.imap import ImapSettings
from integrations.sms import twilio
from models.errors import ConfigError
from models.links import LinkKeys, Pages
from settings.environment import Environment
from settings.secret_files import PREFIX


class Settings(Environment):
    """What this process was told; frozen, and never prints a secret."""

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
