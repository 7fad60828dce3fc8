"""Which of several open referrals a patient is reached for, and that none of them goes quiet."""

from __future__ import annotations

import itertools
from datetime import datetime

import pytest

from models import dues
from models.facts import (
    AnyFact,
    CadenceShared,
    CallLogged,
    CallOutcome,
    ClosedReason,
    MessageSent,
    ReferralClosed,
    ReferralWithdrawn,
    TaskOpened,
    Urgency,
)
from models.kinds import Kind
from models.referral import MessageRef, Referral
from models.sharing import alike, leader, shared
from models.tasks import TaskKind, moot, task_key
from tests.lives import Life, approval, booked, lifted, local, monday, on, received, rules, waits

START = monday()
TEXT = MessageRef(Kind.SCHEDULE_TEXT, "patient", "bd-0")


def at(day: int, clock: str = "10:00") -> datetime:
    return on(START, day, clock)


class Patient:
    """The open referrals of one patient, each told what it must hear as soon as it is found out."""

    def __init__(self, *names: str) -> None:
        self.lives: dict[str, Life] = {}
        for place, name in enumerate(names):
            self.tell(at(0, f"10:{place:02d}"), name, received(at(0, f"10:{place:02d}")))

    def tell(self, now: datetime, name: str, *facts: AnyFact) -> dict[str, CadenceShared]:
        """Something is known of one of them; what they all learn by it."""
        self.lives.setdefault(name, []).extend(facts)
        return self.look(now)

    def look(self, now: datetime) -> dict[str, CadenceShared]:
        ended = {name: r for name in self.lives if (r := self.referral(name)).over()}
        here = {name: self.referral(name) for name in self.lives if name not in ended}
        found = shared(here, ended, now)
        for name, fact in found.items():
            self.lives[name].append(fact)
        again = {name: self.referral(name) for name in here}
        assert shared(again, ended, now) == {}, "found out once more, nothing is news"
        return found

    def referral(self, name: str) -> Referral:
        return Referral(self.lives[name])

    def reached(self, name: str) -> tuple[str, str] | None:
        """The next act towards the patient for one of them."""
        due = dues.reach(self.referral(name), rules())
        return (due.key, local(START, due.at)) if due else None

    def acting(self) -> list[str]:
        return [name for name in self.lives if self.reached(name)]


def texted(when: datetime, message: MessageRef = TEXT) -> MessageSent:
    return MessageSent(at=when, message=message.key, message_kind=message.kind, channel="sms")


def asked(when: datetime, kind: TaskKind, occasion: str) -> TaskOpened:
    return TaskOpened(at=when, task=task_key(kind, occasion), role="front_desk", due=when)


def called(when: datetime, outcome: CallOutcome, name: str = "c1") -> CallLogged:
    return CallLogged(at=when, by="dana", call_id=name, outcome=outcome)


def test_the_first_leads_and_the_other_waits_with_it() -> None:
    rosa = Patient("knee", "shoulder")
    assert rosa.acting() == ["knee"]
    assert rosa.referral("shoulder").reached_with() == "knee"
    assert dues.evaluation_window(rosa.referral("shoulder"), rules()) is not None, "its limit runs"


@pytest.mark.parametrize("order", list(itertools.permutations(("knee", "shoulder", "back"))))
def test_who_leads_does_not_depend_on_the_order_they_are_looked_at(order: tuple[str, ...]) -> None:
    rosa = Patient("knee", "shoulder", "back")
    assert leader({name: rosa.referral(name) for name in order}) == "knee"


def test_an_urgent_one_takes_the_lead_with_a_cadence_of_its_own() -> None:
    rosa = Patient("knee")
    rosa.tell(at(0, "10:05"), "knee", texted(at(0, "10:05")))
    urgent = received(at(1), urgency=Urgency.POST_OP)
    assert set(rosa.tell(at(1), "hip", urgent)) == {"knee"}
    assert rosa.acting() == ["hip"]
    assert rosa.reached("hip") == ("reach:schedule_text:patient:bd-0", "day 1 10:05")


def test_who_has_begun_leads_also_when_an_older_request_is_told_late() -> None:
    rosa = Patient()
    rosa.tell(at(1), "shoulder", received(at(1)), texted(at(1)))
    rosa.tell(at(2), "knee", received(at(0)))
    assert rosa.acting() == ["shoulder"]


def test_a_cadence_that_has_run_out_does_not_hold_a_new_request_back() -> None:
    rosa = Patient("knee")
    rosa.tell(at(16), "knee", asked(at(16), TaskKind.PROPOSE_CLOSE, "bd-12"))
    rosa.tell(at(17), "hip", received(at(17)))
    assert rosa.reached("hip") == ("reach:schedule_text:patient:bd-0", "day 17 10:05")
    assert rosa.referral("knee").reached_with() == "hip"


def test_once_it_ran_out_for_both_a_call_begins_nothing_anew() -> None:
    rosa = Patient("knee", "hip")
    rosa.tell(at(16), "knee", asked(at(16), TaskKind.PROPOSE_CLOSE, "bd-12"))
    assert rosa.tell(at(17), "knee", called(at(17), CallOutcome.VOICEMAIL)) == {}


# --- the lead passes on ---------------------------------------------------------------------------


def test_a_hold_of_the_leader_lets_the_next_go_on_where_it_stood() -> None:
    tom = Patient("knee", "back")
    tom.tell(at(0, "10:05"), "knee", texted(at(0, "10:05")))
    assert set(tom.tell(at(1, "12:00"), "knee", *approval(START, 1, "requested"))) == {
        "knee",
        "back",
    }
    assert tom.acting() == ["back"]
    assert tom.reached("back") == ("reach:reach_followup:patient:bd-2", "day 2 08:00")
    assert tom.referral("knee").reached_with() == "back"
    # The hold's end begins nothing beside the one that leads by now.
    tom.tell(at(3, "12:00"), "knee", *approval(START, 3, "granted"))
    assert tom.acting() == ["back"]


def test_the_end_of_the_leader_lets_the_next_go_on_where_it_stood() -> None:
    tom = Patient("knee", "back")
    tom.tell(at(2, "09:00"), "knee", ReferralWithdrawn(at=at(2, "09:00")))
    assert tom.reached("back") == ("reach:call_patient:bd-4-4", "day 4 08:00")


def test_the_last_act_is_never_passed_over() -> None:
    tom = Patient("knee", "back")
    lost = ReferralClosed(at=at(20), by="lee", reason=ClosedReason.UNABLE_TO_REACH)
    tom.tell(at(20), "knee", lost)
    assert tom.reached("back") == ("reach:propose_close:bd-12", "day 16 08:00")


def test_a_booking_lets_the_next_begin_anew_on_another_day() -> None:
    rosa = Patient("knee", "shoulder")
    rosa.tell(at(3), "knee", *booked(START, made=3, day=7))
    # Day 0 of the new round is the day on which the patient was spoken to (rule 18).
    assert rosa.reached("shoulder") == ("reach:call_patient:bd-1-2", "day 4 08:00")
    assert rosa.acting() == ["shoulder"]


def test_a_booking_taken_back_brings_its_referral_back_among_them() -> None:
    rosa = Patient("knee", "shoulder")
    (visit,) = booked(START, made=3, day=7)
    rosa.tell(at(3), "knee", visit)
    rosa.tell(at(4), "knee", visit.model_copy(update={"retracted": True, "as_of": at(4)}))
    assert len(rosa.acting()) == 1


def test_a_no_is_for_one_referral_and_a_person_calls_about_the_other() -> None:
    rosa = Patient("knee", "shoulder")
    no = called(at(2), CallOutcome.DECLINED)
    assert alike(no).outcome is CallOutcome.REACHED
    rosa.tell(at(2), "knee", no)
    assert rosa.reached("knee") == ("reach:propose_close:declined", "day 2 10:00")
    assert rosa.reached("shoulder") == ("reach:call_patient:bd-1-2", "day 3 08:00")
    silent = called(at(2), CallOutcome.NO_ANSWER)
    assert alike(silent) == silent


def test_who_is_away_is_reached_for_nothing() -> None:
    rosa = Patient("knee", "shoulder")
    rosa.tell(at(1, "12:00"), "shoulder", *waits(START, 1, check=8, limit=15))
    assert rosa.acting() == []
    rosa.tell(at(8, "12:00"), "shoulder", *lifted(START, 8))
    assert rosa.acting() == ["shoulder"]


def test_while_all_wait_nothing_changes() -> None:
    rosa = Patient("knee", "shoulder")
    rosa.tell(at(1, "12:00"), "knee", *approval(START, 1, "requested"))
    assert rosa.tell(at(2, "12:00"), "shoulder", *approval(START, 2, "requested")) == {}
    rosa.tell(at(3, "12:00"), "knee", *approval(START, 3, "granted"))
    assert rosa.acting() == ["knee"]
    assert rosa.reached("knee") == ("reach:schedule_text:patient:bd-0", "day 3 12:05")


def test_a_first_day_of_care_that_lies_ahead_is_not_waited_for_together() -> None:
    rosa = Patient("knee")
    assert rosa.tell(at(0, "10:30"), "hip", received(at(0), not_before=at(21))) == {}
    assert rosa.reached("hip") == ("reach:schedule_text:patient:bd-0", "day 21 10:05")
    assert rosa.referral("hip").reached_with() is None


def test_what_is_unconfirmed_or_over_shares_nothing() -> None:
    rosa = Patient("knee")
    assert rosa.tell(at(1), "hip", received(at(1), confirmed=False)) == {}
    lost = ReferralClosed(at=at(2), by="lee", reason=ClosedReason.DECLINED_BY_PATIENT)
    assert rosa.tell(at(2), "back", received(at(2)), lost) == {}


def test_three_in_turn_and_none_goes_quiet() -> None:
    rosa = Patient("knee", "shoulder", "back")
    for day, name in enumerate(("knee", "shoulder", "back"), start=1):
        assert len(rosa.acting()) == 1, "one at a time, and always one"
        rosa.tell(at(day), name, *booked(START, made=day, day=20, name=f"a{day}"))
    assert rosa.acting() == []


def test_the_call_for_another_referral_is_no_task_of_this_one() -> None:
    rosa = Patient("knee", "shoulder")
    occasion = "bd-0-1"
    rosa.tell(at(0, "12:00"), "shoulder", asked(at(0, "12:00"), TaskKind.CALL_PATIENT, occasion))
    assert moot(task_key(TaskKind.CALL_PATIENT, occasion), rosa.referral("shoulder"))
