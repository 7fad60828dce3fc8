"""Small questions intake asks of the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Text, cast
from sqlmodel import Session, col, select

from models.facts import AnyFact, Discharged, parse_fact
from models.letters import death_told
from models.referral import Stage
from store.tables import (
    ExternalIdRow,
    FactRow,
    InboxRow,
    InboxState,
    PatientRow,
    ProviderRow,
    ReferralRow,
)

_NAMES_PROVIDERS = ("referral_received", "co_source_added", "certifier_named", "provider_left")


def provider_by_npi(session: Session, org: str, npi: str) -> ProviderRow | None:
    """The provider an NPI belongs to, if we have met them."""
    query = select(ProviderRow).where(ProviderRow.org == org, ProviderRow.npi == npi)
    return session.exec(query).first()


def open_referrals_of(session: Session, org: str, patient_id: str) -> Sequence[ReferralRow]:
    """Every referral of a patient that is still on the board, oldest first."""
    query = select(ReferralRow).where(
        ReferralRow.org == org,
        ReferralRow.patient_id == patient_id,
        col(ReferralRow.duplicate_of).is_(None),
        ReferralRow.stage != Stage.CLOSED,
    )
    return session.exec(query.order_by(col(ReferralRow.received_at), col(ReferralRow.id))).all()


def open_referrals_by_person(
    session: Session, org: str, person: str, phone: str | None
) -> Sequence[ReferralRow]:
    """Open referrals of everybody of one name and birth date; a phone picks its owner's alone."""
    people = session.exec(
        select(PatientRow).where(PatientRow.org == org, PatientRow.person == person)
    ).all()
    reached = [one for one in people if phone and phone in {one.phone, one.guardian_phone}]
    found: dict[str, ReferralRow] = {}
    for one in reached or people:
        found |= {row.id: row for row in open_referrals_of(session, org, one.id)}
    return list(found.values())


def person_known(session: Session, org: str, person: str) -> bool:
    """Whether somebody of this name and birth date was ever sent to us."""
    query = select(PatientRow.id).where(PatientRow.org == org, PatientRow.person == person)
    return session.exec(query).first() is not None


def patients_led_by(session: Session, org: str, referral_id: str) -> Sequence[str]:
    """Patients of whom a referral was once reached together with this one; a rare search."""
    led = select(FactRow.referral_id).where(
        FactRow.org == org,
        FactRow.kind == "cadence_shared",
        cast(col(FactRow.body), Text).contains(f'"{referral_id}"', autoescape=True),
    )
    query = select(ReferralRow.patient_id).where(col(ReferralRow.id).in_(led)).distinct()
    return session.exec(query.order_by(col(ReferralRow.patient_id))).all()


def open_referrals_naming(session: Session, org: str, provider_id: str) -> Sequence[ReferralRow]:
    """Open referrals in whose facts a provider is named, as certifier, recipient or source.

    A search through the words of the facts, for what happens a few times a year.
    """
    named = select(FactRow.referral_id).where(
        FactRow.org == org,
        col(FactRow.kind).in_(_NAMES_PROVIDERS),
        cast(col(FactRow.body), Text).contains(f'"{provider_id}"', autoescape=True),
    )
    query = select(ReferralRow).where(
        ReferralRow.org == org,
        col(ReferralRow.duplicate_of).is_(None),
        ReferralRow.stage != Stage.CLOSED,
        col(ReferralRow.id).in_(named),
    )
    return session.exec(query.order_by(col(ReferralRow.id))).all()


def referrals_that_know(
    session: Session, org: str, patient_id: str, key: str
) -> Sequence[ReferralRow]:
    """Every referral of a patient, closed ones included, that was told a fact of this key."""
    told = select(FactRow.referral_id).where(FactRow.key == key)
    query = select(ReferralRow).where(
        ReferralRow.org == org,
        ReferralRow.patient_id == patient_id,
        col(ReferralRow.id).in_(told),
    )
    return session.exec(query.order_by(col(ReferralRow.received_at), col(ReferralRow.id))).all()


def ended_deceased(session: Session, referral_id: str, fact: AnyFact) -> bool:
    """Whether care was said to have ended by death before this telling says otherwise."""
    if not isinstance(fact, Discharged):
        return False
    query = select(FactRow).where(
        FactRow.referral_id == referral_id, FactRow.key == fact.key, FactRow.as_of < fact.as_of
    )
    return any(death_told(parse_fact(told.body)) for told in session.exec(query).all())


def told_by(referral_id: str) -> str:
    """How the event ids of a person's tellings of one referral begin."""
    return f"confirm-{referral_id}-"


def told_by_hand(session: Session, org: str, referral_id: str) -> Sequence[InboxRow]:
    """What a person's decisions told again of a referral; newest last."""
    query = select(InboxRow).where(InboxRow.org == org, _by_hand(referral_id))
    return session.exec(query.order_by(col(InboxRow.received_at), col(InboxRow.id))).all()


def told_of(session: Session, row: ReferralRow, original: str) -> Sequence[InboxRow]:
    """What came about a referral from its original on, and stands; newest last.

    What a person told counts although it may still be on its way.
    """
    first = session.get(InboxRow, original)
    if first is None:
        return ()
    query = select(InboxRow).where(
        InboxRow.org == row.org,
        col(InboxRow.state).in_([InboxState.APPLIED, InboxState.RECEIVED]),
        InboxRow.received_at >= first.received_at,
        col(InboxRow.origin).in_(["events", "api", "file", "hand", "fax"]),
        (col(InboxRow.referral_id) == row.id)
        | (col(InboxRow.referral_id).is_(None) & _by_hand(row.id)),
    )
    found = session.exec(query).all()
    return sorted(found, key=lambda one: (one.received_at, one.id != original, one.id))


def _by_hand(referral_id: str) -> ColumnElement[bool]:
    begins = col(InboxRow.event_id).startswith(told_by(referral_id), autoescape=True)
    return (col(InboxRow.origin) == "hand") & begins


def row(session: Session, row_id: str) -> InboxRow | None:
    """One inbox row of any organization; for the code that applies it."""
    return session.get(InboxRow, row_id)


def no_longer_waiting(
    session: Session, row_id: str | None = None, limit: int = 100
) -> Sequence[str]:
    """Rows that wait although their referral has come, which two writers can bring about."""
    by_external = (
        (col(InboxRow.org) == col(ReferralRow.org))
        & (col(InboxRow.wait_assigner) == col(ReferralRow.assigner))
        & (col(InboxRow.wait_value) == col(ReferralRow.external_value))
    )
    by_id = (col(InboxRow.org) == col(ReferralRow.org)) & (
        col(InboxRow.wait_referral) == col(ReferralRow.id)
    )
    by_patient = (
        (col(InboxRow.org) == col(ReferralRow.org))
        & col(ReferralRow.patient_id).in_(
            select(PatientRow.id).where(col(PatientRow.person) == col(InboxRow.wait_patient))
        )
        & (ReferralRow.stage != Stage.CLOSED)
    )
    by_learned = (
        (col(InboxRow.org) == col(ExternalIdRow.org))
        & (col(InboxRow.wait_assigner) == col(ExternalIdRow.assigner))
        & (col(InboxRow.wait_value) == col(ExternalIdRow.value))
    )
    found: dict[str, None] = {}
    for query in (
        select(InboxRow.id).join(ReferralRow, by_external | by_id | by_patient),
        select(InboxRow.id).join(ExternalIdRow, by_learned),
    ):
        waiting = query.where(InboxRow.state == InboxState.WAITING).distinct().limit(limit)
        if row_id is not None:
            waiting = waiting.where(InboxRow.id == row_id)
        found |= dict.fromkeys(session.exec(waiting))
    return list(found)


def told_since(session: Session, referral_id: str, key: str, moment: datetime) -> bool:
    """Whether the record learned something by this key since a moment (of ``recorded_at``)."""
    query = select(FactRow.id).where(
        FactRow.referral_id == referral_id, FactRow.key == key, FactRow.recorded_at >= moment
    )
    return session.exec(query).first() is not None


def told_before(session: Session, referral_id: str, key: str, moment: datetime) -> bool:
    """Whether the record knew something by this key before a moment (of ``recorded_at``)."""
    query = select(FactRow.id).where(
        FactRow.referral_id == referral_id, FactRow.key == key, FactRow.recorded_at < moment
    )
    return session.exec(query).first() is not None
