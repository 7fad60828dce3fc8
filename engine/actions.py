"""Counts the billable Actions of a workflow from its history, and the least it could have taken.

What is billed follows temporal.md §6. The floor is DESIGN.md's: one start, one message per outside
event, one activity per outside effect, one timer per armed deadline. An effect is what an activity
was asked for together with what came of it: a message put on hold until nine and the same message
sent at nine are two effects, an activity that only answers what is known already is none. What time
skipping writes into a history is left out of every number.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.converter import PayloadCodec

BY_TIME_SKIPPING: Final = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    }
)

# A signal sent together with the start costs nothing of its own; patches and completions are free.
BILLED: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: 1,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: 1,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: 1,
    EventType.EVENT_TYPE_TIMER_STARTED: 1,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: 1,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: 1,
    EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED: 1,
    EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: 1,
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: 2,
}
PATCH_ATTRIBUTE: Final = "TemporalChangeVersion"
LOCAL_ACTIVITY: Final = "core_local_activity"
MINUTE: Final = timedelta(minutes=1)
AT_ONCE: Final = timedelta(milliseconds=10)


@dataclass(frozen=True)
class ActionCount:
    """What a workflow cost, the least it could have cost, and the events its history holds."""

    actions: int
    floor: int
    events: int

    @property
    def ratio(self) -> float:
        """Actions over floor; DESIGN.md asks for 1.15 at most."""
        return self.actions / self.floor


async def count(client: Client, workflow_id: str) -> ActionCount:
    """Count the newest run and all it was continued from; a run of a reused id is another chain.

    The client must hold the keys of the history. Raises RPCError when there is no such workflow.
    """
    newest = await _run(client, workflow_id, None)
    first = newest[0].workflow_execution_started_event_attributes.first_execution_run_id
    pages = [await _run(client, workflow_id, first)]
    while follow := _continued_as(pages[-1]):
        pages.append(await _run(client, workflow_id, follow))
    return await tally(pages, client.data_converter.payload_codec)


async def tally(pages: Sequence[Sequence[HistoryEvent]], codec: PayloadCodec | None) -> ActionCount:
    """Count the histories of one chain of runs, oldest first; new pages have no floor."""
    sheet = _Sheet(codec)
    for page in pages:
        for event in page:
            await sheet.add(event)
    unfinished = set(sheet.asked.values())  # failed, or still under way
    return ActionCount(
        actions=sheet.actions,
        floor=1 + len((sheet.needed | unfinished) - sheet.free),
        events=sheet.events,
    )


@dataclass
class _Sheet:
    """The running count."""

    codec: PayloadCodec | None
    actions: int = 0
    events: int = 0
    needed: set[Hashable] = field(default_factory=set)
    free: set[Hashable] = field(default_factory=set)
    asked: dict[int, tuple[Hashable, ...]] = field(default_factory=dict)  # open activities
    started_at: datetime | None = None
    delayed: bool = False

    async def add(self, event: HistoryEvent) -> None:
        kind = event.event_type
        if kind in BY_TIME_SKIPPING:
            return
        self.events += 1
        key = await self._key(event)
        if key is not None:
            self.needed.add(key)
        if self._came_with_the_start(event):
            self.free.add(key)
        elif not _is_patch(event):
            self.actions += BILLED.get(kind, 0) + self._extra(event)

    def _came_with_the_start(self, event: HistoryEvent) -> bool:
        """Whether it is the signal of a signal-with-start, which is one Action in all."""
        moment = event.event_time.ToDatetime(tzinfo=UTC)
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            self.started_at = moment
            delay = event.workflow_execution_started_event_attributes.first_workflow_task_backoff
            self.delayed = delay.ToTimedelta() > timedelta(0)
        if event.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            return False
        # Without a delay the first workflow task is event 2 unless a signal came with the start;
        # with one, a later signal can be event 2 as well and only the time tells.
        at_once = self.started_at is not None and moment - self.started_at < AT_ONCE
        return event.event_id == 2 and (at_once or not self.delayed)

    def _extra(self, event: HistoryEvent) -> int:
        """Retries show only in the attempt of the last start; local activities as markers."""
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            return event.activity_task_started_event_attributes.attempt - 1
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED:
            marker = event.marker_recorded_event_attributes
            shared: Hashable = ("local", marker.workflow_task_completed_event_id)
            if marker.marker_name == LOCAL_ACTIVITY and shared not in self.needed:
                self.needed.add(shared)  # all of one workflow task cost one Action together
                return 1
        return 0

    async def _key(self, event: HistoryEvent) -> Hashable:
        """What makes it the same outside event, effect or deadline as another; None for others."""
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                signal = event.workflow_execution_signaled_event_attributes
                return ("signal", signal.signal_name, await self._plain(signal.input.payloads))
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                update = event.workflow_execution_update_accepted_event_attributes
                given = update.accepted_request.input
                return ("update", given.name, await self._plain(given.args.payloads))
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                task = event.activity_task_scheduled_event_attributes
                given_to = await self._plain(task.input.payloads)
                self.asked[event.event_id] = ("activity", task.activity_type.name, given_to)
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                done = event.activity_task_completed_event_attributes
                result = await self._plain(done.result.payloads)
                return (*self.asked.pop(done.scheduled_event_id), result)
            case EventType.EVENT_TYPE_TIMER_STARTED:
                timer = event.timer_started_event_attributes
                says = await self._plain([event.user_metadata.summary])
                fires = event.event_time.ToDatetime(tzinfo=UTC)
                fires += timer.start_to_fire_timeout.ToTimedelta()
                return ("timer", says, _to_the_minute(fires))
        return None

    async def _plain(self, payloads: Iterable[Payload]) -> bytes:
        """Equal for equal contents: two encryptions of one thing differ."""
        given = [payload for payload in payloads if payload.metadata]
        if self.codec is not None and given:
            given = await self.codec.decode(given)
        return b"\0".join(payload.SerializeToString(deterministic=True) for payload in given)


def _is_patch(event: HistoryEvent) -> bool:
    if event.event_type != EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
        return False
    upsert = event.upsert_workflow_search_attributes_event_attributes
    return set(upsert.search_attributes.indexed_fields) == {PATCH_ATTRIBUTE}


def _to_the_minute(moment: datetime) -> datetime:
    """To the nearest one: the same deadline armed again differs by milliseconds."""
    moment += MINUTE / 2
    return moment.replace(second=0, microsecond=0)


async def _run(client: Client, workflow_id: str, run_id: str | None) -> Sequence[HistoryEvent]:
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    return (await handle.fetch_history()).events


def _continued_as(page: Sequence[HistoryEvent]) -> str:
    """The run that followed as a new page; empty when none did, or none has yet."""
    return page[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
