"""What may be asked of a line: of whom, who of them says yes, and for whom it may yet come true.

A measure says of which referrals it is asked, in which of their months they count, and what is
counted; store/report/measures.py has them all. Each question is a condition on the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, true
from sqlmodel import col

from models.facts import ClosedReason, Ending
from models.monthly import Good, Unit
from models.referral import Stage
from store.report.scope import Period
from store.tables import LedgerRow as L

Asks = Callable[[Period], ColumnElement[bool]]
CERTIFIED_WITHIN: Final = timedelta(days=30)  # of the evaluation [G1], policy.md rule 5


class Month(StrEnum):
    """Which of its months a referral counts in."""

    RECEIVED = "received_month"
    EVALUATED = "evaluated_month"
    DISCHARGED = "discharged_month"
    ASKED = "asked_month"
    CLOSED = "closed_month"
    ANY = ""  # asked of all, whichever month they came in


class How(StrEnum):
    """What is made of the referrals that are asked."""

    COUNT = "count"
    SHARE = "share"  # of them, in percent
    MEDIAN = "median"  # of a column, where it has a value
    MEAN = "mean"
    SUM = "sum"  # of a column, over those where it is more than nothing


class Shown(NamedTuple):
    """What a list says of each referral behind a figure: a number in a unit, a code or a yes."""

    title: str
    column: Any  # of LedgerRow, or an expression over it
    unit: Unit | None = None
    divide: int = 1  # the column's unit over the one shown
    words: Mapping[str, str] = {}  # of codes


Shows = Callable[[Period], tuple[Shown, ...]]


def always(*shown: Shown) -> Shows:
    """The same whatever is asked about."""
    return lambda _: shown


nothing_more: Final = always()


class Measure(NamedTuple):
    """One figure of the registry; ``of`` is who is asked, ``counts`` who of them says yes."""

    name: str
    title: str
    note: str
    how: How
    of: Asks
    asked: str  # of whom, in a few words
    unit: Unit = Unit.COUNT
    good: Good = Good.NEITHER
    month: Month = Month.RECEIVED
    counts: Asks | None = None
    column: Any = None  # of LedgerRow, for medians and means
    divide: int = 1  # the column's unit over the measure's
    still: Asks | None = None  # for whom it may yet come true
    target: float | None = None
    among: Asks = Period.referrals  # which lines can be asked at all
    shows: Shows = nothing_more  # where it is nothing: the column, if there is one
    withheld: bool = False  # of fewer than ten the report says nothing, nor of each of them


def everybody(_: Period) -> ColumnElement[bool]:
    """Every valid referral of the month."""
    return true()


def kept(_: Period) -> ColumnElement[bool]:
    """Not taken back by the sender before anything could happen, nor declined by us (rule 14)."""
    gone = col(L.closed_reason).in_([ClosedReason.WITHDRAWN, ClosedReason.DECLINED_BY_CLINIC])
    return or_(col(L.closed_reason).is_(None), ~gone, col(L.evaluated_at).is_not(None))


def has(column: Any) -> Asks:
    """It has happened, or somebody has told."""

    def asks(_: Period) -> ColumnElement[bool]:
        return col(column).is_not(None)

    return asks


def true_in(column: Any) -> Asks:
    """The column says yes."""

    def asks(_: Period) -> ColumnElement[bool]:
        return col(column).is_(True)

    return asks


def in_a_day(minutes: Any) -> Asks:
    """A length, in whole minutes, of at most 24 hours."""

    def asks(_: Period) -> ColumnElement[bool]:
        return col(minutes) <= 24 * 60

    return asks


# --- the first tries ------------------------------------------------------------------------------


def tried_in_24_hours(_: Period) -> ColumnElement[bool]:
    """Attempted, by the wall's clock from arrival (rule 19)."""
    return col(L.attempted_at) <= col(L.contact_within)


def not_yet_24_hours(period: Period) -> ColumnElement[bool]:
    """Nobody has tried, and the 24 hours are not over."""
    return and_(col(L.attempted_at).is_(None), col(L.contact_within) > period.at)


def tried_next_day(_: Period) -> ColumnElement[bool]:
    """Attempted by the closing time of the next business day."""
    return col(L.attempted_at) <= col(L.contact_by)


def not_yet_next_day(period: Period) -> ColumnElement[bool]:
    """Nobody has tried, and the next business day is not over."""
    return and_(col(L.attempted_at).is_(None), col(L.contact_by) > period.at)


def thanks_owed(period: Period) -> ColumnElement[bool]:
    """Who sent is to be thanked within a day; past patients and self-referrals have other rules."""
    office = col(L.source_kind).in_(["provider", "practice", "case_manager", "employer"])
    return and_(kept(period), office, col(L.thanks_unwanted).is_(False))


def not_yet_thanked(period: Period) -> ColumnElement[bool]:
    """Nobody was thanked, and the 24 hours are not over."""
    day = period.at - timedelta(days=1)
    return and_(col(L.thanked_minutes).is_(None), col(L.received_at) > day)


# --- the way to the evaluation --------------------------------------------------------------------


def on_the_way(_: Period) -> ColumnElement[bool]:
    """Neither evaluated nor closed."""
    return and_(col(L.evaluated_at).is_(None), col(L.stage) != Stage.CLOSED)


def evaluated_within(days: int) -> Asks:
    """Evaluated within so many calendar days; before the referral came, too: that has no length."""

    def asks(_: Period) -> ColumnElement[bool]:
        soon = func.coalesce(col(L.evaluation_days), 0) <= days
        return and_(col(L.evaluated_at).is_not(None), soon)

    return asks


def still_within(days: int) -> Asks:
    """Neither evaluated nor closed, and the last of the days is not over yet.

    Days are those of the clinic, today is that of UTC: on an American evening, when nobody is
    evaluated any more, the last day ends some hours early.
    """

    def asks(period: Period) -> ColumnElement[bool]:
        first = period.at.date() - timedelta(days=days)
        return and_(on_the_way(period), col(L.received_on) >= first)

    return asks


def booked(_: Period) -> ColumnElement[bool]:
    """An evaluation was booked, or held without a word of its booking."""
    return or_(col(L.booked_at).is_not(None), col(L.evaluated_at).is_not(None))


def missed(_: Period) -> ColumnElement[bool]:
    """At least one appointment for the evaluation was missed."""
    return col(L.missed_evaluations) > 0


def lost(_: Period) -> ColumnElement[bool]:
    """Closed without an evaluation because the patient was not reached, declined or never came."""
    reasons = [one for one in ClosedReason if one.lost]
    return and_(col(L.evaluated_at).is_(None), col(L.closed_reason).in_(reasons))


# --- care and its end -----------------------------------------------------------------------------


def may_be_certified(period: Period) -> ColumnElement[bool]:
    """The 30 days for the signature are not over."""
    return col(L.evaluated_at) > period.at - CERTIFIED_WITHIN


def summary_not_yet(period: Period) -> ColumnElement[bool]:
    """The summary is signed and has not left, and the day is not over."""
    day = period.at - timedelta(days=1)
    return and_(col(L.summary_sent_at).is_(None), col(L.summary_signed_at) > day)


def completed(_: Period) -> ColumnElement[bool]:
    """Care ended well: goals met, or a plateau."""
    return col(L.ending).in_([Ending.GOALS_MET, Ending.PLATEAU])


def promoter(_: Period) -> ColumnElement[bool]:
    """Answered 9 or 10."""
    return col(L.score) >= 9
