"""The registry of measures: every figure of a report is one of these, and its footnote stands here.

The number, the referrals behind it and the footnote come from the same entry, so no figure is
computed in two places. Adding one: an entry here, its question in store/report/asks.py where that
is new, and the same asked independently in tests/truth/asked.py (a test misses it there).
"""

from __future__ import annotations

from typing import Final

from models.monthly import Good, Unit
from store.report import asks
from store.report.asks import How, Measure, Month
from store.tables import LedgerRow as L

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
            asks.everybody,
            _RECEIVED,
            good=Good.UP,
        ),
        Measure(
            "converted_30",
            "Evaluated within 30 days",
            "Of the referrals received in the month those evaluated within 30 calendar days, one "
            "evaluated before its referral came among them; open are those whose 30 days were not "
            "over at the day of the report.",
            How.SHARE,
            asks.kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=asks.evaluated_within(30),
            still=asks.still_within(30),
        ),
        Measure(
            "contacted_24h",
            "Tried within 24 hours",
            "A delivered text, a logged call, an answer or a booking within 24 hours from arrival, "
            "nights and weekends included (attempted, not reached).",
            How.SHARE,
            asks.kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=asks.tried_in_24_hours,
            still=asks.not_yet_24_hours,
            target=95.0,
        ),
        Measure(
            "contact_hours",
            "Hours to the first try",
            "Median of the hours from arrival to the first delivered text, logged call, answer or "
            "booking, counting only while the clinic was open.",
            How.MEDIAN,
            asks.kept,
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
            asks.has(L.evaluated_at),
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
            "signed, certified by transmission or order, or not required by the payer. Open are "
            "those evaluated less than 30 days before the report: the signature may yet come.",
            How.SHARE,
            asks.has(L.evaluated_at),
            _EVALUATED,
            Unit.PERCENT,
            Good.UP,
            month=Month.EVALUATED,
            counts=asks.true_in(L.certified),
            still=asks.may_be_certified,
        ),
        Measure(
            "converted",
            "Came to evaluation so far",
            "Of the referrals received in the month those that were evaluated by the day of the "
            "report. Those still on the way are shown apart as open, so a young month reads low.",
            How.SHARE,
            asks.kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=asks.has(L.evaluated_at),
            still=asks.on_the_way,
        ),
        Measure(
            "converted_90",
            "Evaluated within 90 days",
            "Of the referrals received in the month those evaluated within 90 calendar days; open "
            "are those whose 90 days were not over at the day of the report.",
            How.SHARE,
            asks.kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=asks.evaluated_within(90),
            still=asks.still_within(90),
        ),
        Measure(
            "contacted_next_day",
            "Tried by the next business day",
            "A delivered text, a logged call, an answer or a booking by closing time of the "
            "clinic's next business day.",
            How.SHARE,
            asks.kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=asks.tried_next_day,
            still=asks.not_yet_next_day,
        ),
        Measure(
            "reached",
            "Reached",
            "Two-way: the patient answered, spoke with somebody, asked for a time or was booked.",
            How.SHARE,
            asks.kept,
            _KEPT,
            Unit.PERCENT,
            Good.UP,
            counts=asks.has(L.reached_at),
            still=asks.on_the_way,
        ),
        Measure(
            "evaluated",
            "Evaluations held",
            "Referrals whose evaluation took place in the month, whenever they were received.",
            How.COUNT,
            asks.has(L.evaluated_at),
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
            asks.booked,
            "received in the month and booked",
            Unit.PERCENT,
            Good.DOWN,
            counts=asks.missed,
        ),
        Measure(
            "thanked_24h",
            "Source thanked within 24 hours",
            "The thank-you left within 24 hours from arrival, nights and weekends included. Asked "
            "of offices, case managers and employers, but for those who want no thanks, and where "
            "the policy file leaves thanks to somebody else; self-referrals and past patients have "
            "rules of their own.",
            How.SHARE,
            asks.thanks_owed,
            f"{_KEPT}, from an office, case manager or employer that is thanked",
            Unit.PERCENT,
            Good.UP,
            counts=asks.in_a_day(L.thanked_minutes),
            still=asks.not_yet_thanked,
            target=100.0,
        ),
        Measure(
            "plan_hours",
            "Hours until the plan was sent",
            "Median hours, nights and weekends included, from the therapist's signature until the "
            "plan of care left, of those evaluated in the month.",
            How.MEDIAN,
            asks.has(L.evaluated_at),
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
            asks.has(L.summary_signed_at),
            "discharged in the month, summary signed",
            Unit.PERCENT,
            Good.UP,
            month=Month.DISCHARGED,
            counts=asks.in_a_day(L.summary_minutes),
            still=asks.summary_not_yet,
            target=100.0,
        ),
        Measure(
            "discharged",
            "Discharges",
            "Referrals whose care ended in the month.",
            How.COUNT,
            asks.has(L.discharged_on),
            _DISCHARGED,
            month=Month.DISCHARGED,
        ),
        Measure(
            "visits",
            "Visits per episode",
            "Median treatment days, the evaluation included, of those discharged in the month; two "
            "visits on one day count once.",
            How.MEDIAN,
            asks.has(L.discharged_on),
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
            asks.has(L.discharged_on),
            _DISCHARGED,
            Unit.PERCENT,
            Good.UP,
            month=Month.DISCHARGED,
            counts=asks.completed,
        ),
        Measure(
            "lost",
            "Closed as lost",
            "Referrals closed in the month without an evaluation, because the patient could not be "
            "reached, declined, or never came.",
            How.COUNT,
            asks.lost,
            "closed in the month",
            good=Good.DOWN,
            month=Month.CLOSED,
        ),
        Measure(
            "answered",
            "Answered how it went",
            "Of the patients who were asked the one question in the month, the share who answered.",
            How.SHARE,
            asks.has(L.asked_on),
            "asked in the month",
            Unit.PERCENT,
            month=Month.ASKED,
            counts=asks.has(L.score),
        ),
        Measure(
            "satisfaction",
            "Satisfaction",
            "Mean of the answers from 0 to 10 to the one question after discharge, by the month it "
            "was asked. Everybody with a good ending is asked, whoever they are.",
            How.MEAN,
            asks.has(L.score),
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
            asks.has(L.score),
            "asked in the month, answered",
            Unit.PERCENT,
            Good.UP,
            month=Month.ASKED,
            counts=asks.promoter,
        ),
    )
}

#: The figures of page 1, in their order.
TILES: Final = ("received", "converted", "contact_hours", "evaluation_days", "certified")
