"""What is old enough to be emptied: bodies and payloads go, the rows and their hashes stay."""

from __future__ import annotations

from datetime import datetime
from typing import Final, get_args

from sqlalchemy import delete, null, update
from sqlmodel import Session, col, select

from models.contracts import Channel
from models.fax import FaxState
from store.engine import unindexed
from store.tables import (
    DeliveryRow,
    DeliveryState,
    DeskTextRow,
    FaxCorrectionRow,
    FaxPageRow,
    FaxPartRow,
    FaxRow,
    InboxRow,
    InboxState,
    ReplyRow,
    SentLetterRow,
)

_CHANNELS: Final = get_args(Channel)
# ``unknown`` among them: after so long nobody will say any more whether it arrived.
_OVER = (
    DeliveryState.ACCEPTED,
    DeliveryState.UNKNOWN,
    DeliveryState.DELIVERED,
    DeliveryState.FAILED,
)


def empty_inbox(session: Session, org: str, before: datetime) -> int:
    """Clear body and headers of settled events received before a moment (wall time)."""
    done = session.connection().execute(
        update(InboxRow)
        .where(
            unindexed(InboxRow.org) == org,
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
    over = (
        unindexed(DeliveryRow.org) == org,
        col(DeliveryRow.channel).in_(_CHANNELS),  # all there are: their index ends with the day
        col(DeliveryRow.state).in_(_OVER),
        col(DeliveryRow.recorded_at) < before,
    )
    gone = select(DeliveryRow.id).where(*over)
    session.connection().execute(
        delete(SentLetterRow).where(col(SentLetterRow.delivery_id).in_(gone))
    )
    done = session.connection().execute(
        update(DeliveryRow)
        .where(*over, col(DeliveryRow.payload).is_not(None))
        .values(payload=null())
    )
    return done.rowcount


def empty_faxes(session: Session, org: str, before: datetime) -> int:
    """Clear files, texts, fields and corrections of settled faxes that came before a moment.

    How often a machine was right can still be counted: which fields were corrected stays.
    """
    settled = (
        col(FaxRow.org) == org,
        col(FaxRow.state) == FaxState.SETTLED,
        col(FaxRow.recorded_at) < before,
        col(FaxRow.content) != b"",
    )
    old = select(FaxRow.id).where(*settled)
    run = session.connection().execute
    parts = select(FaxPartRow.id).where(col(FaxPartRow.fax_id).in_(old))
    run(
        update(FaxCorrectionRow)
        .where(col(FaxCorrectionRow.part_id).in_(parts))
        .values(read=null(), said=null())
    )
    run(update(FaxPartRow).where(col(FaxPartRow.fax_id).in_(old)).values(fields=[]))
    run(
        update(FaxPageRow)
        .where(col(FaxPageRow.fax_id).in_(old))
        .values(text="", doubtful=[], codes=[])
    )
    return run(update(FaxRow).where(*settled).values(content=b"")).rowcount
