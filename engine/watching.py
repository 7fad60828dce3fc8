"""Looks at workflows from outside: is this one done with everything that is due by its clock?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, PendingActivityState, WorkflowExecutionStatus
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.errors import EngineUnavailable

# What a server that is down or restarting answers, and one that is busy: ask again.
TRANSIENT = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.UNKNOWN,
)

# A timer due within this time is waited for in real time: were the clock moved while it is due
# and has not fired, it would be jumped over (engine-traps.md §2). 200 ms is enough where nothing
# else runs; two test sessions beside each other on two cores need more.
MARGIN = timedelta(milliseconds=600)
# On a busy machine a look itself takes long, and so does the order to move the clock that follows
# it: so many times as long as the look took is the margin, up to a limit.
LOOKS_AHEAD = 3
WIDEST_MARGIN = timedelta(seconds=3)
PAGE = 50


@dataclass(frozen=True)
class Look:
    """One open workflow at one moment."""

    now: datetime
    """Its virtual time."""

    busy: str | None
    """What it is about to do without any clock being moved; None when nothing."""

    next_at: datetime | None
    """When the next of its timers is due; None when none runs."""

    mark: tuple[str, int, int]
    """Differs from an earlier one when anything has happened in between."""

    asked_at: float
    """When it was asked for, by the event loop's clock: what is busy soon depends on it."""


@dataclass
class _Known:
    """What has been read of one run's history."""

    run_id: str
    last_event: int = 0
    begun: bool = False
    timers: dict[int, datetime] = field(default_factory=dict)

    def learn(self, event: HistoryEvent) -> None:
        kind = event.event_type
        if kind == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            self.begun = True
        elif kind == EventType.EVENT_TYPE_TIMER_STARTED:
            lasts = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            self.timers[event.event_id] = _moment(event.event_time) + lasts
        elif kind == EventType.EVENT_TYPE_TIMER_FIRED:
            self.timers.pop(event.timer_fired_event_attributes.started_event_id, None)
        elif kind == EventType.EVENT_TYPE_TIMER_CANCELED:
            self.timers.pop(event.timer_canceled_event_attributes.started_event_id, None)


class Watcher:
    """Asks a server about workflows by id; reads of each history only what is new."""

    def __init__(
        self, client: Client, *, clock: Callable[[], datetime], patience: timedelta
    ) -> None:
        self._client = client
        self._clock = clock
        self._patience = patience
        self._known: dict[str, _Known] = {}

    async def settled(self, workflow_id: str) -> Look | None:
        """Wait until the workflow has nothing to do at its time; None when it is closed or unknown.

        Raises EngineUnavailable when nothing has changed for the whole patience (real time).
        """
        loop = asyncio.get_running_loop()
        last: object = None
        give_up = loop.time() + self._patience.total_seconds()
        pause = 0.005
        while True:
            try:
                look = await self.look(workflow_id)
            except RPCError as error:
                if error.status not in TRANSIENT:
                    raise
                waits_for, mark = "the Temporal server", last
            else:
                if look is None or look.busy is None:
                    return look
                waits_for, mark = look.busy, look.mark
            if mark != last:
                last, pause = mark, 0.005
                give_up = loop.time() + self._patience.total_seconds()
            elif loop.time() > give_up:
                raise EngineUnavailable(
                    f"{workflow_id} has been waiting for {waits_for} for "
                    f"{self._patience.total_seconds():.0f} seconds. Is a worker running?"
                )
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.05)

    async def look(self, workflow_id: str) -> Look | None:
        """The workflow as it is now; None when it is closed or unknown. Raises RPCError."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        try:
            told = await self._describe(workflow_id)
            info = told.workflow_execution_info
            if info.status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
                self._known.pop(workflow_id, None)
                return None
            known = await self._read(workflow_id, info.execution.run_id, info.history_length)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        now = self._time_of(told)
        return Look(
            now=now,
            busy=_busy(told, known, now + _margin(loop.time() - asked_at)),
            next_at=min(known.timers.values(), default=None),
            mark=(info.execution.run_id, info.history_length, info.state_transition_count),
            asked_at=asked_at,
        )

    async def _describe(self, workflow_id: str) -> DescribeWorkflowExecutionResponse:
        return await self._client.workflow_service.describe_workflow_execution(
            DescribeWorkflowExecutionRequest(
                namespace=self._client.namespace,
                execution=WorkflowExecution(workflow_id=workflow_id),
            ),
            retry=True,
        )

    async def _read(self, workflow_id: str, run_id: str, length: int) -> _Known:
        """Read the events that are new, newest first, until a known one."""
        known = self._known.get(workflow_id)
        if known is None or known.run_id != run_id:
            known = self._known[workflow_id] = _Known(run_id)
        new: list[HistoryEvent] = []
        token = b""
        while known.last_event < length:
            page = await self._client.workflow_service.get_workflow_execution_history_reverse(
                GetWorkflowExecutionHistoryReverseRequest(
                    namespace=self._client.namespace,
                    execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
                    maximum_page_size=min(PAGE, length - known.last_event + 3),
                    next_page_token=token,
                ),
                retry=True,
            )
            fresh = [e for e in page.history.events if e.event_id > known.last_event]
            new.extend(fresh)
            token = page.next_page_token
            if not token or len(fresh) < len(page.history.events):
                break
        for event in reversed(new):
            known.learn(event)
            known.last_event = event.event_id
        return known

    def _time_of(self, told: DescribeWorkflowExecutionResponse) -> datetime:
        extended = told.workflow_extended_info
        if extended.HasField("time_skipping_info"):
            return _moment(extended.time_skipping_info.current_time)
        return self._clock()  # never skipped: it lives in real time


def _margin(took: float) -> timedelta:
    """How soon is soon, after a look that took so many seconds."""
    return min(max(MARGIN, LOOKS_AHEAD * timedelta(seconds=took)), WIDEST_MARGIN)


def _busy(told: DescribeWorkflowExecutionResponse, known: _Known, soon: datetime) -> str | None:
    """The first thing the workflow is about to do by itself, or None."""
    if _still_skipping(told):
        return "its clock, which is still being moved"
    if told.HasField("pending_workflow_task"):
        return "a worker to take its next step"
    for activity in told.pending_activities:
        if _runs_or_will(activity, soon):
            return f"the activity {activity.activity_type.name}"
    if not known.begun and _moment(told.workflow_execution_info.execution_time) <= soon:
        return "its first step"
    if any(due <= soon for due in known.timers.values()):
        return "a timer that is due"
    return None


def _still_skipping(told: DescribeWorkflowExecutionResponse) -> bool:
    extended = told.workflow_extended_info
    if not extended.HasField("time_skipping_info"):
        return False
    skipping = extended.time_skipping_info
    return (
        skipping.effective_config.enabled
        and skipping.HasField("fast_forward_info")
        and not skipping.fast_forward_info.has_completed
    )


def _runs_or_will(activity: PendingActivityInfo, soon: datetime) -> bool:
    """Running, or to be tried soon; one that backs off for longer is skipped like a timer."""
    if activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED:
        return False
    if activity.state != PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED:
        return True
    if activity.HasField("next_attempt_schedule_time"):
        return _moment(activity.next_attempt_schedule_time) <= soon
    return activity.attempt <= 1 or _moment(activity.scheduled_time) <= soon


def _moment(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
