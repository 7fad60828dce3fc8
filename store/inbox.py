"""The inbox: every event from outside as it came, before anybody believes it.

A row is committed before the sender is answered. Applying it may be tried again at any time:
facts are keyed, so at-least-once is enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from models.errors import BadRequest, NotFound
from models.events import ExternalId
from models.ids import new_id
from models.roles import Role
from models.tasks import TaskKind
from store import tasks
from store.engine import once_true
from store.rows import LOCKED, find_or_insert
from store.tables import InboxRow, InboxState
from telemetry.logs import logger
from telemetry.meters import EVENTS_SETTLED

_LOG = logger(__name__)
REUSED = "event_id_reused"
LONGEST_EVENT_ID = 200
REUSED_TASK_DUE = timedelta(hours=24)  # wall hours; nothing waits for the answer
_FINAL = {InboxState.APPLIED, InboxState.REJECTED}


def accept(
    session: Session,
    *,
    org: str,
    origin: str,
    event_id: str,
    body: bytes,
    received_at: datetime,
    headers: Mapping[str, str] | None = None,
) -> tuple[InboxRow, bool]:
    """The event's row, and whether it is new; ``received_at`` is wall time.

    The same id with the same body is the row already there. The same id with another body is kept
    as a row of its own, ``rejected`` with reason ``event_id_reused``, and a task asks which one is
    meant. ``headers`` must hold no PHI and no secrets. Raises BadRequest ``bad_event_id``.
    """
    if not 0 < len(event_id) <= LONGEST_EVENT_ID:
        raise BadRequest(
            f"The event id must have 1 to {LONGEST_EVENT_ID} characters.", code="bad_event_id"
        )
    body_hash = hashlib.sha256(body).hexdigest()
    others = [row for row in _told_as(session, org, origin, event_id) if row.body_hash != body_hash]
    row = InboxRow(
        id=new_id("evt"),
        org=org,
        origin=origin,
        event_id=event_id,
        body_hash=body_hash,
        body=body,
        headers=dict(headers or {}),
        received_at=received_at,
    )
    if others:
        row.state, row.reason, row.settled_at = InboxState.REJECTED, REUSED, received_at
    row, fresh = find_or_insert(
        session,
        row,
        lambda: next(
            (r for r in _told_as(session, org, origin, event_id) if r.body_hash == body_hash), None
        ),
    )
    if others and fresh:
        tasks.open_for_org(
            session,
            org,
            TaskKind.UNREADABLE_EVENT,
            row.id,
            due=received_at + REUSED_TASK_DUE,
            at=received_at,
            role=Role.ADMIN,
            says="An event id came twice with different content: ask the sender which one is meant",
            inbox=row,
        )
    return row, fresh


def find(session: Session, org: str, origin: str, event_id: str) -> InboxRow | None:
    """The first row that was told under an id; None when it never was."""
    return next(iter(_told_as(session, org, origin, event_id)), None)


def get(session: Session, org: str, row_id: str) -> InboxRow:
    """One row; raises NotFound."""
    row = session.get(InboxRow, row_id)
    if row is None or row.org != org:
        raise NotFound("There is no such event.")
    return row


def pending(
    session: Session, now: datetime, older_than: timedelta = timedelta(0), limit: int = 100
) -> Sequence[InboxRow]:
    """Rows still to be applied, oldest first: received that long ago, and not put off."""
    query = select(InboxRow).where(
        InboxRow.state == InboxState.RECEIVED,
        InboxRow.received_at <= now - older_than,
        col(InboxRow.next_try_at).is_(None) | (col(InboxRow.next_try_at) <= now),
    )
    return session.exec(
        query.order_by(col(InboxRow.received_at), col(InboxRow.id)).limit(limit)
    ).all()


def mark(
    session: Session,
    row_id: str,
    state: InboxState,
    *,
    at: datetime,
    reason: str | None = None,
    referral_id: str | None = None,
    next_try_at: datetime | None = None,
) -> bool:
    """Say what became of a row; False when it is applied or rejected already and stays so.

    ``received`` with ``next_try_at`` puts it off after a failure. Counts as an attempt.
    """
    row = session.get(InboxRow, row_id, with_for_update=LOCKED, populate_existing=True)
    if row is None or row.state in _FINAL:
        return False
    row.state, row.reason, row.next_try_at = state, reason, next_try_at
    row.referral_id = referral_id or row.referral_id
    row.attempts += 1
    if state != InboxState.REJECTED:  # said at the door
        outcome = "put_off" if state == InboxState.RECEIVED else state.value
        once_true(session, lambda: _note(row, outcome, reason))
    row.settled_at = None if state == InboxState.RECEIVED else at
    session.add(row)
    session.flush()
    return True


def _note(row: InboxRow, outcome: str, reason: str | None) -> None:
    EVENTS_SETTLED.labels(row.org, outcome).inc()
    about = {"org": row.org, "row_id": row.id, "referral_id": row.referral_id}
    _LOG.info("event_settled", outcome=outcome, code=reason, attempts=row.attempts, **about)


def match(session: Session, row_id: str, referral_id: str, *, anew: bool = False) -> bool:
    """A person says what a row is about: it is applied anew. False when that was done before.

    One that could not be applied where it was placed is tried there once more. ``anew``: wherever
    it was placed, that proved to be another referral.
    """
    row = session.get_one(InboxRow, row_id, with_for_update=True, populate_existing=True)
    again = row.matched_to == referral_id and row.state == InboxState.TASK
    if row.matched_to is not None and not (again or anew):
        return False
    row.matched_to, row.state, row.reason = referral_id, InboxState.RECEIVED, None
    row.settled_at = row.next_try_at = row.wait_until = None
    session.add(row)
    session.flush()
    return True


def wait(
    session: Session,
    row_id: str,
    *,
    at: datetime,
    until: datetime,
    external: ExternalId | None = None,
    referral_id: str | None = None,
    patient: str | None = None,
) -> bool:
    """Keep a row for a referral nobody knows yet (90 days, ``capture.unmatched_wait``)."""
    if not mark(session, row_id, InboxState.WAITING, at=at, reason="no_referral_yet"):
        return False
    row = session.get_one(InboxRow, row_id)
    row.wait_assigner = external.assigner if external else None
    row.wait_value = external.value if external else None
    row.wait_referral = referral_id
    row.wait_patient = patient
    row.wait_until = until
    session.add(row)
    session.flush()
    return True


def waiting_for(
    session: Session,
    org: str,
    *,
    external: ExternalId | None = None,
    referral_id: str | None = None,
    patient: str | None = None,
) -> Sequence[InboxRow]:
    """Rows that wait for a referral by either of its ids, or by its patient; oldest first."""
    wanted: list[ColumnElement[bool]] = []
    if external is not None:
        wanted.append(
            (col(InboxRow.wait_assigner) == external.assigner)
            & (col(InboxRow.wait_value) == external.value)
        )
    if referral_id is not None:
        wanted.append(col(InboxRow.wait_referral) == referral_id)
    if patient is not None:
        wanted.append(col(InboxRow.wait_patient) == patient)
    found: dict[str, InboxRow] = {}
    for about in wanted:
        query = select(InboxRow).where(
            InboxRow.org == org, InboxRow.state == InboxState.WAITING, about
        )
        found |= {row.id: row for row in session.exec(query)}
    return sorted(found.values(), key=lambda row: (row.received_at, row.id))


def waited_too_long(session: Session, now: datetime, limit: int = 100) -> Sequence[InboxRow]:
    """Waiting rows whose referral never came; each is a person's by now."""
    query = select(InboxRow).where(
        InboxRow.state == InboxState.WAITING, col(InboxRow.wait_until) <= now
    )
    return session.exec(query.order_by(col(InboxRow.received_at)).limit(limit)).all()


def _told_as(session: Session, org: str, origin: str, event_id: str) -> Sequence[InboxRow]:
    query = select(InboxRow).where(
        InboxRow.org == org, InboxRow.origin == origin, InboxRow.event_id == event_id
    )
    return session.exec(query.order_by(col(InboxRow.received_at))).all()
