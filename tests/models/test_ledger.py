"""The line of one referral: what the reports count, by hand, from example lives."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from models.attribution import Heard, credited
from models.clock import Calendar
from models.facts import (
    AnyFact,
    AppointmentBooked,
    CallLogged,
    CallOutcome,
    CallWhy,
    CheckInAnswered,
    ClosedReason,
    EvaluationCompleted,
    MessageDelivered,
    MessageDropped,
    MessageSent,
    OutcomeRecorded,
    ReferralClosed,
    RequestRejected,
)
from models.hours import Hours
from models.kinds import Kind
from models.ledger import Asked, Counted, Line, line, open_minutes, percent_better, scores
from models.linking import Link
from models.people import SourceKind
from models.referral import Referral
from tests.lives import (
    CALENDAR,
    booked,
    co_source,
    discharged,
    easy_life,
    evaluated,
    on,
    planned,
    received,
    reported,
    slow_life,
    visits,
)

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # a Monday, 10:00 in New York
HOUR = timedelta(hours=1)


def asked(**changes: Any) -> Asked:
    told = {
        "clinic_id": "east",
        "source_id": "prv_1",
        "source_kind": "provider",
        "received_at": START,
    }
    return Asked.model_validate({**told, **changes})


def of(*facts: AnyFact, told: dict[str, Any] | None = None, **changes: Any) -> Line:
    return line(asked(**changes), Referral([received(START, **(told or {})), *facts]), CALENDAR)


def sent(
    kind: Kind, at: datetime, channel: str, to: str = "source", occasion: str = "1"
) -> AnyFact:
    return MessageSent(at=at, message=f"{kind}:{to}:{occasion}", message_kind=kind, channel=channel)


def test_a_whole_life_becomes_one_line() -> None:
    texted = "schedule_text:patient:1"
    found = of(
        sent(Kind.THANK_YOU, START + HOUR, "fax"),
        sent(Kind.SCHEDULE_TEXT, START + HOUR, "sms", "patient"),
        MessageDelivered(
            at=START + 2 * HOUR, message=texted, message_kind=Kind.SCHEDULE_TEXT, channel="sms"
        ),
        *easy_life(START),
        sent(Kind.PLAN_OF_CARE, START + timedelta(days=6, hours=6), "fax", "certifier", "v1"),
        heard=Heard.PHYSICIAN,
        campaign="spring",
    )
    assert found.counted is Counted.REFERRAL
    assert (found.heard, found.campaign, found.origin) == ("physician", "spring", "api")
    assert (found.received_on, found.received_month) == (date(2026, 3, 2), "2026-03")
    assert found.thanked_minutes == 60
    assert (found.contact_minutes, found.contact_open_minutes) == (120, 120)
    assert found.reached_at == START + 3 * HOUR
    assert (found.evaluated_month, found.evaluation_days) == ("2026-03", 6)
    assert found.visits == 13
    assert found.plan_minutes == 120
    assert found.certified
    assert (found.discharged_month, found.ending) == ("2026-04", "goals_met")
    assert found.score == 9
    assert (found.texts_sent, found.texts_delivered, found.faxes_sent) == (1, 1, 2)
    assert found.odd is None


@pytest.mark.parametrize(
    ("why", "ours", "unwanted"),
    [("no_thanks_wanted", True, True), ("ladder_spent", True, False), (None, False, True)],
)
def test_thanks_that_nobody_wants_are_not_missed(
    why: str | None, ours: bool, unwanted: bool
) -> None:
    message = f"{Kind.THANK_YOU}:source:1"
    dropped = [] if why is None else [MessageDropped(at=START + HOUR, message=message, why=why)]
    assert of(*dropped, thanks_ours=ours).thanks_unwanted is unwanted
    thanked = sent(Kind.THANK_YOU, START + HOUR, "fax")
    assert not of(*dropped, thanked, thanks_ours=ours).thanks_unwanted


def test_a_lost_one_says_why() -> None:
    life = slow_life(START)
    assert of(*life).closed_reason == "unable_to_reach"
    said = CallLogged(
        at=START + HOUR,
        by="dana",
        call_id="c1",
        outcome=CallOutcome.DECLINED,
        why=CallWhy.TOO_FAR,
    )
    gone = ReferralClosed(at=START + 2 * HOUR, by="lee", reason=ClosedReason.DECLINED_BY_PATIENT)
    found = of(said, gone)
    assert (found.closed_reason, found.lost_why) == ("declined_by_patient", "too_far")
    assert (found.attempted_at, found.contact_minutes) == (START + HOUR, 60)


def test_whoever_books_by_phone_and_tells_the_emr_alone_has_tried() -> None:
    booked = AppointmentBooked(
        at=START + HOUR,
        as_of=START + 48 * HOUR,
        appointment_id="a1",
        starts_at=START + 72 * HOUR,
        purpose="evaluation",
    )
    found = of(booked)
    assert (found.attempted_at, found.reached_at) == (START + HOUR, START + HOUR)
    assert (found.contact_minutes, found.contact_open_minutes) == (60, 60)


def test_open_time_is_what_contact_is_measured_in() -> None:
    friday = on(START, 4, "17:00")
    assert open_minutes(CALENDAR, friday, on(START, 7, "09:00")) == 120
    assert open_minutes(CALENDAR, friday, friday) == 0
    assert open_minutes(CALENDAR, on(START, 5, "10:00"), on(START, 6, "10:00")) == 0
    assert open_minutes(CALENDAR, friday, friday - HOUR) is None


def test_the_hour_that_spring_skips_is_not_counted() -> None:
    always = Calendar(
        zone="America/New_York",
        hours=Hours.model_validate({"sun": ["00:00-06:00"], "mon": ["08:00-18:00"]}),
        known_until=date(2027, 12, 31),
    )
    spring = date(2026, 3, 8)
    midnight = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)
    assert always.local_date(midnight) == spring
    assert always.open_between(midnight, midnight + timedelta(hours=12)) == timedelta(hours=5)


def test_days_and_months_are_the_clinics_own() -> None:
    late = datetime(2026, 4, 1, 3, 30, tzinfo=UTC)  # still March in New York
    found = line(asked(received_at=late), Referral([received(late)]), CALENDAR)
    assert (found.received_on, found.received_month) == (date(2026, 3, 31), "2026-03")


@pytest.mark.parametrize("hours", [11, 5 * 24])  # the evening before, and five days
def test_an_evaluation_before_the_referral_is_odd_and_no_length(hours: int) -> None:
    at = START - hours * HOUR
    found = of(EvaluationCompleted(at=at, day=at.date()))
    assert found.evaluation_days is None
    assert found.evaluated_on == CALENDAR.local_date(at)
    assert found.odd == "evaluated_before_received"


def test_the_same_day_is_no_length_and_not_odd() -> None:
    found = of(*evaluated(START, day=0))
    assert (found.evaluation_days, found.odd) == (0, None)


@pytest.mark.parametrize(
    ("link", "counted"),
    [
        (Link.CO_SOURCE, Counted.CO_SOURCE),
        (Link.DUPLICATE, Counted.DUPLICATE),
        (Link.RENEWAL, Counted.RENEWAL),
    ],
)
def test_a_linked_request_is_its_own_line_and_no_referral(link: Link, counted: Counted) -> None:
    found = line(asked(linked_as=link), Referral(), CALENDAR)
    assert (found.counted, found.source_id) == (counted, "prv_1")


def test_what_nobody_vouched_for_is_not_counted() -> None:
    assert of(told={"confirmed": False}).counted is Counted.UNCONFIRMED
    junk = RequestRejected(at=START + HOUR, by="dana", why="junk")
    assert of(junk, told={"confirmed": False}).counted is Counted.ERROR
    error = ReferralClosed(at=START + HOUR, by="lee", reason=ClosedReason.ENTERED_IN_ERROR)
    assert of(error).counted is Counted.ERROR


def test_a_self_referral_gives_way_to_whoever_sent_the_patient() -> None:
    own = received(START, source_id="src_me", source_kind="self")
    office = co_source(START + HOUR, "prv_2")
    friend = co_source(START + 2 * HOUR, "src_friend", "past_patient")
    assert credited(Referral([own])).kind is SourceKind.SELF
    assert credited(Referral([own, friend, office])).source_id == "prv_2"
    first = received(START)
    assert credited(Referral([first, office, friend])).source_id == "prv_1"


def test_progress_reports_are_prompt_within_a_day_of_the_signature() -> None:
    life = [*booked(START), *evaluated(START), *planned(START), *visits(START, 10, 14)]
    quick, slow, unsent = (
        reported(START, day, name) for day, name in ((20, "r1"), (34, "r2"), (48, "r3"))
    )
    found = of(
        *life,
        *quick,
        *slow,
        *unsent,
        sent(Kind.PROGRESS_REPORT, on(START, 21, "09:00"), "fax", "recipient:prv_1", "r1"),
        sent(Kind.PROGRESS_REPORT, on(START, 23, "09:00"), "fax", "recipient:prv_2", "r1"),
        sent(Kind.PROGRESS_REPORT, on(START, 37, "09:00"), "fax", "recipient:prv_1", "r2"),
    )
    assert (found.reports, found.prompt_reports) == (2, 1)


def test_the_answer_counts_in_the_month_it_was_asked() -> None:
    asked_at = on(START, 35)
    question = sent(Kind.CHECK_IN, asked_at, "sms", "patient")
    answer = CheckInAnswered(at=asked_at + HOUR, score=4)
    found = of(*evaluated(START), *discharged(START, 28), question, answer)
    assert (found.asked_month, found.score) == ("2026-04", 4)


def score(measure: str, day: int, value: float) -> OutcomeRecorded:
    taken = on(START, day)
    return OutcomeRecorded(at=taken, measure=measure, score=value, day=CALENDAR.local_date(taken))


def test_readings_are_compared_with_the_first_of_the_same_measure() -> None:
    r = Referral(
        [
            received(START),
            score("quickdash", 42, 30),
            score("quickdash", 0, 50),
            score("lefs", 3, 0),
            score("lefs", 45, 12),
            score("unheard_of", 0, 1),
            score("unheard_of", 9, 2),
        ]
    )
    told = [one for one in scores(r) if one.day]
    assert len(scores(r)) == 4  # the first readings as well
    arm, leg = sorted(told, key=lambda one: one.measure, reverse=True)
    assert (arm.measure, arm.day, arm.improved, arm.percent) == ("quickdash", 42, 20, 40)
    assert arm.meaningful
    assert (leg.measure, leg.day, leg.improved, leg.percent) == ("lefs", 42, 12, None)


def test_nothing_is_divided_by_zero() -> None:
    assert percent_better(0, 12) is None
    assert percent_better(50, -25) == -50
