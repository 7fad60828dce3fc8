"""Whole lives on the real engine, weeks skipped in seconds."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

import pytest
from temporalio.client import Client

from engine.actions import count
from models.facts import AnyFact, ClosedReason
from models.ids import referral_workflow_id
from tests.lives import (
    LIVES,
    certified,
    easy_life,
    evaluated,
    missed_life,
    monday,
    on,
    planned,
    received,
    rules,
)
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine

EASY = {
    "check_in:patient:1": 1,
    "discharge_summary:recipient:prv_1:1": 1,
    "intake:patient:a1": 1,
    "patient_thanks:patient:1": 1,
    "plan_of_care:certifier:v1": 1,
    "progress_report:recipient:prv_1:r1": 1,
    "schedule_text:patient:bd-0": 1,
    "thank_you:source:1": 1,
}
# What every life that reaches the end sends, however it was told; the rest depends on what was
# known in time.
ALWAYS = {
    # the second booking is confirmed without the forms once they were asked for twice
    "missed": set(EASY) - {"schedule_text:patient:bd-0", "check_in:patient:1", "intake:patient:a1"},
    "easy": set(EASY) - {"schedule_text:patient:bd-0", "check_in:patient:1"},
    "changed": {"plan_of_care:certifier:v2", "discharge_summary:recipient:prv_1:1"},
    "stopped": {"plan_of_care:certifier:v1", "discharge_summary:recipient:prv_1:1"},
    "cancelled": {"plan_of_care:certifier:v1", "discharge_summary:recipient:prv_1:1"},
    "shared": {
        "thank_you:source:1",
        "thank_you:source:order-ref_again",
        "thank_you:source:src_2:1",
        "thank_you_past_patient:source:src_friend:1",
        "discharge_summary:recipient:prv_2:1",
    },
}


async def test_an_easy_life_sends_each_message_once_and_costs_little(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_easy", received(start), rules())
        script = [(fact.at, "ref_easy", fact) for fact in easy_life(start)]
        await theater.play(script, start + timedelta(days=90), watched=True)
        assert theater.fakes.messages("ref_easy") == EASY
        assert (await theater.end("ref_easy")).reason is ClosedReason.COMPLETED
        # reached the same day: the call after two business hours stood, the write-up prompt came
        assert theater.fakes.task_keys("ref_easy") == ["call_patient:bd-0-1", "write_progress:0"]
        cost = await count(client, referral_workflow_id(theater.org, "ref_easy"))
        assert cost.ratio <= 1.15, f"{cost.actions} Actions over {cost.floor}, {cost.events} events"


async def test_a_missed_evaluation_is_booked_again(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_missed", received(start), rules())
        script = [(fact.at, "ref_missed", fact) for fact in missed_life(start)]
        await theater.play(script, start + timedelta(days=100), watched=True)
        sent = theater.fakes.messages("ref_missed")
        assert sent["missed:patient:a0"] == 1
        assert "rebook_call:miss-1" in theater.fakes.task_keys("ref_missed")
        # at most two messages about forms, however many evaluations are booked [W12]
        assert {key for key in sent if "intake" in key} == {
            "intake:patient:a0",
            "intake:patient:a1",
        }
        assert (await theater.end("ref_missed")).reason is ClosedReason.COMPLETED


@pytest.mark.parametrize("named", [9, 12])  # with the signature, or days after it
async def test_whoever_certifies_hears_once_also_when_they_are_named_after_signing(
    client: Client, named: int
) -> None:
    start = monday()
    first = received(start, certifier_id=None, recipients=())
    async with on_stage(client, start) as theater:
        await theater.begin("ref_late", first, rules())
        told = first.model_copy(
            update={"certifier_id": "prv_1", "as_of": on(start, named, "13:00")}
        )
        life = [*evaluated(start), *planned(start), *certified(start, day=9), told]
        script = [(fact.as_of, "ref_late", fact) for fact in life]
        await theater.play(script, start + timedelta(days=14), watched=True)
        assert theater.fakes.messages("ref_late").get("plan_of_care:certifier:v1") == 1
        assert not any("signature_request" in key for key in theater.fakes.messages("ref_late"))


def shaken(life: list[AnyFact], dice: random.Random) -> list[tuple[datetime, AnyFact]]:
    """A life told up to three times, each time up to four days late."""
    told = []
    for fact in life:
        for _ in range(dice.choice((1, 2, 3))):
            late = timedelta(hours=dice.choice((0, 0, 1, 30, 100)))
            told.append((fact.as_of + late, fact))
    return told


async def shake(theater: Theater, start: datetime, seeds: range) -> None:
    """Play lives, shuffled, doubled and on several pages, all at once; nothing goes twice."""
    names = sorted(ALWAYS)
    script: list[tuple[datetime, str, AnyFact | None]] = []
    for seed in seeds:
        dice = random.Random(seed)
        who = f"{names[seed % len(names)]}-{seed}"
        await theater.begin(who, received(start), rules())
        script += [(at, who, fact) for at, fact in shaken(LIVES[who.split("-")[0]](start), dice)]
        turns = [start + timedelta(days=dice.uniform(0, 45)) for _ in range(3)]
        script += [(at, who, None) for at in turns]
    for at, who, fact in sorted(script, key=lambda line: line[:2]):
        if at > theater.skipper.now:
            await theater.advance(at)
        if fact is not None:
            await theater.tell(who, fact)
        elif referral_workflow_id(theater.org, who) in await theater.open_at_end():
            await theater.signal(who, "turn_the_page")
    await theater.advance(start + timedelta(days=130))
    assert await theater.open_at_end() == []
    for who in theater.rules:
        sent = theater.fakes.messages(who)
        assert max(sent.values()) == 1, who
        assert ALWAYS[who.split("-")[0]] <= sent.keys(), who
    ends = await asyncio.gather(*(theater.end(who) for who in theater.rules))
    assert {end.reason for end in ends} == {ClosedReason.COMPLETED}


async def test_shuffled_doubled_and_paged_lives_send_nothing_twice(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await shake(theater, start, range(10))


async def test_nor_do_they_with_nothing_kept_in_memory(client: Client) -> None:
    start = monday()
    async with on_stage(client, start, cache=0) as theater:
        await shake(theater, start, range(20, 23))
