"""Every measure over months: what shares a month is counted in one pass, medians each in their own.

Medians and means leave out empty values; a measure nobody is asked of has no value rather than 0.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func
from sqlalchemy import select as columns
from sqlmodel import Session, col

from models.monthly import Amount
from store.engine import unindexed
from store.report.asks import How, Measure, Month
from store.report.measures import MEASURES
from store.report.scope import Period
from store.tables import LedgerRow

#: Amounts by measure and month; a month without referrals is not there.
Series = dict[str, dict[str, Amount]]


def series(
    session: Session,
    period: Period,
    months: Sequence[str],
    names: Collection[str] = MEASURES,
    *,
    by_clinic: bool = False,
) -> Series:
    """Every measure of the registry, or those named, in each of the months.

    ``by_clinic`` takes all the months together and each clinic apart, under its id.
    """
    wanted = [one for one in MEASURES.values() if one.name in names]
    found: Series = {one.name: {} for one in wanted}
    for month in dict.fromkeys(one.month for one in wanted):
        together = [one for one in wanted if one.month is month]
        counted = [one for one in together if one.how is not How.MEDIAN]
        _count(session, period, months, counted, found, by_clinic=by_clinic)
    for one in wanted:
        if one.how is How.MEDIAN:
            _median(session, period, months, one, found, by_clinic=by_clinic)
    return found


def amount(session: Session, period: Period, measure: Measure) -> Amount:
    """One measure in the period's month."""
    found: Series = {measure.name: {}}
    if measure.how is How.MEDIAN:
        _median(session, period, [period.month], measure, found)
    else:
        _count(session, period, [period.month], [measure], found)
    return found[measure.name].get(period.month, nothing(measure))


def together(
    session: Session,
    period: Period,
    months: Sequence[str],
    measure: Measure,
    among: ColumnElement[bool],
    *,
    narrowed: bool = True,
) -> Amount:
    """One measure over several months as one, of the lines for which a condition holds.

    *narrowed*: they are looked up by that condition, which leaves fewer lines than the months have.
    """
    asked = and_(asked_in(measure, period, months, narrowed=narrowed), among)
    if measure.how is How.MEDIAN:
        rows: Select[Any] = columns(col(measure.column).label("value")).where(
            asked, col(measure.column).is_not(None)
        )
        value, size = session.connection().execute(median_of(rows)).one()
        return Amount() if value is None else Amount(value=float(value) / measure.divide, n=size)
    of = measure.of(period)
    query = columns(how_many(of), _summed(measure, period, of), _open(measure, period, of))
    n, number, still = session.connection().execute(query.where(asked)).one()
    return _amount(measure, int(n), float(number or 0), int(still or 0))


def nothing(measure: Measure) -> Amount:
    """A month in which nobody is asked: a count of 0, and no share, median or mean."""
    return Amount(value=0.0) if measure.how in (How.COUNT, How.SUM) else Amount()


def asked_in(
    measure: Measure, period: Period, months: Sequence[str], *, narrowed: bool = False
) -> ColumnElement[bool]:
    """Who is asked in these months; *narrowed*: something else than the month finds their lines."""
    asked = and_(measure.among(period), measure.of(period))
    if measure.month is Month.ANY:
        return asked
    month: Any = getattr(LedgerRow, measure.month.value)
    return and_(asked, (unindexed(month) if narrowed else col(month)).in_(months))


def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows a condition holds for."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def median_of(rows: Select[Any], *by: str, beside: str | None = None) -> Select[Any]:
    """The median of ``value`` in each group, its size beside it; the mean of the middle two.

    ``rows`` selects the groups' columns and ``value``, none of it empty; *beside* is a column that
    is the same in all of a group, and stands last. Written with window functions, which both
    databases have.
    """
    told = rows.subquery()
    groups = [told.c[name] for name in by]
    ranked = columns(
        *groups,
        told.c.value,
        *([told.c[beside]] if beside else []),
        func.row_number().over(partition_by=groups, order_by=told.c.value).label("place"),
        func.count().over(partition_by=groups).label("size"),
    ).subquery()
    groups = [ranked.c[name] for name in by]
    # The middle one of an odd number, the middle two of an even one: n <= 2 * place <= n + 2.
    picked = (2 * ranked.c.place).between(ranked.c.size, ranked.c.size + 2)
    asked = [func.avg(ranked.c.value), func.max(ranked.c.size)]
    if beside:
        asked.append(func.max(ranked.c[beside]))
    query = columns(*groups, *asked).where(picked)
    return query.group_by(*groups) if groups else query


def _count(
    session: Session,
    period: Period,
    months: Sequence[str],
    measures: Sequence[Measure],
    found: Series,
    *,
    by_clinic: bool = False,
) -> None:
    if not measures:
        return
    month: Any = col(getattr(LedgerRow, measures[0].month.value))
    group: Any = col(LedgerRow.clinic_id) if by_clinic else month
    asked: list[Any] = [group]
    for one in measures:
        of = one.of(period)
        asked += [how_many(of), _summed(one, period, of), _open(one, period, of)]
    query = columns(*asked).where(period.referrals(), month.in_(months)).group_by(group)
    for row in session.connection().execute(query):
        for place, one in enumerate(measures):
            n, number, still = row[1 + 3 * place : 4 + 3 * place]
            found[one.name][row[0]] = _amount(one, int(n), float(number), int(still))


def _summed(one: Measure, period: Period, of: ColumnElement[bool]) -> ColumnElement[Any]:
    if one.how in (How.MEAN, How.SUM):
        return func.coalesce(func.sum(case((of, col(one.column)), else_=0)), 0)
    return how_many(and_(of, one.counts(period)) if one.counts is not None else of)


def _open(one: Measure, period: Period, of: ColumnElement[bool]) -> ColumnElement[Any]:
    if one.still is None or one.counts is None:
        return func.sum(0)
    yes = func.coalesce(one.counts(period), False)
    return how_many(and_(of, one.still(period), ~yes))


def _amount(one: Measure, n: int, number: float, still: int) -> Amount:
    if one.how is How.COUNT:
        return Amount(value=float(n), n=n, number=n)
    if one.how is How.SUM:
        return Amount(value=number, n=n)
    if one.how is How.MEAN:
        return Amount(value=number / n if n else None, n=n)
    share = 100 * number / n if n else None
    return Amount(value=share, n=n, number=int(number), open=still)


def _median(
    session: Session,
    period: Period,
    months: Sequence[str],
    one: Measure,
    found: Series,
    *,
    by_clinic: bool = False,
) -> None:
    month: Any = col(getattr(LedgerRow, one.month.value))
    group: Any = col(LedgerRow.clinic_id) if by_clinic else month
    rows: Select[Any] = columns(group.label("grouped"), col(one.column).label("value")).where(
        asked_in(one, period, months), col(one.column).is_not(None)
    )
    for name, value, size in session.connection().execute(median_of(rows, "grouped")):
        found[one.name][name] = Amount(value=float(value) / one.divide, n=int(size))
