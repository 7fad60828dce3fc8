"""Who follows without treating: copies while an authorization lasts, else a person decides."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from models.contracts import SendInput
from models.facts import (
    AnyFact,
    ClosedReason,
    MessageApproved,
    ReferralClosed,
    ReleaseRecorded,
    ReleaseRevoked,
    Scope,
)
from models.kinds import Kind
from tests.lives import (
    Life,
    booked,
    certified,
    did,
    discharged,
    evaluated,
    local,
    monday,
    on,
    planned,
    received,
    reported,
    rules,
    visits,
)
from tests.theater import on_stage

pytestmark = pytest.mark.engine
START = monday()
SUMMARY = "discharge_summary:source:1"


def care(*more: AnyFact) -> Life:
    """Evaluated, certified, two reports two weeks apart, discharged on day 40."""
    return [
        *booked(START),
        *evaluated(START),
        *planned(START),
        *certified(START, day=9),
        *visits(START, 10, 14, 17, 21, 24, 28, 31, 35, 38),
        *reported(START, 17, "r1"),
        *reported(START, 35, "r2"),
        *discharged(START, 40),
        *more,
    ]


def release(day: int, who: str, **more: object) -> ReleaseRecorded:
    fields = {"at": on(START, day), "release_id": f"r-{who}", "recipient_id": who, **more}
    return ReleaseRecorded.model_validate(fields)


def clinical(given: SendInput, _: object) -> bool:
    """What the source may not read by itself."""
    return given.to == "source" and given.kind is not Kind.THANK_YOU


async def test_an_adjuster_reads_while_the_authorization_lasts(client: Client) -> None:
    life = care(
        release(3, "src_adj"),
        ReleaseRevoked(at=on(START, 30), release_id="r-src_adj"),
        release(45, "src_adj"),
    )
    async with on_stage(client, START) as theater:
        theater.fakes.unreleased = lambda given, at: (
            given.to == "source:src_adj" and on(START, 30) <= at < on(START, 45)
        )
        await theater.begin("ref_adj", received(START), rules())
        script = [(fact.as_of, "ref_adj", fact) for fact in life]
        await theater.play(script, on(START, 70), watched=True)
        sent = {
            key: local(START, at)
            for key, at in theater.fakes.sent_on("ref_adj").items()
            if "src_adj" in key
        }
        assert sent == {
            "progress_report:source:src_adj:r1": "day 17 16:00",
            "discharge_summary:source:src_adj:1": "day 45 10:00",
        }
        # the second report waited for a person until the summary took its place
        assert "release_message:progress_report:source:src_adj:r2" in theater.fakes.task_keys(
            "ref_adj"
        )
        assert (await theater.end("ref_adj")).reason is ClosedReason.COMPLETED


async def test_a_source_without_an_authorization_is_a_persons(client: Client) -> None:
    async with on_stage(client, START) as theater:
        theater.fakes.unreleased = clinical
        lawyer = received(START, source_id="src_law", source_kind="attorney")
        await theater.begin("ref_law", lawyer, rules())
        script = [(fact.as_of, "ref_law", fact) for fact in care()]
        await theater.play(script, on(START, 60), watched=True)
        assert "thank_you:source:1" in theater.fakes.messages("ref_law")
        assert SUMMARY not in theater.fakes.messages("ref_law")
        asked = theater.fakes.asked_on("ref_law")
        assert asked[f"release_message:{SUMMARY}"][0] == "lead"
        assert not [key for key in asked if key.startswith("release_message:progress")]
        known = await theater.known("ref_law")
        assert known.stage() == "discharging", "the loop is not closed until somebody decides"
        await theater.tell("ref_law", MessageApproved(at=on(START, 61), by="lee", message=SUMMARY))
        await theater.advance(on(START, 62))
        assert theater.fakes.messages("ref_law")[SUMMARY] == 1
        await theater.end("ref_law")


async def test_a_person_may_stop_it_as_well(client: Client) -> None:
    async with on_stage(client, START) as theater:
        theater.fakes.unreleased = clinical
        school = received(START, source_id="src_school", source_kind="school")
        await theater.begin("ref_school", school, rules())
        script = [(fact.as_of, "ref_school", fact) for fact in care()]
        await theater.play(script, on(START, 60))
        (task,) = did(START, 60, f"release_message:{SUMMARY}")
        await theater.tell("ref_school", task.model_copy(update={"outcome": "dismissed"}))
        await theater.end("ref_school")
        assert SUMMARY not in theater.fakes.messages("ref_school")


@pytest.mark.parametrize("released", [False, True])
async def test_a_third_party_hears_of_the_end_as_far_as_it_may(
    client: Client, released: bool
) -> None:
    allowed = [release(1, "src_emp", scope=Scope.STATUS)] if released else []
    end = ReferralClosed(at=on(START, 6), by="lee", reason=ClosedReason.NOT_EVALUATED)
    async with on_stage(client, START) as theater:
        employer = received(START, source_id="src_emp", source_kind="employer")
        await theater.begin("ref_emp", employer, rules(), *allowed)
        await theater.advance(on(START, 4))
        for task in theater.fakes.task_keys("ref_emp"):
            await theater.tell("ref_emp", *did(START, 4, task))
        await theater.play([(end.at, "ref_emp", end)], on(START, 8))
        await theater.end("ref_emp")
        told = f"{Kind.UNABLE_TO_REACH}:source:closed" in theater.fakes.messages("ref_emp")
        asked = "tell_source:not_evaluated" in theater.fakes.task_keys("ref_emp")
        assert (told, asked) == (released, not released)
