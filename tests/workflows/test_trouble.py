"""What goes wrong: workers, vendors, people and feeds; nothing is lost, nothing goes twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from models.facts import (
    AppointmentBooked,
    AppointmentCancelled,
    CallLogged,
    CallOutcome,
    ClosedReason,
    Decision,
    Discharged,
    Ending,
    EvaluationCompleted,
    MessageApproved,
    PatientDied,
    ReferralClosed,
    ReferralWithdrawn,
    TaskCompleted,
)
from models.kinds import Kind
from models.referral import Stage
from tests.lives import (
    booked,
    certified,
    discharged,
    easy_life,
    evaluated,
    later,
    local,
    monday,
    on,
    planned,
    received,
    rules,
    visits,
)
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine
START = monday()


@pytest.fixture
async def theater(client: Client) -> AsyncIterator[Theater]:
    async with on_stage(client, START) as stage:
        yield stage


async def begin(theater: Theater, who: str, **request: object) -> None:
    await theater.begin(who, received(START, **request), rules())


async def refused(theater: Theater, who: str, decision: Decision) -> str | None:
    with pytest.raises(WorkflowUpdateFailedError) as failure:
        await theater.decide(who, decision)
    cause = failure.value.cause
    assert isinstance(cause, ApplicationError)
    return cause.type


def closed(reason: ClosedReason, at: datetime, seen: str | None = None) -> ReferralClosed:
    return ReferralClosed(at=at, by="lee", reason=reason, seen=seen)


# --- workers and vendors --------------------------------------------------------------------------


async def test_a_worker_that_goes_away_is_replaced_without_a_trace(theater: Theater) -> None:
    await begin(theater, "ref_easy")
    script = [(fact.at, "ref_easy", fact) for fact in easy_life(START)]
    third = len(script) // 3
    for part in (script[:third], script[third : 2 * third], script[2 * third :]):
        await theater.play(part, part[-1][0])
        await theater.drop_curtain()
        at, who, fact = part[-1]
        await theater.tell(who, later(fact, timedelta(0)))  # told once more while nobody works
        assert at <= theater.skipper.now
        await theater.raise_curtain()
    await theater.advance(on(START, 90))
    assert max(theater.fakes.messages("ref_easy").values()) == 1
    assert (await theater.end("ref_easy")).reason is ClosedReason.COMPLETED


async def test_a_busy_line_a_dead_number_and_a_broken_vendor(theater: Theater) -> None:
    theater.fakes.busy[Kind.SCHEDULE_TEXT] = 2
    theater.fakes.refuse |= {(Kind.THANK_YOU, 0)}
    theater.fakes.refuse |= {(Kind.PLAN_OF_CARE, 0), (Kind.PLAN_OF_CARE, 1)}
    await begin(theater, "ref_busy")
    life = [*evaluated(START, day=1), *planned(START, day=1)]
    await theater.play([(fact.at, "ref_busy", fact) for fact in life], on(START, 2), watched=True)
    sent = theater.fakes.sent_on("ref_busy")
    assert local(START, sent["schedule_text:patient:bd-0"]) == "day 0 10:35"  # after two holds
    assert local(START, sent["thank_you:source:1"]) == "day 0 10:15"  # by the next channel
    assert theater.fakes.cranks["ref_busy", "thank_you:source:1"] == 2
    assert (
        "plan_of_care:certifier:v1" not in sent
    )  # no channel took it: dropped, chased all the same
    known = await theater.known("ref_busy")
    assert known.knows("dropped:plan_of_care:certifier:v1")
    await theater.tell("ref_busy", PatientDied(at=on(START, 2)))


async def test_a_step_that_fails_goes_on_once_a_person_has_mended_it(theater: Theater) -> None:
    theater.fakes.broken["thank_you:source:1"] = 2
    await begin(theater, "ref_broken")
    await theater.advance(on(START, 0, "11:00"))
    assert theater.fakes.asked_on("ref_broken")["step_failed:acknowledge-1"][0] == "admin"
    for tried in (1, 2):
        assert "thank_you:source:1" not in theater.fakes.messages("ref_broken")
        mended = TaskCompleted(
            at=on(START, tried), by="ada", task=f"step_failed:acknowledge-{tried}"
        )
        await theater.play([(mended.at, "ref_broken", mended)], on(START, tried, "11:00"))
    assert theater.fakes.messages("ref_broken")["thank_you:source:1"] == 1
    await theater.tell("ref_broken", PatientDied(at=on(START, 3)))


async def test_a_failed_step_does_not_keep_a_closed_referral_open(theater: Theater) -> None:
    theater.fakes.broken["thank_you:source:1"] = 1
    await begin(theater, "ref_broken")
    died = PatientDied(at=on(START, 1))
    await theater.play([(died.at, "ref_broken", died)], on(START, 1))
    assert (await theater.end("ref_broken")).reason is ClosedReason.DECEASED


async def test_a_message_waits_for_its_approval_or_is_stopped(theater: Theater) -> None:
    theater.fakes.approve.add(Kind.THANK_YOU)
    held = rules(approve={"thank_you": "lead"})
    for who in ("ref_yes", "ref_no"):
        await theater.begin(who, received(START), held)
    await theater.advance(on(START, 0, "12:00"))
    message = "thank_you:source:1"
    done = TaskCompleted(at=on(START, 0, "12:00"), by="lee", task=f"approve_message:{message}")
    assert await refused(theater, "ref_yes", done) == "not_approved"
    await theater.decide("ref_yes", MessageApproved(at=done.at, by="lee", message=message))
    await theater.decide("ref_no", done.model_copy(update={"outcome": "dismissed"}))
    await theater.advance(on(START, 0, "13:00"))
    assert theater.fakes.messages("ref_yes")[message] == 1
    assert message not in theater.fakes.messages("ref_no")
    assert (await theater.known("ref_no")).knows(f"dropped:{message}")


# --- feeds ----------------------------------------------------------------------------------------


async def test_what_cannot_be_read_becomes_a_task_and_nothing_parks(theater: Theater) -> None:
    await begin(theater, "ref_odd")
    await theater.signal("ref_odd", "visit_completed", {"at": "yesterday"})
    await theater.signal("ref_odd", "discharged")  # no body at all
    await theater.signal("ref_odd", "intake_completed", None)
    await theater.signal("ref_odd", "evaluation_completed", b"bytes")
    await theater.signal("ref_odd", "sent_by_a_newer_release", 1, 2)
    await theater.settle()
    opened = [key for key in theater.fakes.task_keys("ref_odd") if key.startswith("unreadable")]
    assert sorted(opened) == [
        "unreadable_event:discharged",
        "unreadable_event:evaluation_completed",
        "unreadable_event:intake_completed",
        "unreadable_event:sent_by_a_newer_release",
        "unreadable_event:visit_completed",
    ]
    seen_to = TaskCompleted(at=START, by="ada", task="unreadable_event:discharged")
    await theater.decide("ref_odd", seen_to)
    await theater.signal("ref_odd", "discharged", "again")
    await theater.settle()
    assert "unreadable_event:discharged-again-1" in theater.fakes.task_keys("ref_odd")
    assert (await theater.known("ref_odd")).stage() is Stage.RECEIVED


async def test_facts_taken_back_send_every_track_back(theater: Theater) -> None:
    """Evaluated, planned and discharged in the wrong chart; then the right story follows."""
    wrong = [
        *booked(START),
        *evaluated(START, day=7),
        *planned(START, day=7),
        Discharged(at=on(START, 9), reason=Ending.GOALS_MET),
    ]
    back = on(START, 10)
    undone = [fact.model_copy(update={"as_of": back, "retracted": True}) for fact in wrong]
    again = [
        *booked(START, made=14, day=21, name="a2"),
        *(later(fact, timedelta(0)) for fact in evaluated(START, day=21)),
        *planned(START, day=21),
        *certified(START, day=22),
        *discharged(START, 30),
    ]
    await begin(theater, "ref_wrong")
    script = [(fact.as_of, "ref_wrong", fact) for fact in [*wrong, *undone]]
    await theater.play(script, on(START, 12), watched=True)
    known = await theater.known("ref_wrong")
    assert known.stage() is Stage.CONTACTING
    assert theater.fakes.asked_on("ref_wrong")["call_patient:bd-1-2"]  # the cadence goes on
    script = [(fact.as_of, "ref_wrong", fact) for fact in again]
    await theater.play(script, on(START, 60), watched=True)
    assert max(theater.fakes.messages("ref_wrong").values()) == 1
    assert (await theater.end("ref_wrong")).reason is ClosedReason.COMPLETED


async def test_the_request_itself_is_corrected_and_taken_back(theater: Theater) -> None:
    await begin(theater, "ref_known", source_verified=False)
    await begin(theater, "ref_error")
    later_on = on(START, 1)
    corrected = received(START, as_of=later_on, recipients=("prv_2",), certifier_id="prv_2")
    error = received(START, as_of=later_on, retracted=True)
    script = [(later_on, "ref_known", corrected), (later_on, "ref_error", error)]
    await theater.play(script, on(START, 2), watched=True)
    thanked = theater.fakes.sent_on("ref_known")["thank_you:source:1"]
    assert local(START, thanked) == local(START, later_on)  # not before somebody verified them
    known = await theater.known("ref_known")
    assert known.received.recipients == ("prv_2",)
    assert not [task for task in known.open_tasks() if task.task.startswith("verify_sender")]
    assert (await theater.end("ref_error")).reason is ClosedReason.ENTERED_IN_ERROR


async def test_the_end_at_any_stage_stops_everything(theater: Theater) -> None:
    """Withdrawn before care: the source hears. Died, at any time: nobody does (rule 22)."""
    withdrawn = ReferralWithdrawn(at=on(START, 1))
    in_care = [*evaluated(START, day=1), *planned(START, day=1), *visits(START, 2)]
    died = PatientDied(at=on(START, 3))
    told_so = Discharged(at=on(START, 3), reason=Ending.DECEASED, planned=False)
    unplanned = [ReferralWithdrawn(at=on(START, 4)), discharged(START, 5)[1]]
    lives = {
        "ref_back": [withdrawn],
        "ref_died": [*in_care, died],
        "ref_told": [*in_care, told_so],
        "ref_later": [*in_care, *certified(START, day=2), *unplanned],
        "ref_self": [withdrawn],
    }
    for who in lives:
        mine = {"source_kind": "self", "certifier_id": None} if who == "ref_self" else {}
        await begin(theater, who, **mine)
    script = [(fact.at, who, fact) for who, life in lives.items() for fact in life]
    await theater.play(script, on(START, 10), watched=True)
    assert await theater.open_at_end() == []
    reasons = {who: (await theater.end(who)).reason for who in lives}
    assert reasons == {
        "ref_back": ClosedReason.WITHDRAWN,
        "ref_died": ClosedReason.DECEASED,
        "ref_told": ClosedReason.DECEASED,
        "ref_later": ClosedReason.COMPLETED,
        "ref_self": ClosedReason.WITHDRAWN,
    }
    assert "tell_source:withdrawn" in theater.fakes.task_keys("ref_back")
    assert "tell_source:withdrawn" not in theater.fakes.task_keys("ref_self")
    assert not any(key.startswith("discharge") for key in theater.fakes.messages("ref_told"))
    assert "discharge_summary:recipient:prv_1:1" in theater.fakes.messages("ref_later")


async def test_nobody_to_write_to_is_no_reason_to_wait(theater: Theater) -> None:
    """A self-referral that pays itself: no thanks, no certifier, no recipients."""
    await begin(
        theater,
        "ref_self",
        source_kind="self",
        may_thank=False,
        certifier_id=None,
        recipients=(),
        payers=("self_pay",),
    )
    life = [
        *evaluated(START, day=1),
        *planned(START, day=1),
        *visits(START, 2, 3),
        *discharged(START, 4, Ending.MEDICAL),
    ]
    await theater.play([(fact.at, "ref_self", fact) for fact in life], on(START, 8), watched=True)
    assert set(theater.fakes.messages("ref_self")) == {"schedule_text:patient:bd-0"}
    assert (await theater.end("ref_self")).reason is ClosedReason.COMPLETED


async def test_where_everything_is_the_emrs_job_nothing_is_sent(theater: Theater) -> None:
    """policy.md rule 10: no message, no spinning, and people are still asked."""
    nothing = rules(owner=dict.fromkeys(Kind, "emr"))
    life = [*easy_life(START)]
    plan = next(fact for fact in life if fact.key == "plan:1:provider")
    life.remove(plan)  # never certified as far as we hear: the EMR's to chase
    await theater.begin("ref_emr", received(START), nothing)
    await theater.play([(f.at, "ref_emr", f) for f in life], on(START, 70), watched=True)
    assert theater.fakes.messages("ref_emr") == {}
    assert "call_patient:bd-0-1" in theater.fakes.task_keys("ref_emr")
    assert (await theater.end("ref_emr")).reason is ClosedReason.COMPLETED


# --- people ---------------------------------------------------------------------------------------


async def test_a_refused_decision_leaves_no_history(theater: Theater) -> None:
    await begin(theater, "ref_no")
    [visit] = booked(START)
    await theater.play([(visit.at, "ref_no", visit)], on(START, 1))
    before = (await theater.handle("ref_no").describe()).history_length
    at = on(START, 1)
    call = CallLogged(at=at, by="dana", call_id="c1", outcome=CallOutcome.REACHED)
    assert [
        await refused(theater, "ref_no", decision)
        for decision in (
            closed(ClosedReason.COMPLETED, at),
            closed(ClosedReason.UNABLE_TO_REACH, at),
            closed(ClosedReason.WITHDRAWN, at, seen="call:c0"),
            TaskCompleted(at=at, by="dana", task="call_patient:none"),
            call.model_copy(update={"retracted": True}),
        )
    ] == ["completed_by_itself", "booked", "stale", "no_task", "nothing_to_undo"]
    assert (await theater.handle("ref_no").describe()).history_length == before


async def test_the_same_decision_again_changes_nothing(theater: Theater) -> None:
    await begin(theater, "ref_twice")
    await theater.advance(on(START, 0, "12:30"))
    at = on(START, 0, "12:30")
    call = CallLogged(at=at, by="dana", call_id="c1", outcome=CallOutcome.VOICEMAIL)
    assert await theater.decide("ref_twice", call) == "call:c1"
    assert await theater.decide("ref_twice", call) == "call:c1"
    assert [f.key for f in theater.fakes.recorded["ref_twice"]] == ["call:c1"]


async def test_of_two_decisions_at_once_the_second_sees_the_first(theater: Theater) -> None:
    await begin(theater, "ref_two")
    await theater.drop_curtain()  # both are admitted before either is taken
    at = START
    both = [
        closed(ClosedReason.DECLINED_BY_CLINIC, at, seen=""),
        CallLogged(at=at, by="dana", call_id="c1", outcome=CallOutcome.REACHED, seen=""),
    ]
    pending = [asyncio.create_task(theater.decide("ref_two", one)) for one in both]
    await asyncio.sleep(0.2)
    await theater.raise_curtain()
    came = await asyncio.gather(*pending, return_exceptions=True)
    assert sorted(isinstance(one, Exception) for one in came) == [False, True]
    assert len(theater.fakes.recorded["ref_two"]) == 1


async def test_closed_as_lost_gives_way_to_a_booking(theater: Theater) -> None:
    """Lost while the closing letter still waits: it is stopped, and the story goes on."""
    await begin(theater, "ref_lost")
    theater.fakes.hold["ref_lost", Kind.UNABLE_TO_REACH] = timedelta(days=2)
    lost = closed(ClosedReason.NOT_EVALUATED, on(START, 3))
    made = TaskCompleted(at=on(START, 2), by="dana", task="call_patient:bd-0-1")
    more = TaskCompleted(at=on(START, 2), by="dana", task="call_patient:bd-1-2")
    back = AppointmentBooked(at=on(START, 4), appointment_id="a1", starts_at=on(START, 8))
    script = [(fact.at, "ref_lost", fact) for fact in (made, more, lost, back)]
    await theater.play(script, on(START, 7), watched=True)
    known = await theater.known("ref_lost")
    assert known.stage() is Stage.INTAKE
    assert known.knows("dropped:unable_to_reach:source:closed")
    assert theater.fakes.messages("ref_lost")["intake:patient:a1"] == 1
    # and may be lost again, once that booking is gone
    gone = AppointmentCancelled(at=on(START, 7), appointment_id="a1")
    await theater.tell("ref_lost", gone)
    again = closed(ClosedReason.DECLINED_BY_PATIENT, on(START, 7, "12:00"))
    await theater.settle()
    await theater.decide("ref_lost", again)
    assert (await theater.end("ref_lost")).reason is ClosedReason.DECLINED_BY_PATIENT


async def test_a_closed_referral_begins_again_with_what_the_record_knows(theater: Theater) -> None:
    """As intake does it: an evaluation told after the closing starts a new run."""
    lost = closed(ClosedReason.DECLINED_BY_PATIENT, on(START, 1))
    await begin(theater, "ref_again")
    await theater.play([(lost.at, "ref_again", lost)], on(START, 2))
    assert await theater.open_at_end() == []
    told = EvaluationCompleted(at=on(START, 1), day=on(START, 1).date())
    sent = [f for f in theater.fakes.learned.values() if f.kind == "message_sent"]
    await theater.begin("ref_again", received(START), rules(), lost, told, *sent)
    rest = [*planned(START, day=3), *certified(START, day=4), *discharged(START, 8)]
    await theater.play([(fact.at, "ref_again", fact) for fact in rest], on(START, 40), watched=True)
    assert max(theater.fakes.messages("ref_again").values()) == 1
    assert (await theater.end("ref_again")).reason is ClosedReason.COMPLETED
