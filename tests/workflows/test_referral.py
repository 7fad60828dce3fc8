"""Whole lives on the real engine, weeks skipped in seconds."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from models.facts import ClosedReason
from tests.lives import easy_life, missed_life, received, rules
from tests.theater import on_stage

pytestmark = pytest.mark.engine


def monday() -> datetime:
    """A Monday at 10:00 in New York, a little ahead of the real clock."""
    day = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0)
    return day + timedelta(days=7 - day.weekday())


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


async def test_an_easy_life_sends_each_message_once_and_closes(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_easy", received(start), rules())
        script = [(fact.at, "ref_easy", fact) for fact in easy_life(start)]
        await theater.play(script, start + timedelta(days=90))
        assert theater.fakes.messages("ref_easy") == EASY
        assert (await theater.end("ref_easy")).reason is ClosedReason.COMPLETED
        # reached the same day: the call after two business hours stood, the write-up prompt came
        assert theater.fakes.task_keys("ref_easy") == ["call_patient:bd-0-1", "write_progress:0"]


async def test_a_missed_evaluation_is_booked_again(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_missed", received(start), rules())
        script = [(fact.at, "ref_missed", fact) for fact in missed_life(start)]
        await theater.play(script, start + timedelta(days=100))
        sent = theater.fakes.messages("ref_missed")
        assert sent["missed:patient:a0"] == 1
        assert "rebook_call:miss-1" in theater.fakes.task_keys("ref_missed")
        assert (await theater.end("ref_missed")).reason is ClosedReason.COMPLETED


@pytest.mark.parametrize("seed", range(6))
async def test_shuffled_doubled_and_paged_lives_send_nothing_twice(
    client: Client, seed: int
) -> None:
    start = monday()
    dice = random.Random(seed)
    async with on_stage(client, start, cache=0 if seed % 3 == 0 else 1000) as theater:
        await theater.begin("ref_x", received(start), rules())
        script = []
        for fact in missed_life(start) if seed % 2 else easy_life(start):
            for _ in range(dice.choice((1, 2, 3))):
                late = timedelta(hours=dice.choice((0, 0, 1, 30, 100)))
                script.append((fact.at + late, "ref_x", fact))
        turns = sorted(start + timedelta(days=dice.uniform(0, 60)) for _ in range(3))
        for at, who, fact in sorted(script, key=lambda line: line[0]):
            while turns and turns[0] < at:
                await theater.advance(max(turns.pop(0), theater.skipper.now))
                await theater.signal("ref_x", "turn_the_page")
            await theater.advance(max(at, theater.skipper.now))
            if await theater.open_at_end():
                await theater.tell(who, fact)
        await theater.advance(start + timedelta(days=130))
        assert await theater.open_at_end() == []
        sent = theater.fakes.messages("ref_x")
        assert max(sent.values()) == 1
        needed = {key for key in EASY if not key.startswith(("schedule_text", "check_in"))}
        assert needed <= sent.keys()
