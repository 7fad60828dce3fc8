"""How the record stands, as counts for monitoring: by organization and words of ours, never ids.

Every query groups by a closed list of words, so an answer is small however large the record is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, case, col, select

from models.referral import Stage
from store.tables import (
    DeadNumberRow,
    DeliveryRow,
    DeliveryState,
    InboxRow,
    InboxState,
    MessageRow,
    MessageState,
    ReferralRow,
    SourceRow,
    TaskRow,
    TaskState,
)

LATE: Final = timedelta(minutes=15)  # a workflow turns its crank within seconds of the hour
UNPROVED: Final = timedelta(hours=1)  # the receipts chore asks every five minutes
LATELY: Final = timedelta(days=7)
_ON_THE_WAY: Final = (DeliveryState.QUEUED, DeliveryState.SENDING)
_UNPROVED: Final = (DeliveryState.SENDING, DeliveryState.ACCEPTED, DeliveryState.UNKNOWN)
_NUMBER: Final = func.count()

Counts = dict[tuple[str, ...], float]


class Standing(NamedTuple):
    """Counts by organization and one or two words; ages are in seconds."""

    referrals: Counts  # open ones, by stage
    referrals_overdue: Counts  # by the owner of what is next
    tasks_open: Counts  # by role
    tasks_overdue: Counts
    messages_late: Counts  # by kind
    deliveries: Counts  # by channel and state
    oldest_delivery: Counts  # by channel
    receipts_overdue: Counts  # by channel
    duplicate_sends: Counts
    inbox: Counts  # by state
    oldest_event: Counts
    sources_quiet: Counts
    numbers_dead: Counts


def standing(session: Session, now: datetime) -> Standing:
    """Everything at one moment (UTC), of all organizations."""
    tasks = _tasks(session, now)
    inbox = _inbox(session)
    return Standing(
        referrals=_referrals(session, col(ReferralRow.stage)),
        referrals_overdue=_referrals(
            session,
            func.coalesce(col(ReferralRow.next_owner), "nobody"),
            col(ReferralRow.next_at) < now,
        ),
        tasks_open={(org, role): float(n) for org, role, n, _ in tasks},
        tasks_overdue={(org, role): float(late) for org, role, _, late in tasks},
        messages_late=_messages_late(session, now),
        deliveries=_deliveries(session, now),
        oldest_delivery=_oldest_delivery(session, now),
        receipts_overdue=_receipts_overdue(session, now),
        duplicate_sends=_by_org(session, col(DeliveryRow.org), col(DeliveryRow.acceptances) > 1),
        inbox={(org, state): float(n) for org, state, n, _ in inbox},
        oldest_event={
            (org,): _age(now, at) for org, state, _, at in inbox if state == InboxState.RECEIVED
        },
        sources_quiet=_by_org(session, col(SourceRow.org), col(SourceRow.quiet_since).is_not(None)),
        numbers_dead=_by_org(session, col(DeadNumberRow.org)),
    )


def _referrals(session: Session, by: Any, *where: ColumnElement[bool]) -> Counts:
    query = select(ReferralRow.org, by, _NUMBER).where(
        col(ReferralRow.duplicate_of).is_(None), ReferralRow.stage != Stage.CLOSED, *where
    )
    return _counts(session.exec(query.group_by(col(ReferralRow.org), by)))


def _tasks(session: Session, now: datetime) -> list[tuple[str, str, int, int]]:
    late = func.sum(case((col(TaskRow.due) < now, 1), else_=0))
    query = select(TaskRow.org, TaskRow.role, _NUMBER, late).where(
        TaskRow.state == TaskState.OPEN, col(TaskRow.gathered_in).is_(None)
    )
    return list(session.exec(query.group_by(col(TaskRow.org), col(TaskRow.role))))


def _messages_late(session: Session, now: datetime) -> Counts:
    """Due to leave and not gone: their workflow is not being served."""
    queued = (col(MessageRow.state) == MessageState.QUEUED) & (
        col(MessageRow.created_at) < now - LATE
    )
    held = (col(MessageRow.state) == MessageState.HELD) & (col(MessageRow.held_until) < now - LATE)
    query = select(MessageRow.org, MessageRow.kind, _NUMBER).where(queued | held)
    return _counts(session.exec(query.group_by(col(MessageRow.org), col(MessageRow.kind))))


def _deliveries(session: Session, now: datetime) -> Counts:
    """Those on their way, and those of the last week in whatever state."""
    lately = col(DeliveryRow.recorded_at) >= now - LATELY
    query = select(DeliveryRow.org, DeliveryRow.channel, DeliveryRow.state, _NUMBER).where(
        col(DeliveryRow.state).in_(_ON_THE_WAY) | lately
    )
    by = (col(DeliveryRow.org), col(DeliveryRow.channel), col(DeliveryRow.state))
    return _counts(session.exec(query.group_by(*by)))


def _oldest_delivery(session: Session, now: datetime) -> Counts:
    oldest = func.min(DeliveryRow.recorded_at)
    query = select(DeliveryRow.org, DeliveryRow.channel, oldest).where(
        col(DeliveryRow.state).in_(_ON_THE_WAY)
    )
    rows = session.exec(query.group_by(col(DeliveryRow.org), col(DeliveryRow.channel)))
    return {(org, channel): _age(now, at) for org, channel, at in rows}


def _receipts_overdue(session: Session, now: datetime) -> Counts:
    query = select(DeliveryRow.org, DeliveryRow.channel, _NUMBER).where(
        col(DeliveryRow.state).in_(_UNPROVED), col(DeliveryRow.prove_by) < now - UNPROVED
    )
    return _counts(session.exec(query.group_by(col(DeliveryRow.org), col(DeliveryRow.channel))))


def _inbox(session: Session) -> list[tuple[str, str, int, datetime]]:
    query = select(InboxRow.org, InboxRow.state, _NUMBER, func.min(InboxRow.received_at)).where(
        col(InboxRow.state).in_((InboxState.RECEIVED, InboxState.WAITING))
    )
    return list(session.exec(query.group_by(col(InboxRow.org), col(InboxRow.state))))


def _by_org(session: Session, org: Any, *where: ColumnElement[bool]) -> Counts:
    return _counts(session.exec(select(org, _NUMBER).where(*where).group_by(org)))


def _counts(rows: Iterable[Any]) -> Counts:
    return {tuple(str(word) for word in words): float(number) for *words, number in rows}


def _age(now: datetime, at: datetime) -> float:
    return max(0.0, (now - at).total_seconds())
