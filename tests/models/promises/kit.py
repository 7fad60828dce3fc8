"""The lives the promises are read from, and what a row of the table says.

Day 0 is Monday 12 January 2026, the referral comes at 10:00; the clinic is open 8 to 18, Monday
to Friday, in New York.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

from models import dues
from models.facts import (
    AnyFact,
    AppointmentBooked,
    CallLogged,
    CallOutcome,
    Discharged,
    Ending,
    MessageHeld,
    MessageSent,
    OrderReceived,
    Resumed,
    TaskCompleted,
    TaskHeld,
    TaskOpened,
)
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef
from tests.lives import (
    CALENDAR,
    Life,
    approval,
    booked,
    certified,
    evaluated,
    on,
    paused,
    planned,
    received,
    rules,
    visits,
)

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
FRIDAY_NIGHT = on(START, 4, "21:00")


def at(day: int, clock: str = "10:00") -> datetime:
    return on(START, day, clock)


def sent(key: str, day: int, clock: str = "10:00") -> AnyFact:
    kind = MessageRef.parse(key).kind
    return MessageSent(at=at(day, clock), message=key, message_kind=kind, channel="fax")


def spoken(day: int, clock: str) -> AnyFact:
    return CallLogged(at=at(day, clock), by="dana", call_id="c1", outcome=CallOutcome.REACHED)


def opened(task: str, day: int, clock: str = "10:00") -> AnyFact:
    return TaskOpened(at=at(day, clock), task=task, role="lead", due=at(day + 1))


def done(task: str, day: int, clock: str = "10:00") -> AnyFact:
    return TaskCompleted(at=at(day, clock), by="dana", task=task)


def put_off(task: str, day: int, clock: str) -> AnyFact:
    return TaskHeld(at=at(7), task=task, until=at(day, clock))


def visit_ahead(day: int, name: str = "w1", told: int = 8) -> AnyFact:
    return AppointmentBooked(
        at=at(told), appointment_id=name, starts_at=at(day, "14:00"), purpose="visit"
    )


ASKED = received(START)
IN_CARE: Life = [ASKED, *booked(START), *evaluated(START), *planned(START)]
SIGNED: Life = [*IN_CARE, *certified(START, day=8)]
THANKED = sent("thank_you:source:1", 0)
CHECKED_IN = sent("check_in:patient:1", 17)
ENDED: Life = [*SIGNED, Discharged(at=at(10, "16:00"), reason=Ending.GOALS_MET)]
TEN_DAYS = visits(START, 8, 9, 10, 11, 14, 15, 16, 17, 18)
REQUIRED: Life = [ASKED, *approval(START, 0, "required")]
DENIED: Life = [*REQUIRED, *approval(START, 1, "requested"), *approval(START, 3, "denied")]
GRANTED: Life = [*DENIED, *approval(START, 9, "granted", visits=12)]
ASKED_INSURER = TaskOpened(
    at=at(0, "12:00"),
    task="request_authorization:au1-20260112T170000",
    role="billing",
    due=at(1, "18:00"),
)
PAUSED: Life = [ASKED, *paused(START, 1, until=9)]
RESUMED = Resumed(at=at(5), by="lee")
OTHERS = rules(owner=dict.fromkeys(Kind, "emr"))
NO_TIME_OFF = CALENDAR.model_copy(update={"closed": (date(2026, 1, 22), date(2026, 1, 24))})
CLOSED_A_DAY = Rules(policy=rules().policy, calendar=NO_TIME_OFF)


ORDERED: Life = [received(START, order_signed_and_dated=True), *IN_CARE[1:]]


def order(day: int, *, signed: bool = True) -> AnyFact:
    fields = {"order_id": f"o{day}", "provider_id": "prv_1", "signed_and_dated": signed}
    return OrderReceived.model_validate({"at": at(day), **fields})


class Row(NamedTuple):
    """A rule, what is known, and what is then promised: when, to whose account, as which task."""

    why: str
    rule: dues.DueRule
    facts: Life
    when: str | None
    owner: str | None = None
    task: str | None = None
    rules: Rules = rules()


HELD_TEXT = MessageHeld(
    at=at(0), message="schedule_text:patient:bd-0", until=at(3, "09:00"), why="cap"
)
