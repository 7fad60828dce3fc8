"""Progress, patients who stay away, the discharge and what follows it."""

from __future__ import annotations

from datetime import date

from models import dues
from models.facts import (
    CheckInAnswered,
    Discharged,
    Ending,
    ReferralWithdrawn,
    VisitCompleted,
)
from tests.lives import (
    discharged,
    evaluated,
    received,
    reported,
    visits,
)
from tests.models.promises.kit import (
    ASKED,
    CHECKED_IN,
    CLOSED_A_DAY,
    ENDED,
    SIGNED,
    START,
    TEN_DAYS,
    Row,
    at,
    done,
    opened,
    sent,
    visit_ahead,
)

ROWS = [
    # progress
    Row("at once", dues.progress_report, [*SIGNED, *reported(START, 15)], "day 15 16:00"),
    Row(
        "14 days after the last",
        dues.progress_report,
        [
            *SIGNED,
            *reported(START, 15, "r1"),
            sent("progress_report:recipient:prv_1:r1", 15, "16:00"),
            *reported(START, 20, "r2"),
        ],
        "day 29 16:00",
    ),
    Row(
        "nobody wants it",
        dues.progress_report,
        [received(START, recipients=()), *evaluated(START), *reported(START, 15)],
        None,
    ),
    Row("nine days", dues.progress_overdue, [*SIGNED, *TEN_DAYS[:-1]], None),
    Row(
        "the evaluation is the first of ten; two visits on a day are one",
        dues.progress_overdue,
        [
            *SIGNED,
            *TEN_DAYS,
            VisitCompleted(at=at(18, "15:00"), visit_id="x", day=date(2026, 1, 30)),
        ],
        "day 18 18:00",
        "director",
        "progress_overdue:0",
    ),
    Row(
        "the count begins again",
        dues.progress_overdue,
        [*SIGNED, *TEN_DAYS, *reported(START, 18)],
        None,
    ),
    # dropout
    Row(
        "7 days after an early visit",
        dues.engagement,
        SIGNED,
        "day 14 11:00",
        "front_desk",
        "dropout:after-1",
    ),
    Row(
        "days off do not count, a closed Saturday is none",
        dues.engagement,
        [*SIGNED, *visits(START, 8)],
        "day 16 14:00",
        "front_desk",
        "dropout:after-2",
        rules=CLOSED_A_DAY,
    ),
    Row(
        "14 days later on",
        dues.engagement,
        [*SIGNED, *visits(START, 8, 9, 10)],
        "day 24 14:00",
        "front_desk",
        "dropout:after-4",
    ),
    Row(
        "from the next visit, if it is known",
        dues.engagement,
        [*SIGNED, visit_ahead(16)],
        "day 23 14:00",
        "front_desk",
        "dropout:after-1",
    ),
    Row(
        "no next visit, from a feed that tells of them",
        dues.engagement,
        [*SIGNED, visit_ahead(8), *visits(START, 8)],
        "day 11 18:00",
        "front_desk",
        "no_next_visit:after-2",
    ),
    Row(
        "30 days: a discharge is proposed",
        dues.engagement,
        [*SIGNED, opened("dropout:after-1", 14)],
        "day 37 11:00",
        "therapist",
        "propose_discharge:after-1",
    ),
    Row(
        "and proposed again",
        dues.engagement,
        [
            *SIGNED,
            opened("dropout:after-1", 14),
            done("dropout:after-1", 15),
            opened("propose_discharge:after-1", 37),
            done("propose_discharge:after-1", 38),
        ],
        "day 45 10:00",
        "therapist",
        "propose_discharge:after-1-again-1",
    ),
    # discharge
    Row(
        "the record is missing: 3 days",
        dues.missing_evaluation,
        [ASKED, *visits(START, 7), *discharged(START, 8)],
        "day 11 16:00",
        "therapist",
        "missing_evaluation:1",
    ),
    Row("3 business days", dues.summary, ENDED, "day 15 18:00", "therapist", "sign_summary:1"),
    Row(
        "7 days, unplanned",
        dues.summary,
        [*SIGNED, Discharged(at=at(10, "16:00"), reason=Ending.MEDICAL, planned=False)],
        "day 17 16:00",
        "therapist",
        "sign_summary:1",
    ),
    Row(
        "withdrawn in care is unplanned too",
        dues.summary,
        [*SIGNED, ReferralWithdrawn(at=at(10, "16:00"))],
        "day 17 16:00",
        "therapist",
        "sign_summary:1",
    ),
    Row(
        "the director two later",
        dues.summary,
        [*ENDED, opened("sign_summary:1", 15)],
        "day 17 18:00",
        "director",
        "sign_summary:director",
    ),
    # followup; rule 22
    Row("thanks the next business day", dues.patient_thanks, ENDED, "day 11 08:00"),
    Row("a week later", dues.check_in, ENDED, "day 17 16:00"),
    Row(
        "never after a bad ending",
        dues.check_in,
        [*SIGNED, *discharged(START, 10, Ending.STOPPED_COMING)],
        None,
    ),
    Row("the link lives a week", dues.check_in_answer, [*ENDED, CHECKED_IN], "day 24 10:00"),
    Row(
        "six of ten is called",
        dues.low_score,
        [*ENDED, CheckInAnswered(at=at(18), score=6)],
        "day 18 10:00",
        "lead",
        "low_score:1",
    ),
    Row("seven is content", dues.low_score, [*ENDED, CheckInAnswered(at=at(18), score=7)], None),
]
