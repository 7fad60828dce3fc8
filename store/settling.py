"""What comes of messages and deliveries: held, claimed, taken, proven, failed, and counted.

A delivery is claimed by one conditional UPDATE, so of two that want to send it one does. Its state
only ever moves forward, in whatever order receipts arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from models.kinds import Kind
from models.sending import REPLIES
from store.rows import LOCKED
from store.tables import (
    DeliveryRow,
    DeliveryState,
    DeskTextRow,
    MessageRow,
    MessageState,
    SubjectType,
)

_S = DeliveryState
# What each state may become. ``unknown`` may follow ``accepted`` (no receipt came), and a later
# receipt may still tell; a late ``delivered`` outdoes ``failed``, whichever came first.
_ONWARD: dict[str, frozenset[DeliveryState]] = {
    _S.QUEUED: frozenset({_S.SENDING, _S.ACCEPTED, _S.UNKNOWN, _S.FAILED, _S.DELIVERED}),
    _S.SENDING: frozenset({_S.ACCEPTED, _S.UNKNOWN, _S.FAILED, _S.DELIVERED}),
    _S.ACCEPTED: frozenset({_S.UNKNOWN, _S.FAILED, _S.DELIVERED}),
    _S.UNKNOWN: frozenset({_S.FAILED, _S.DELIVERED}),
    _S.FAILED: frozenset({_S.DELIVERED}),
    _S.DELIVERED: frozenset(),
}
CAME_BACK = "came_back"  # why a message waits that is tried again on the same channel
WENT_OUT = (_S.SENDING, _S.ACCEPTED, _S.UNKNOWN, _S.DELIVERED)


class Settled(NamedTuple):
    """A delivery after a vendor's word, and whether that word moved it."""

    row: DeliveryRow
    moved: bool


# --- messages -------------------------------------------------------------------------------------


def mark_message(
    session: Session,
    message_id: str,
    state: MessageState,
    *,
    at: datetime,
    until: datetime | None = None,
    why: str | None = None,
    line: str | None = None,
) -> bool:
    """Move a message between queued and held, or settle it as sent or dropped for good.

    False when it was settled before. ``until`` and ``line`` (the fax number it waits for) belong
    to held, ``why`` is a code.
    """
    row = session.get(MessageRow, message_id, with_for_update=LOCKED, populate_existing=True)
    if row is None or row.state in {MessageState.SENT, MessageState.DROPPED}:
        return False
    row.state, row.why = state, why
    held = state is MessageState.HELD
    row.held_until, row.line = (until, line) if held else (None, None)
    row.settled_at = at if state in {MessageState.SENT, MessageState.DROPPED} else None
    session.add(row)
    session.flush()
    return True


def take_back(
    session: Session,
    message_id: str,
    *,
    until: datetime,
    why: str,
    line: str | None = None,
) -> bool:
    """A message that was sent waits again, because the vendor reports that it did not arrive.

    Nothing else leaves ``sent``. False for one that is not there; twice changes nothing more.
    """
    row = session.get(MessageRow, message_id, with_for_update=LOCKED, populate_existing=True)
    if row is None or row.state != MessageState.SENT:
        return False
    row.state, row.settled_at = MessageState.HELD, None
    row.held_until, row.why, row.line = until, why, line
    session.add(row)
    session.flush()
    return True


# --- deliveries -----------------------------------------------------------------------------------


def claim(
    session: Session,
    delivery_id: str,
    attempt: int,
    *,
    at: datetime,
    until: datetime | None = None,
    carrier: str | None = None,
    again: bool = False,
) -> bool:
    """Take a delivery for sending: true for exactly one of those who saw it at ``attempt``.

    ``carrier`` is the reference the vendor will be given, where it is not the delivery's own.

    ``until`` (wall time) is when whoever takes it will have ended every call about it; nobody asks
    the vendor before. A delivery already ``sending`` is only taken with ``again``, which is for
    whoever has asked the vendor and heard that nothing is there. Commit before the vendor is
    called.
    """
    states = [_S.QUEUED, _S.SENDING] if again else [_S.QUEUED]
    return _move(
        session,
        delivery_id,
        attempt,
        states,
        {
            "state": _S.SENDING,
            "attempt": attempt + 1,
            "claimed_at": at,
            "in_hand_until": until,
            "carrier": carrier or DeliveryRow.reference,
            "code": None,
        },
    )


def put_off(session: Session, delivery_id: str, attempt: int, *, code: str) -> bool:
    """The vendor did not take it for now: back in the queue, unless it has moved on since.

    ``attempt`` is the number the claim made (seen + 1).
    """
    return _move(session, delivery_id, attempt, [_S.SENDING], {"state": _S.QUEUED, "code": code})


def settle(
    session: Session,
    delivery_id: str,
    state: DeliveryState,
    *,
    at: datetime,
    vendor_id: str = "",
    code: str = "",
    prove_by: datetime | None = None,
) -> Settled:
    """Take a vendor's word on a delivery; a word that would move it backwards changes nothing.

    ``prove_by`` (wall time) is when a receipt must have come; final states have none. A second
    vendor id on one delivery is counted even when the state stays: it is a second send. Raises
    sqlalchemy's NoResultFound for an id that is not ours.
    """
    row = session.get_one(DeliveryRow, delivery_id, with_for_update=LOCKED, populate_existing=True)
    accepted = state in {_S.ACCEPTED, _S.DELIVERED}
    if accepted and (
        row.acceptances == 0 or (vendor_id and row.vendor_id not in (None, vendor_id))
    ):
        row.acceptances += 1
    # What was never accepted may still turn out to be: the answer was lost, and a sweep found it.
    found = row.state == _S.UNKNOWN and state is _S.ACCEPTED and row.vendor_id is None
    moved = state in _ONWARD[row.state] or found
    if moved:
        row.state, row.code = state, code or None
        row.prove_by = prove_by if state in {_S.SENDING, _S.ACCEPTED, _S.UNKNOWN} else None
        row.settled_at = at
    row.vendor_id = vendor_id or row.vendor_id
    session.add(row)
    session.flush()
    return Settled(row, moved)


def prove_later(session: Session, delivery_id: str, by: datetime | None) -> None:
    """Ask for the receipt again at ``by``, or never again."""
    row = session.get_one(DeliveryRow, delivery_id, with_for_update=LOCKED, populate_existing=True)
    row.prove_by = by
    session.add(row)
    session.flush()


def due_receipts(session: Session, now: datetime, limit: int = 100) -> Sequence[DeliveryRow]:
    """Deliveries whose receipt should have come by ``now`` (wall time), longest due first."""
    query = select(DeliveryRow).where(
        col(DeliveryRow.state).in_([_S.SENDING, _S.ACCEPTED, _S.UNKNOWN]),
        col(DeliveryRow.prove_by) <= now,
    )
    return session.exec(query.order_by(col(DeliveryRow.prove_by)).limit(limit)).all()


def carried_by(session: Session, reference: str) -> Sequence[DeliveryRow]:
    """What went out, or may have, under the reference a vendor was given; oldest first."""
    query = select(DeliveryRow).where(DeliveryRow.carrier == reference)
    return session.exec(query.order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))).all()


def by_vendor_id(session: Session, channel: str, vendor_id: str) -> Sequence[DeliveryRow]:
    """What a vendor speaks of by its own id: several letters may have gone as one fax."""
    query = select(DeliveryRow).where(
        DeliveryRow.vendor_id == vendor_id, DeliveryRow.channel == channel
    )
    return session.exec(query.order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))).all()


def tries(session: Session, message_id: str, channel: str) -> tuple[int, datetime | None]:
    """How often a message was handed over on a channel, and when the first try began."""
    query = select(
        func.coalesce(func.sum(DeliveryRow.attempt), 0), func.min(DeliveryRow.created_at)
    ).where(
        DeliveryRow.subject_type == SubjectType.MESSAGE,
        DeliveryRow.subject_id == message_id,
        DeliveryRow.channel == channel,
    )
    count, first = session.exec(query).one()
    return int(count), first


# --- what was sent --------------------------------------------------------------------------------


def failures_to(session: Session, org: str, address: str) -> int:
    """How many different documents failed at an address for good since one last went through.

    One that came back and is tried again, or is on its way again, has not failed yet.
    """
    query = (
        select(DeliveryRow, MessageRow.why)
        .join(MessageRow, col(MessageRow.id) == col(DeliveryRow.subject_id), isouter=True)
        .where(DeliveryRow.org == org, DeliveryRow.address_ref == address)
        # What is under way has no end yet and comes first, whatever the database does with NULL.
        .order_by(
            col(DeliveryRow.settled_at).is_(None).desc(),
            col(DeliveryRow.settled_at).desc(),
            col(DeliveryRow.rung).desc(),
        )
    )
    failed: set[str] = set()
    under_way: set[str] = set()
    for row, why in session.exec(query):
        if row.state == _S.DELIVERED:
            break
        if row.state != _S.FAILED or why == CAME_BACK:
            under_way.add(row.subject_id)
        else:
            failed.add(row.subject_id)
    return len(failed - under_way)


def texts_to(session: Session, org: str, phone: str, since: datetime) -> list[datetime]:
    """When texts went to a number since a moment, oldest first; caps count per number [K1].

    The one word in answer to a text, and what a person answers to one, are outside the caps
    (policy.md §2 text.cap).
    """
    recent = col(DeliveryRow.claimed_at) >= since
    answers = select(DeskTextRow.id).where(DeskTextRow.org == org, col(DeskTextRow.live).is_(True))
    return _texts(
        session,
        org,
        phone,
        recent,
        col(MessageRow.kind).not_in(list(REPLIES)),
        (col(MessageRow.kind) != Kind.DESK_TEXT) | col(MessageRow.occasion).not_in(answers),
    )


def last_text(session: Session, org: str, phone: str, kind: Kind) -> datetime | None:
    """When a text of one kind last went to a number, whichever referral it was for."""
    return max(_texts(session, org, phone, col(MessageRow.kind) == kind), default=None)


def duplicate_sends(session: Session, org: str | None = None) -> int:
    """How many (referral, message, rung) a vendor accepted more than once (ARCHITECTURE §7)."""
    query = select(DeliveryRow.subject_id).where(DeliveryRow.subject_type == SubjectType.MESSAGE)
    if org is not None:
        query = query.where(DeliveryRow.org == org)
    twice = query.group_by(
        col(DeliveryRow.referral_id), col(DeliveryRow.subject_id), col(DeliveryRow.rung)
    ).having(func.sum(col(DeliveryRow.acceptances)) > 1)
    return len(session.exec(twice).all())


def _texts(session: Session, org: str, phone: str, *which: ColumnElement[bool]) -> list[datetime]:
    """When texts went to a number, or may have, oldest first."""
    query = (
        select(DeliveryRow.claimed_at, func.coalesce(DeliveryRow.carrier, DeliveryRow.id))
        .join(MessageRow, col(MessageRow.id) == col(DeliveryRow.subject_id))
        .where(
            DeliveryRow.org == org,
            DeliveryRow.address_ref == phone,
            DeliveryRow.channel == "sms",
            DeliveryRow.subject_type == SubjectType.MESSAGE,
            col(DeliveryRow.state).in_(WENT_OUT),
            *which,
        )
        .distinct()  # one text may tell of two bookings
    )
    return sorted(at for at, _ in session.exec(query) if at is not None)


def _move(
    session: Session,
    delivery_id: str,
    attempt: int,
    states: Sequence[DeliveryState],
    values: dict[str, Any],
) -> bool:
    session.flush()
    done = session.connection().execute(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.id) == delivery_id,
            col(DeliveryRow.state).in_(states),
            col(DeliveryRow.attempt) == attempt,
        )
        .values(**values)
    )
    # Whoever holds the row in this session sees what the UPDATE made of it.
    session.get(DeliveryRow, delivery_id, populate_existing=True)
    return done.rowcount == 1
