"""Times a clinic offers on the patient's page: put there, held for who asked first, booked, gone.

A slot is never an appointment: the EMR has those (policy.md rule 18). ``held`` keeps a time for one
request until the desk has seen to it; a hold that has run out is anybody's again. Rows follow the
facts of the referral that asked (``follow``, called by ``store.record``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import CursorResult, Index, UniqueConstraint, and_, case, or_, update
from sqlmodel import Field, Session, col, select

from models.facts import AnyFact, AppointmentBooked, BookingRequested
from models.ids import new_id
from store.columns import Table, UtcDateTime, Words

if TYPE_CHECKING:
    from models.referral import Referral


class SlotState(StrEnum):
    """What may become of an offered time."""

    OPEN = "open"
    HELD = "held"  # somebody asked for it; free again at held_until
    TAKEN = "taken"  # the EMR has an appointment at that time
    WITHDRAWN = "withdrawn"  # offered no more


class SlotSource(StrEnum):
    """Who said that the time is free."""

    DESK = "desk"
    FILE = "file"
    FHIR = "fhir"


class SlotRow(Table, table=True):
    """One time for one patient; two therapists free at the same time are two rows."""

    __tablename__ = "slots"
    __table_args__ = (
        UniqueConstraint("org", "clinic_id", "source", "external"),
        Index(None, "org", "clinic_id", "state", "starts_at"),
        Index(None, "referral_id"),
    )

    id: str = Field(primary_key=True)
    org: str
    clinic_id: str
    starts_at: datetime = Field(sa_type=UtcDateTime)
    minutes: int
    source: str
    external: str = Field(sa_type=Words)  # its name at the source
    state: str = SlotState.OPEN
    referral_id: str | None = Field(default=None, foreign_key="referrals.id")
    request_id: str | None = None
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


def kept_for(row: SlotRow, referral_id: str) -> bool:
    """Whether a time is kept for a request of this referral."""
    return row.state == SlotState.HELD and row.referral_id == referral_id


class Offer(NamedTuple):
    """A free time as a source tells it; ``external`` names it there, and again next time."""

    external: str
    starts_at: datetime
    minutes: int


def put(
    session: Session,
    org: str,
    clinic_id: str,
    source: SlotSource,
    offers: Sequence[Offer],
    *,
    at: datetime,
    instead_of: tuple[datetime, datetime] | None = None,
) -> int:
    """Offer these times; how many are new, or offered again. Told twice, they are offered once.

    *instead_of*: what the source offered between two moments and does not tell now is withdrawn,
    unless somebody has asked for it.
    """
    known = {
        row.external: row
        for row in session.exec(
            select(SlotRow).where(
                SlotRow.org == org, SlotRow.clinic_id == clinic_id, SlotRow.source == source
            )
        )
    }
    fresh = 0
    for offer in {one.external: one for one in offers}.values():
        row = known.get(offer.external)
        if row is None:
            row = SlotRow(
                id=new_id("slot"),
                org=org,
                clinic_id=clinic_id,
                source=source,
                recorded_at=at,
                **offer._asdict(),
            )
            fresh += 1
        elif row.state in {SlotState.OPEN, SlotState.WITHDRAWN}:
            fresh += row.state == SlotState.WITHDRAWN
            row.state, row.starts_at, row.minutes = SlotState.OPEN, offer.starts_at, offer.minutes
        session.add(row)
    told = {one.external for one in offers}
    if instead_of is not None:
        first, last = instead_of
        for row in known.values():
            gone = row.external not in told and first <= row.starts_at < last
            if gone and row.state == SlotState.OPEN:
                row.state = SlotState.WITHDRAWN
                session.add(row)
    session.flush()
    return fresh


def offered(
    session: Session, org: str, clinic_id: str, *, after: datetime, before: datetime, now: datetime
) -> Sequence[SlotRow]:
    """The free times of a clinic between two moments, soonest first, one for each time of day."""
    query = select(SlotRow).where(
        SlotRow.org == org,
        SlotRow.clinic_id == clinic_id,
        col(SlotRow.starts_at) >= after,
        col(SlotRow.starts_at) < before,
        _free(now),
    )
    rows = session.exec(query.order_by(col(SlotRow.starts_at), col(SlotRow.id))).all()
    first: dict[datetime, SlotRow] = {}
    for row in rows:
        first.setdefault(row.starts_at, row)
    return list(first.values())


def upcoming(session: Session, org: str, clinic_id: str, *, after: datetime) -> Sequence[SlotRow]:
    """Every time from a moment on that is not withdrawn, for the desk."""
    query = select(SlotRow).where(
        SlotRow.org == org,
        SlotRow.clinic_id == clinic_id,
        col(SlotRow.starts_at) >= after,
        SlotRow.state != SlotState.WITHDRAWN,
    )
    return session.exec(query.order_by(col(SlotRow.starts_at), col(SlotRow.id))).all()


def get(session: Session, org: str, slot_id: str) -> SlotRow | None:
    """One slot of the organization."""
    row = session.get(SlotRow, slot_id)
    return row if row is not None and row.org == org else None


def hold(
    session: Session,
    org: str,
    slot_id: str,
    *,
    referral_id: str,
    request_id: str,
    now: datetime,
    until: datetime,
) -> bool:
    """Keep a free time for a request; False where somebody was quicker, or it is offered no more.

    One statement decides, so of two at once one gets it, on either database.
    """
    statement = (
        update(SlotRow)
        .where(
            col(SlotRow.id) == slot_id,
            col(SlotRow.org) == org,
            col(SlotRow.starts_at) > now,
            _free(now),
        )
        .values(
            state=SlotState.HELD, referral_id=referral_id, request_id=request_id, held_until=until
        )
    )
    return _rows(session, statement) == 1


def withdraw(session: Session, org: str, slot_id: str) -> bool:
    """Offer a time no more; False for one that somebody has asked for, or that is gone."""
    statement = (
        update(SlotRow)
        .where(col(SlotRow.id) == slot_id, col(SlotRow.org) == org)
        .where(col(SlotRow.state) == SlotState.OPEN)
        .values(state=SlotState.WITHDRAWN)
    )
    return _rows(session, statement) == 1


def follow(
    session: Session,
    org: str,
    clinic_id: str,
    referral_id: str,
    referral: Referral,
    fresh: Sequence[AnyFact],
) -> None:
    """Bring the slots in step with a referral: what it booked is taken, what it let go is free."""
    booked = [one for one in fresh if isinstance(one, AppointmentBooked) and not one.retracted]
    for one in booked:
        if one.purpose == "evaluation":
            _take(session, org, clinic_id, referral_id, one)
    if not referral.all(BookingRequested):
        return
    standing = None if referral.over() else referral.booking_request()
    kept = standing.request_id if standing is not None else ""
    statement = (
        update(SlotRow)
        .where(
            col(SlotRow.referral_id) == referral_id,
            col(SlotRow.state) == SlotState.HELD,
            col(SlotRow.request_id) != kept,
        )
        .values(state=SlotState.OPEN, referral_id=None, request_id=None, held_until=None)
    )
    _rows(session, statement)


def _take(
    session: Session, org: str, clinic_id: str, referral_id: str, booked: AppointmentBooked
) -> None:
    """One row at this time leaves the offer: the one kept for the patient, else a free one."""
    at_that_time = and_(
        col(SlotRow.org) == org,
        col(SlotRow.clinic_id) == clinic_id,
        col(SlotRow.starts_at) == booked.starts_at,
    )
    mine = and_(col(SlotRow.referral_id) == referral_id, col(SlotRow.state) == SlotState.HELD)
    taken = and_(col(SlotRow.referral_id) == referral_id, col(SlotRow.state) == SlotState.TAKEN)
    if session.exec(select(SlotRow.id).where(at_that_time, taken)).first() is not None:
        return
    likeliest = case((mine, 0), (col(SlotRow.state) == SlotState.OPEN, 1), else_=2)
    query = select(SlotRow.id).where(at_that_time, or_(mine, _free(booked.as_of)))
    found = session.exec(query.order_by(likeliest, col(SlotRow.id))).first()
    if found is not None:
        gone = {"state": SlotState.TAKEN, "referral_id": referral_id, "held_until": None}
        _rows(session, update(SlotRow).where(col(SlotRow.id) == found).values(**gone))


def _free(now: datetime) -> Any:
    lapsed = and_(col(SlotRow.state) == SlotState.HELD, col(SlotRow.held_until) <= now)
    return or_(col(SlotRow.state) == SlotState.OPEN, lapsed)


def _rows(session: Session, statement: Any) -> int:
    # Whoever holds a row in this session sees what the UPDATE made of it.
    told = statement.execution_options(synchronize_session="fetch")
    return cast(CursorResult[Any], session.execute(told)).rowcount
