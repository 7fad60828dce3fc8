"""Sources as their silence watch needs them: dates in, a task and a date out.

The rules are models.source_states; this module hands it the dates and keeps what follows in one
transaction, so a source is never quiet without a task or the reverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.errors import NotFound
from models.facts import ClosedReason
from models.linking import Link
from models.organization import Absence
from models.people import SourceKind
from models.sources import SourceHistory
from models.tasks import TaskKind, task_key
from store import gathering, tasks
from store.rows import LOCKED
from store.tables import ReferralRow, SourceRow, TaskRow, TaskState

_QUIET = TaskKind.RE_ENGAGEMENT
_DAY = len("2026-01-05")  # an occasion begins with the day of the last referral


def get(session: Session, org: str, source_id: str) -> SourceRow:
    """One source; raises NotFound."""
    row = session.get(SourceRow, source_id)
    if row is None or row.org != org:
        raise NotFound("There is no such source.")
    return row


def history(session: Session, org: str, source_id: str) -> SourceHistory:
    """What a source's silence is judged by; raises NotFound.

    Duplicates, renewals and those entered in error are no referrals; one the clinic declined is,
    and so is one that another source sent as well (policy.md rules 2, 14 and 20). Referrals of
    sources that turned out to be this one are its own.
    """
    row = get(session, org, source_id)
    own = col(ReferralRow.source_id).in_(also_known_as(session, source_id))
    query = select(ReferralRow.received_at).where(
        own,
        col(ReferralRow.confirmed).is_(True),
        col(ReferralRow.duplicate_of).is_(None) | (col(ReferralRow.linked_as) == Link.CO_SOURCE),
        col(ReferralRow.closed_reason).is_distinct_from(ClosedReason.ENTERED_IN_ERROR),
    )
    declined = select(func.max(ReferralRow.closed_at)).where(
        own, ReferralRow.closed_reason == ClosedReason.DECLINED_BY_CLINIC
    )
    away: tuple[Absence, ...] = ()
    if row.away_from is not None and row.away_until is not None:
        away = (Absence(first=row.away_from, last=row.away_until),)
    return SourceHistory(
        kind=SourceKind(row.kind),
        received=tuple(session.exec(query.order_by(col(ReferralRow.received_at)))),
        key=row.key_source,
        left=row.left_on is not None,
        away=away,
        declined=session.exec(declined).one(),
    )


def also_known_as(session: Session, *source_ids: str) -> list[str]:
    """These sources, and those that turned out to be one of them."""
    known = list(source_ids)
    while True:
        query = select(SourceRow.id).where(
            col(SourceRow.merged_into).in_(known), col(SourceRow.id).not_in(known)
        )
        more = sorted(session.exec(query))
        if not more:
            return known
        known += more


def received(session: Session, source: SourceRow, at: datetime, *, on: date) -> None:
    """A valid referral came: the watch starts again; one told late moves nothing back.

    *on* is the local day on which the clinic got it: days of leaving are the clinic's as well.
    """
    locked(session, source)
    if source.last_received_at is None or source.last_received_at < at:
        source.last_received_at = at
    if source.left_on is not None and on > source.left_on:
        source.left_on = None  # they still send, wherever they are
    session.add(source)
    session.flush()


def fell_quiet(session: Session, source: SourceRow, *, since: datetime) -> None:
    """The source has been quiet since a moment; told again it changes nothing."""
    source.quiet_since = source.quiet_since or since
    session.add(source)
    session.flush()


def open_quiet(
    session: Session,
    source: SourceRow,
    *,
    since: datetime,
    at: datetime,
    due: datetime,
    says: str | None = None,
    again: str = "",
) -> tuple[TaskRow, bool]:
    """The source has been quiet since a moment: its task, and whether it is new.

    One task for one silence, named after the last referral, and another one for each *again*;
    looking again finds it. It is given to whoever the relationship belongs to.
    """
    locked(session, source)
    known = tasks.find(session, source.org, source.id, task_key(_QUIET, occasion(source, again)))
    task = tasks.open_for_source(
        session,
        source,
        _QUIET,
        occasion(source, again),
        due=due,
        at=at,
        says=says,
        owner=source.owner_id,
    )
    reopened = task.state == TaskState.MOOT
    if reopened:
        # Closed without a referral since: a policy, a leave or a correction said so, and says so
        # no more.
        task.state, task.done_at, task.due, task.says = TaskState.OPEN, None, due, says or task.says
        session.add(task)
        gathering.gather(session, task)
    fell_quiet(session, source, since=since)
    return task, known is None or reopened


def occasion(source: SourceRow, again: str = "") -> str:
    """What one silence of a source is called: the day of its last referral."""
    day = (source.last_received_at or source.created_at).date().isoformat()
    return f"{day}-{again}" if again else day


def renew_quiet(
    session: Session, source: SourceRow, task: TaskRow, *, due: datetime, says: str, at: datetime
) -> None:
    """Let an open task be of the silence there is by now, with its facts; again it changes nothing.

    Where that silence has its own task already, this one is overtaken.
    """
    step = task.key.partition(":")[2][_DAY:]  # a second task, or the director's
    key = task_key(_QUIET, occasion(source) + step)
    other = tasks.find(session, source.org, source.id, key)
    if other is not None and other.id != task.id:
        tasks.overtake(session, source.org, task.id, at)
        return
    task.key, task.due, task.says = key, due, says
    session.add(task)
    if task.gathered_in is not None:
        whole = tasks.get(session, source.org, task.gathered_in)
        whole.due = min(whole.due, due)
        session.add(whole)
    session.flush()


def close_quiet(session: Session, source: SourceRow, *, at: datetime) -> None:
    """The source is heard from again: its open tasks about silence are overtaken."""
    locked(session, source)
    source.quiet_since = None
    session.add(source)
    for task in tasks.open_tasks(session, source.org, source_id=source.id, kind=_QUIET):
        task.state, task.done_at = TaskState.MOOT, at
        session.add(task)
        gathering.gather(session, task)
    session.flush()


def leave(session: Session, source: SourceRow, *, on: date | None, at: datetime) -> None:
    """Its provider has left: nobody waits to hear from it; None takes that back."""
    close_quiet(session, source, at=at)
    source.left_on = on
    source.next_touch_at = None if on else source.next_touch_at
    session.add(source)
    session.flush()


def of_provider(session: Session, org: str, provider_id: str) -> Sequence[SourceRow]:
    """The sources that are this provider; one, unless two tellings made two."""
    query = select(SourceRow).where(SourceRow.org == org, SourceRow.provider_id == provider_id)
    return session.exec(query.order_by(col(SourceRow.id))).all()


def set_next_touch(session: Session, source: SourceRow, at: datetime | None) -> None:
    """When somebody should next be in touch with the source (policy.md rules 23 and 24)."""
    source.next_touch_at = at
    session.add(source)
    session.flush()


def all_of(session: Session, org: str, *, quiet: bool | None = None) -> Sequence[SourceRow]:
    """Every source of the organization, by name; ``quiet`` picks only those, or only the others."""
    query = select(SourceRow).where(SourceRow.org == org)
    if quiet is not None:
        since = col(SourceRow.quiet_since)
        query = query.where(since.is_not(None) if quiet else since.is_(None))
    return session.exec(query.order_by(col(SourceRow.name), col(SourceRow.id))).all()


def locked(session: Session, source: SourceRow) -> None:
    """Nobody else writes this source until the transaction ends; it is read anew."""
    session.flush()
    session.get(SourceRow, source.id, with_for_update=LOCKED, populate_existing=True)
