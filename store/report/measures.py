"""The registry of measures: every figure of a report is one of these, and its footnote stands here.

A measure says of which referrals it is asked, in which month they count, and what is counted. The
number, the referrals behind it and the footnote come from the same entry, so no figure is computed
in two places. Adding one: an entry here, and the test over the seeded year (tests/store/report).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, true
from sqlmodel import col

from models.facts import ClosedReason
from models.monthly import Good, Unit
from models.referral import Stage
from store.report.scope import Period
from store.tables import LedgerRow

L = LedgerRow
Asks = Callable[[Period], ColumnElement[bool]]


class Month(StrEnum):
    """Which of its months a referral counts in."""

    RECEIVED = "received_month"
    EVALUATED = "evaluated_month"
    DISCHARGED = "discharged_month"
    ASKED = "asked_month"
    CLOSED = "closed_month"


class How(StrEnum):
    """What is made of the referrals that are asked."""

    COUNT = "count"
    SHARE = "share"  # of them, in percent
    MEDIAN = "median"  # of a column, where it has a value
    MEAN = "mean"


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


def _all(_: Period) -> ColumnElement[bool]:
    return true()


def _kept(_: Period) -> ColumnElement[bool]:
    """Not taken back by the sender before anything could happen, nor declined by us (rule 14)."""
    gone = col(L.closed_reason).in_([ClosedReason.WITHDRAWN, ClosedReason.DECLINED_BY_CLINIC])
    return or_(col(L.closed_reason).is_(None), ~gone, col(L.evaluated_at).is_not(None))


def _has(column: Any) -> Asks:
    def asks(_: Period) -> ColumnElement[bool]:
        return col(column).is_not(None)

    return asks


def _true(column: Any) -> Asks:
    def asks(_: Period) -> ColumnElement[bool]:
        return col(column).is_(True)

    return asks


def _open(_: Period) -> ColumnElement[bool]:
    return and_(col(L.evaluated_at).is_(None), col(L.stage) != Stage.CLOSED)


def _within_days(days: int) -> Asks:
    def asks(_: Period) -> ColumnElement[bool]:
        return and_(col(L.evaluated_at).is_not(None), col(L.evaluation_days) <= days)

    return asks


def _still_days(days: int) -> Asks:
    """Neither evaluated nor closed, and the days are not over yet."""

    def asks(period: Period) -> ColumnElement[bool]:
        return and_(_open(period), col(L.received_at) > period.at - timedelta(days=days))

    return asks


def _tried_in_24_hours(_: Period) -> ColumnElement[bool]:
    return col(L.attempted_at) <= col(L.contact_within)


def _tried_next_day(_: Period) -> ColumnElement[bool]:
    return col(L.attempted_at) <= col(L.contact_by)


def _not_yet_24_hours(period: Period) -> ColumnElement[bool]:
    return and_(col(L.attempted_at).is_(None), col(L.contact_within) > period.at)


def _not_yet_next_day(period: Period) -> ColumnElement[bool]:
    return and_(col(L.attempted_at).is_(None), col(L.contact_by) > period.at)


def _thanked_in_24_hours(_: Period) -> ColumnElement[bool]:
    return col(L.thanked_minutes) <= 24 * 60


def _not_yet_thanked(period: Period) -> ColumnElement[bool]:
    day = period.at - timedelta(days=1)
    return and_(col(L.thanked_minutes).is_(None), col(L.received_at) > day)


def _summary_not_yet(period: Period) -> ColumnElement[bool]:
    day = period.at - timedelta(days=1)
    return and_(col(L.summary_sent_at).is_(None), col(L.summary_signed_at) > day)


def _thanked_kinds(_: Period) -> ColumnElement[bool]:
    return col(L.source_kind).in_(["provider", "practice", "case_manager", "employer"])


def _missed(_: Period) -> ColumnElement[bool]:
    return col(L.missed_evaluations) > 0


def _booked(_: Period) -> ColumnElement[bool]:
    return or_(col(L.booked_at).is_not(None), col(L.evaluated_at).is_not(None))


def _completed(_: Period) -> ColumnElement[bool]:
    return col(L.ending).in_(["goals_met", "plateau"])


def _in_a_day(column: Any) -> Asks:
    def asks(_: Period) -> ColumnElement[bool]:
        return col(column) <= 24 * 60

    return asks


def _lost(_: Period) -> ColumnElement[bool]:
    lost = [one for one in ClosedReason if one.lost]
    return and_(col(L.evaluated_at).is_(None), col(L.closed_reason).in_(lost))


def _promoter(_: Period) -> ColumnElement[bool]:
    return col(L.score) >= 9


_RECEIVED: Final = "received in the month"
_KEPT: Final = "received in the month, neither withdrawn nor declined by us before the first visit"
_EVALUATED: Final = "evaluated in the month"
_DISCHARGED: Final = "discharged in the month"

MEASURES: Final[dict[str, Measure]] = {
    one.name: one
    for one in (
        Measure(
            "received",
            "Referrals received",
            "Valid referrals by the clinic's own day of receipt. Left out: duplicates, order "
            "renewals, those entered in error, faxes nobody has confirmed. Several sources on one "
            "referral count once, for whoever sent the patient first; a self-referral gives way "
            "to anybody else who sent the same patient.",
            How.COUNT,
            _all,
            _RECEIVED,
            good=Good.UP,
        ),
        Measure(
            "converted_30",
            "Evaluated within 30 days",
            "Of the referrals received in the month those evaluated within 30 calendar days; open "
            "are those whose 30 days were not over at the day of the report.",
            How.SHARE,
            _kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=_within_days(30),
            still=_still_days(30),
        ),
        Measure(
            "contacted_24h",
            "Tried within 24 hours",
            "A delivered text or a logged call within 24 hours by the wall's clock from arrival, "
            "nights and weekends included (attempted, not reached).",
            How.SHARE,
            _kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=_tried_in_24_hours,
            still=_not_yet_24_hours,
            target=95.0,
        ),
        Measure(
            "contact_hours",
            "Hours to the first try",
            "Median of the hours from arrival to the first delivered text or logged call, counting "
            "only while the clinic was open.",
            How.MEDIAN,
            _kept,
            _KEPT,
            Unit.OPEN_HOURS,
            Good.DOWN,
            column=L.contact_open_minutes,
            divide=60,
        ),
        Measure(
            "evaluation_days",
            "Days to evaluation",
            "Median calendar days from the day of receipt to the evaluation, of those evaluated in "
            "the month. A surgery date or a hold is not taken off.",
            How.MEDIAN,
            _has(L.evaluated_at),
            _EVALUATED,
            Unit.DAYS,
            Good.DOWN,
            month=Month.EVALUATED,
            column=L.evaluation_days,
            target=7.0,
        ),
        Measure(
            "certified",
            "Plans of care certified",
            "Of those evaluated in the month, the share whose plan needs no further signature: "
            "signed, certified by transmission or order, or not required by the payer.",
            How.SHARE,
            _has(L.evaluated_at),
            _EVALUATED,
            Unit.PERCENT,
            Good.UP,
            month=Month.EVALUATED,
            counts=_true(L.certified),
        ),
        Measure(
            "converted",
            "Came to evaluation so far",
            "Of the referrals received in the month those that were evaluated by the day of the "
            "report. Those still on the way are shown apart as open, so a young month reads low.",
            How.SHARE,
            _kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=_has(L.evaluated_at),
            still=_open,
        ),
        Measure(
            "converted_90",
            "Evaluated within 90 days",
            "The same within 90 calendar days.",
            How.SHARE,
            _kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=_within_days(90),
            still=_still_days(90),
        ),
        Measure(
            "contacted_next_day",
            "Tried by the next business day",
            "The same by closing time of the clinic's next business day.",
            How.SHARE,
            _kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=_tried_next_day,
            still=_not_yet_next_day,
        ),
        Measure(
            "reached",
            "Reached",
            "Two-way: the patient answered, spoke with somebody, asked for a time or was booked.",
            How.SHARE,
            _kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=_has(L.reached_at),
            still=_open,
        ),
        Measure(
            "evaluated",
            "Evaluations held",
            "Referrals whose evaluation took place in the month, whenever they were received.",
            How.COUNT,
            _has(L.evaluated_at),
            _EVALUATED,
            good=Good.UP,
            month=Month.EVALUATED,
        ),
        Measure(
            "missed",
            "Missed the first appointment",
            "Of those booked for an evaluation, the share who missed at least one appointment for "
            "it (told by the EMR or the desk, never inferred).",
            How.SHARE,
            _booked,
            "received in the month and booked",
            Unit.PERCENT,
            Good.DOWN,
            counts=_missed,
        ),
        Measure(
            "thanked_24h",
            "Source thanked within 24 hours",
            "The thank-you left within 24 hours by the wall's clock from arrival. Asked of "
            "offices, case managers and employers; self-referrals and past patients have rules of "
            "their own.",
            How.SHARE,
            _thanked_kinds,
            "received in the month from an office, case manager or employer",
            Unit.PERCENT,
            Good.UP,
            counts=_thanked_in_24_hours,
            still=_not_yet_thanked,
            target=100.0,
        ),
        Measure(
            "plan_hours",
            "Hours until the plan was sent",
            "Median hours by the wall's clock from the therapist's signature until the plan of "
            "care left, of those evaluated in the month.",
            How.MEDIAN,
            _has(L.plan_sent_at),
            _EVALUATED,
            Unit.HOURS,
            Good.DOWN,
            month=Month.EVALUATED,
            column=L.plan_minutes,
            divide=60,
            target=24.0,
        ),
        Measure(
            "summary_24h",
            "Discharge summaries within a day",
            "Of those discharged in the month with a signed summary, the share whose summary left "
            "within 24 hours of the signature.",
            How.SHARE,
            _has(L.summary_signed_at),
            "discharged in the month, summary signed",
            Unit.PERCENT,
            Good.UP,
            month=Month.DISCHARGED,
            counts=_in_a_day(L.summary_minutes),
            still=_summary_not_yet,
            target=100.0,
        ),
        Measure(
            "discharged",
            "Discharges",
            "Referrals whose care ended in the month.",
            How.COUNT,
            _has(L.discharged_on),
            _DISCHARGED,
            month=Month.DISCHARGED,
        ),
        Measure(
            "visits",
            "Visits per episode",
            "Median treatment days, the evaluation included, of those discharged in the month; two "
            "visits on one day count once.",
            How.MEDIAN,
            _has(L.discharged_on),
            _DISCHARGED,
            Unit.VISITS,
            month=Month.DISCHARGED,
            column=L.visits,
        ),
        Measure(
            "completed",
            "Finished their care",
            "Of those discharged in the month, the share who met their goals or reached a plateau.",
            How.SHARE,
            _has(L.discharged_on),
            _DISCHARGED,
            Unit.PERCENT,
            Good.UP,
            month=Month.DISCHARGED,
            counts=_completed,
        ),
        Measure(
            "lost",
            "Closed as lost",
            "Referrals closed in the month without an evaluation, because the patient could not be "
            "reached, declined, or never came.",
            How.COUNT,
            _lost,
            "closed in the month",
            good=Good.DOWN,
            month=Month.CLOSED,
        ),
        Measure(
            "answered",
            "Answered how it went",
            "Of the patients who were asked the one question in the month, the share who answered.",
            How.SHARE,
            _has(L.asked_on),
            "asked in the month",
            Unit.PERCENT,
            month=Month.ASKED,
            counts=_has(L.score),
        ),
        Measure(
            "satisfaction",
            "Satisfaction",
            "Mean of the answers from 0 to 10 to the one question after discharge, by the month it "
            "was asked. Everybody with a good ending is asked, whoever they are.",
            How.MEAN,
            _has(L.score),
            "asked in the month, answered",
            Unit.SCORE,
            Good.UP,
            month=Month.ASKED,
            column=L.score,
        ),
        Measure(
            "promoters",
            "Answered 9 or 10",
            "Of those who answered, the share of 9 and 10.",
            How.SHARE,
            _has(L.score),
            "asked in the month, answered",
            Unit.PERCENT,
            Good.UP,
            month=Month.ASKED,
            counts=_promoter,
        ),
    )
}

#: The figures of page 1, in their order.
TILES: Final = ("received", "converted", "contact_hours", "evaluation_days", "certified")
