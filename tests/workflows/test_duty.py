"""Two people and one task, on the real workflow; what goes up is seen by an administrator."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from models.facts import TaskEscalated, TaskReturned, TaskTaken
from models.roles import Role
from tests.lives import monday, on, received, rules
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine
TASK = "call_patient:bd-0-1"


def take(at: datetime, by: str) -> TaskTaken:
    return TaskTaken(at=at, by=by, task=TASK, until=at.replace(hour=23))


async def tried(theater: Theater, decision: TaskTaken) -> str:
    try:
        return await theater.decide("ref_1", decision)
    except WorkflowUpdateFailedError as refused:
        return str(refused.cause)  # ApplicationError: its type, then its sentence


async def test_of_two_who_take_one_task_the_other_is_told_who_has_it(client: Client) -> None:
    start = monday()
    noon = on(start, 0, "12:30")
    async with on_stage(client, start) as theater:
        await theater.begin("ref_1", received(start), rules())
        await theater.advance(noon)
        told = await asyncio.gather(
            tried(theater, take(noon, "dana")), tried(theater, take(noon, "wes"))
        )
        assert sorted(told)[0] == "", "who has a task is no decision about the referral"
        winner = "dana" if told[0] == "" else "wes"
        assert sorted(told)[1] == (
            f"taken: {winner} has this task: choose another one, or ask {winner} to hand it over."
        )
        back = TaskReturned(at=on(start, 0, "13:00"), by="system", task=TASK)
        await theater.decide("ref_1", back)
        other = "wes" if winner == "dana" else "dana"
        assert await tried(theater, take(on(start, 0, "13:30"), other)) == ""


async def test_what_has_gone_up_to_the_director_needs_attention(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_1", received(start), rules())
        await theater.advance(on(start, 0, "12:30"))
        for to in (Role.LEAD, Role.DIRECTOR):
            await theater.tell("ref_1", TaskEscalated(at=on(start, 0, "12:30"), task=TASK, to=to))
        await theater.settle()
        described = await theater.handle("ref_1").describe()
        assert described.search_attributes["NeedsAttention"] == [True]
        meta = await theater.handle("ref_1").query("__temporal_workflow_metadata")
        assert "front desk, now also the director: Call the patient" in meta.current_details
