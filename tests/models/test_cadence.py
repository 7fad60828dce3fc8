"""The two cadences of policy.md §2, act by act, without an engine: each act is done on its day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from models import cadence
from models.cadence import Act
from models.facts import (
    AnyFact,
    CallLogged,
    CallOutcome,
    CertificationWaived,
    MessageDropped,
    MessageHeld,
    MessageSent,
    PatientReplied,
    PlanOfCareReturned,
    TaskCompleted,
    TaskOpened,
    Urgency,
)
from models.kinds import Kind
from models.policy import Rules
from models.referral import Referral
from models.tasks import TaskKind, task_key
from tests.lives import (
    CALENDAR,
    Life,
    booked,
    certified,
    evaluated,
    local,
    on,
    planned,
    received,
    rules,
)

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York
Next = Callable[[Referral, Rules], Act | None]


def at(day: int, clock: str = "10:00") -> datetime:
    return on(START, day, clock)


def done(act: Act, when: datetime) -> list[AnyFact]:
    """The act is done: a message went out, or a task was opened and seen to."""
    if act.message is not None:
        key, kind = act.message.key, act.message.kind
        return [MessageSent(at=when, message=key, message_kind=kind, channel="sms")]
    assert act.task is not None
    key = task_key(act.task, act.occasion)
    later = when + timedelta(minutes=1)
    return [
        TaskOpened(at=when, task=key, role="front_desk", due=when),
        TaskCompleted(at=later, by="dana", task=key),
    ]


def walked(
    step: Next,
    facts: Life,
    given: Rules | None = None,
    *,
    acts: int = 20,
    late: timedelta | None = None,
) -> list[tuple[str, str]]:
    """Every act with its time, each done when it is due (the first one ``late``)."""
    known, found = list(facts), []
    while len(found) < acts and (act := step(Referral(known), given or rules())) is not None:
        found.append((act.key, local(START, act.at)))
        known += done(act, act.at + (late or timedelta(0)))
        late = None
    return found


# --- reaching a patient ---------------------------------------------------------------------------

ROUTINE = [
    ("reach:schedule_text:patient:bd-0", "day 0 10:05"),
    ("reach:call_patient:bd-0-1", "day 0 12:00"),
    ("reach:call_patient:bd-1-2", "day 1 08:00"),
    ("reach:reach_followup:patient:bd-2", "day 2 08:00"),
    ("reach:call_patient:bd-4-4", "day 4 08:00"),
    ("reach:reach_followup:patient:bd-7", "day 9 08:00"),
    ("reach:call_patient:bd-7-5", "day 9 08:00"),
    ("reach:unable_to_reach:source:bd-7", "day 9 08:00"),
    ("reach:last_text:patient:bd-10", "day 14 08:00"),
    ("reach:propose_close:bd-12", "day 16 08:00"),
]


def test_the_routine_cadence_from_a_monday() -> None:
    """reach.cadence: 0 text, call at 2 bh · 1 · 2 · 4 · 7 · 10 · 12 business days."""
    assert walked(cadence.next_reach, [received(START)]) == ROUTINE


def test_a_friday_evening_begins_on_monday() -> None:
    """The text is for Post to hold until its window; calls and days count from the opening."""
    friday = at(4, "21:00")
    assert walked(cadence.next_reach, [received(friday)])[:4] == [
        ("reach:schedule_text:patient:bd-0", "day 4 21:05"),
        ("reach:call_patient:bd-0-1", "day 7 10:00"),
        ("reach:call_patient:bd-1-2", "day 8 12:00"),  # the other half of the day
        ("reach:reach_followup:patient:bd-2", "day 9 08:00"),
    ]


def test_days_off_are_no_business_days() -> None:
    closed = CALENDAR.model_copy(update={"closed": (date(2026, 1, 13), date(2026, 1, 19))})
    given = Rules(policy=rules().policy, calendar=closed)
    days = [when.split()[1] for _, when in walked(cadence.next_reach, [received(START)], given)]
    assert days == ["0", "0", "2", "3", "8", "11", "11", "11", "16", "18"]


def test_urgent_patients_are_called_twice_a_day_for_two_days() -> None:
    """reach.urgent: call in 30 bm, 2 calls/d for 2 bd, office told on bd 2."""
    found = walked(cadence.next_reach, [received(START, urgency=Urgency.URGENT)])
    assert found[:6] == [
        ("reach:schedule_text:patient:bd-0", "day 0 10:05"),
        ("reach:call_patient:bd-0-1", "day 0 10:30"),
        ("reach:call_patient:bd-0-2", "day 0 14:00"),
        ("reach:call_patient:bd-1-3", "day 1 08:00"),
        ("reach:call_patient:bd-1-4", "day 1 12:00"),
        ("reach:unable_to_reach:source:bd-2", "day 2 08:00"),
    ]
    assert found[-1] == ("reach:propose_close:bd-12", "day 16 08:00")


def test_after_surgery_nobody_proposes_to_close() -> None:
    """policy.md rule 16: one more call stands where the proposal would."""
    found = walked(cadence.next_reach, [received(START, urgency=Urgency.POST_OP)])
    assert not [key for key, _ in found if "propose" in key]
    assert found[-1][0].startswith("reach:call_patient:bd-12")


def test_a_late_start_never_fires_as_a_burst() -> None:
    """The first text went three days late: the rest moves on, a business day at a time."""
    found = walked(cadence.next_reach, [received(START)], late=timedelta(days=3))
    assert [when for _, when in found] == [
        "day 0 10:05",
        "day 0 12:00",
        "day 4 08:00",
        "day 7 08:00",
        "day 8 08:00",
        *["day 9 08:00"] * 3,
        "day 14 08:00",
        "day 16 08:00",
    ]


def test_an_office_that_does_not_treat_is_called() -> None:
    found = dict(walked(cadence.next_reach, [received(START, source_kind="employer")]))
    assert found["reach:ask_office:bd-7"] == "day 9 08:00"
    assert not [key for key in found if "unable_to_reach" in key]


def test_texts_that_are_the_emrs_job_are_left_out() -> None:
    given = rules(owner=dict.fromkeys(Kind, "emr"))
    found = [key for key, _ in walked(cadence.next_reach, [received(START)], given)]
    assert [key.split(":")[1] for key in found] == [
        *["call_patient"] * 4,
        "ask_office",
        "propose_close",
    ]


def reply(day: int, clock: str) -> AnyFact:
    return PatientReplied(at=at(day, clock), reply_id=f"r{day}")


def call(day: int, clock: str, outcome: CallOutcome = CallOutcome.VOICEMAIL) -> AnyFact:
    return CallLogged(at=at(day, clock), by="dana", call_id=f"c{day}", outcome=outcome)


@pytest.mark.parametrize(
    "touch", [reply(2, "07:00"), call(2, "17:00"), call(2, "08:00", CallOutcome.REACHED)]
)
def test_a_touch_stands_in_for_the_whole_day_and_for_good(touch: AnyFact) -> None:
    """policy.md rule 18, and a later touch does not bring the skipped step back."""
    found = walked(cadence.next_reach, [received(START), touch, call(14, "07:00")])
    kept = [row for row in ROUTINE if row[1].split()[1] not in {"2", "14"}]
    assert found == kept


def test_a_touch_on_the_day_a_held_text_would_go() -> None:
    key = "reach_followup:patient:bd-2"
    first = walked(cadence.next_reach, [received(START)])[:3]
    assert len(first) == 3
    known: Life = [received(START)]
    for _ in range(3):
        act = cadence.next_reach(Referral(known), rules())
        assert act is not None
        known += done(act, act.at)
    known.append(MessageHeld(at=at(2, "08:00"), message=key, until=at(3, "09:00"), why="cap"))
    still = cadence.next_reach(Referral(known), rules())
    assert still is not None
    assert still.key == f"reach:{key}"
    after = cadence.next_reach(Referral([*known, call(3, "08:30")]), rules())
    assert after is not None
    assert after.key == "reach:call_patient:bd-4-4"


def test_who_said_no_is_left_alone() -> None:
    no = call(1, "09:00", CallOutcome.DECLINED)
    assert walked(cadence.next_reach, [received(START), no]) == [
        ("reach:propose_close:declined", "day 1 09:00")
    ]


@pytest.mark.parametrize(
    "against",
    [
        [TaskOpened(at=at(9), task="call_patient:bd-99", role="front_desk", due=at(9))],
        [reply(16, "20:00")],
        booked(START, made=16),
    ],
)
def test_no_closing_is_proposed_against_the_facts(against: Life) -> None:
    """policy.md rule 16: appointment, unread reply, open task; then it waits for a person."""
    known: Life = [received(START)]
    while (act := cadence.next_reach(Referral(known), rules())) is not None:
        if act.task is TaskKind.PROPOSE_CLOSE:
            break
        known += done(act, act.at)
    assert cadence.may_propose_close(Referral(known))
    assert not cadence.may_propose_close(Referral([*known, *against]))
    assert cadence.next_reach(Referral([*known, *against]), rules()) is None


# --- chasing a signature --------------------------------------------------------------------------


def out(day: int, clock: str = "15:00", version: int = 1) -> AnyFact:
    return MessageSent(
        at=at(day, clock),
        message=f"plan_of_care:certifier:v{version}",
        message_kind=Kind.PLAN_OF_CARE,
        channel="fax",
    )


IN_CARE: Life = [received(START), *evaluated(START), *planned(START)]


def test_the_chase_by_the_calendar() -> None:
    """poc.chase d7 fax · d14 fax + call · d21 call · d27 director; then weekly."""
    assert walked(cadence.next_chase, [*IN_CARE, out(7)], acts=8) == [
        ("chase:v1-day-7:fax", "day 14 11:00"),
        ("chase:v1-day-14:fax", "day 21 11:00"),
        ("chase:v1-day-14:call", "day 21 11:00"),
        ("chase:v1-day-21:call", "day 28 11:00"),
        ("chase:v1-day-27:director_call", "day 35 08:00"),  # day 34 is a Sunday
        ("chase:v1-late-1", "day 37 11:00"),
        ("chase:v1-late-2", "day 44 11:01"),
        ("chase:v1-late-3", "day 51 11:02"),
    ]


def test_a_plan_that_goes_out_late_is_not_chased_at_once() -> None:
    """What was due before it went out is passed over; faxes keep five business days apart."""
    found = walked(cadence.next_chase, [*IN_CARE, out(15)], acts=5)
    assert found == [
        ("chase:v1-day-14:call", "day 21 11:00"),
        ("chase:v1-day-14:fax", "day 22 08:00"),
        ("chase:v1-day-21:call", "day 28 11:00"),
        ("chase:v1-day-27:director_call", "day 35 08:00"),
        ("chase:v1-late-1", "day 37 11:00"),
    ]


def test_nor_one_that_goes_out_after_its_time() -> None:
    assert walked(cadence.next_chase, [*IN_CARE, out(39)], acts=1) == [
        ("chase:v1-late-1", "day 46 15:00")
    ]


def test_a_verbal_approval_is_followed_up_by_calls() -> None:
    """poc.verbal: signature 14 d; chase 3, 7, 11."""
    spoken = certified(START, day=9, verbal=True)
    assert walked(cadence.next_chase, [*IN_CARE, out(7), *spoken], acts=4) == [
        ("chase:v1-verbal-3", "day 14 08:00"),  # day 12 is a Saturday
        ("chase:v1-verbal-7", "day 16 13:00"),
        ("chase:v1-verbal-11", "day 21 08:00"),
        ("chase:v1-late-1", "day 23 13:00"),
    ]


def test_a_recertification_is_chased_from_its_own_day() -> None:
    second = planned(START, day=80, version=2, recertifies=True)
    known = [*IN_CARE, out(7), *certified(START, day=9), *second, out(80, version=2)]
    assert walked(cadence.next_chase, known, acts=1) == [("chase:v2-day-7:fax", "day 87 15:00")]


def test_a_plan_no_channel_took_is_chased_by_the_same_calendar() -> None:
    dropped = MessageDropped(
        at=at(7, "15:00"), message="plan_of_care:certifier:v1", why="undeliverable"
    )
    assert walked(cadence.next_chase, [*IN_CARE, dropped], acts=1) == [
        ("chase:v1-day-7:fax", "day 14 11:00")
    ]


@pytest.mark.parametrize(
    "why",
    [
        [],  # the plan is not out yet
        [out(7), *certified(START, day=8)],
        [out(7), PlanOfCareReturned(at=at(9))],
        [out(7), CertificationWaived(at=at(9), by="drew")],
    ],
)
def test_the_chase_rests(why: Life) -> None:
    assert cadence.next_chase(Referral([*IN_CARE, *why]), rules()) is None


def test_the_next_weekly_call_waits_for_the_last() -> None:
    known = [*IN_CARE, out(7)]
    for _ in range(5):
        act = cadence.next_chase(Referral(known), rules())
        assert act is not None
        known += done(act, act.at)
    late = cadence.next_chase(Referral(known), rules())
    assert late is not None
    opened = done(late, late.at)[:1]
    assert cadence.next_chase(Referral([*known, *opened]), rules()) is None
