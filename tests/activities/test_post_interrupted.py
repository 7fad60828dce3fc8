"""A crash or a lost answer anywhere ends in one acceptance, or in a question to a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.turns import IN_HAND
from models.contracts import Receipt, ReceiptState
from models.errors import CannotTell, Conflict, StoreUnavailable, Verdict
from models.facts import (
    MessageDropped,
    MessageFailed,
    MessageSent,
    TaskOpened,
)
from models.kinds import Kind
from store.tables import DeliveryState
from tests.activities.office import (
    MONDAY,
    WALL,
    Crash,
    Office,
)
from tests.activities.turns import (
    HOUR,
    MINUTE,
    NIGHT,
    of,
)


def _before_the_claim(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.claims.settling.claim", _dies)


def _before_the_vendor(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.fax.before = [Crash()]


def _after_the_vendor(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.fax.after = [Crash()]


def _before_settling(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.outcomes.settling.settle", _dies)


def _within_settling(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.outcomes.sources.set_next_touch", _dies)


def _dies(*args: Any, **kwargs: Any) -> Any:
    raise Crash


@pytest.mark.parametrize(
    "when",
    [_before_the_claim, _before_the_vendor, _after_the_vendor, _before_settling, _within_settling],
)
def test_a_crash_anywhere_ends_in_exactly_one_acceptance(
    office: Office,
    when: Callable[[Office, pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as broken:
        when(office, broken)
        with pytest.raises(Crash):
            office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND
    answer = office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert len(of(answer, MessageSent)) == 1
    assert len(office.fax.accepted) == 1
    assert [row.acceptances for row in office.deliveries()] == [1]
    assert len(office.touches()) == 1
    assert office.duplicates() == 0


def test_while_one_turn_may_be_at_it_another_neither_asks_nor_sends(office: Office) -> None:
    office.fax.before = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND - timedelta(seconds=1)
    with pytest.raises(Conflict) as early:
        office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert early.value.code == "claimed_elsewhere"
    assert office.fax.asked == office.fax.accepted == []


def test_a_text_that_was_cut_off_is_found_before_it_is_judged(office: Office) -> None:
    office.sms.after = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    office.wall += IN_HAND
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=NIGHT)  # would be held now
    assert of(answer, MessageSent)
    assert len(office.sms.accepted) == 1


def test_a_text_that_never_left_is_not_counted_against_itself(office: Office) -> None:
    office.sms.before = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    office.wall += IN_HAND
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=MONDAY + MINUTE)
    assert of(answer, MessageSent)
    (row,) = office.deliveries()
    assert (row.attempt, row.acceptances) == (2, 1)


@pytest.mark.parametrize("broken", ["before", "after"])
def test_where_nobody_can_tell_a_person_decides(office: Office, broken: str) -> None:
    office.fax.knows = False
    setattr(office.fax, broken, [Crash()])
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND
    answer = office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert of(answer, MessageDropped)[0].why == "uncertain"
    assert of(answer, TaskOpened)[0].task == "uncertain_delivery:thank_you:source:1"
    assert of(answer, MessageSent) == []
    taken = len(office.fax.accepted)
    assert office.send(Kind.THANK_YOU, "source", at=MONDAY + HOUR).learned == answer.learned
    assert len(office.fax.accepted) == taken
    assert office.deliveries()[0].state == DeliveryState.UNKNOWN


@pytest.mark.parametrize("error", [CannotTell("lost"), TimeoutError(), RuntimeError("bug")])
def test_a_lost_answer_is_looked_up_at_once(office: Office, error: Exception) -> None:
    office.fax.after = [error]
    answer = office.send(Kind.THANK_YOU, "source")
    assert of(answer, MessageSent)
    assert len(office.fax.accepted) == 1
    assert len(office.fax.asked) == 1


def test_what_the_vendor_said_is_kept_until_another_turn_may_ask_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def away(*args: Any, **kwargs: Any) -> Any:
        tries.append(office.wall)
        raise StoreUnavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr("activities.outcomes.settling.settle", away)
        with pytest.raises(StoreUnavailable):
            office.send(Kind.THANK_YOU, "source")
    assert len(tries) > 5
    assert tries[-1] <= WALL + IN_HAND < office.wall + 5 * timedelta(seconds=1)
    assert len(office.fax.accepted) == 1
    office.wall = WALL + IN_HAND
    assert of(office.send(Kind.THANK_YOU, "source"), MessageSent)
    assert len(office.fax.accepted) == 1


def test_only_a_record_that_is_away_is_waited_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clash(*args: Any, **kwargs: Any) -> Any:
        raise Conflict("a row is there already")

    monkeypatch.setattr("activities.outcomes.settling.settle", clash)
    with pytest.raises(Conflict):
        office.send(Kind.THANK_YOU, "source")
    assert office.wall == WALL


def test_a_lost_question_is_asked_again_on_the_ladder(office: Office) -> None:
    office.fax.before = [TimeoutError()]
    answer = office.send(Kind.THANK_YOU, "source")
    assert answer.held_until == MONDAY + 15 * MINUTE
    assert of(office.send(Kind.THANK_YOU, "source", at=answer.held_until), MessageSent)
    assert len(office.fax.accepted) == 1


def test_a_vendor_that_says_failed_spends_the_rung(office: Office) -> None:
    office.fax.after = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND
    (row,) = office.deliveries()
    office.fax.say[row.reference] = Receipt(
        reference=row.reference,
        state=ReceiptState.FAILED,
        at=MONDAY,
        code="no_answer",
        verdict=Verdict.PERMANENT,
    )
    answer = office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert of(answer, MessageFailed)[0].code == "no_answer"
