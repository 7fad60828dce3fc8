"""Who is calling which number just now, so that no patient is called by two people at once."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from models.errors import Refused
from store.rows import LOCKED, insert_unless_there
from store.tables import CallLockRow


def lock(
    session: Session, org: str, number: str, *, by: str, at: datetime, until: datetime
) -> CallLockRow:
    """Somebody calls this number now; again by the same person renews it.

    Raises Refused ``number_locked`` while a colleague does.
    """
    row = _find(session, org, number)
    if row is None:
        row = CallLockRow(org=org, number=number, by=by, until=until)
        if insert_unless_there(session, row):
            return row
        row = _find(session, org, number)
        assert row is not None  # another writer has just inserted it
    if row.by != by and at < row.until:
        raise Refused(
            f"{row.by} is calling this number just now: wait until that call is logged.",
            code="number_locked",
        )
    row.by, row.until = by, until
    session.add(row)
    session.flush()
    return row


def unlock(session: Session, org: str, number: str, *, by: str) -> bool:
    """The call is over; False when somebody else calls the number, or nobody."""
    row = _find(session, org, number)
    if row is None or row.by != by:
        return False
    session.delete(row)
    session.flush()
    return True


def current(session: Session, org: str, number: str, at: datetime) -> CallLockRow | None:
    """Who calls this number at a moment, if anybody."""
    row = session.get(CallLockRow, (org, number))
    return row if row is not None and at < row.until else None


def _find(session: Session, org: str, number: str) -> CallLockRow | None:
    return session.get(CallLockRow, (org, number), with_for_update=LOCKED, populate_existing=True)
