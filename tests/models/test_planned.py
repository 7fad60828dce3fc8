"""Too few of the planned visits are booked: when somebody is asked, and when nobody need be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models import dues
from models.facts import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    PlanOfCareSigned,
    Signer,
    TaskCompleted,
    TaskHeld,
    TaskOpened,
    VisitCompleted,
)
from models.planned import Goal, first_weeks, weekly
from models.referral import Referral
from models.roles import Role
from models.tasks import TaskKind, kind_of, task_key
from tests.lives import evaluated, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York
RULES = rules()
SAID = "1|4|2026-01-15|2026-02-11|America/New_York"
KEY = task_key(TaskKind.UNDER_SCHEDULED, SAID)


@pytest.mark.parametrize(
    ("said", "times"),
    [
        ("2 times a week", 2),
        ("2x/week", 2),
        ("2-3 x per week", 2),
        ("twice weekly", 2),
        ("3 visits per week for 4 weeks", 3),
        ("once a week", 1),
        ("two times per week", 2),
        ("1/month", None),
        ("as needed", None),
        ("weekly or so", None),
        ("", None),
        ("99 x week", None),
        ("1 x a day at home, 3 times a week here", 3),
        ("2 per day for 1 week", None),
    ],
)
def test_how_often_a_plan_asks_for(said: str, times: int | None) -> None:
    assert weekly(said) == times


def plan(version: int = 1, weekly: int | None = 2, day: int = 3) -> PlanOfCareSigned:
    at = on(START, day)
    return PlanOfCareSigned(at=at, by=Signer.THERAPIST, version=version, weekly=weekly)


def booked(*days: int, told: int = 2, hour: str = "11:00") -> list[AppointmentBooked]:
    return [
        AppointmentBooked(
            at=on(START, told),
            as_of=on(START, told),
            appointment_id=f"a{day}",
            starts_at=on(START, day, hour),
            purpose="visit",
        )
        for day in days
    ]


def life(*more: object) -> Referral:
    return Referral([received(START), *evaluated(START, day=2), *more])


def test_a_visit_that_was_missed_fills_no_week() -> None:
    missed = AppointmentMissed(at=on(START, 6, "12:00"), appointment_id="a6")
    weeks = first_weeks(life(), RULES)
    assert weeks is not None
    assert weeks.filled(life(*booked(6, 9), missed)) == 1
    moved = booked(8, told=7)[0].model_copy(update={"appointment_id": "a6"})
    assert weeks.filled(life(*booked(6, 9), missed, moved)) == 2


def asked(r: Referral) -> datetime | None:
    due = dues.under_scheduled(r, RULES)
    assert due is None or (due.owner, due.task) == (Role.FRONT_DESK, TaskKind.UNDER_SCHEDULED)
    return due.at if due is not None else None


def test_the_desk_is_asked_a_business_day_after_the_evaluation() -> None:
    r = life(plan(), *booked(5, 7, 9))
    due = dues.under_scheduled(r, RULES)
    assert due is not None
    assert due.occasion == SAID
    assert due.at == RULES.calendar.after(on(START, 2), RULES.policy.under_scheduled.check)
    assert due in dues.agenda(r, RULES)
    assert Goal.parse(due.occasion) == Goal.of(r, RULES)


@pytest.mark.parametrize(
    "more",
    [
        [plan(), *booked(5, 7, 9, 12)],  # half of eight
        [plan(weekly=None), *booked(5)],  # the plan does not say how often
        [plan()],  # the EMR tells of no visits
        booked(5),  # there is no plan
        [plan(day=40), *booked(5, told=40)],  # the first weeks are over
    ],
)
def test_nobody_is_asked_where_enough_is_booked_or_nothing_can_be_said(more: list[object]) -> None:
    assert asked(life(*more)) is None


def test_a_day_counts_once_and_a_cancelled_visit_not_at_all() -> None:
    came = VisitCompleted(at=on(START, 5), visit_id="v1", day=on(START, 5).date())
    off = AppointmentCancelled(at=on(START, 4), as_of=on(START, 4), appointment_id="a9")
    goal = Goal.parse(SAID)
    r = life(plan(), *booked(5, 7, 9), *booked(5, hour="15:00"), came, off)
    assert goal.weeks.filled(r) == 2
    late = life(plan(), *booked(5, hour="22:00"), came)  # the next day in UTC
    assert goal.weeks.filled(late) == 1


def test_whoever_is_booking_is_not_asked_meanwhile() -> None:
    told = on(START, 5)
    r = life(plan(), *booked(9, told=5))
    assert asked(r) == told + timedelta(hours=1)


def test_it_is_asked_once_and_leaves_the_board_when_enough_is_booked() -> None:
    opened = TaskOpened(at=on(START, 3), task=KEY, role=Role.FRONT_DESK, due=on(START, 4))
    r = life(plan(), *booked(5, 7), opened)
    assert asked(r) is None
    assert r.task_open(KEY)
    for one in booked(9, 12, told=4):
        r.learn(one)
    assert not r.task_open(KEY)
    assert kind_of(KEY) is TaskKind.UNDER_SCHEDULED
    for done in (opened, TaskCompleted(at=on(START, 4), as_of=on(START, 4), by="dana", task=KEY)):
        again = life(plan(), *booked(5), opened, done)
        assert asked(again) is None


def test_a_newer_plan_asks_anew_and_ends_the_old_question() -> None:
    opened = TaskOpened(at=on(START, 3), task=KEY, role=Role.FRONT_DESK, due=on(START, 4))
    r = life(plan(), *booked(5, 7), opened, plan(version=2, weekly=1, day=5))
    assert not r.task_open(KEY)
    assert asked(r) is None, "two are half of four"
    more = life(plan(), *booked(5, 7), opened, plan(version=2, weekly=3, day=5))
    due = dues.under_scheduled(more, RULES)
    assert due is not None
    assert due.occasion == "2|6|2026-01-15|2026-02-11|America/New_York"


def test_it_is_put_off_while_the_feed_is_silent() -> None:
    until = on(START, 6)
    held = TaskHeld(at=on(START, 3), as_of=on(START, 3), task=KEY, until=until)
    assert asked(life(plan(), *booked(5), held)) == until
