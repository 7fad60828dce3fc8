"""The judge of shuffled plays finds what is doubled, lost or not explained; and only that."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from demo.cast import OKAFOR, patient
from models.facts import (
    AnyFact,
    AppointmentBooked,
    EvaluationCompleted,
    MessageDropped,
    MessageHeld,
    MessageSent,
    PatientDied,
    PlanOfCareSigned,
    Signer,
)
from models.kinds import Kind
from models.referral import MessageRef
from tests.lives import received, rules
from tests.scenarios.kit.case import Case
from tests.scenarios.kit.cases import names, scenario
from tests.scenarios.kit.evidence import End, Evidence, Known, Sent
from tests.scenarios.kit.judge import judge, sum_of
from tests.scenarios.kit.known import RIGHT
from tests.scenarios.kit.scene import Played, event_ids
from tests.scenarios.kit.shuffle import shuffled

CASE = Case("a_case", date(2027, 2, 1))
JO = CASE.referral("jo")
JO.received(0, "09:30", patient(61, "Jo", "Sample", "1960-05-01"), OKAFOR)
JO.event(4, "11:00", "evaluation_completed", "evaluated", day="2027-02-05")
PLAN = MessageRef(Kind.PLAN_OF_CARE, "certifier", "v1")
THANKS = MessageRef(Kind.THANK_YOU, "source", "1")
DAY = timedelta(days=1)

REQUEST = received(CASE.when(0, "09:30"))
EVALUATED = EvaluationCompleted(at=CASE.when(4, "11:00"), day=date(2027, 2, 5))
SIGNED = PlanOfCareSigned(at=CASE.when(4, "16:30"), by=Signer.THERAPIST)


def play(*facts: AnyFact, sent: tuple[Sent, ...] = (), **state: str) -> Played:
    """A play in which these facts were known when they happened, and these messages went out."""
    told = [*facts, *(_fact(one) for one in sent)]
    known = sorted((Known(fact.as_of, fact) for fact in told), key=lambda one: one.at)
    found = Evidence(
        known={"jo": known},
        rules={"jo": rules()},
        sent=list(sent),
        ends={"jo": End("in_care", "needs_signature", None)},
        until=CASE.when(10, "12:00"),
        inbox={event_ids("org", 0)[0]: "applied", event_ids("org", 1)[0]: "applied", **state},
    )
    found.papers.update(one.where for one in sent)
    return Played(CASE, "org", found)


def out(message: MessageRef, day: int, clock: str, content: str = "", times: int = 1) -> Sent:
    """A message that went out by fax."""
    at, content = CASE.when(day, clock), content or message.key
    return Sent("jo", at, message, "fax", OKAFOR["fax"], times, None, content)


def _fact(one: Sent) -> MessageSent:
    return MessageSent(
        at=one.at, message=one.message.key, message_kind=one.message.kind, channel=one.channel
    )


TOLD = (REQUEST, EVALUATED, SIGNED)
ALL = (out(THANKS, 0, "09:45"), out(PLAN, 4, "16:30"))
ORDERED = play(*TOLD, sent=ALL)


def test_the_same_play_again_has_nothing_wrong() -> None:
    told = judge(ORDERED, play(*TOLD, sent=ALL))
    assert (told.wrong, told.extra, told.missing) == ([], 0, 0)


def test_two_acceptances_of_one_message_are_doubled() -> None:
    told = judge(ORDERED, play(*TOLD, sent=(ALL[0], out(PLAN, 4, "16:30", times=2))))
    assert len(told.doubled) == 1


def test_the_same_words_to_the_same_address_are_doubled() -> None:
    twice = out(PLAN._replace(occasion="v2"), 5, "09:00", content=PLAN.key)
    told = judge(ORDERED, play(*TOLD, sent=(*ALL, twice)))
    assert len(told.doubled) == 1


def test_a_fact_that_is_not_known_in_the_end_is_lost() -> None:
    told = judge(ORDERED, play(REQUEST, SIGNED, sent=ALL))
    assert any("evaluation_completed" in one for one in told.lost)


def test_what_a_person_looks_at_is_not_lost() -> None:
    asked = {event_ids("org", 1)[0]: "task"}
    told = judge(ORDERED, play(REQUEST, SIGNED, sent=ALL, **asked))
    assert (told.lost, told.asked) == ([], 1)


@pytest.mark.parametrize("state", ["received", "rejected"])
def test_an_event_that_stays_behind_is_lost(state: str) -> None:
    told = judge(ORDERED, play(*TOLD, sent=ALL, **{event_ids("org", 1)[0]: state}))
    assert len(told.lost) == 1


def test_another_end_is_lost() -> None:
    other = play(*TOLD, sent=ALL)
    other.found.ends["jo"] = End("closed", "needs_signature", "completed")
    assert len(judge(ORDERED, other).lost) == 1


def test_a_missing_message_that_was_owed_is_not_explained() -> None:
    told = judge(ORDERED, play(*TOLD, sent=ALL[:1]))
    assert any("plan_of_care:certifier:v1 was owed" in one for one in told.unexplained)


def test_a_missing_message_that_events_overtook_is_explained() -> None:
    # The plan came to be known together with the death: at no moment was it owed.
    late = SIGNED.model_copy(update={"as_of": CASE.when(6, "08:00")})
    died = PatientDied(at=CASE.when(5, "20:00"), as_of=CASE.when(6, "08:00"))
    ordered = play(*TOLD, died, sent=ALL)
    told = judge(ordered, play(REQUEST, EVALUATED, late, died, sent=ALL[:1]))
    assert (told.unexplained, told.missing) == ([], 1)


def test_a_message_held_until_it_was_overtaken_is_explained() -> None:
    held = MessageHeld(
        at=CASE.when(4, "16:30"), message=PLAN.key, until=CASE.when(7, "09:00"), why="bundle"
    )
    died = PatientDied(at=CASE.when(5, "20:00"))
    ordered = play(*TOLD, died, sent=ALL)
    assert judge(ordered, play(*TOLD, held, died, sent=ALL[:1])).unexplained == []
    assert judge(ordered, play(*TOLD, died, sent=ALL[:1])).unexplained != []


def test_a_message_dropped_for_a_reason_of_its_own_is_explained() -> None:
    at = CASE.when(4, "16:30")
    stopped = MessageDropped(at=at, message=PLAN.key, why="undeliverable")
    assert judge(ORDERED, play(*TOLD, stopped, sent=ALL[:1])).unexplained == []
    given_up = MessageDropped(at=at, message=PLAN.key, why="overtaken")
    assert judge(ORDERED, play(*TOLD, given_up, sent=ALL[:1])).unexplained != []


def test_an_extra_message_must_be_right_on_what_was_known() -> None:
    booked = AppointmentBooked(
        at=CASE.when(0, "11:00"), appointment_id="a1", starts_at=CASE.when(4, "10:00")
    )
    text = MessageRef(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    ordered = play(*TOLD, booked, sent=ALL)
    # The booking came late: on what was known, the text of the first day was right.
    late = booked.model_copy(update={"as_of": CASE.when(1, "08:00")})
    told = judge(ordered, play(*TOLD, late, sent=(*ALL, out(text, 0, "09:35"))))
    assert (told.unexplained, told.extra) == ([], 1)
    told = judge(ordered, play(*TOLD, booked, sent=(*ALL, out(text, 0, "12:00"))))
    assert len(told.unexplained) == 1


def test_several_runs_are_one_word() -> None:
    bad = judge(ORDERED, play(*TOLD, sent=ALL[:1]))
    total = sum_of([judge(ORDERED, ORDERED), bad])
    assert (total.runs, total.messages, len(total.wrong)) == (2, 3, 1)


# --- the shuffle ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_shuffle_brings_everything_and_nothing_before_it_happened(name: str, seed: int) -> None:
    case = scenario(name).told(date(2026, 11, 22))
    arrivals = shuffled(case, seed)
    assert {one.number for one in arrivals} == set(range(len(case.script())))
    assert all(one.at >= one.line.at for one in arrivals)
    assert [one.at for one in arrivals] == sorted(one.at for one in arrivals)
    assert arrivals == shuffled(case, seed)
    assert arrivals != shuffled(case, seed + 1)


def test_what_must_be_refused_comes_on_time_and_after_all_before_it() -> None:
    case = scenario("patient_dies").told(date(2026, 11, 22))
    for seed in range(20):
        arrivals = shuffled(case, seed)
        refused = next(place for place, one in enumerate(arrivals) if one.line.refused)
        assert arrivals[refused].at == arrivals[refused].line.at
        before = {one.number for one in arrivals[:refused]}
        assert before >= {
            n for n, line in enumerate(case.script()) if line.at < arrivals[refused].at
        }


def test_there_is_a_second_opinion_on_every_kind_that_cases_send() -> None:
    kinds = {one.kind for name in names() for one in scenario(name).told(date(2026, 11, 22)).sends}
    assert kinds <= {str(kind) for kind in RIGHT}, "say in kit/known.py when this kind is right"
