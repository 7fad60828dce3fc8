"""One call for a whole practice: tasks about one office stand on the board as one (rule 13).

A second open task about the same practice, for the same role, makes a task of the practice; both
stand under it and no longer by themselves. It is done when each of them is, and gone when none is
left. What a task is about decides whether it is gathered (``models.tasks.GATHERED``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models.errors import NotFound
from models.ids import new_id
from models.referral import MessageRef
from models.tasks import GATHERED, SPECS, TaskKind, task_key
from store import contacts
from store.rows import LOCKED, find_or_insert
from store.tables import SourceRow, TaskRow, TaskState
from store.tables_people import PracticeRow, ProviderRow


def gather(session: Session, task: TaskRow) -> None:
    """Bring an open task under its practice, or let go of one that is over; again is harmless.

    Call it whenever a task of a gathered kind was opened or changed its state.
    """
    kind = TaskKind(task.kind)
    if kind not in GATHERED:
        return
    if task.state != TaskState.OPEN:
        if task.gathered_in is not None:
            _one_at_a_time(session, task)
            _look_again(session, task.gathered_in, task.done_at)
        return
    if task.practice_id is None:
        task.practice_id = _practice(session, task)
        session.add(task)
        session.flush()
    if task.practice_id is None:
        return
    _one_at_a_time(session, task)
    if _stands_under(session, task):
        return
    whole = _standing(session, task)
    others = [] if whole is not None else _beside(session, task)
    if whole is None and others:
        whole = _open(session, task, others)
    if whole is not None:
        _put_under(session, whole, [task, *others])


def gathered(session: Session, task_id: str) -> Sequence[TaskRow]:
    """The open tasks that stand under one of a practice, soonest first."""
    query = select(TaskRow).where(TaskRow.gathered_in == task_id, TaskRow.state == TaskState.OPEN)
    return session.exec(query.order_by(col(TaskRow.due), col(TaskRow.id))).all()


def _one_at_a_time(session: Session, task: TaskRow) -> None:
    """Two writers with one practice's tasks see each other's, and neither is left out.

    The practice's row is what they wait for, not its task, which may not be there yet.
    """
    session.get_one(PracticeRow, task.practice_id, with_for_update=LOCKED, populate_existing=True)


def _stands_under(session: Session, task: TaskRow) -> bool:
    """Whether it is gathered already; one that came back is gathered anew."""
    if task.gathered_in is None:
        return False
    whole = session.get_one(TaskRow, task.gathered_in, populate_existing=True)
    if whole.state == TaskState.OPEN:
        return True
    task.gathered_in = None
    return False


def _practice(session: Session, task: TaskRow) -> str | None:
    """The practice a task is about: its source's, or that of the party it names."""
    if task.source_id is not None:
        source = session.get_one(SourceRow, task.source_id)
        provider = session.get_one(ProviderRow, source.provider_id) if source.provider_id else None
        return source.practice_id or (provider.practice_id if provider else None)
    party = _party(task)
    if task.referral_id is None or party is None or party == "patient":
        return None
    try:
        return contacts.contact(session, task.org, task.referral_id, party).practice_id
    except NotFound:
        return None


def _party(task: TaskRow) -> str | None:
    if task.kind != TaskKind.UNDELIVERABLE:
        return "certifier"
    try:
        return MessageRef.parse(task.key.partition(":")[2]).to
    except ValueError:  # a hash stands for an occasion that was too long
        return None


def _alike(task: TaskRow) -> list[TaskKind]:
    """The kinds that are gathered into the same one."""
    whole = GATHERED[TaskKind(task.kind)]
    return [kind for kind, into in GATHERED.items() if into is whole]


def _standing(session: Session, task: TaskRow) -> TaskRow | None:
    """The open task of the practice, if there is one."""
    query = select(TaskRow).where(
        TaskRow.org == task.org,
        TaskRow.practice_id == task.practice_id,
        TaskRow.kind == GATHERED[TaskKind(task.kind)],
        TaskRow.role == task.role,
        TaskRow.state == TaskState.OPEN,
    )
    return session.exec(query).first()


def _beside(session: Session, task: TaskRow) -> Sequence[TaskRow]:
    query = select(TaskRow).where(
        TaskRow.org == task.org,
        TaskRow.practice_id == task.practice_id,
        col(TaskRow.kind).in_(_alike(task)),
        TaskRow.role == task.role,
        TaskRow.state == TaskState.OPEN,
        TaskRow.id != task.id,
        col(TaskRow.gathered_in).is_(None),
    )
    return session.exec(query.order_by(col(TaskRow.id))).all()


def _open(session: Session, task: TaskRow, others: Sequence[TaskRow]) -> TaskRow:
    """The practice's task; whoever has the first of its parts has it all."""
    kind = GATHERED[TaskKind(task.kind)]
    assert task.practice_id is not None  # only such tasks are gathered
    earlier = select(TaskRow.id).where(
        TaskRow.org == task.org,
        TaskRow.subject == task.practice_id,
        TaskRow.kind == kind,
        TaskRow.role == task.role,
    )
    number = len(session.exec(earlier).all()) + 1
    held = next((one for one in others if one.owner is not None), None)
    row = TaskRow(
        id=new_id("tsk"),
        org=task.org,
        subject=task.practice_id,
        practice_id=task.practice_id,
        key=task_key(kind, f"{task.role}-{number}"),
        kind=kind,
        role=task.role,
        due=task.due,
        says=SPECS[kind].says,
        opened_at=task.opened_at,
        owner=held.owner if held else None,
        taken_at=held.taken_at if held else None,
        leased_until=held.leased_until if held else None,
    )

    def find() -> TaskRow | None:
        query = select(TaskRow).where(
            TaskRow.org == row.org, TaskRow.subject == row.subject, TaskRow.key == row.key
        )
        return session.exec(query).first()

    return find_or_insert(session, row, find)[0]


def _put_under(session: Session, whole: TaskRow, parts: Sequence[TaskRow]) -> None:
    for part in parts:
        part.gathered_in = whole.id
        whole.due = min(whole.due, part.due)
        session.add(part)
    session.add(whole)
    session.flush()


def _look_again(session: Session, task_id: str, at: datetime | None) -> None:
    """Close a practice's task that has nothing left under it; its due is its next part's."""
    session.flush()
    whole = session.get_one(TaskRow, task_id, populate_existing=True)
    left = gathered(session, task_id)
    if whole.state != TaskState.OPEN:
        return
    if left:
        whole.due = min(part.due for part in left)
    else:
        whole.state, whole.done_at = TaskState.MOOT, at
    session.add(whole)
    session.flush()
