"""Task rows: what people must do, on a referral, about a source, or for the organization.

A referral's tasks follow its facts (``store.record`` keeps them in step); a source's and the
organization's rows are the truth themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from models import duty
from models.errors import NotFound, Refused
from models.facts import Urgency
from models.ids import new_id
from models.refusals.hands import taken
from models.roles import Role
from models.tasks import SPECS, TaskKind, dead_number_of, task_key
from store import consent, gathering
from store.engine import unindexed
from store.rows import LOCKED, find_or_insert
from store.tables import InboxRow, ReferralRow, SourceRow, TaskRow, TaskState

ORG = "org"  # the subject of a task that belongs to no referral and no source


def open_for_referral(
    session: Session,
    referral: ReferralRow,
    kind: TaskKind,
    occasion: str,
    *,
    due: datetime,
    at: datetime,
    role: Role | None = None,
    says: str | None = None,
    inbox_id: str | None = None,
) -> TaskRow:
    """The task's row, opened unless it exists; role and words default to the kind's own.

    Write the ``TaskOpened`` fact in the same transaction: without it the fold does not know.
    """
    return _open(
        session,
        TaskRow(
            id=new_id("tsk"),
            org=referral.org,
            clinic_id=referral.clinic_id,
            subject=referral.id,
            referral_id=referral.id,
            inbox_id=inbox_id,
            key=task_key(kind, occasion),
            kind=kind,
            role=role or SPECS[kind].role,
            due=due,
            says=says or SPECS[kind].says,
            opened_at=at,
        ),
    )


def open_for_source(
    session: Session,
    source: SourceRow,
    kind: TaskKind,
    occasion: str,
    *,
    due: datetime,
    at: datetime,
    role: Role | None = None,
    says: str | None = None,
    owner: str | None = None,
) -> TaskRow:
    """The task's row on a source, opened unless it exists; *owner* has it from the beginning."""
    return _open(
        session,
        TaskRow(
            id=new_id("tsk"),
            org=source.org,
            subject=source.id,
            source_id=source.id,
            key=task_key(kind, occasion),
            kind=kind,
            role=role or SPECS[kind].role,
            due=due,
            says=says or SPECS[kind].says,
            opened_at=at,
            owner=owner,
            taken_at=at if owner else None,
        ),
    )


def open_for_org(
    session: Session,
    org: str,
    kind: TaskKind,
    occasion: str,
    *,
    due: datetime,
    at: datetime,
    role: Role | None = None,
    says: str | None = None,
    clinic_id: str | None = None,
    inbox: InboxRow | None = None,
) -> TaskRow:
    """The task's row for the organization, opened unless it exists; ``inbox`` is the original."""
    return _open(
        session,
        TaskRow(
            id=new_id("tsk"),
            org=org,
            clinic_id=clinic_id,
            subject=ORG,
            inbox_id=inbox.id if inbox else None,
            key=task_key(kind, occasion),
            kind=kind,
            role=role or SPECS[kind].role,
            due=due,
            says=says or SPECS[kind].says,
            opened_at=at,
        ),
    )


def get(session: Session, org: str, task_id: str) -> TaskRow:
    """One task; raises NotFound."""
    row = session.get(TaskRow, task_id)
    if row is None or row.org != org:
        raise NotFound("There is no such task.")
    return row


def find(session: Session, org: str, subject: str, key: str) -> TaskRow | None:
    """The task of a subject (referral id, source id or ``ORG``) by its key, open or not."""
    query = select(TaskRow).where(
        TaskRow.org == org, TaskRow.subject == subject, TaskRow.key == key
    )
    return session.exec(query).first()


def finish_gathered(
    session: Session, org: str, task_id: str, *, by: str, at: datetime, outcome: str
) -> TaskRow:
    """A practice's task is done by this person, once nothing is left under it; else it stays."""
    row = get(session, org, task_id)
    if not gathering.gathered(session, row.id) and row.state != TaskState.DONE:
        row.state, row.done_at, row.done_by, row.outcome = TaskState.DONE, at, by, outcome
        session.add(row)
        session.flush()
    return row


def complete(
    session: Session,
    org: str,
    task_id: str,
    *,
    by: str,
    at: datetime,
    outcome: str = "done",
) -> TaskRow:
    """Mark a task of a source or of the organization as done; twice changes nothing.

    Raises NotFound, and Refused for a referral's task: that is the fact ``task_completed``.
    """
    row = get(session, org, task_id)
    if row.referral_id is not None:
        raise Refused(
            "A referral's task is completed through the referral.", code="complete_by_fact"
        )
    if row.state == TaskState.OPEN:
        row.state, row.done_at, row.done_by, row.outcome = TaskState.DONE, at, by, outcome
        session.add(row)
        session.flush()
        gathering.gather(session, row)
        if row.kind == TaskKind.RE_ENGAGEMENT and row.role != Role.DIRECTOR and outcome == "done":
            _called(session, row, at)
        if row.kind == TaskKind.ASK_FAX_NUMBER:  # somebody has looked: it may be tried again
            consent.revive(session, org=org, address=dead_number_of(row.key))
    return row


def end_for(
    session: Session,
    org: str,
    kind: TaskKind,
    what: str,
    *,
    by: str,
    at: datetime,
    outcome: str = "done",
) -> None:
    """Mark the open tasks of a kind about one thing as done, each occasion ``<what>-…`` of them."""
    mine = task_key(kind, what)
    for task in open_tasks(session, org, kind=kind):
        if task.key.startswith(f"{mine}-"):
            complete(session, org, task.id, by=by, at=at, outcome=outcome)


def take(
    session: Session, org: str, task_id: str, *, by: str, at: datetime, until: datetime
) -> TaskRow:
    """Somebody has a task of a source or of the organization now; again only renews it.

    Raises NotFound, Refused ``taken`` when a colleague has it, ``task_over`` when it is done, and
    ``complete_by_fact`` for a referral's task: that is the fact ``task_taken``.
    """
    row = _locked(session, org, task_id)
    if row.owner not in {None, by} and (row.leased_until is None or at < row.leased_until):
        refused = taken(str(row.owner))
        raise Refused(refused.sentence, code=refused.code)
    return _lease(session, row, by, at, until)


def hand_over(
    session: Session, org: str, task_id: str, *, to: str, at: datetime, until: datetime
) -> TaskRow:
    """The same for a colleague, whoever has it; raises as ``take`` does, but for ``taken``."""
    return _lease(session, _locked(session, org, task_id), to, at, until)


def give_back(session: Session, org: str, task_id: str) -> TaskRow:
    """The task is nobody's again; twice changes nothing. Raises as ``take`` does."""
    return _lease(session, _locked(session, org, task_id), None, None, None)


def raise_to(session: Session, org: str, task_id: str, role: Role) -> TaskRow:
    """A role has the task as well, because it lay too long. Raises as ``take`` does."""
    row = _locked(session, org, task_id)
    row.raised_to = role
    session.add(row)
    session.flush()
    return row


def overtake(session: Session, org: str, task_id: str, at: datetime) -> TaskRow:
    """Nobody need do a task of a source or of the organization any more; raises as ``take``."""
    row = _locked(session, org, task_id)
    row.state, row.done_at = TaskState.MOOT, at
    session.add(row)
    session.flush()
    gathering.gather(session, row)
    return row


def held(session: Session, org: str) -> Sequence[TaskRow]:
    """Open tasks that somebody has, the longest first."""
    query = select(TaskRow).where(
        TaskRow.org == org, TaskRow.state == TaskState.OPEN, col(TaskRow.owner).is_not(None)
    )
    return session.exec(query.order_by(col(TaskRow.taken_at), col(TaskRow.id))).all()


def may_rise(
    session: Session, org: str, now: datetime, unheld: Sequence[tuple[Role, str]]
) -> Sequence[tuple[TaskRow, str]]:
    """Open tasks that are overdue and not at the top yet, with their referral's urgency.

    *unheld* are roles that nobody holds at a clinic: theirs are looked at before they are due.
    """
    nobody = [
        and_(col(TaskRow.role) == role, col(TaskRow.clinic_id) == clinic) for role, clinic in unheld
    ]
    query = (
        select(TaskRow, col(ReferralRow.urgency))
        .join(ReferralRow, col(ReferralRow.id) == col(TaskRow.referral_id), isouter=True)
        .where(
            TaskRow.org == org,
            TaskRow.state == TaskState.OPEN,
            col(TaskRow.gathered_in).is_(None),
            TaskRow.role != Role.DIRECTOR,
            col(TaskRow.raised_to).is_(None) | (col(TaskRow.raised_to) != Role.DIRECTOR),
            or_(col(TaskRow.due) < now, *nobody),
        )
    )
    rows = session.exec(query.order_by(col(TaskRow.due), col(TaskRow.id)))
    return [(task, urgency or Urgency.ROUTINE) for task, urgency in rows]


def open_tasks(
    session: Session,
    org: str,
    *,
    role: Role | None = None,
    clinic_id: str | None = None,
    referral_id: str | None = None,
    source_id: str | None = None,
    kind: TaskKind | None = None,
) -> Sequence[TaskRow]:
    """What stands open, soonest first; a clinic also sees what belongs to every clinic.

    A role sees its own and what was raised to it, or past it. What is gathered under a task of its
    practice is left out, unless one referral or one source is asked about.
    """
    alone = referral_id is not None or source_id is not None  # an index of its own serves it
    theirs = (unindexed(TaskRow.org) if alone else col(TaskRow.org)) == org
    query = select(TaskRow).where(theirs, TaskRow.state == TaskState.OPEN)
    if not alone:
        query = query.where(col(TaskRow.gathered_in).is_(None))
    if role is not None:
        query = query.where(for_role(role))
    if clinic_id is not None:
        query = query.where(
            (col(TaskRow.clinic_id) == clinic_id) | col(TaskRow.clinic_id).is_(None)
        )
    if referral_id is not None:
        query = query.where(TaskRow.referral_id == referral_id)
    if source_id is not None:
        query = query.where(TaskRow.source_id == source_id)
    if kind is not None:
        query = query.where(TaskRow.kind == kind)
    return session.exec(query.order_by(col(TaskRow.due), col(TaskRow.id))).all()


def for_role(role: Role) -> ColumnElement[bool]:
    """A role's own tasks, and what was raised to it or past it."""
    raised = col(TaskRow.raised_to).in_(duty.upwards(role))
    return (col(TaskRow.role) == role) | (raised & col(TaskRow.role).in_(duty.below(role)))


def of_referral(session: Session, referral_id: str) -> Sequence[TaskRow]:
    """Every task a referral ever had, oldest first."""
    query = select(TaskRow).where(TaskRow.referral_id == referral_id)
    return session.exec(query.order_by(col(TaskRow.opened_at), col(TaskRow.key))).all()


def _called(session: Session, row: TaskRow, at: datetime) -> None:
    """A source was called: no director need decide any more who does."""
    for other in open_tasks(session, row.org, source_id=row.source_id, kind=TaskKind(row.kind)):
        if other.role == Role.DIRECTOR:
            other.state, other.done_at = TaskState.MOOT, at
            session.add(other)
            session.flush()
            gathering.gather(session, other)


def _locked(session: Session, org: str, task_id: str) -> TaskRow:
    """An open task of a source or of the organization, nobody else writing it meanwhile."""
    get(session, org, task_id)
    row = session.get_one(TaskRow, task_id, with_for_update=LOCKED, populate_existing=True)
    if row.referral_id is not None:
        raise Refused("A referral's task is changed through the referral.", code="complete_by_fact")
    if row.state != TaskState.OPEN:
        raise Refused("This task is done already, or overtaken.", code="task_over")
    return row


def _lease(
    session: Session, row: TaskRow, who: str | None, at: datetime | None, until: datetime | None
) -> TaskRow:
    row.owner, row.taken_at, row.leased_until = who, at, until
    session.add(row)
    session.flush()
    return row


def _open(session: Session, row: TaskRow) -> TaskRow:
    known, _ = find_or_insert(session, row, lambda: find(session, row.org, row.subject, row.key))
    gathering.gather(session, known)
    return known
