"""Lines a page at a time, for the read API: ordered by id, which says nothing of days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row
from sqlalchemy import select as columns
from sqlmodel import Session, col

from store.report.scope import Period
from store.tables import LedgerRow


def received(period: Period) -> ColumnElement[bool]:
    """Every line of the month of receipt, those included that count nowhere."""
    return period.lines() & (col(LedgerRow.received_month) == period.month)


def page(
    session: Session,
    which: ColumnElement[bool],
    *,
    after: str | None,
    most: int,
    beside: Sequence[Any] = (),
) -> Sequence[Row[Any]]:
    """At most so many lines for which a condition holds, by referral id, from *after* on.

    Each row is the line and then what is wanted *beside* it.

    The condition holds for at most one line of a referral, as ``Period.lines`` does. Ids are drawn
    at random, so their order does not give away who came first.
    """
    query = columns(LedgerRow, *beside).where(which)
    if after is not None:
        query = query.where(col(LedgerRow.referral_id) > after)
    return session.execute(query.order_by(col(LedgerRow.referral_id)).limit(most)).all()
