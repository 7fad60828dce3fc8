"""The referrals behind a figure: the same question, asked for the rows instead of their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, false, func, true
from sqlalchemy import select as columns
from sqlmodel import Session, col

from models.errors import NotFound
from models.monthly import FEW, Amount
from store.report.asks import Measure, Month, Shown
from store.report.scope import Period
from store.report.series import asked_in, how_many, together
from store.tables import LedgerRow

MOST: Final = 500  # on a page; nobody reads more at once
YEAR: Final = "year"  # the twelve months that end with the report's, as one


class Which(StrEnum):
    """Which of those who are asked."""

    COUNTED = "counted"  # who says yes, or has a value
    OTHERS = "others"
    OPEN = "open"  # for whom it may still come true
    ALL = "all"


class Narrow(NamedTuple):
    """Of a figure what one number in the report shows: of a source, of a clinic, another month.

    ``of`` is one of the thirteen months a report speaks of, or ``year``; as known at the report's
    own moment, which another month's own report is not. None: the report's month.
    """

    source_id: str | None = None
    clinic_id: str | None = None
    of: str | None = None

    def months(self, period: Period, measure: Measure) -> Sequence[str]:
        """The months meant; raises NotFound ``no_figure`` for one the report does not speak of.

        And for any month of what is counted whichever month it came in.
        """
        if self.of is not None and measure.month is Month.ANY:
            raise NotFound("This number is not of a month.", code="no_figure")
        if self.of == YEAR:
            return period.year
        if self.of is not None and self.of not in period.compared:
            raise NotFound("This report says nothing of that month.", code="no_figure")
        return [self.of or period.month]

    def among(self) -> ColumnElement[bool]:
        """The condition for the lines of the source and the clinic."""
        wanted: list[ColumnElement[bool]] = [true()]
        if self.source_id is not None:
            wanted.append(col(LedgerRow.source_id) == self.source_id)
        if self.clinic_id is not None:
            wanted.append(col(LedgerRow.clinic_id) == self.clinic_id)
        return and_(*wanted)

    def asked(self, measure: Measure, period: Period) -> ColumnElement[bool]:
        """Who of them is asked; a source is found by its own lines, and no month looked up."""
        narrowed = self.source_id is not None
        asked = asked_in(measure, period, self.months(period, measure), narrowed=narrowed)
        return and_(asked, self.among())


WHOLE: Final = Narrow()


class Behind(NamedTuple):
    """One line behind a figure, with the values that ``shown`` names, in its order."""

    line: LedgerRow
    values: tuple[Any, ...]


def behind(
    session: Session,
    period: Period,
    measure: Measure,
    which: Which = Which.COUNTED,
    narrow: Narrow = WHOLE,
    *,
    most: int = MOST,
    skip: int = 0,
) -> Sequence[Behind]:
    """The lines behind a figure, by day of receipt and id; ``skip`` leaves out the first ones."""
    query = columns(LedgerRow, *(one.column for one in shown(measure, period))).where(
        counted_in(period, measure, which, narrow)
    )
    query = query.order_by(col(LedgerRow.received_on), col(LedgerRow.referral_id))
    rows = session.execute(query.offset(skip).limit(most))
    return [Behind(line, tuple(values)) for line, *values in rows]


def sizes(
    session: Session, period: Period, measure: Measure, narrow: Narrow = WHOLE
) -> dict[Which, int]:
    """How many stand on each of a figure's lists."""
    asked = narrow.asked(measure, period)
    picked = [how_many(_picked(measure, period, one)) for one in Which]
    numbers = session.connection().execute(columns(*picked).where(asked)).one()
    return {one: int(number) for one, number in zip(Which, numbers, strict=True)}


def figure(session: Session, period: Period, measure: Measure, narrow: Narrow = WHOLE) -> Amount:
    """The figure itself, as the report says it."""
    months, narrowed = narrow.months(period, measure), narrow.source_id is not None
    return together(session, period, months, measure, narrow.among(), narrowed=narrowed)


def shown(
    measure: Measure, period: Period, lists: Mapping[Which, int] | None = None
) -> tuple[Shown, ...]:
    """What a list says of each referral: what it is counted, or is a median, mean or sum, from.

    Nothing where the report withholds the figure, for *lists* of fewer than ten counted.
    """
    if measure.withheld and lists is not None and lists[Which.COUNTED] < FEW:
        return ()
    told = measure.shows(period)
    if measure.column is None or told:
        return told
    return (Shown(measure.title, measure.column, measure.unit, measure.divide),)


def counted_in(
    period: Period, measure: Measure, which: Which, narrow: Narrow = WHOLE
) -> ColumnElement[bool]:
    """The condition for the lines behind a figure."""
    return and_(narrow.asked(measure, period), _picked(measure, period, which))


def _picked(measure: Measure, period: Period, which: Which) -> ColumnElement[bool]:
    yes: ColumnElement[bool] = true()
    if measure.column is not None:
        yes = measure.column.is_not(None)
    elif measure.counts is not None:
        yes = func.coalesce(measure.counts(period), False)
    still: ColumnElement[bool] = false()
    if measure.still is not None:
        still = func.coalesce(measure.still(period), False)
    picked = {
        Which.COUNTED: yes,
        Which.OTHERS: and_(~yes, ~still),
        Which.OPEN: and_(~yes, still),
        Which.ALL: true(),
    }
    return picked[which]
