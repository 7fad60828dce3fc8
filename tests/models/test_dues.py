"""Every promised date, one row a promise; rows and rules are cited from policy.md."""

from __future__ import annotations

import pytest

from models import dues
from models.due import Due
from models.facts import (
    AppointmentBooked,
    CallLogged,
    CallOutcome,
    IntakeCompleted,
    MessageDropped,
    MessageHeld,
    MessageSent,
    PatientDied,
)
from models.kinds import Kind
from models.referral import Referral
from tests.lives import (
    Life,
    booked,
    local,
    on,
    rules,
)
from tests.models.promises import arriving, planning, treating, waiting
from tests.models.promises.kit import (
    ASKED,
    SIGNED,
    START,
    Row,
    at,
    opened,
    sent,
)

ROWS = [*arriving.ROWS, *planning.ROWS, *treating.ROWS, *waiting.ROWS]


def shown(due: Due | None) -> tuple[str | None, str | None, str | None]:
    if due is None:
        return None, None, None
    task = f"{due.task}:{due.occasion}" if due.task else None
    return local(START, due.at), due.owner, task


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule.__name__}: {row.why}")
def test_what_is_promised(row: Row) -> None:
    found = shown(row.rule(Referral(row.facts), row.rules))
    assert found == (row.when, row.owner, row.task)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule.__name__}: {row.why}")
def test_the_agenda_says_the_same(row: Row) -> None:
    referral = Referral(row.facts)
    ahead = dues.agenda(referral, row.rules)
    due = row.rule(referral, row.rules)
    assert (due in ahead) == (due is not None)
    assert [one.at for one in ahead] == sorted(one.at for one in ahead)


def test_every_rule_has_a_row() -> None:
    rows = {row.rule for row in ROWS}
    # test_cadence, test_returned, test_answers, test_capture, test_requests, test_missed_calls,
    # test_planned
    elsewhere = {
        *(dues.booking_request, dues.call_back, dues.reminder),  # and test_reminding
        *(dues.reach, dues.chase, dues.undated_page, dues.declined_plan),
        *(dues.answer, dues.answer_late, dues.unconfirmed, dues.under_scheduled),
    }
    assert rows | elsewhere == {*dues.RULES, dues.request}


def test_when_it_is_over_nothing_is_promised() -> None:
    assert dues.agenda(Referral([*SIGNED, PatientDied(at=at(9))]), rules()) == []


def test_a_held_message_is_on_the_agenda_until_it_went() -> None:
    message = "schedule_text:patient:bd-0"
    hold = MessageHeld(at=at(0), message=message, until=at(1, "09:00"), why="quiet_hours")
    waiting = Referral([ASKED, hold])
    assert [d.at for d in dues.agenda(waiting, rules()) if d.key == f"held:{message}"] == [
        at(1, "09:00")
    ]
    gone = Referral([ASKED, hold, sent(message, 1, "09:00")])
    assert not [d for d in dues.agenda(gone, rules()) if d.key.startswith("held")]


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ([], Kind.INTAKE),
        ([IntakeCompleted(at=at(1))], Kind.BOOKED),
        # what has begun is not said again in other words
        ([sent("intake:patient:a1", 0), IntakeCompleted(at=at(1))], Kind.INTAKE),
        ([sent("intake:patient:a0", 0), sent("intake_reminder:patient:a0", 1)], Kind.BOOKED),
    ],
)
def test_one_confirmation_for_each_appointment(facts: Life, kind: Kind) -> None:
    [visit] = booked(START)
    assert isinstance(visit, AppointmentBooked)
    assert dues.confirmation(Referral([ASKED, visit, *facts]), rules(), visit) is kind


def _moved(day: int, told: int) -> AppointmentBooked:
    [visit] = booked(START, made=told, day=day)
    assert isinstance(visit, AppointmentBooked)
    return visit.model_copy(update={"at": START, "as_of": at(told)})


def _said(message: str, day: int, *, named: int | None) -> MessageSent:
    said = sent(message, day)
    assert isinstance(said, MessageSent)
    starts_at = on(START, named, "11:00") if named is not None else None
    return said.model_copy(update={"starts_at": starts_at})


STAMP = at(3).strftime("%Y%m%dT%H%M%S")
OVERTAKEN = MessageDropped(at=at(3), message="intake:patient:a1", why="overtaken")


@pytest.mark.parametrize(
    ("facts", "again"),
    [
        ([], None),  # the first confirmation is still ahead and will name the new time
        ([_said("intake:patient:a1", 0, named=7)], f"booked:patient:a1@{STAMP}"),
        ([_said("intake:patient:a1", 0, named=9)], None),  # the patient knows it
        ([_said("intake:patient:a1", 0, named=None)], None),  # by a version that did not keep it
        (
            [
                _said("intake:patient:a1", 0, named=7),
                _said(f"booked:patient:a1@{STAMP}", 3, named=9),
            ],
            None,
        ),
        ([OVERTAKEN], f"intake:patient:a1@{STAMP}"),  # held, and moved before its hour came
        ([OVERTAKEN, IntakeCompleted(at=at(1))], f"booked:patient:a1@{STAMP}"),
        ([_said("intake:patient:a2", 0, named=7)], None),  # about another appointment
    ],
)
def test_an_appointment_that_moved_is_confirmed_once_more(facts: Life, again: str | None) -> None:
    visit = _moved(9, told=3)
    message = dues.confirmed_anew(Referral([ASKED, visit, *facts]), rules(), visit)
    assert (message.key if message else None) == again


def test_a_call_does_not_count_as_a_task_done() -> None:
    call = CallLogged(at=at(31), by="lee", call_id="c1", outcome=CallOutcome.NO_ANSWER)
    asked = Referral([ASKED, opened("evaluation_overdue:1", 30), call])
    assert dues.evaluation_window(asked, rules()) is None
