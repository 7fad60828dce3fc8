"""Counts over the whole record, for the demo's summary and for health pages; no PHI."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from store import settling
from store.tables import (
    DeliveryRow,
    DeliveryState,
    MessageRow,
    ReferralRow,
    SourceRow,
    SubjectType,
    TaskRow,
    TaskState,
)

_WENT_OUT = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.UNKNOWN)


class Stats(NamedTuple):
    """Plain counts. ``messages`` counts what went out, by kind and then by channel."""

    referrals: int
    stages: dict[str, int]
    messages: dict[str, dict[str, int]]
    deliveries: dict[str, dict[str, int]]  # by channel, then by state
    tasks: dict[str, int]  # ever opened, by kind
    tasks_open: dict[str, int]
    sources_quiet: int
    duplicate_sends: int


def stats(session: Session, org: str | None = None) -> Stats:
    """Counts of one organization, or of all."""
    number = func.count()
    cards = select(ReferralRow.stage, number).where(col(ReferralRow.duplicate_of).is_(None))
    sent = select(MessageRow.kind, DeliveryRow.channel, number).where(
        col(DeliveryRow.subject_id) == col(MessageRow.id),
        DeliveryRow.subject_type == SubjectType.MESSAGE,
        col(DeliveryRow.state).in_(_WENT_OUT),
    )
    ways = select(DeliveryRow.channel, DeliveryRow.state, number)
    work = select(TaskRow.kind, TaskRow.state, number)
    quiet = select(number).select_from(SourceRow).where(col(SourceRow.quiet_since).is_not(None))
    if org is not None:
        cards = cards.where(ReferralRow.org == org)
        sent = sent.where(MessageRow.org == org)
        ways = ways.where(DeliveryRow.org == org)
        work = work.where(TaskRow.org == org)
        quiet = quiet.where(SourceRow.org == org)
    stages = dict(sorted(session.exec(cards.group_by(col(ReferralRow.stage))).all()))
    by_kind = (col(MessageRow.kind), col(DeliveryRow.channel))
    by_state = (col(DeliveryRow.channel), col(DeliveryRow.state))
    tasks = _nested(session.exec(work.group_by(col(TaskRow.kind), col(TaskRow.state))))
    return Stats(
        referrals=sum(stages.values()),
        stages=stages,
        messages=_nested(session.exec(sent.group_by(*by_kind))),
        deliveries=_nested(session.exec(ways.group_by(*by_state))),
        tasks={kind: sum(states.values()) for kind, states in tasks.items()},
        tasks_open={k: s[TaskState.OPEN] for k, s in tasks.items() if TaskState.OPEN in s},
        sources_quiet=session.exec(quiet).one(),
        duplicate_sends=settling.duplicate_sends(session, org),
    )


def _nested(counted: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for outer, inner, count in sorted(counted):
        found.setdefault(outer, {})[inner] = count
    return found
