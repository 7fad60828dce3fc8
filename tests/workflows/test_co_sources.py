"""Several sources of one patient: each is thanked in its time, told of the end where it treats."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from models.facts import (
    AnyFact,
    ClosedReason,
    Discharged,
    Ending,
    ReferralClosed,
    ReferralWithdrawn,
)
from tests.lives import (
    co_source,
    did,
    discharged,
    evaluated,
    local,
    monday,
    on,
    received,
    rules,
    shared_life,
)
from tests.theater import on_stage

pytestmark = pytest.mark.engine

THANKS = ("thank_you", "thank_you_past_patient")


async def test_each_source_is_thanked_by_the_rules_of_its_kind(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_shared", received(start), rules())
        script = [(fact.as_of, "ref_shared", fact) for fact in shared_life(start)]
        await theater.play(script, on(start, 60), watched=True)
        sent = {
            key: local(start, at)
            for key, at in theater.fakes.sent_on("ref_shared").items()
            if key.startswith(THANKS)
        }
        assert sent == {
            "thank_you:source:1": "day 0 10:15",
            "thank_you_past_patient:source:src_friend:1": "day 2 08:00",
            "thank_you:source:src_2:1": "day 4 10:00",  # once somebody had confirmed the sender
            "thank_you:source:order-ref_again": "day 25 10:15",
        }
        asked = theater.fakes.asked_on("ref_shared")
        role, at = asked["verify_sender:co_source:src_2"]
        assert (role, local(start, at)) == ("front_desk", "day 3 10:00")
        assert (await theater.end("ref_shared")).reason is ClosedReason.COMPLETED


async def test_two_at_once_stand_beside_each_other(client: Client) -> None:
    start = monday()
    first = co_source(on(start, 1), "src_2", verified=False)
    second = co_source(on(start, 1), "src_3")
    async with on_stage(client, start) as theater:
        await theater.begin("ref_two", received(start), rules())
        await theater.play(
            [(on(start, 1), "ref_two", one) for one in (first, second)], on(start, 3)
        )
        assert "thank_you:source:src_3:1" in theater.fakes.messages("ref_two")
        assert "thank_you:source:src_2:1" not in theater.fakes.messages("ref_two")
        role, at = theater.fakes.asked_on("ref_two")["acknowledge:thank_you:source:src_2:1"]
        assert (role, local(start, at)) == ("lead", "day 2 06:00")  # 20 wall hours after


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (ClosedReason.UNABLE_TO_REACH, "unable_to_reach:source:src_2:closed"),
        (ClosedReason.DECLINED_BY_CLINIC, "tell_source:declined_by_clinic-src_2"),
        (None, "tell_source:withdrawn-src_2"),
    ],
)
async def test_every_source_that_treats_hears_of_the_end(
    client: Client, end: ClosedReason | None, told: str
) -> None:
    start = monday()
    at = on(start, 6)
    over: AnyFact = ReferralWithdrawn(at=at)
    if end is not None:
        over = ReferralClosed(at=at, by="lee", reason=end)
    beside = [co_source(on(start, 1), "src_2"), co_source(on(start, 1), "src_f", "past_patient")]
    async with on_stage(client, start) as theater:
        facts = (received(start), rules(), *beside)
        await theater.begin("ref_end", *facts)
        await theater.advance(on(start, 4))
        for task in theater.fakes.task_keys("ref_end"):  # nothing open stands against closing
            await theater.tell("ref_end", *did(start, 4, task))
        await theater.play([(at, "ref_end", over)], on(start, 8))
        happened = {*theater.fakes.messages("ref_end"), *theater.fakes.task_keys("ref_end")}
        assert told in happened
        assert told.replace("-src_2", "").replace(":src_2", "") in happened
        assert not [one for one in happened if "src_f" in one and "thank" not in one]
        await theater.end("ref_end")


async def test_who_asks_while_papers_are_still_open_is_thanked(client: Client) -> None:
    start = monday()
    care = [*evaluated(start, day=2), *discharged(start, 4, Ending.STOPPED_COMING)]
    last = care.pop()
    assert not isinstance(last, Discharged)
    async with on_stage(client, start) as theater:
        await theater.begin("ref_late", received(start, certifier_id=None, payers=()), rules())
        await theater.play([(f.at, "ref_late", f) for f in care], on(start, 4, "17:00"))
        await theater.tell("ref_late", co_source(on(start, 4, "17:00"), "src_2"))
        await theater.play([(last.at, "ref_late", last)], on(start, 7))
        assert theater.fakes.messages("ref_late")["thank_you:source:src_2:1"] == 1
