"""A new referral as a sender told it: what cannot be is refused, what is doubtful is set aside.

Shape and dates are the sender's to fix. A wrong NPI check digit or a number that does not exist
is not: the patient waits meanwhile, so the referral is taken, the doubtful value is left out (it
identifies nobody and nothing is sent to it), and a person looks it up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from integrations.emr.dates import check_dates
from integrations.emr.problems import validated
from models import shapes
from models.errors import BadRequest
from models.events import Event, MachineRead, NewReferral, PatientIn, ProviderIn

_P = TypeVar("_P", bound=ProviderIn)
_NUMBERS: Final = ("phone", "fax", "guardian_phone")
_SAYS: Final = {
    "bad_npi": "The NPI of {who} is not valid: look it up in the NPI registry",
    "bad_phone": "The {what} of {who} is not a number that exists: ask for the right one",
    "bad_email": "The e-mail address of {who} is not complete: ask for the right one",
}


class Flaw(NamedTuple):
    """One value that was set aside, and what a person should do; holds no value."""

    field: str
    code: str
    says: str


class Arrival(NamedTuple):
    """A referral that can be taken, with what was set aside."""

    referral: NewReferral
    received_at: datetime
    flaws: tuple[Flaw, ...] = ()


def new_referral(event: Event, now: datetime, country: str = "US") -> Arrival:
    """The referral inside a ``referral_received`` event; pure.

    Raises BadRequest ``invalid_event``, ``impossible_date``, ``bad_name`` or ``bad_state`` naming
    the field. *country* is where numbers without a country code are.
    """
    new = validated(NewReferral, event.data, within=["data"])
    if new.external is None and event.referral is not None and event.referral.external is not None:
        new = new.model_copy(update={"external": event.referral.external})
    check_dates({"received_at": new.received_at, "not_before": new.not_before}, now, "data.")
    received_at = new.received_at or event.at
    _names(new)
    _read(
        "data.patient.born",
        lambda born: shapes.birth_date(born, now.date()),
        new.patient.born.isoformat(),
    )
    if new.patient.state is not None:
        _read("data.patient.state", shapes.state, new.patient.state)
    flaws: list[Flaw] = []
    return Arrival(
        new.model_copy(
            update={
                "patient": _patient(new.patient, country, flaws),
                "source": _provider(new.source, "source", country, flaws),
                "certifier": _provider(new.certifier, "certifier", country, flaws)
                if new.certifier
                else None,
                "machine_read": _machine_read(new, country),
                "recipients": tuple(
                    _provider(one, f"recipients.{place}", country, flaws)
                    for place, one in enumerate(new.recipients)
                ),
            }
        ),
        received_at,
        tuple(flaws),
    )


def _names(new: NewReferral) -> None:
    """A name that is nothing but marks and spaces is no name."""
    named = {"data.patient.given_name": new.patient.given_name}
    named["data.patient.family_name"] = new.patient.family_name
    if new.patient.guardian_name is not None:
        named["data.patient.guardian_name"] = new.patient.guardian_name
    providers: dict[str, ProviderIn] = {"source": new.source}
    if new.certifier is not None:
        providers["certifier"] = new.certifier
    providers |= {f"recipients.{place}": one for place, one in enumerate(new.recipients)}
    for who, provider in providers.items():
        named[f"data.{who}.name"] = provider.name
        if provider.practice is not None:
            named[f"data.{who}.practice"] = provider.practice
    for field, name in named.items():
        _read(field, shapes.clean_name, name)


def _patient(given: PatientIn, country: str, flaws: list[Flaw]) -> PatientIn:
    return given.model_copy(update=_contacts(given, "patient", country, flaws))


def _provider(given: _P, who: str, country: str, flaws: list[Flaw]) -> _P:
    changes = _contacts(given, who, country, flaws)
    if given.npi is not None and not shapes.npi_is_valid(given.npi):
        flaws.append(_flaw(who, "npi", "bad_npi"))
        changes["npi"] = None
        if "verified" in type(given).model_fields:
            changes["verified"] = False  # nobody is thanked until a person has confirmed them
    return given.model_copy(update=changes)


def _contacts(
    given: PatientIn | ProviderIn, who: str, country: str, flaws: list[Flaw]
) -> dict[str, Any]:
    """Numbers and mailboxes, normalised, or None where they cannot be."""
    changes: dict[str, Any] = {}
    readers: dict[str, Callable[[str], str]] = dict.fromkeys(
        _NUMBERS, lambda text: shapes.phone(text, country)
    )
    readers["email"] = shapes.email
    for field, reader in readers.items():
        value = getattr(given, field, None)
        if value is None:
            continue
        try:
            changes[field] = reader(value)
        except BadRequest as error:
            flaws.append(_flaw(who, field, error.code))
            changes[field] = None
    return changes


def _machine_read(new: NewReferral, country: str) -> MachineRead | None:
    """The number of the pages, normalised; one that cannot be is nobody's we know."""
    read = new.machine_read
    if read is None or read.fax is None:
        return read
    try:
        return read.model_copy(update={"fax": shapes.phone(read.fax, country)})
    except BadRequest:
        return read.model_copy(update={"fax": None})


def _flaw(who: str, field: str, code: str) -> Flaw:
    whom = {"patient": "the patient", "source": "the source", "certifier": "the certifier"}
    what = field.replace("_", " ") + (" number" if field in {"phone", "fax"} else "")
    says = _SAYS[code].format(who=whom.get(who, "a report recipient"), what=what)
    return Flaw(f"{who}.{field}", code, says)


def _read(field: str, reader: Callable[[str], Any], value: str) -> None:
    try:
        reader(value)
    except BadRequest as error:
        raise BadRequest(error.sentence, code=error.code, field=field) from None
