"""The queue of tasks as the desk sees it: each with whom it is about, and how fast work is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from models.handoffs import HandOff
from models.roles import Role
from models.tasks import TaskKind, task_key
from store import tasks
from store.slots import SlotRow, SlotState
from store.tables import (
    FactRow,
    PatientRow,
    PracticeRow,
    ReferralRow,
    SourceRow,
    TaskRow,
    TaskState,
)

LONGEST = 300  # more than anybody works through; what is soonest comes first


class Item(NamedTuple):
    """One task with the names it is about; they stay between the store and the page."""

    task: TaskRow
    patient: PatientRow | None
    about: str | None  # a source or a practice
    urgency: str
    asked_for: datetime | None = None  # the time a patient chose, which the task is to book


def open_items(
    session: Session,
    org: str,
    clinics: Collection[str],
    *,
    role: Role | None = None,
    who: str | None = None,
    limit: int = LONGEST,
) -> list[Item]:
    """What stands open at these clinics or belongs to none, soonest first.

    With *role* only what that role sees, and what *who* has in hand whatever its role. What a
    practice's task gathers is left out.
    """
    which: list[ColumnElement[bool]] = [col(TaskRow.gathered_in).is_(None)]
    if role is not None:
        which.append(or_(tasks.for_role(role), col(TaskRow.owner) == who))
    return _items(session, org, clinics, *which, limit=limit)


def parts(
    session: Session, org: str, clinics: Collection[str], wholes: Collection[str]
) -> dict[str, list[Item]]:
    """The open tasks under each of a practice, those of these clinics; soonest first."""
    found: dict[str, list[Item]] = {}
    for item in _items(session, org, clinics, col(TaskRow.gathered_in).in_(wholes), limit=None):
        found.setdefault(str(item.task.gathered_in), []).append(item)
    return found


def handoffs(
    session: Session, org: str, clinics: Collection[str], since: datetime
) -> Sequence[HandOff]:
    """Tasks of these clinics that people have done since a moment; dismissed ones are left out.

    A referral's task tells by its facts when it was taken, and first by whom; others by their row.
    """
    taken = func.coalesce(func.min(FactRow.at), TaskRow.taken_at)
    query = (
        select(col(TaskRow.kind), col(TaskRow.opened_at), taken, col(TaskRow.done_at))
        .join(
            FactRow,
            (col(FactRow.referral_id) == col(TaskRow.referral_id))
            & or_(
                col(FactRow.key) == "taken:" + col(TaskRow.key),
                col(FactRow.key) == "handed_over:" + col(TaskRow.key),
            ),
            isouter=True,
        )
        .where(
            TaskRow.org == org,
            TaskRow.state == TaskState.DONE,
            TaskRow.outcome == "done",
            col(TaskRow.done_at) >= since,
            or_(col(TaskRow.clinic_id).is_(None), col(TaskRow.clinic_id).in_(clinics)),
        )
        .group_by(
            col(TaskRow.id), col(TaskRow.kind), col(TaskRow.opened_at),
            col(TaskRow.taken_at), col(TaskRow.done_at),
        )
    )  # fmt: skip
    return [
        HandOff(kind, opened_at, taken_at, done_at)
        for kind, opened_at, taken_at, done_at in session.exec(query)
        if done_at is not None
    ]


def _items(
    session: Session,
    org: str,
    clinics: Collection[str],
    *which: ColumnElement[bool],
    limit: int | None,
) -> list[Item]:
    about = func.coalesce(SourceRow.name, PracticeRow.name)
    query = (
        select(TaskRow, PatientRow, about, col(ReferralRow.urgency))
        .join(ReferralRow, col(ReferralRow.id) == col(TaskRow.referral_id), isouter=True)
        .join(PatientRow, col(PatientRow.id) == col(ReferralRow.patient_id), isouter=True)
        .join(SourceRow, col(SourceRow.id) == col(TaskRow.source_id), isouter=True)
        .join(PracticeRow, col(PracticeRow.id) == col(TaskRow.practice_id), isouter=True)
        .where(
            TaskRow.org == org,
            TaskRow.state == TaskState.OPEN,
            or_(col(TaskRow.clinic_id).is_(None), col(TaskRow.clinic_id).in_(clinics)),
            *which,
        )
        .order_by(col(TaskRow.due), col(TaskRow.id))
        .limit(limit)
    )
    found = [
        Item(task, patient, about, urgency or "routine")
        for task, patient, about, urgency in session.exec(query)
    ]
    asked = {
        str(item.task.referral_id) for item in found if item.task.kind == TaskKind.BOOK_REQUEST
    }
    return _with_times(session, found, asked) if asked else found


def _with_times(session: Session, items: list[Item], asked: Collection[str]) -> list[Item]:
    """Which time each is to book, where it is one of those we offered."""
    held = session.exec(
        select(SlotRow).where(SlotRow.state == SlotState.HELD, col(SlotRow.referral_id).in_(asked))
    )
    times = {task_key(TaskKind.BOOK_REQUEST, str(one.request_id)): one.starts_at for one in held}
    return [item._replace(asked_for=times.get(item.task.key)) for item in items]
