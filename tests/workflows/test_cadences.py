"""The two cadences on the real engine, day by day: reaching a patient, chasing a signature."""

from __future__ import annotations

from datetime import datetime

import pytest
from temporalio.client import Client

from models.facts import (
    CallLogged,
    CallOutcome,
    ClosedReason,
    PageJudged,
    PageVerdict,
    PatientReplied,
    PlanOfCareReturned,
    TaskCompleted,
)
from tests.lives import (
    Life,
    booked,
    changed_life,
    discharged,
    evaluated,
    local,
    monday,
    never_signed_life,
    on,
    planned,
    received,
    rules,
    slow_life,
    visits,
)
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine


async def play(theater: Theater, who: str, life: Life, until: datetime) -> None:
    await theater.play([(fact.as_of, who, fact) for fact in life], until, watched=True)


def sent(theater: Theater, who: str, start: datetime) -> dict[str, str]:
    return {key: local(start, at) for key, at in theater.fakes.sent_on(who).items()}


def asked(theater: Theater, who: str, start: datetime, kind: str) -> dict[str, str]:
    found = theater.fakes.asked_on(who).items()
    return {key: local(start, at) for key, (_, at) in found if key.startswith(kind)}


async def test_a_patient_slow_to_answer_meets_the_whole_cadence(client: Client) -> None:
    """policy.md §2 reach.cadence: bd 0, 1, 2, 4, 7, 10, 12, from a Monday at 10:00."""
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_slow", received(start), rules())
        await play(theater, "ref_slow", slow_life(start), on(start, 18))
        assert sent(theater, "ref_slow", start) == {
            "schedule_text:patient:bd-0": "day 0 10:05",
            "thank_you:source:1": "day 0 10:15",
            "reach_followup:patient:bd-2": "day 2 08:00",
            "reach_followup:patient:bd-7": "day 9 08:00",
            "unable_to_reach:source:bd-7": "day 9 08:00",
            "last_text:patient:bd-10": "day 14 08:00",
            "unable_to_reach:source:closed": "day 17 10:00",
        }
        assert asked(theater, "ref_slow", start, "") == {
            "call_patient:bd-0-1": "day 0 12:00",
            "call_patient:bd-1-2": "day 1 08:00",  # the other half of the day
            "call_patient:bd-4-4": "day 4 08:00",
            "call_patient:bd-7-5": "day 9 08:00",
            "propose_close:bd-12": "day 16 08:00",
        }
        assert (await theater.end("ref_slow")).reason is ClosedReason.UNABLE_TO_REACH


async def test_a_persons_touch_stands_in_for_that_days_step(client: Client) -> None:
    """policy.md rule 18; the text is held at 08:00, somebody calls before it goes."""
    start = monday()
    touches: Life = [
        PatientReplied(at=on(start, 2, "07:30"), reply_id="r1"),
        CallLogged(
            at=on(start, 4, "07:45"), call_id="c1", outcome=CallOutcome.VOICEMAIL, by="dana"
        ),
        CallLogged(at=on(start, 9, "07:59"), call_id="c2", outcome=CallOutcome.DECLINED, by="dana"),
    ]
    async with on_stage(client, start) as theater:
        await theater.begin("ref_touch", received(start), rules())
        await play(theater, "ref_touch", touches, on(start, 16))
        assert set(sent(theater, "ref_touch", start)) == {
            "schedule_text:patient:bd-0",
            "thank_you:source:1",
        }
        # who said no is texted no more: the lead is asked to close at once
        assert asked(theater, "ref_touch", start, "") == {
            "call_patient:bd-0-1": "day 0 12:00",
            "call_patient:bd-1-2": "day 1 08:00",
            "propose_close:declined": "day 9 07:59",
        }


async def test_a_plan_never_signed_is_chased_by_the_calendar(client: Client) -> None:
    """policy.md §2 poc.chase, from an evaluation on day 7 at 11:00; day 27 is a Sunday."""
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_never", received(start), rules())
        await play(theater, "ref_never", never_signed_life(start), on(start, 66))
        faxes = sent(theater, "ref_never", start)
        assert {k: at for k, at in faxes.items() if "certifier" in k} == {
            "plan_of_care:certifier:v1": "day 7 15:00",
            "signature_request:certifier:v1-day-7": "day 14 11:00",
            "signature_request:certifier:v1-day-14": "day 21 11:00",
        }
        assert asked(theater, "ref_never", start, "call_certifier") == {
            "call_certifier:v1-day-14": "day 21 11:00",
            "call_certifier:v1-day-21": "day 28 11:00",
            "call_certifier:v1-late-1": "day 37 11:00",
            # a week after the last was made on day 39 at 17:00; it was never made itself
            "call_certifier:v1-late-2": "day 46 17:00",
        }
        assert asked(theater, "ref_never", start, "director_call") == {
            "director_call:v1-day-27": "day 35 08:00"
        }
        # care has ended, the letters are out: the director's word ends the story
        assert (await theater.end("ref_never")).reason is ClosedReason.COMPLETED


async def test_a_page_that_came_back_pauses_the_chase_until_it_is_judged(client: Client) -> None:
    """policy.md rule 4; blank on day 13, judged a day later, the request follows."""
    start = monday()
    judge = "judge_returned_plan:v1-doc_r"
    life: Life = [
        *booked(start),
        *evaluated(start),
        *planned(start),
        PlanOfCareReturned(at=on(start, 13, "09:00"), document_id="doc_r"),
        PageJudged(
            at=on(start, 15, "10:00"), by="dana", document_id="doc_r", verdict=PageVerdict.BLANK
        ),
    ]
    async with on_stage(client, start) as theater:
        await theater.begin("ref_page", received(start), rules())
        await play(theater, "ref_page", life, on(start, 16))
        assert asked(theater, "ref_page", start, "judge") == {judge: "day 13 09:00"}
        request = "signature_request:certifier:v1-day-7"
        assert sent(theater, "ref_page", start)[request] == "day 15 10:00"


async def test_what_the_provider_changed_becomes_a_new_version(client: Client) -> None:
    """policy.md rule 4: version 2 goes out, nobody is chased, nothing else is sent twice."""
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_changed", received(start), rules())
        await play(theater, "ref_changed", changed_life(start), on(start, 50))
        plans = sent(theater, "ref_changed", start)
        assert {k: at for k, at in plans.items() if "certifier" in k} == {
            "plan_of_care:certifier:v1": "day 7 15:00",
            "plan_of_care:certifier:v2": "day 11 15:00",
        }
        tasks = theater.fakes.task_keys("ref_changed")
        assert [key for key in tasks if key.startswith("review")] == ["review_changed_plan:v1"]
        assert (await theater.end("ref_changed")).reason is ClosedReason.COMPLETED


async def test_a_recertification_is_a_plan_of_its_own(client: Client) -> None:
    """[G3]: asked for ahead of the plan's end, sent when signed, chased from its own date."""
    start = monday()
    weekly = range(8, 70, 7)
    ends = on(start, 35).date()
    life: Life = [
        *booked(start),
        *evaluated(start),
        *planned(start, ends_on=ends),
        *visits(start, *weekly),
        TaskCompleted(at=on(start, 36), by="drew", task="recertify:v1"),
        *planned(start, day=37, version=2, recertifies=True),
        *discharged(start, 71),
    ]
    async with on_stage(client, start) as theater:
        first = received(start, certifier_may_certify=True, order_holds_full_plan=True)
        first = first.model_copy(update={"order_signed_and_dated": True})
        await theater.begin("ref_recert", first, rules())
        await play(theater, "ref_recert", life, on(start, 60))
        asked_for = asked(theater, "ref_recert", start, "recertify")
        assert asked_for["recertify:v1"] == "day 21 17:00"
        assert asked_for["recertify:v1-director"] == "day 32 17:00"
        faxes = sent(theater, "ref_recert", start)
        assert {k: at for k, at in faxes.items() if "certifier" in k} == {
            "plan_of_care:certifier:v1": "day 7 15:00",  # certified by its order: not chased
            "plan_of_care:certifier:v2": "day 37 15:00",
            "signature_request:certifier:v2-day-7": "day 44 15:00",
            "signature_request:certifier:v2-day-14": "day 51 15:00",
        }


async def test_who_wants_to_see_the_patient_first_is_left_alone_until_then(client: Client) -> None:
    """policy.md rule 4: the lead helps with that visit, and the office is asked once it was."""
    start = monday()
    visit = on(start, 23).date()
    life: Life = [
        *booked(start),
        *evaluated(start),
        *planned(start),
        PlanOfCareReturned(at=on(start, 13, "09:00"), document_id="doc_r"),
        judged(on(start, 13, "11:00"), PageVerdict.DECLINED),
        judged(on(start, 16, "11:00"), PageVerdict.DECLINED, visit_on=visit),
        PlanOfCareReturned(at=on(start, 25, "09:00"), document_id="doc_s"),
        judged(on(start, 25, "10:00"), PageVerdict.SIGNED, why=None, document_id="doc_s"),
    ]
    async with on_stage(client, start) as theater:
        await theater.begin("ref_visit", received(start), rules())
        await play(theater, "ref_visit", life, on(start, 45))
        assert asked(theater, "ref_visit", start, "plan_visit") == {
            "plan_visit_first:v1-doc_r": "day 13 11:00"
        }
        faxes = sent(theater, "ref_visit", start)
        assert {k: at for k, at in faxes.items() if "certifier" in k} == {
            "plan_of_care:certifier:v1": "day 7 15:00",
            "signature_request:certifier:v1-visit": "day 24 08:00",
        }


def judged(at: datetime, verdict: PageVerdict, **more: object) -> PageJudged:
    """A word on the page that came back first, by who wants to see the patient."""
    given = {"document_id": "doc_r", "why": "wants_visit_first", **more}
    return PageJudged.model_validate({"at": at, "by": "dana", "verdict": verdict, **given})
