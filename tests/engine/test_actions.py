"""The count of Actions, by hand, by the server's own meter, and unchanged by time skipping."""

from __future__ import annotations

import asyncio
import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from engine.actions import count, tally
from engine.client import connect
from engine.codec import KeyRing
from engine.process import reserved
from engine.server import Engine, find_or_start
from engine.skipping import Skipper
from tests.engine.tiny import Ledger, Plan, Sender

pytestmark = pytest.mark.engine


async def live(client: Client) -> str:
    """One Ledger's life; returns its id."""
    tries = {"count": 0}

    @activity.defn(name="flaky")
    async def flaky(what: str) -> None:
        tries["count"] += 1
        if tries["count"] < 3:
            raise ApplicationError("not yet")

    name = f"ledger-{uuid.uuid4().hex[:8]}"
    async with Worker(client, task_queue=name, workflows=[Ledger], activities=[flaky]):
        handle = await client.start_workflow(
            Ledger.run, 1, id=name, task_queue=name, start_signal="fact", start_signal_args=["a"]
        )
        for key in ("a", "b", "b", "c"):
            await handle.signal(Ledger.fact, key)
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(Ledger.decide, "nonsense")
        await handle.execute_update(Ledger.decide, "pause")
        assert await handle.result() == 2
    return name


async def test_counted_by_hand(client: Client) -> None:
    counted = await count(client, await live(client))
    # Start with its signal 1, four signals, one accepted update, one upsert (the patch is free),
    # two timers, two activities with two retries, the new page, and one activity more.
    assert counted.actions == 1 + 4 + 1 + 1 + 2 + (2 + 2) + 1 + 1
    # Start with fact a; facts b and c; the decision; two deadlines; one letter.
    assert counted.floor == 1 + 2 + 1 + 2 + 1
    assert counted.ratio == pytest.approx(15 / 7)


async def test_agrees_with_the_meter_of_the_server(
    engine: Engine, tmp_path: Path, keyring: KeyRing
) -> None:
    with reserved({"metrics": 0}) as ports:
        port = ports["metrics"]
    own = await find_or_start(
        data_dir=tmp_path, namespace="metered", ui=False, say=lambda _: None, metrics_port=port
    )
    try:
        client = await connect(own.address, own.namespace, keyring=keyring)
        counted = await count(client, await live(client))
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(15):
            # The meter lags by about a second; the new page's activity is what it shows last.
            while (metered := read_meter((await http.get(metrics_url(port))).text)) != METERED:
                await asyncio.sleep(0.1)
    except TimeoutError:
        assert metered == METERED
    finally:
        await own.stop()
    # Not billed although the server meters it: the marker and the attribute of a patch
    # (temporal.md §6). Billed and metered, but without a trace in the history: a refused update.
    patch, refused = 2, 1
    assert counted.actions == sum(metered.values()) - patch - refused


METERED = {
    "grpc_SignalWithStartWorkflowExecution": 1,
    "grpc_SignalWorkflowExecution": 4,
    "message_UpdateWorkflowExecution_Acceptance": 1,
    "message_UpdateWorkflowExecution_Rejection": 1,
    "command_BatchMarkers": 1,
    "command_UpsertWorkflowSearchAttributes": 2,
    "command_StartTimer": 2,
    "command_ScheduleActivityTask": 3,
    "activity_retry": 2,
    "command_ContinueAsNewWorkflowExecution": 1,
}


def metrics_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/metrics"


def read_meter(text: str) -> dict[str, int]:
    """The Actions of our namespace by type."""
    found = re.findall(r'^action\{action_type="(\w+)",namespace="metered".*\} (\d+)$', text, re.M)
    return {kind: int(number) for kind, number in found if int(number)}


async def test_the_same_life_costs_the_same_with_time_skipping(client: Client) -> None:
    @activity.defn(name="speak")
    async def speak(day: int, receiver: str | None) -> None: ...

    start = datetime.now(UTC) + timedelta(days=3)
    skipper = Skipper(client, start=start)
    queue = f"actions-{uuid.uuid4().hex[:8]}"
    async with Worker(client, task_queue=queue, workflows=[Sender], activities=[speak]):
        plan = Plan(days=(1, 10, 20, 30), page_every=2)
        await skipper.client.start_workflow(Sender.run, plan, id=queue, task_queue=queue)
        for day in (5, 15, 40):
            await skipper.advance(start + timedelta(days=day), [[queue]])
        await client.get_workflow_handle(queue).result()
    counted = await count(client, queue)
    assert (counted.actions, counted.floor) == (1 + 4 + 4 + 1, 1 + 4 + 4)
    # Two pages of two days each; a day is a timer (2 events) and an activity (3), each with its
    # workflow task (3). A page has a start, a first workflow task and an end; the first page's end
    # comes with the task of its last activity, as everything a workflow decides does.
    assert counted.events == 2 * (1 + 3 + 2 * ((2 + 3) + (3 + 3)) + 1)


def event(number: int, kind: EventType.ValueType, at: float, **attributes: object) -> HistoryEvent:
    made = HistoryEvent(event_id=number, event_type=kind, **attributes)
    made.event_time.FromMilliseconds(round(at * 1000))
    return made


STARTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
TIMER = EventType.EVENT_TYPE_TIMER_STARTED


@pytest.mark.parametrize(
    ("delay", "signal", "expected"),
    [
        pytest.param(0, event(2, SIGNALED, 100.001), (1, 1), id="with the start"),
        pytest.param(0, event(3, SIGNALED, 100.001), (2, 2), id="after the first task"),
        pytest.param(9, event(2, SIGNALED, 100.001), (1, 1), id="with a delayed start"),
        pytest.param(9, event(2, SIGNALED, 100.5), (2, 2), id="during the delay"),
    ],
)
async def test_only_a_signal_that_came_with_the_start_is_free(
    delay: int, signal: HistoryEvent, expected: tuple[int, int]
) -> None:
    started = event(1, STARTED, 100)
    started.workflow_execution_started_event_attributes.first_workflow_task_backoff.FromSeconds(
        delay
    )
    counted = await tally([[started, signal]], None)
    assert (counted.actions, counted.floor) == expected


@pytest.mark.parametrize(
    ("again_at", "again_for", "says", "floor"),
    [
        pytest.param(1_000.004, 8_999.999, "reply", 2, id="the same deadline armed again"),
        pytest.param(1_000, 9_060, "reply", 3, id="a minute later"),
        pytest.param(1_000, 9_000, "visit", 3, id="another reason"),
    ],
)
async def test_a_deadline_armed_again_is_no_new_deadline(
    again_at: float, again_for: float, says: str, floor: int
) -> None:
    timers = []
    for number, (at, lasts, summary) in enumerate(
        [(0.0, 10_000.0, "reply"), (again_at, again_for, says)]
    ):
        timer = event(5 + number, TIMER, at)
        span = timer.timer_started_event_attributes.start_to_fire_timeout
        span.FromTimedelta(timedelta(seconds=lasts))
        timer.user_metadata.summary.metadata["encoding"] = b"json/plain"
        timer.user_metadata.summary.data = summary.encode()
        timers.append(timer)
    counted = await tally([[event(1, STARTED, 0), *timers]], None)
    assert (counted.actions, counted.floor) == (3, floor)
