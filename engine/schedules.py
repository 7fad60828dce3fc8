"""The Schedules of chores and monthly reports: each can be paused alone in the Temporal UI.

Both run on the workers, so they run exactly when Temporal does. Ensuring them again changes
nothing but when they run; a paused one stays paused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import time, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleListActionStartWorkflow,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from models.contracts import ReportAsked, SweepInput
from models.errors import EngineUnavailable
from models.ids import report_workflow_id

# A row left in the inbox is older than 15 s when its chore looks (ARCHITECTURE §3).
CHORES: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        "inbox": timedelta(seconds=15),
        "faxes": timedelta(seconds=30),
        "vendors": timedelta(minutes=10),
        "receipts": timedelta(minutes=5),
        "crm": timedelta(minutes=2),
        "scorecards": timedelta(minutes=5),
        "tasks": timedelta(minutes=5),
        "feeds": timedelta(minutes=10),
        "slots": timedelta(minutes=5),
        "verdicts": timedelta(hours=6),  # once a week; later runs of it find them there
        "purge": timedelta(days=1),
    }
)


# Of a clinic that opens once a week the second business day may come on the 14th, with a holiday on
# the 21st, so every day is looked; most runs find nothing due. After an outage one run is enough.
REPORTS: Final = "MonthlyReportWorkflow"
REPORTS_MADE_UP: Final = timedelta(days=20)
# Seconds: a worker whose clock is a little behind the server's would find it too early, for a day.
_LATER: Final = 30


class ReportClock(NamedTuple):
    """When the months of a clinic (``*``: of all) are looked at, by its own clock."""

    org: str
    scope: str
    zone: str
    at: time


async def ensure_reports(client: Client, task_queue: str, wanted: Iterable[ReportClock]) -> None:
    """Create or refresh one Schedule for the monthly reports of each clinic, and one for all.

    Those of this task queue that nobody wants any more are deleted: their clinic has left the
    policy file, and each run would fail. Harmless twice. Raises EngineUnavailable when the server
    does not answer.
    """
    kept = set()
    for clock in wanted:
        name = report_workflow_id(clock.org, clock.scope)
        schedule_id = name.replace("/", ".")  # which no id of a clinic holds
        kept.add(schedule_id)
        try:
            await _ensure(client, schedule_id, _report(clock, name, task_queue))
        except RPCError as error:
            raise EngineUnavailable(
                f"The Temporal server did not take the schedule {schedule_id}: "
                f"{error.status.name}. Is it running?"
            ) from error
    try:
        await _forget_reports(client, task_queue, kept)
    except RPCError as error:
        raise EngineUnavailable(
            f"The Temporal server did not give up a schedule: {error.status.name}. Is it running?"
        ) from error


async def ensure_schedules(client: Client, task_queue: str) -> None:
    """Create or refresh one Schedule per chore; harmless twice and from several processes.

    Raises EngineUnavailable when the server does not answer.
    """
    for chore, every in CHORES.items():
        schedule = _schedule(chore, every, task_queue)
        try:
            await _ensure(client, f"chore-{chore}", schedule)
        except RPCError as error:
            raise EngineUnavailable(
                f"The Temporal server did not take the schedule of chore {chore}: "
                f"{error.status.name}. Is it running?"
            ) from error


async def _ensure(client: Client, schedule_id: str, wanted: Schedule) -> None:
    def refreshed(known: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = known.description.schedule.state
        return ScheduleUpdate(schedule=wanted)

    try:
        await client.create_schedule(schedule_id, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(refreshed)


async def _forget_reports(client: Client, task_queue: str, kept: Collection[str]) -> None:
    async for one in await client.list_schedules():
        listed = one.schedule.action if one.schedule else None
        ours = isinstance(listed, ScheduleListActionStartWorkflow) and listed.workflow == REPORTS
        if not ours or one.id in kept:
            continue
        handle = client.get_schedule_handle(one.id)
        try:
            action = (await handle.describe()).schedule.action
            if isinstance(action, ScheduleActionStartWorkflow) and action.task_queue == task_queue:
                await handle.delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # another worker was first
                raise


def _schedule(chore: str, every: timedelta, task_queue: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "SweepWorkflow",
            SweepInput(chore=chore),
            id=f"sweep/{chore}",
            task_queue=task_queue,
            static_summary=f"Chore: {chore}",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)
        ),
    )


def _report(clock: ReportClock, name: str, task_queue: str) -> Schedule:
    daily = ScheduleCalendarSpec(
        hour=[ScheduleRange(clock.at.hour)],
        minute=[ScheduleRange(clock.at.minute)],
        second=[ScheduleRange(_LATER)],
    )
    return Schedule(
        action=ScheduleActionStartWorkflow(
            REPORTS,
            ReportAsked(org=clock.org, scope=clock.scope),
            id=name,
            task_queue=task_queue,
            static_summary="Monthly report",
        ),
        spec=ScheduleSpec(calendars=[daily], time_zone_name=clock.zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=REPORTS_MADE_UP),
    )
