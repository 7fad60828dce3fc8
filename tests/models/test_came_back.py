"""Letters that came back: which of them are owed again, when, and what overtakes them."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest

from models import came_back
from models.dues import agenda
from models.facts import (
    AnyFact,
    MessageCameBack,
    MessageDelivered,
    MessageDropped,
    MessageFailed,
    MessageHeld,
    MessageSent,
    MessageSentAgain,
    PatientDied,
    TaskOpened,
)
from models.kinds import Kind
from models.referral import MessageRef, Referral
from models.tasks import moot
from tests.lives import booked, certified, evaluated, monday, on, planned, received, rules

START = monday()
QUARTER = timedelta(minutes=15)
THANKS = MessageRef(Kind.THANK_YOU, "source", "1")
PLAN = MessageRef(Kind.PLAN_OF_CARE, "certifier", "v1")
CHASE = MessageRef(Kind.SIGNATURE_REQUEST, "certifier", "day-7")
NUMBER = MessageRef(Kind.UNABLE_TO_REACH, "source", "bd-7")


def sent(message: MessageRef = THANKS, at: datetime = START, channel: str = "fax") -> MessageSent:
    return MessageSent(at=at, message=message.key, message_kind=message.kind, channel=channel)


def back(
    message: MessageRef = THANKS, rung: int = 0, again: datetime | None = START + QUARTER
) -> MessageCameBack:
    return MessageCameBack(
        at=START, message=message.key, rung=rung, channel="fax", code="busy", again_at=again
    )


def again(rung: int, message: MessageRef = THANKS, channel: str = "fax") -> MessageSentAgain:
    at = START + QUARTER
    return MessageSentAgain(
        at=at, message=message.key, message_kind=message.kind, rung=rung, channel=channel
    )


def arrived(message: MessageRef = THANKS) -> MessageDelivered:
    at = START + QUARTER
    return MessageDelivered(at=at, message=message.key, message_kind=message.kind, channel="fax")


def spent(rung: int, message: MessageRef = THANKS) -> MessageFailed:
    return MessageFailed(at=START, message=message.key, rung=rung, channel="fax", code="busy")


def known(*facts: AnyFact) -> Referral:
    return Referral([received(START), *facts])


def test_what_was_sent_is_owed_again_once_it_came_back() -> None:
    assert not known(sent()).owed(THANKS)
    r = known(sent(), back())
    assert r.settled(THANKS)  # no step that waited for it waits again
    assert r.owed(THANKS)
    assert r.rungs_spent(THANKS) == 1


@pytest.mark.parametrize(
    "then",
    [
        [again(1)],
        [arrived()],  # a late receipt of the first try
        [MessageDropped(at=START, message=THANKS.key, why="overtaken")],
    ],
)
def test_it_is_owed_no_more_in_whatever_order_that_is_told(then: list[AnyFact]) -> None:
    for facts in itertools.permutations([sent(), back(), *then]):
        r = known(*facts)
        assert (r.owed(THANKS), r.back(), came_back.names(r)) == (False, [], ())


def test_each_try_that_comes_back_has_a_name_of_its_own() -> None:
    first, second = known(sent(), back()), known(sent(), back(), again(1), back(rung=1))
    assert second.owed(THANKS)
    assert second.rungs_spent(THANKS) == 2
    (one,), (two,) = came_back.names(first), came_back.names(second)
    assert one != two
    found = came_back.find(second, two)
    assert found is not None
    assert found.rung == 1
    assert came_back.find(second, one) is None


def test_the_agenda_says_when_it_goes_again() -> None:
    def dues(*facts: AnyFact) -> list[tuple[str, datetime]]:
        found = agenda(known(sent(), back(), *facts), rules())
        return [(due.key, due.at) for due in found if due.key.startswith("again:")]

    key = f"again:{THANKS.key}"
    assert dues() == [(key, START + QUARTER)]
    later = START + 4 * QUARTER  # the vendor could not even be asked
    held = MessageHeld(at=START + QUARTER, message=THANKS.key, until=later, why="away")
    assert dues(held) == [(key, later)]
    old = MessageHeld(at=START - QUARTER, message=THANKS.key, until=START, why="bundle")
    assert dues(old) == [(key, START + QUARTER)]
    assert dues(arrived()) == []


def test_once_its_tries_are_used_up_the_next_way_is_due_at_once() -> None:
    r = known(sent(), back(again=None), spent(0))
    due = came_back.next_try(THANKS)(r, rules())
    assert due is not None
    assert due.at == START
    assert r.rungs_spent(THANKS) == 1  # one try, told as two facts


@pytest.mark.parametrize(
    ("message", "then", "overtaken"),
    [
        (THANKS, [], False),
        (THANKS, [PatientDied(at=on(START, 1))], True),
        (CHASE, planned(START, day=1), False),
        (CHASE, [*planned(START, day=1), *certified(START, day=9)], True),
        (PLAN, planned(START, day=1), False),
        (PLAN, planned(START, day=9, version=2), True),
        (NUMBER, [], False),
        (NUMBER, booked(START), True),
    ],
)
def test_what_happened_meanwhile_may_make_another_try_wrong(
    message: MessageRef, then: list[AnyFact], overtaken: bool
) -> None:
    facts = [*evaluated(START)] if message in {CHASE, PLAN} else []
    r = known(*facts, sent(message, on(START, 8)), back(message), *then)
    assert came_back.overtaken(r, message) is overtaken


def test_the_call_stands_while_nothing_is_on_its_way() -> None:
    task = f"undeliverable:{THANKS.key}"
    assert not moot(task, known(spent(0)))
    assert moot(task, known(spent(0), sent(channel="email")))
    assert not moot(task, known(sent(), spent(0)))  # taken, and reported as failed later
    assert not moot(task, known(sent(), back(again=None), spent(0)))
    assert moot(task, known(sent(), back(again=None), spent(0), again(1, channel="email")))
    assert moot(task, known(sent(), spent(0), arrived()))


def test_an_administrator_is_asked_as_long_as_the_letter_waits_for_it() -> None:
    asked = TaskOpened(
        at=START, task="step_failed:send-fax-account_disabled", role="admin",
        due=on(START, 1), about=THANKS.key,
    )  # fmt: skip
    assert not moot(asked.task, known(sent(), back(), asked))
    assert moot(asked.task, known(sent(), back(), asked, again(1)))
