"""The Schedules behind the chores: each can be paused alone in the Temporal UI.

Chores run on the workers, so they run exactly when Temporal does. Ensuring them again changes
nothing but their interval; a paused one stays paused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError

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


# The second business day falls into these days of a month, whatever the holidays; a run before it
# finds nothing due. After an outage the runs that were missed are made up for.
REPORT_DAYS: Final = ScheduleRange(1, 12)
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

    Harmless twice. Raises EngineUnavailable when the server does not answer.
    """
    for clock in wanted:
        name = report_workflow_id(clock.org, clock.scope)
        try:
            await _ensure(client, name.replace("/", "-"), _report(clock, name, task_queue))
        except RPCError as error:
            raise EngineUnavailable(
                f"The Temporal server did not take the schedule {name}: {error.status.name}. "
                "Is it running?"
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
    hour = ScheduleCalendarSpec(
        hour=[ScheduleRange(clock.at.hour)],
        minute=[ScheduleRange(clock.at.minute)],
        second=[ScheduleRange(_LATER)],
        day_of_month=[REPORT_DAYS],
    )
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "MonthlyReportWorkflow",
            ReportAsked(org=clock.org, scope=clock.scope),
            id=name,
            task_queue=task_queue,
            static_summary="Monthly report",
        ),
        spec=ScheduleSpec(calendars=[hour], time_zone_name=clock.zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=REPORTS_MADE_UP),
    )
