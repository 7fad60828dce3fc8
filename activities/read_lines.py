"""Pages of lines for the read API: by the same conditions as the figures, as of one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement

from activities.monthly import Monthly
from models.ledger import Line
from store.engine import Store
from store.report import lines
from store.report.asks import Measure
from store.report.behind import WHOLE, Narrow, Which, counted_in, shown, sizes
from store.report.scope import Period


class Question(NamedTuple):
    """Which lines are asked for: all of a month, or those behind one of its figures."""

    scope: str
    month: str
    measure: Measure | None = None
    which: Which = Which.COUNTED
    narrow: Narrow = WHOLE


class Told(NamedTuple):
    """A page of lines, each with its referral's id and the value the figure takes from it.

    ``more``: it is not the last one.
    """

    as_of: datetime
    preliminary: bool
    lines: Sequence[tuple[str, Line, float | None]]
    more: bool


class Lines:
    """The lines behind the figures; safe to share between threads."""

    def __init__(self, store: Store, monthly: Monthly) -> None:
        self._store = store
        self._monthly = monthly

    def page(
        self,
        org: str,
        question: Question,
        *,
        now: datetime,
        most: int,
        after: tuple[datetime, str] | None = None,
    ) -> Told:
        """One page; ``after`` is the moment and the last referral of the page before.

        Every page of one reading has the same moment: a closed month's closing, or when an open
        one's first page was asked for. By it is judged what is still to come; but an open month's
        lines are those that hold when their page is asked for, for until it is closed nothing else
        is kept. So a referral that comes, goes or changes while an open month is read may be in it
        as it was or as it is; none comes twice, and none that stays is left out.

        Raises NotFound for an unknown clinic, BadRequest for what is no month.
        """
        period, closed = self._monthly.period(org, question.scope, question.month, now)
        last = None
        if after is not None:
            as_of, last = after
            closed = closed and as_of == period.at
            period = period._replace(at=as_of)
        with self._store.read() as session:
            lists = None
            if question.measure is not None and question.measure.withheld:
                lists = sizes(session, period, question.measure, question.narrow)
            rows = lines.page(
                session,
                _condition(period, question),
                after=last,
                most=most + 1,
                beside=_value(period, question.measure, lists),
            )
            found = [_told(tuple(row)) for row in rows[:most]]
        return Told(period.at, not closed, found, len(rows) > most)


def _condition(period: Period, question: Question) -> ColumnElement[bool]:
    if question.measure is None:
        return lines.received(period)
    return counted_in(period, question.measure, question.which, question.narrow)


def _value(
    period: Period, measure: Measure | None, lists: Mapping[Which, int] | None
) -> Sequence[Any]:
    """What a median, mean or sum is of, or the change behind an outcome: in the shown unit."""
    if measure is None:
        return ()
    if measure.column is not None:
        return (1.0 * measure.column / measure.divide,)
    numbers = (one for one in shown(measure, period, lists) if one.unit is not None)
    return tuple(1.0 * one.column / one.divide for one in numbers)[:1]


def _told(row: Sequence[Any]) -> tuple[str, Line, float | None]:
    line, *beside = row
    value = float(beside[0]) if beside and beside[0] is not None else None
    return line.referral_id, Line.model_validate(line.model_dump()), value
