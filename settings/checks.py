"""What no single variable can be wrong about: accounts told by half, secrets in the clear."""

from __future__ import annotations

from typing import Final

from models.errors import ConfigError
from settings.examples import examples
from settings.secret_files import PREFIX
from settings.whole import Settings

_ACCOUNTS: Final = {
    "twilio": ("twilio_account_sid", "twilio_auth_token"),
    "telnyx": ("telnyx_api_key", "telnyx_connection_id", "telnyx_public_key"),
}


def check(settings: Settings) -> None:
    """Raises ConfigError naming the variable; outside ``dev`` published secrets are refused."""
    if settings.environment != "dev":
        _refuse_examples(settings)
    _safe_fhir(settings)
    _complete_login(settings)
    _complete_vendors(settings)
    # A key that cannot be read must stop the start, not the first workflow.
    _ = settings.keyring, settings.readers, settings.fax_mailbox


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
