"""The card: what stands next, and whose it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.card import card_of
from models.contracts import Card
from models.facts import AnyFact, ClosedReason, PatientReplied, ReferralClosed, TaskOpened
from models.referral import Referral
from models.roles import Role
from tests.lives import approval, on, paused, received, rules, waits

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def card(*facts: AnyFact) -> Card:
    return card_of(Referral(facts), rules(), org="riverside", clinic_id="main", referral_id="ref_1")


def task(due: datetime) -> TaskOpened:
    return TaskOpened(at=START, task="low_score:1", role=Role.LEAD, due=due)


def test_the_soonest_promise_stands_on_it() -> None:
    found = card(received(START))
    assert found.next_at == START + 5 * MINUTE  # the first text of the cadence
    assert found.next_owner is None  # the loop acts by itself
    assert found.stage == "received"


def test_a_task_that_is_due_sooner_comes_first_with_its_owner() -> None:
    found = card(received(START), task(START + MINUTE))
    assert (found.next_key, found.next_owner) == ("task:low_score:1", "lead")
    assert found.open_tasks == 1
    assert card(received(START), task(START + timedelta(days=9))).next_key != "task:low_score:1"


def test_at_the_same_moment_the_persons_task_comes_first() -> None:
    first = card(received(START)).next_at
    assert first is not None
    assert card(received(START), task(first)).next_key == "task:low_score:1"


def test_without_the_request_itself_it_is_what_is_waited_for() -> None:
    found = card(PatientReplied(at=START, reply_id="r1"))
    assert (found.next_key, found.stage) == ("request", "received")
    assert found.last_touch_at == START


def test_a_closed_one_shows_only_what_a_person_still_owes() -> None:
    end = ReferralClosed(at=START, by="staff_1", reason=ClosedReason.DECLINED_BY_PATIENT)
    closed = card(received(START), end)
    assert (closed.next_key, closed.closed_reason) == (None, "declined_by_patient")
    assert closed.version == "referral_closed"
    assert card(received(START), end, task(START)).next_key == "task:low_score:1"


def test_why_nothing_happens_stands_on_it_and_is_no_next_act() -> None:
    away = card(received(START, may_thank=False), *waits(START, 0, check=1, limit=9))
    assert away.holds == ("patient_away",)
    assert away.next_key == "hold_check:h1"
    later = card(received(START, not_before=START + 90 * MINUTE))
    assert (later.holds, later.next_key) == (("not_before",), "thank_you")
    rest = card(received(START), *paused(START, 0, until=5))
    assert rest.paused_until == on(START, 5, "09:00")
    assert rest.next_key == "thank_you"
    end = ReferralClosed(at=START, by="staff_1", reason=ClosedReason.DECLINED_BY_PATIENT)
    over = card(received(START), *paused(START, 0, until=5), *approval(START, 0, "required"), end)
    assert (over.holds, over.paused_until) == ((), None)
