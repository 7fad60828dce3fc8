"""How much better patients got, by body region and after surgery (policy.md rule 19).

The median of each patient's change from the first reading on one named measure, in percent of
that reading, at about six and twelve weeks. Never across instruments; fewer than ten patients are
withheld. Counted are those whose window ended in the twelve months that end with the report's: one
month holds too few, and who may still be measured would be no fair part of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col

from models.clock import ONE_DAY
from models.facts import Urgency
from models.monthly import FEW, Amount, Outcome
from models.months import first_day, last_day
from models.outcomes import MEASURES
from models.regions import Region
from store.ledger import known_at
from store.report.scope import Period
from store.report.series import median_of
from store.tables import LedgerRow, LedgerScoreRow

L, S = LedgerRow, LedgerScoreRow
POST_OP: Final = "post_op "
#: Week, and the first and last day of its window after the first reading (rule 19: day 35-49).
WINDOWS: Final = ((6, 35, 49), (12, 77, 91))


class Reading(NamedTuple):
    """Conditions and values over the ledger, of one group, measure and window."""

    of: ColumnElement[bool]
    percent: Any  # its change; none where nothing was read in the window
    meaningful: Any


def outcomes(
    session: Session, period: Period, source_ids: Sequence[str] | None = None
) -> tuple[Outcome, ...]:
    """Every group with somebody who could have been measured; of some sources, or of all."""
    return tuple(one for window in WINDOWS for one in _at(session, period, window, source_ids))


def _at(
    session: Session, period: Period, window: tuple[int, int, int], source_ids: Sequence[str] | None
) -> Iterator[Outcome]:
    week, first, last = window
    eligible = _eligible(session, period, last, source_ids)
    rows = _readings(period, 7 * week, first, last, source_ids)
    medians = {
        (group, measure): (value, int(n), int(yes))
        for group, measure, value, n, yes in session.connection().execute(
            median_of(rows, "grouped", "measure", beside="reached")
        )
    }
    for (group, measure), could in sorted(eligible.items(), key=lambda one: _place(*one[0])):
        median, n, yes = medians.get((group, measure), (None, 0, 0))
        few = n < FEW
        yield Outcome(
            group=group,
            says=says(group),
            measure=measure,
            measure_says=MEASURES[measure].name if measure in MEASURES else measure,
            days=(first, last),
            n=n,
            eligible=could,
            median_percent=None if few or median is None else round(float(median), 4),
            reached=None if few else Amount(value=100 * yes / n if n else None, n=n, number=yes),
        )


def _place(group: str, measure: str) -> tuple[str, bool, str]:
    """By region, each before the same after surgery."""
    return group.removeprefix(POST_OP), group.startswith(POST_OP), measure


def measured(period: Period, group: str, measure: str, first: int) -> Reading:
    """The same for each referral: who is of the group, who could be measured, and what was read.

    *first* is the first day of the window. Raises KeyError for no such window.
    """
    week, last = next((week, last) for week, begin, last in WINDOWS if begin == first)
    since, until = _begun(period, last)
    baseline = columns(col(S.referral_id)).where(
        col(S.org) == period.org,
        col(S.measure) == measure,
        known_at(period.known, S),
        col(S.day) == 0,
        col(S.taken_on).between(since, until),
    )
    nearest = (
        columns(col(S.percent))
        .where(
            col(S.referral_id) == col(L.referral_id),
            col(S.measure) == measure,
            known_at(period.known, S),
            _in_time(since, until, first, last),
            col(S.percent).is_not(None),
        )
        .order_by(*_nearest(7 * week))
        .limit(1)
        .correlate(L)
    )
    of = and_(_group() == group, col(L.referral_id).in_(baseline))
    reached = nearest.with_only_columns(col(S.meaningful))
    return Reading(of, nearest.scalar_subquery(), reached.scalar_subquery())


def says(group: str) -> str:
    """``Shoulder after surgery``."""
    after = group.startswith(POST_OP)
    region = group.removeprefix(POST_OP).replace("_", " ").capitalize()
    return f"{region} after surgery" if after else region


def _begun(period: Period, last: int) -> tuple[date, date]:
    """The days of first readings whose window ended in the twelve months."""
    earlier = last * ONE_DAY
    return first_day(period.year[0]) - earlier, last_day(period.month) - earlier


def _group() -> Any:
    post_op = (col(L.urgency) == Urgency.POST_OP, literal(POST_OP) + col(L.region))
    return case(post_op, else_=col(L.region)).label("grouped")


def _joined(period: Period, source_ids: Sequence[str] | None) -> Any:
    wanted = [
        period.referrals(),
        known_at(period.known, S),
        col(L.region).in_(list(Region)),
    ]
    # The days find the readings of everybody; those of a source are found by its referrals.
    if source_ids is None:
        wanted.append(col(S.org) == period.org)
    else:
        wanted.append(col(L.source_id).in_(source_ids))
    return and_(*wanted)


def _readings(
    period: Period, target: int, first: int, last: int, source_ids: Sequence[str] | None
) -> Select[Any]:
    """One reading of each patient in the window, the one nearest its middle.

    Beside each stands how many of its group reached a meaningful change.
    """
    since, until = _begun(period, last)
    nearest = func.row_number().over(
        partition_by=[col(S.referral_id), col(S.measure)], order_by=_nearest(target)
    )
    every = (
        columns(
            _group(),
            col(S.measure).label("measure"),
            col(S.percent).label("value"),
            col(S.meaningful).label("meaningful"),
            nearest.label("place"),
        )
        .join(L, col(L.referral_id) == col(S.referral_id))
        .where(
            _joined(period, source_ids),
            col(S.day).in_(range(first, last + 1)),
            col(S.taken_on).between(since + first * ONE_DAY, until + last * ONE_DAY),
            _in_time(since, until, first, last),
            col(S.percent).is_not(None),
        )
        .subquery()
    )
    reached = func.sum(case((every.c.meaningful.is_(True), 1), else_=0))
    theirs = reached.over(partition_by=[every.c.grouped, every.c.measure]).label("reached")
    query = columns(every.c.grouped, every.c.measure, every.c.value, theirs)
    return query.where(every.c.place == 1)


def _nearest(target: int) -> list[Any]:
    return [func.abs(col(S.day) - target), col(S.day), col(S.id)]


def _in_time(since: date, until: date, first: int, last: int) -> ColumnElement[bool]:
    """The first reading was taken so many days before this one."""
    each = (
        and_(
            col(S.day) == day, col(S.taken_on).between(since + day * ONE_DAY, until + day * ONE_DAY)
        )
        for day in range(first, last + 1)
    )
    return or_(*each)


def _eligible(
    session: Session, period: Period, last: int, source_ids: Sequence[str] | None
) -> dict[tuple[str, str], int]:
    """Patients whose window is over: measured in it or not, each has one first reading."""
    since, until = _begun(period, last)
    group = _group()
    query = (
        columns(group, col(S.measure), func.count())
        .join(L, col(L.referral_id) == col(S.referral_id))
        .where(_joined(period, source_ids), col(S.day) == 0, col(S.taken_on).between(since, until))
        .group_by(group, col(S.measure))
    )
    told = session.connection().execute(query)
    return {(group, measure): int(n) for group, measure, n in told}
