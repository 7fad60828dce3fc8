"""A small clinic's worth of rows for the store's tests; everyone in it is made up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from models.events import NewReferral
from models.facts import ReferralReceived
from store import referrals, sources
from store.engine import Store
from store.people import Everyone, everyone
from store.record import Record
from store.tables import SourceRow
from tests.lives import received, rules

ORG = "riverside"
CLINIC = "main"
START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # a Monday, 10:00 in New York
TODAY = START.date()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

PATIENT: dict[str, Any] = {
    "given_name": "Ada",
    "family_name": "Example",
    "born": "1960-02-29",
    "phone": "(518) 555-0142",
    "email": "Ada@Example.org",
}
SOURCE: dict[str, Any] = {
    "npi": "1234567893",
    "name": "Dr. Pat Sample",
    "credential": "MD",
    "practice": "Sample Orthopedics",
    "fax": "518-555-0143",
}


def new_referral(**changes: Any) -> NewReferral:
    """What an integrator posts; ``patient`` and ``source`` are changed key by key."""
    patient = PATIENT | changes.pop("patient", {})
    source = SOURCE | changes.pop("source", {})
    return NewReferral.model_validate({"patient": patient, "source": source, **changes})


def people(session: Session, *, at: datetime = START, **changes: Any) -> Everyone:
    """Everyone a new referral names, found or made."""
    return everyone(session, ORG, new_referral(**changes), at=at, today=TODAY)


def a_referral(
    store: Store, *, at: datetime = START, told: bool = True, **changes: Any
) -> tuple[Record, str]:
    """A referral on record, received from a provider who also certifies."""
    record = Record(store)
    create = {key: changes.pop(key) for key in ("external", "referral_id") if key in changes}
    with store.write() as session:
        all_of_them = people(session, at=at, **changes)
        row = record.create(
            session,
            org=ORG,
            clinic_id=CLINIC,
            patient_id=all_of_them.patient.id,
            source_id=all_of_them.source.id,
            received_at=at,
            rules=rules(),
            recorded_at=at,
            **create,
        )
        if told:
            fact = received_by(all_of_them, at)
            record.write_in(session, ORG, row.id, fact, recorded_at=at)
    return record, row.id


def source_of(store: Store, referral_id: str) -> SourceRow:
    """Who sent a referral."""
    with store.read() as session:
        return sources.get(session, ORG, referrals.get(session, ORG, referral_id).source_id)


def received_by(all_of_them: Everyone, at: datetime) -> ReferralReceived:
    """The fact that a referral of these people came."""
    certifier = all_of_them.certifier
    return received(
        at,
        source_id=all_of_them.source.id,
        certifier_id=certifier.id if certifier else None,
        recipients=(certifier.id,) if certifier else (),
    )


def born(year: int) -> str:
    """A birthday in a year."""
    return date(year, 6, 1).isoformat()
