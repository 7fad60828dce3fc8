"""How sources stood: the history that is only added to, and what stands on the source itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.book import Outcome, TouchKind, met
from models.ledger import Counted
from models.re_engagement import Facts, Worked, says
from models.source_states import Change, SourceState
from models.tasks import TaskKind, task_key
from store import ledger, sources, tasks
from store.engine import unindexed
from store.tables import SourceRow, TaskRow, TaskState, TouchRow
from store.tables_ledger import FOR_EVER, LedgerRow
from store.tables_sources import SourceStateRow

_ASKED = (TaskKind.RE_ENGAGEMENT, TaskKind.QUIET_PRACTICE)
DIRECTORS = "-director"  # the end of an occasion: the same silence, one step up
_YEAR = timedelta(days=365)
_A_DAY = timedelta(days=1)


def told(session: Session, source_id: str) -> list[Change]:
    """Everything that was ever written of a source, in the order it was written."""
    query = select(SourceStateRow).where(SourceStateRow.source_id == source_id)
    rows = session.exec(query.order_by(col(SourceStateRow.id)))
    return [Change(SourceState(row.state), row.since, row.last_at) for row in rows]


def write(
    session: Session,
    source: SourceRow,
    changes: Sequence[Change],
    facts: Facts,
    *,
    known_at: datetime,
) -> SourceStateRow | None:
    """Add what became known, the facts with the last of it; that one, if there is any.

    Call it with the source locked, in the transaction that opens or closes its task; ``stands``
    follows. What a month was closed without is known from after that closing on.
    """
    row = None
    if changes:
        known_at = ledger.learned(session, source.org, known_at)
    for one in changes:
        row = SourceStateRow(
            org=source.org,
            source_id=source.id,
            state=one.state,
            since=one.since,
            last_at=one.last,
            known_at=known_at,
            facts=_worded(facts, one) if one is changes[-1] else {},
        )
        session.add(row)
        session.flush()  # the order of their ids is the order in which they were told
    return row


def stands(session: Session, source: SourceRow, now: Change | None) -> None:
    """Let the source's own row say how it stands; None where no referral of theirs is left."""
    source.state, source.state_since = (now.state, now.since) if now else (None, None)
    session.add(source)
    session.flush()


def _worded(facts: Facts, change: Change) -> dict[str, Any]:
    return {**facts.model_dump(mode="json"), "says": says(change.state, facts)}


def of_source(session: Session, org: str, source_id: str) -> Sequence[SourceStateRow]:
    """How one source stood, the newest first; what was taken back is left out."""
    query = select(SourceStateRow).where(
        SourceStateRow.org == org, SourceStateRow.source_id == source_id
    )
    standing: list[SourceStateRow] = []
    for row in session.exec(query.order_by(col(SourceStateRow.id))):
        while standing and standing[-1].since >= row.since:
            standing.pop()
        standing.append(row)
    return standing[::-1]


def days_to_evaluation(session: Session, org: str, source_id: str, until: datetime) -> list[int]:
    """How long each patient of a source waited for the evaluation, of the year up to a moment."""
    query = select(LedgerRow.evaluation_days).where(
        LedgerRow.org == org,
        LedgerRow.source_id == source_id,
        LedgerRow.counted == Counted.REFERRAL,
        col(LedgerRow.known_until) == FOR_EVER,
        col(LedgerRow.received_on) > (until - _YEAR).date(),
        col(LedgerRow.received_on) <= until.date(),
        col(LedgerRow.evaluation_days).is_not(None),
    )
    return [days for days in session.exec(query) if days is not None]


def worked(session: Session, source: SourceRow, since: datetime, until: datetime) -> Worked | None:
    """The last thing a person did about a silence before it ended; None: nothing on record.

    A touch that reached them or left word; else a done task of the source, or of its practice
    where one stood for several.
    """
    query = select(TouchRow).where(
        col(TouchRow.source_id).in_(sources.also_known_as(session, source.id)),
        col(TouchRow.at) >= since,
        col(TouchRow.at) <= until,
        col(TouchRow.struck_at).is_(None),
    )
    for touch in session.exec(query.order_by(col(TouchRow.at).desc())):
        how = TouchKind(touch.kind)
        if met(how, Outcome(touch.outcome) if touch.outcome else None):
            return Worked(how=how, by=touch.by, days=(until - touch.at).days)
    return _done(session, source, since, until)


def _done(session: Session, source: SourceRow, since: datetime, until: datetime) -> Worked | None:
    gathered = select(TaskRow.gathered_in).where(
        TaskRow.source_id == source.id, col(TaskRow.gathered_in).is_not(None)
    )
    query = select(TaskRow).where(
        unindexed(TaskRow.org) == source.org,
        (col(TaskRow.source_id) == source.id) | col(TaskRow.id).in_(gathered),
        col(TaskRow.kind).in_(_ASKED),
        TaskRow.state == TaskState.DONE,
        TaskRow.outcome == "done",
        col(TaskRow.done_at) >= since,
        col(TaskRow.done_at) <= until,
    )
    row = session.exec(query.order_by(col(TaskRow.done_at).desc())).first()
    if row is None or row.done_at is None:
        return None
    return Worked(by=row.done_by, days=(until - row.done_at).days)


def last_asked(session: Session, source: SourceRow) -> TaskRow | None:
    """The newest task in which somebody was asked to call a quiet source, by any of its names.

    One of an earlier silence that was taken back within a day has asked nobody.
    """
    query = select(TaskRow).where(
        unindexed(TaskRow.org) == source.org,
        col(TaskRow.source_id).in_(sources.also_known_as(session, source.id)),
        TaskRow.kind == TaskKind.RE_ENGAGEMENT,
        ~col(TaskRow.key).endswith(DIRECTORS),
    )
    this = task_key(TaskKind.RE_ENGAGEMENT, sources.occasion(source))
    rows = session.exec(query.order_by(col(TaskRow.opened_at).desc()))
    return next((row for row in rows if row.key.startswith(this) or not _in_vain(row)), None)


def asked_now(session: Session, source: SourceRow) -> Sequence[TaskRow]:
    """The open tasks about its silence: the liaison's, and the director's where there is one."""
    return tasks.open_tasks(session, source.org, source_id=source.id, kind=TaskKind.RE_ENGAGEMENT)


def _in_vain(task: TaskRow) -> bool:
    """Whether it was taken back before anybody could have done it, as when history is told."""
    over = task.done_at is not None and task.done_at - task.opened_at < _A_DAY
    return task.state == TaskState.MOOT and over


class Due(NamedTuple):
    """One line of a liaison's round: a source to look in on, and its open task if it has one."""

    source: SourceRow
    state: SourceStateRow
    task: TaskRow | None


def slower_or_silent(
    session: Session, org: str, who: Collection[str | None] = (), most: int | None = None
) -> list[Due]:
    """Whom a liaison is to look in on, valued ones first, then the longest silent (rule 20).

    Sources that cool, about which nobody is asked yet, and all with an open task. *who*: only those
    whose relationship or task is theirs, of everybody where nobody is named; None among them stands
    for sources that are nobody's. *most*: the first so many of them.
    """
    told = aliased(SourceStateRow)
    of_each = select(func.max(told.id)).where(col(told.source_id) == col(SourceRow.id))
    newest = of_each.correlate(SourceRow).scalar_subquery()
    query = (
        select(SourceRow, SourceStateRow, TaskRow)
        .select_from(SourceRow)
        .join(SourceStateRow, col(SourceStateRow.id) == newest)
        .join(
            TaskRow,
            (col(TaskRow.source_id) == col(SourceRow.id))
            & (col(TaskRow.kind) == TaskKind.RE_ENGAGEMENT)
            & (col(TaskRow.state) == TaskState.OPEN)
            & ~col(TaskRow.key).endswith(DIRECTORS),
            isouter=True,
        )
        .where(
            SourceRow.org == org,
            (col(SourceRow.state) == SourceState.COOLING) | col(TaskRow.id).is_not(None),
        )
        .order_by(
            case((col(SourceStateRow.facts)["worth"].as_string() == "high", 0), else_=1),
            col(SourceStateRow.last_at),
            col(SourceRow.id),
        )
        .limit(most)
    )
    if who:
        query = query.where(_belongs(who))
    return [Due(*row) for row in session.exec(query)]


def _belongs(who: Collection[str | None]) -> ColumnElement[bool]:
    """The relationship is theirs, or nobody's where that is asked for, or the task is."""
    named = [one for one in who if one is not None]
    theirs = col(SourceRow.owner_id).in_(named) | col(TaskRow.owner).in_(named)
    return theirs | col(SourceRow.owner_id).is_(None) if None in who else theirs
