"""Two sources that are one: what follows when a person says so, and when they take it back.

Rows stay as they were told: a referral keeps the source it came from, and ``merged_into`` says for
whom it counts by now. So closed months stay, and taking back is possible. A referral that names a
merged source later comes from the other one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.errors import NotFound, Refused
from models.ids import new_id
from models.people import SourceKind
from models.tasks import TaskKind
from store import gathering, ledger, sources, tasks
from store.tables import (
    GiftRow,
    LedgerRow,
    MergeRow,
    PracticeRow,
    SourceRow,
    TaskRow,
    TaskState,
    TouchRow,
)
from store.tables_ledger import FOR_EVER

_REACH = ("phone", "email", "fax")
_KEY = "key_source"


class Follows(NamedTuple):
    """What a merge would bring about, to be read before it is decided."""

    referrals: int
    tasks: int
    watch: bool  # open tasks about its silence end
    touches: int
    gifts: int
    doubts: tuple[str, ...]  # reasons to look twice


def would_follow(session: Session, gone: SourceRow, into: SourceRow) -> Follows:
    """What follows, and what speaks against it; raises Refused for what cannot be."""
    check(gone, into)
    lines = select(func.count()).select_from(LedgerRow).where(*_lines(gone))
    open_tasks = tasks.open_tasks(session, gone.org, source_id=gone.id)
    silent = [one for one in open_tasks if one.kind == TaskKind.RE_ENGAGEMENT]
    names = sources.also_known_as(session, gone.id)
    touches = select(func.count()).select_from(TouchRow).where(col(TouchRow.source_id).in_(names))
    gifts = select(func.count()).select_from(GiftRow).where(col(GiftRow.source_id).in_(names))
    doubts = []
    if gone.kind != into.kind:
        doubts.append("They are of different kinds.")
    if gone.provider_id and into.provider_id and gone.practice_id != into.practice_id:
        doubts.append("They work at different practices.")
    if gone.left_on is not None or into.left_on is not None:
        doubts.append("One of them has left.")
    return Follows(
        referrals=session.exec(lines).one(),
        tasks=len(open_tasks) - len(silent),
        watch=bool(silent),
        touches=session.exec(touches).one(),
        gifts=session.exec(gifts).one(),
        doubts=tuple(doubts),
    )


def check(gone: SourceRow, into: SourceRow) -> None:
    """Raises Refused where two rows cannot be one source."""
    if gone.id == into.id:
        raise Refused("These are the same source already.", code="same_source")
    if gone.merged_into is not None or into.merged_into is not None:
        raise Refused("One of them was merged already. Load the page again.", code="merged_already")
    patients = {SourceKind.PAST_PATIENT, SourceKind.SELF}
    if (gone.kind in patients) != (into.kind in patients):
        raise Refused(
            "A patient and somebody who sends patients are never one source.", code="not_one"
        )


def merge(session: Session, org: str, gone_id: str, into_id: str, *, by: str, at: datetime) -> str:
    """Let one source stand for another from now on; the id of the decision.

    Its referrals count for that in every month that is open, its watch ends, its tasks move.
    Raises NotFound, Refused.
    """
    for one in sorted({gone_id, into_id}):  # one order: two who merge never wait crosswise
        sources.locked(session, sources.get(session, org, one))
    gone, into = sources.get(session, org, gone_id), sources.get(session, org, into_id)
    check(gone, into)
    row = MergeRow(
        id=new_id("mrg"),
        org=org,
        gone=gone.id,
        into=into.id,
        at=at,
        by=by,
        lines=list(session.exec(select(LedgerRow.referral_id).where(*_lines(gone)))),
        before={"gone": _stands(gone), "into": _stands(into)},
    )
    gone.merged_into = into.id
    row.before["next_touch"] = {"gone": _iso(gone), "into": _iso(into)}
    row.before["took"] = _take_over(session, gone, into)
    sources.close_quiet(session, gone, at=at)
    row.before["moved"] = _move_tasks(session, gone, into, at)
    gone.next_touch_at = None
    session.add_all([row, gone, into])
    session.flush()
    ledger.reassign(session, org, gone.id, into, at)
    return row.id


def take_back(session: Session, org: str, merge_id: str, *, by: str, at: datetime) -> MergeRow:
    """They are two after all: what counted for it before the merge counts for it again.

    Its open tasks, its numbers and its key flag go back. What came since stays with the one it was
    told to: letters went out in that name. A "no" to thank-yous stays with both. Raises NotFound,
    and Refused while a later merge builds on this one.
    """
    row = session.get(MergeRow, merge_id)
    if row is None or row.org != org:
        raise NotFound("There is no such merge.")
    for one in sorted({row.gone, row.into}):
        sources.locked(session, sources.get(session, org, one))
    session.refresh(row)  # a colleague may have been quicker
    if row.undone_at is not None:
        return row
    gone, into = sources.get(session, org, row.gone), sources.get(session, org, row.into)
    if into.merged_into is not None:
        raise Refused(
            "The other one was merged as well since then. Take that back first.",
            code="merged_since",
        )
    gone.merged_into = None
    for name in row.before.get("took", ()):
        if getattr(into, name) == getattr(gone, name):  # else somebody has changed it since
            setattr(into, name, False if name == _KEY else None)
    _move_back(session, row.before.get("moved", ()), gone, into)
    _touch_back(row.before.get("next_touch", {}), gone, into)
    row.undone_at, row.undone_by = at, by
    into.last_received_at = _latest(session, into)
    gone.last_received_at = _latest(session, gone) or gone.last_received_at
    session.add_all([row, gone, into])
    session.flush()
    ledger.reassign(session, org, into.id, gone, at, only=row.lines)
    return row


def _take_over(session: Session, gone: SourceRow, into: SourceRow) -> list[str]:
    """What was said of one is true of both, unless the other one says otherwise.

    Numbers go along only where neither the other one nor its office has any, and never as verified
    where nobody has verified them (policy.md rule 7). The names of what was filled.
    """
    into.wants_thanks = into.wants_thanks and gone.wants_thanks
    office = session.get(PracticeRow, into.practice_id) if into.practice_id else None
    empty = ["owner_id", "best_hours", "hears"]
    if gone.verified or not into.verified:
        empty += [one for one in _REACH if office is None or getattr(office, one) is None]
    took = [one for one in empty if getattr(into, one) is None and getattr(gone, one) is not None]
    took += [_KEY] if gone.key_source and not into.key_source else []
    for name in took:
        setattr(into, name, getattr(gone, name))
    dates = [one for one in (into.next_touch_at, gone.next_touch_at) if one is not None]
    into.next_touch_at = min(dates, default=None)
    heard = [one for one in (into.last_received_at, gone.last_received_at) if one is not None]
    into.last_received_at = max(heard, default=None)
    return took


def _touch_back(before: dict[str, str | None], gone: SourceRow, into: SourceRow) -> None:
    """Each has its own day again; where somebody has picked another one since, that one stays."""
    told = {name: datetime.fromisoformat(at) for name, at in before.items() if at is not None}
    if into.next_touch_at == min(told.values(), default=None):
        into.next_touch_at = told.get("into")
    if gone.next_touch_at is None and gone.left_on is None:
        gone.next_touch_at = told.get("gone") or into.next_touch_at


def _iso(row: SourceRow) -> str | None:
    return row.next_touch_at.isoformat() if row.next_touch_at else None


def _move_tasks(session: Session, gone: SourceRow, into: SourceRow, at: datetime) -> list[str]:
    """Open tasks go along, these ids; one that the other has as well is overtaken by that."""
    moved = []
    for task in tasks.open_tasks(session, gone.org, source_id=gone.id):
        if tasks.find(session, gone.org, into.id, task.key) is not None:
            task.state, task.done_at = TaskState.MOOT, at
            gathering.gather(session, task)
        else:
            _rename(task, gone, into)
            moved.append(task.id)
        session.add(task)
        session.flush()
    return moved


def _move_back(session: Session, moved: Sequence[str], gone: SourceRow, into: SourceRow) -> None:
    """Of the tasks that went along, those that nobody has done yet."""
    for task_id in moved:
        task = tasks.get(session, gone.org, task_id)
        theirs = tasks.find(session, gone.org, gone.id, task.key)
        if task.state == TaskState.OPEN and task.source_id == into.id and theirs is None:
            _rename(task, into, gone)
            session.add(task)
            session.flush()


def _rename(task: TaskRow, gone: SourceRow, into: SourceRow) -> None:
    task.source_id = into.id
    if task.subject == gone.id:
        task.subject = into.id


def _stands(row: SourceRow) -> dict[str, Any]:
    return {"state": row.state, "owner": row.owner_id, "key": row.key_source}


def _lines(source: SourceRow) -> tuple[Any, ...]:
    return (
        LedgerRow.org == source.org,
        LedgerRow.source_id == source.id,
        col(LedgerRow.known_until) == FOR_EVER,
    )


def _latest(session: Session, source: SourceRow) -> datetime | None:
    return max(sources.history(session, source.org, source.id).received, default=None)
