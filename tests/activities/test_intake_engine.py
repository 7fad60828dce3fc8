"""Intake against the real server: what the stand-in of the other tests is believed to do."""

from __future__ import annotations

import asyncio
import socket
import uuid
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from activities import loop as loop_module
from activities.intake import Intake
from activities.loop import Loop
from engine.client import connect
from engine.codec import KeyRing
from models.contracts import ReferralStart
from models.facts import CallLogged, CallOutcome, ClosedReason, ReferralClosed
from models.ids import referral_workflow_id, source_workflow_id
from store.engine import Store
from tests.doors import LATER, ORG, START, Door, event
from workflows.referral import ReferralWorkflow

pytestmark = pytest.mark.engine


@pytest.fixture
def queue() -> str:
    return f"intake-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def door(store: Store, client: Client, queue: str) -> Door:
    """The usual door on the real server; nobody works its queue unless a test says so."""
    door = Door(store)
    door.intake = Intake(store, Loop(client, queue), door.tenants, lambda: door.now)
    return door


async def signals(client: Client, referral_id: str) -> list[Any]:
    """What the latest run was signalled, decoded."""
    handle = client.get_workflow_handle(referral_workflow_id(ORG, referral_id))
    history = await handle.fetch_history()
    found = []
    for one in history.events:
        if one.HasField("workflow_execution_signaled_event_attributes"):
            told = one.workflow_execution_signaled_event_attributes
            (body,) = await client.data_converter.decode(told.input.payloads)
            found.append((told.signal_name, body["kind"]))
    return found


async def started_with(client: Client, referral_id: str) -> ReferralStart:
    handle = client.get_workflow_handle(referral_workflow_id(ORG, referral_id))
    history = await handle.fetch_history()
    begun = history.events[0].workflow_execution_started_event_attributes
    (start,) = await client.data_converter.decode(begun.input.payloads, [ReferralStart])
    assert isinstance(start, ReferralStart)
    return start


async def test_a_life_begins_is_told_ends_and_begins_again(door: Door, client: Client) -> None:
    referral_id = await door.refer()
    handle = client.get_workflow_handle(referral_workflow_id(ORG, referral_id))
    described = await handle.describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert await described.static_summary() == "One referral at east"
    attributes = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    assert attributes["Organization"] == ORG
    assert attributes["Stage"] == "received"
    source_id = door.referral(referral_id).received.source_id
    watch = await client.get_workflow_handle(source_workflow_id(ORG, source_id)).describe()
    assert watch.status is WorkflowExecutionStatus.RUNNING

    await door.tell(event("appointment_booked"))
    assert await signals(client, referral_id) == [("appointment_booked", "appointment_booked")]

    # closed as lost; a booking alone is older than the closing, the evaluation reopens
    door.now = LATER
    lost = ReferralClosed(at=LATER, by="lee", reason=ClosedReason.UNABLE_TO_REACH)
    door.write(referral_id, lost)
    await handle.terminate()
    door.now = LATER + timedelta(days=1)
    cancelled = await door.tell(event("appointment_cancelled"))
    assert cancelled.state == "applied"
    ended = await client.get_workflow_handle(referral_workflow_id(ORG, referral_id)).describe()
    assert ended.status is WorkflowExecutionStatus.TERMINATED
    await door.tell(event("evaluation_completed"))
    again = await client.get_workflow_handle(referral_workflow_id(ORG, referral_id)).describe()
    assert again.status is WorkflowExecutionStatus.RUNNING
    assert again.run_id != ended.run_id
    start = await started_with(client, referral_id)
    assert start.facts == door.referral(referral_id).facts


async def test_a_decision_without_a_worker_is_pending_and_runs_later(
    door: Door, client: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "DECISION_TIMEOUT", timedelta(seconds=1))
    referral_id = await door.refer()
    call = CallLogged(at=START, by="dana", call_id="C-1", outcome=CallOutcome.REACHED)
    assert (await door.intake.decide(ORG, referral_id, call)).state == "pending"
    health = await door.intake.loop.health()
    assert (health.reachable, health.worker_seen) == (True, False)
    monkeypatch.setattr(loop_module, "DECISION_TIMEOUT", timedelta(seconds=15))
    from tests.theater import Fakes

    async with Worker(
        client, task_queue=queue, workflows=[ReferralWorkflow], activities=Fakes().activities
    ):
        decided = await door.intake.decide(ORG, referral_id, call)  # the same update, admitted
        assert (decided.state, decided.version) == ("done", "call:C-1")
        assert (await door.intake.loop.health()).worker_seen


async def test_a_server_that_is_not_there_leaves_the_row_and_nobody_waiting(
    door: Door, keyring: KeyRing
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    away = await connect(address, "tests", keyring=keyring, lazy=True)
    door.intake.loop.connect(away)
    row = door.accept(event("appointment_booked"))
    assert row.state == "received"
    from tests.doors import referral_event

    async with asyncio.timeout(20):
        told = await door.tell(referral_event())
    assert (told.state, told.reason) == ("received", "engine_unavailable")
    assert (await door.intake.loop.health()).reachable is False
