"""What is old enough to be emptied: bodies and payloads go, the rows and their hashes stay."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import null, update
from sqlmodel import Session, col

from store.tables import DeliveryRow, DeliveryState, DeskTextRow, InboxRow, InboxState, ReplyRow

_OVER = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.FAILED)


def empty_inbox(session: Session, org: str, before: datetime) -> int:
    """Clear body and headers of settled events received before a moment (wall time)."""
    done = session.connection().execute(
        update(InboxRow)
        .where(
            col(InboxRow.org) == org,
            col(InboxRow.received_at) < before,
            col(InboxRow.state).in_([InboxState.APPLIED, InboxState.REJECTED, InboxState.TASK]),
            col(InboxRow.body) != b"",
        )
        .values(body=b"", headers={})
    )
    return done.rowcount


def empty_texts(session: Session, org: str, before: datetime) -> int:
    """Clear the words of texts from before a moment (wall time), theirs and ours."""
    done = session.connection().execute(
        update(ReplyRow)
        .where(
            col(ReplyRow.org) == org,
            col(ReplyRow.recorded_at) < before,
            col(ReplyRow.text).is_not(None),
        )
        .values(text=None)
    )
    ours = session.connection().execute(
        update(DeskTextRow)
        .where(
            col(DeskTextRow.org) == org,
            col(DeskTextRow.recorded_at) < before,
            col(DeskTextRow.handed_at).is_not(None),
            col(DeskTextRow.body).is_not(None),
        )
        .values(body=None)
    )
    return done.rowcount + ours.rowcount


def empty_outbox(session: Session, org: str, before: datetime) -> int:
    """Clear what deliveries said that were recorded before a moment (wall time) and are over."""
    done = session.connection().execute(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.org) == org,
            col(DeliveryRow.recorded_at) < before,
            col(DeliveryRow.state).in_(_OVER),
            col(DeliveryRow.payload).is_not(None),
        )
        .values(payload=null())
    )
    return done.rowcount
