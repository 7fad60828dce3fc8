"""The referrals behind a figure: the same question, asked for the rows instead of their number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, false, func, true
from sqlmodel import Session, col, select

from store.report.asks import Measure
from store.report.scope import Period
from store.report.series import asked_in
from store.tables import LedgerRow

MOST: Final = 500  # on a page; nobody reads more. The read API pages through all of them


class Which(StrEnum):
    """Which of those who are asked."""

    COUNTED = "counted"  # who says yes, or has a value
    OTHERS = "others"
    OPEN = "open"  # for whom it may still come true


def behind(
    session: Session,
    period: Period,
    measure: Measure,
    which: Which = Which.COUNTED,
    *,
    source_id: str | None = None,
    most: int = MOST,
    after: tuple[date, str] | None = None,
) -> Sequence[LedgerRow]:
    """The lines behind a figure in the period's month, by day of receipt and id.

    ``after`` is the last one of the page before: its day and its referral's id.
    """
    query = select(LedgerRow).where(counted_in(period, measure, which, source_id))
    if after is not None:
        day, referral = after
        later = col(LedgerRow.received_on) > day
        same = and_(col(LedgerRow.received_on) == day, col(LedgerRow.referral_id) > referral)
        query = query.where(later | same)
    query = query.order_by(col(LedgerRow.received_on), col(LedgerRow.referral_id)).limit(most)
    return session.exec(query).all()


def counted_in(
    period: Period, measure: Measure, which: Which, source_id: str | None = None
) -> ColumnElement[bool]:
    """The condition for the lines behind a figure in the period's month."""
    chosen = and_(asked_in(measure, period, [period.month]), _picked(measure, period, which))
    return chosen if source_id is None else and_(chosen, col(LedgerRow.source_id) == source_id)


def _picked(measure: Measure, period: Period, which: Which) -> ColumnElement[bool]:
    yes: ColumnElement[bool] = true()
    if measure.column is not None:
        yes = col(measure.column).is_not(None)
    elif measure.counts is not None:
        yes = func.coalesce(measure.counts(period), False)
    still: ColumnElement[bool] = false()
    if measure.still is not None:
        still = func.coalesce(measure.still(period), False)
    picked = {
        Which.COUNTED: yes,
        Which.OTHERS: and_(~yes, ~still),
        Which.OPEN: and_(~yes, still),
    }
    return picked[which]
