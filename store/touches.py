"""Touches with sources: written once per form, struck out, and what each brings about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from models.book import Outcome, TouchKind, met
from models.errors import NotFound
from models.tasks import TaskKind
from store import post, sources, tasks
from store.rows import find_or_insert
from store.tables import SourceRow, SubjectType, TaskRow, TouchRow


class Touch(NamedTuple):
    """What somebody logs; ``next_at`` is when the source is to be heard of again."""

    id: str
    kind: TouchKind
    outcome: Outcome | None
    words: str | None
    at: datetime
    by: str
    next_at: datetime | None


class Logged(NamedTuple):
    """What a touch came to: the tasks it answered."""

    row: TouchRow
    fresh: bool
    answered: tuple[TaskRow, ...] = ()


def log(session: Session, source: SourceRow, touch: Touch, *, recorded_at: datetime) -> Logged:
    """Write a touch, set the next one, answer the tasks that asked for it, and tell the CRM.

    The same form again changes nothing. A note sets no date and answers nothing (policy.md rules
    23 and 24). Raises NotFound for a form of another source.
    """
    sources.locked(session, source)
    row = TouchRow(
        id=touch.id,
        org=source.org,
        source_id=source.id,
        kind=touch.kind,
        outcome=touch.outcome,
        words=touch.words or None,
        at=touch.at,
        by=touch.by,
        next_at=touch.next_at,
        recorded_at=recorded_at,
    )
    known, fresh = find_or_insert(session, row, lambda: session.get(TouchRow, touch.id))
    if known.org != source.org or known.source_id != source.id:
        raise NotFound("This form is not of this page. Load it again.")
    if not fresh:
        return Logged(known, fresh=False)
    if touch.next_at is not None:
        sources.set_next_touch(session, source, touch.next_at)
    answered: tuple[TaskRow, ...] = ()
    if met(touch.kind, touch.outcome):
        answered = _answer(session, source, touch, recorded_at)
    if touch.kind is not TouchKind.NOTE:
        _tell_crm(session, source, row, recorded_at)
    return Logged(row, True, answered)


def strike(session: Session, org: str, touch_id: str, *, by: str, at: datetime) -> TouchRow:
    """Strike out what was logged by mistake; it stays readable. Again it changes nothing.

    What it brought about stays: dates and tasks are put right where they stand. Raises NotFound.
    """
    row = session.get(TouchRow, touch_id)
    if row is None or row.org != org:
        raise NotFound("There is no such line.")
    if row.struck_at is None:
        row.struck_at, row.struck_by = at, by
        session.add(row)
        session.flush()
    return row


def of_sources(session: Session, source_ids: Collection[str], most: int = 60) -> Sequence[TouchRow]:
    """What was logged about a source under all its names, the newest first."""
    query = select(TouchRow).where(col(TouchRow.source_id).in_(list(source_ids)))
    newest = query.order_by(col(TouchRow.at).desc(), col(TouchRow.recorded_at).desc())
    return session.exec(newest.limit(most)).all()


def _answer(
    session: Session, source: SourceRow, touch: Touch, recorded_at: datetime
) -> tuple[TaskRow, ...]:
    """Open tasks that ask for a call to this source are done by whoever was in touch."""
    asked = tasks.open_tasks(session, source.org, source_id=source.id, kind=TaskKind.RE_ENGAGEMENT)
    return tuple(
        tasks.complete(session, source.org, task.id, by=touch.by, at=recorded_at) for task in asked
    )


def _tell_crm(session: Session, source: SourceRow, row: TouchRow, recorded_at: datetime) -> None:
    # By id and code: words somebody typed may name a patient, and a CRM is no place for one.
    post.queue_crm(
        session,
        org=source.org,
        subject_type=SubjectType.TOUCH,
        subject_id=row.id,
        payload={
            "type": "touch",
            "kind": row.kind,
            "outcome": row.outcome,
            "source_id": source.id,
            "by": row.by,
            "at": row.at.isoformat(),
            "next": row.next_at.isoformat() if row.next_at else None,
        },
        at=row.at,
        recorded_at=recorded_at,
    )
