"""One fax line of a practice: what waits for it, and what it has been sent today (rule 13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from store.settling import WENT_OUT
from store.tables import DeliveryRow, MessageRow, MessageState

FOR_COMPANY = "bundle"  # why a letter waits that goes as soon as another one does
MOST = 30  # letters looked at for one fax; what is left goes with the next


def waiting(session: Session, org: str, number: str, now: datetime) -> Sequence[MessageRow]:
    """Letters that may go with the next fax to a number: they wait for company, or are due again.

    In the order of their ids, so that two who take the same ones take them in the same order.
    """
    query = select(MessageRow).where(
        MessageRow.org == org,
        MessageRow.line == number,
        MessageRow.state == MessageState.HELD,
        (col(MessageRow.why) == FOR_COMPANY) | (col(MessageRow.held_until) <= now),
    )
    return session.exec(query.order_by(col(MessageRow.id)).limit(MOST)).all()


def gathering(session: Session, org: str, number: str, now: datetime) -> datetime | None:
    """When the letters that wait for company at a number go, as far as that is still ahead."""
    query = select(func.min(MessageRow.held_until)).where(
        MessageRow.org == org,
        MessageRow.line == number,
        MessageRow.state == MessageState.HELD,
        MessageRow.why == FOR_COMPANY,
        col(MessageRow.held_until) > now,
    )
    return session.exec(query).one()


def pages_to(session: Session, org: str, number: str, since: datetime) -> int:
    """How many pages of fax a number was sent since a moment."""
    query = select(func.sum(DeliveryRow.pages)).where(
        DeliveryRow.org == org,
        DeliveryRow.address_ref == number,
        DeliveryRow.channel == "fax",
        col(DeliveryRow.claimed_at) >= since,
        col(DeliveryRow.state).in_(WENT_OUT),
    )
    return session.exec(query).one() or 0
