"""Looks at a Temporal server the way an administrator would: what is there, who works, what fails.

Reads only; nothing is started or changed. Each look raises EngineUnavailable when the server does
not answer it in time.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    GetWorkflowExecutionHistoryRequest,
    PollWorkflowTaskQueueRequest,
)
from temporalio.client import (
    Client,
    ScheduleActionExecution,
    ScheduleActionExecutionStartWorkflow,
)
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from engine.attributes import ALL
from engine.codec import KEY_ID, KeyRing, LoopCodec
from engine.schedules import CHORES
from models.errors import EngineUnavailable, LoopError
from models.health import Schedule, Unreadable

TIMEOUT: Final = timedelta(seconds=3)
# A queue of our own that nobody works: asking it for work is how the server tells its time.
CLOCK_QUEUE: Final = "referral-loop-doctor"
CLOCK_POLL: Final = timedelta(seconds=3)  # the server refuses polls shorter than two
SAMPLE: Final = 25  # running workflows whose payloads are tried
_FAILING: Final = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
_KINDS: Final = {
    "workflow steps": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activities": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}

T = TypeVar("T")


class Attributes(NamedTuple):
    """Search attributes that are not as we need them, by name."""

    missing: tuple[str, ...]
    other_type: tuple[str, ...]


async def retention(client: Client) -> timedelta | None:
    """How long the namespace keeps closed workflows; None when there is no such namespace."""
    try:
        told = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=TIMEOUT
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise _away(error) from error
    except RuntimeError as error:  # a lazy client fails its first call plainly
        raise _away(error) from error
    return told.config.workflow_execution_retention_ttl.ToTimedelta()


async def attributes(client: Client, wanted: Iterable[SearchAttributeKey[Any]] = ALL) -> Attributes:
    """Which of our search attributes the namespace lacks or has with another type."""
    listed = await _told(
        client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=TIMEOUT
        )
    )
    known = dict(listed.custom_attributes)
    kinds = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in wanted}
    return Attributes(
        missing=tuple(sorted(kinds.keys() - known.keys())),
        other_type=tuple(sorted(n for n in kinds.keys() & known.keys() if known[n] != kinds[n])),
    )


async def clock_ahead(client: Client) -> timedelta:
    """How far the server's clock is ahead of ours (negative: behind), to about the round trip.

    The server notes when a poll began; so we begin one on a queue of our own and look it up.
    """
    me = f"doctor-{uuid.uuid4().hex[:8]}"
    asked = datetime.now(UTC)
    poll = asyncio.ensure_future(
        client.workflow_service.poll_workflow_task_queue(
            PollWorkflowTaskQueueRequest(
                namespace=client.namespace, task_queue=TaskQueue(name=CLOCK_QUEUE), identity=me
            ),
            timeout=CLOCK_POLL,
        )
    )
    try:
        while not poll.done():
            told = await _told(_describe(client, CLOCK_QUEUE, _KINDS["workflow steps"]))
            for one in told.pollers:
                if one.identity == me:
                    answered = datetime.now(UTC)
                    return one.last_access_time.ToDatetime(UTC) - asked - (answered - asked) / 2
            await asyncio.sleep(0.02)
    finally:
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
    raise EngineUnavailable("The Temporal server did not say when it was asked for work.")


async def last_polls(client: Client, queue: str) -> dict[str, datetime | None]:
    """When a worker last asked the queue for each kind of work, by the server's clock."""
    found: dict[str, datetime | None] = {}
    for what, kind in _KINDS.items():
        told = await _told(_describe(client, queue, kind))
        seen = [one.last_access_time.ToDatetime(UTC) for one in told.pollers]
        found[what] = max(seen, default=None)
    return found


async def chores(client: Client) -> dict[str, Schedule | None]:
    """The Schedule of each chore; None where there is none."""
    looks = await asyncio.gather(*(_schedule(client, chore) for chore in CHORES))
    return dict(zip(CHORES, looks, strict=True))


async def failing(client: Client, most: int) -> tuple[int, tuple[str, ...]]:
    """How many workflows cannot go on, and the ids of the first *most*.

    The server says so of workflows whose task failed five times running; one older than 1.30
    cannot, and answers none.
    """
    try:
        counted = await client.count_workflows(_FAILING, rpc_timeout=TIMEOUT)
        if counted.count == 0:
            return 0, ()
        some = client.list_workflows(_FAILING, limit=most, rpc_timeout=TIMEOUT)
        return counted.count, tuple([one.id async for one in some])
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            return 0, ()
        raise _away(error) from error


async def unreadable(
    client: Client, keyring: KeyRing, running: Iterable[str]
) -> tuple[int, list[Unreadable]]:
    """How many running workflows were looked at, and those whose first input does not open.

    A sample of *running* (workflow ids), evenly spread: keys are used for a time, so they differ
    by age.
    """
    ids = sorted(running)
    step = max(1, len(ids) // SAMPLE)
    sample = ids[::step][:SAMPLE]
    codec = LoopCodec(keyring)
    looks = await asyncio.gather(*(_first_input(client, codec, one) for one in sample))
    return len(sample), [one for one in looks if one is not None]


async def _first_input(client: Client, codec: LoopCodec, workflow_id: str) -> Unreadable | None:
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id),
        maximum_page_size=1,
    )
    try:
        told = await client.workflow_service.get_workflow_execution_history(
            request, timeout=TIMEOUT
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:  # it has ended meanwhile
            return None
        raise _away(error) from error
    begun = told.history.events[0].workflow_execution_started_event_attributes
    for payload in begun.input.payloads:
        try:
            codec.decrypt(payload)
        except LoopError as error:
            key = payload.metadata.get(KEY_ID, b"").decode(errors="replace")
            return Unreadable(workflow_id, error.code, key)
    return None


async def _schedule(client: Client, chore: str) -> Schedule | None:
    try:
        told = await client.get_schedule_handle(f"chore-{chore}").describe(rpc_timeout=TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise _away(error) from error
    running = {_run_of(action) for action in told.info.running_actions}
    since = [one.started_at for one in told.info.recent_actions if _run_of(one.action) in running]
    return Schedule(paused=told.schedule.state.paused, running_since=min(since, default=None))


def _run_of(action: ScheduleActionExecution) -> str:
    assert isinstance(action, ScheduleActionExecutionStartWorkflow)
    return action.first_execution_run_id


async def _describe(
    client: Client, queue: str, kind: TaskQueueType.ValueType
) -> DescribeTaskQueueResponse:
    return await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        ),
        timeout=TIMEOUT,
    )


async def _told(call: Awaitable[T]) -> T:
    try:
        return await call
    except (RPCError, RuntimeError) as error:
        raise _away(error) from error


def _away(error: Exception) -> EngineUnavailable:
    what = error.status.name if isinstance(error, RPCError) else "no connection"
    return EngineUnavailable(f"The Temporal server did not answer ({what}).")
