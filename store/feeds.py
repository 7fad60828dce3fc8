"""When each feed was last heard from; the rule for silence is models.feeds."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from store.tables import InboxRow, InboxState

# What was rejected is not heard: its news never reached the record.
_HEARD: Final = tuple(state for state in InboxState if state is not InboxState.REJECTED)


def last_heard(
    session: Session, org: str, origin: str, *, now: datetime | None = None
) -> datetime | None:
    """When an organization's feed last told something we could read; None: never.

    By arrival (wall time), not by when it happened. *now* leaves out what came later.
    """
    told = select(InboxRow.id).where(InboxRow.org == org, InboxRow.origin == origin)
    if session.exec(told.limit(1)).first() is None:
        return None  # or every event of everybody would be looked through for one of theirs
    moments: list[datetime] = []
    for state in _HEARD:  # one look into the index on state and arrival each
        query = select(InboxRow.received_at).where(
            InboxRow.state == state, InboxRow.org == org, InboxRow.origin == origin
        )
        if now is not None:
            query = query.where(InboxRow.received_at <= now)
        moments += session.exec(query.order_by(col(InboxRow.received_at).desc()).limit(1)).all()
    return max(moments, default=None)
