"""Task rows: what people must do, on a referral, about a source, or for the organization.

A referral's tasks follow its facts (``store.record`` keeps them in step); a source's and the
organization's rows are the truth themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models.errors import NotFound, Refused
from models.ids import new_id
from models.roles import Role
from models.tasks import SPECS, TaskKind, task_key
from store.rows import find_or_insert
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
) -> TaskRow:
    """The task's row on a source, opened unless it exists."""
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
    return row


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
    """What stands open, soonest first; a clinic also sees what belongs to every clinic."""
    query = select(TaskRow).where(TaskRow.org == org, TaskRow.state == TaskState.OPEN)
    if role is not None:
        query = query.where(TaskRow.role == role)
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


def of_referral(session: Session, referral_id: str) -> Sequence[TaskRow]:
    """Every task a referral ever had, oldest first."""
    query = select(TaskRow).where(TaskRow.referral_id == referral_id)
    return session.exec(query.order_by(col(TaskRow.opened_at), col(TaskRow.key))).all()


def _open(session: Session, row: TaskRow) -> TaskRow:
    return find_or_insert(session, row, lambda: find(session, row.org, row.subject, row.key))[0]
