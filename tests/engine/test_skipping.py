"""Lockstep: several workflows, each with its own clock, on the same day at the same time."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import textwrap
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from engine.codec import KeyRing
from engine.server import Engine
from engine.skipping import Event, Skipper
from engine.watching import Watcher
from models.errors import EngineUnavailable
from tests.engine.tiny import Alarm, Heard, Knocks, Plan, Receiver, Sender, Twitches

pytestmark = pytest.mark.engine

DAY = timedelta(days=1)


@dataclass
class Diary:
    """Who spoke when, by the time of the activity: the virtual one."""

    client: Client
    entries: list[tuple[str, int, datetime]] = field(default_factory=list)
    opens_at: datetime | None = None
    knocks: int = 0

    @activity.defn
    async def speak(self, day: int, receiver: str | None) -> None:
        info = activity.info()
        self.entries.append((info.workflow_id or "", day, info.started_time))
        if receiver is not None:
            # A plain client, as an activity has it.
            await self.client.get_workflow_handle(receiver).signal(
                "heard", Heard(at=info.started_time, by=info.workflow_id or "")
            )

    @activity.defn
    async def knock(self) -> str:
        self.knocks += 1
        now = activity.info().started_time
        if self.opens_at is None or now < self.opens_at:
            raise ApplicationError("closed")
        return f"{now:%Y-%m-%d}"

    def of(self, workflow_id: str) -> list[tuple[int, datetime]]:
        return [(day, at) for who, day, at in self.entries if who == workflow_id]


@dataclass
class Stage:
    """A skipper, a worker on a queue of its own, and unique ids."""

    skipper: Skipper
    diary: Diary
    queue: str

    def id(self, name: str) -> str:
        return f"{name}-{self.queue}"

    async def begin(self, run: object, name: str, *args: object, **options: object) -> str:
        await self.skipper.client.start_workflow(
            run, args=args, id=self.id(name), task_queue=self.queue, **options
        )
        return self.id(name)

    def handle(self, name: str) -> WorkflowHandle[object, object]:
        return self.skipper.client.get_workflow_handle(self.id(name))


@pytest.fixture
def start() -> datetime:
    """A Monday morning at least a week ahead, so that virtual and real days cannot be confused."""
    ahead = datetime.now(UTC) + timedelta(days=7)
    monday = ahead + timedelta(days=-ahead.weekday() % 7)
    return monday.replace(hour=9, minute=0, second=0, microsecond=0)


@asynccontextmanager
async def staged(client: Client, start: datetime, **options: object) -> AsyncIterator[Stage]:
    diary = Diary(client)
    stage = Stage(Skipper(client, start=start, **options), diary, f"skip-{uuid.uuid4().hex[:8]}")
    async with Worker(
        client,
        task_queue=stage.queue,
        workflows=[Sender, Receiver, Knocks, Twitches, Alarm],
        activities=[diary.speak, diary.knock],
    ):
        yield stage


def assert_exact(entries: list[tuple[int, datetime]], start: datetime, days: list[int]) -> None:
    """Each on its day, and within the real seconds the test itself takes."""
    assert [day for day, _ in entries] == days
    for day, at in entries:
        late = at - (start + day * DAY)
        assert timedelta(0) <= late < timedelta(minutes=1), f"day {day} was {late} late"


async def test_two_layers_in_lockstep_every_entry_on_its_day(
    client: Client, start: datetime
) -> None:
    async with staged(client, start) as stage:
        receiver = await stage.begin(Receiver.run, "receiver")
        ids: list[list[str]] = [[], [receiver]]
        late_start = start + 5 * DAY

        async def first() -> None:
            plan = Plan(days=(0, 3, 20), receiver=receiver)
            ids[0].append(await stage.begin(Sender.run, "first", plan))

        async def second() -> None:
            plan = Plan(days=(1, 30), receiver=receiver)
            ids[0].append(await stage.begin(Sender.run, "second", plan))

        # In any order: the times decide.
        await stage.skipper.play(
            [Event(late_start, second), Event(start, first)],
            lambda: ids,
            until=start + 34 * DAY,
        )
        assert stage.skipper.now >= start + 34 * DAY
        assert await stage.handle("second").describe() is not None
        await stage.skipper.advance(start + 100 * DAY, ids)

        assert_exact(stage.diary.of(stage.id("first")), start, [0, 3, 20])
        assert_exact(stage.diary.of(stage.id("second")), late_start, [1, 30])
        # Last heard on day 35, so it is quiet on day 95 exactly.
        ((_, quiet),) = stage.diary.of(receiver)
        assert quiet.date() == (start + 95 * DAY).date()
        last_heard = stage.diary.of(stage.id("second"))[-1][1]
        assert timedelta(0) <= quiet - (last_heard + 60 * DAY) < timedelta(seconds=5)
        result = await stage.handle("receiver").result()
        assert result == f"5 heard, quiet since {start + 35 * DAY:%Y-%m-%d}"


async def test_a_workflow_is_born_at_the_drivers_time_also_by_signal(
    client: Client, start: datetime
) -> None:
    async with staged(client, start) as stage:
        await stage.skipper.advance(start + 10 * DAY, [])
        alarm = await stage.begin(
            Alarm.run, "alarm", start_signal="set_for", start_signal_args=[start + 11 * DAY]
        )
        await stage.skipper.settle([alarm])
        born = await stage.handle("alarm").query(Alarm.now)
        assert timedelta(0) <= born - (start + 10 * DAY) < timedelta(minutes=1)
        # Again, now that it runs: the signal arrives and nothing is delayed or skipped.
        await stage.begin(
            Alarm.run,
            "alarm",
            start_signal="set_for",
            start_signal_args=[start + 11 * DAY],
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        await stage.skipper.settle([alarm])
        again = await stage.handle("alarm").query(Alarm.now)
        assert again - born < timedelta(minutes=1)


async def test_a_timer_about_to_fire_is_waited_for_because_it_would_be_jumped_over(
    client: Client, start: datetime
) -> None:
    async with staged(client, start) as stage:
        alarm = await stage.begin(Alarm.run, "alarm")
        await stage.skipper.settle([alarm])
        await stage.handle("alarm").signal(Alarm.set_in, 0.15)
        await stage.skipper.settle([alarm])
        soon = await stage.handle("alarm").query(Alarm.set_to)
        assert soon is not None
        assert await stage.handle("alarm").query(Alarm.now) >= soon
        fired = [
            event
            async for event in stage.handle("alarm").fetch_history_events()
            if event.event_type == EventType.EVENT_TYPE_TIMER_FIRED
        ]
        assert len(fired) == 1, "settled means that it has fired"
        # The second timer is a year away: it is for the clock to move, not to be waited for.
        await stage.skipper.advance(start + 400 * DAY, [[alarm]])
        late = await client.get_workflow_handle_for(Alarm.run, alarm).result()
        assert late < timedelta(minutes=1)


async def test_when_looking_takes_long_a_timer_is_waited_for_from_farther_away(
    client: Client, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time a busy machine has looked and moved the clock, the timer may be due."""
    read = Watcher._read

    async def slowly(self: Watcher, *which: Any) -> Any:
        await asyncio.sleep(0.2)
        return await read(self, *which)

    async with staged(client, start) as stage:
        alarm = await stage.begin(Alarm.run, "alarm")
        await stage.skipper.settle([alarm])
        monkeypatch.setattr(Watcher, "_read", slowly)
        await stage.handle("alarm").signal(Alarm.set_in, 0.45)
        await stage.skipper.settle([alarm])
        kinds = [event.event_type async for event in stage.handle("alarm").fetch_history_events()]
        assert EventType.EVENT_TYPE_TIMER_FIRED in kinds


async def test_a_timer_that_is_near_is_gone_to_by_a_step_of_its_own(
    client: Client, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the order to move the clock is slow, it is jumped over by that step, not by weeks."""
    skip, steps = Skipper._skip, []

    async def noted(self: Skipper, handle: Any, by: timedelta) -> None:
        steps.append(by)
        await skip(self, handle, by)

    monkeypatch.setattr(Skipper, "_skip", noted)
    async with staged(client, start) as stage:
        alarm = await stage.begin(Alarm.run, "alarm")
        await stage.skipper.settle([alarm])
        await stage.handle("alarm").signal(Alarm.set_in, 20)
        await stage.skipper.advance(start + 400 * DAY, [[alarm]])
        assert steps[0] < timedelta(seconds=20) < DAY < steps[1]
        late = await client.get_workflow_handle_for(Alarm.run, alarm).result()
        assert late < timedelta(seconds=1)


async def test_new_pages_are_followed(client: Client, start: datetime) -> None:
    async with staged(client, start) as stage:
        days = list(range(0, 40, 2))
        sender = await stage.begin(Sender.run, "sender", Plan(days=tuple(days), page_every=6))
        for day in (13, 60):
            await stage.skipper.advance(start + day * DAY, [[sender]])
        assert_exact(stage.diary.of(sender), start, days)
        assert await stage.handle("sender").result() == 20


async def test_more_skips_than_one_session_may_have(client: Client, start: datetime) -> None:
    async with staged(client, start) as stage:
        twitches = await stage.begin(Twitches.run, "twitches", 250)
        await stage.skipper.advance(start + DAY, [[twitches]])
        assert await stage.handle("twitches").result() == 250


async def test_a_provider_down_for_two_days_is_backed_off_in_virtual_time(
    client: Client, start: datetime
) -> None:
    async with staged(client, start) as stage:
        stage.diary.opens_at = start + 2 * DAY
        knocks = await stage.begin(Knocks.run, "knocks")
        await stage.skipper.advance(start + DAY, [[knocks]])
        assert stage.diary.knocks > 5
        assert (await stage.handle("knocks").describe()).status is WorkflowExecutionStatus.RUNNING
        await stage.skipper.advance(start + 4 * DAY, [[knocks]])
        assert await stage.handle("knocks").result() == f"{start + 2 * DAY:%Y-%m-%d}"


async def test_closed_and_unknown_workflows_are_passed_over(
    client: Client, start: datetime
) -> None:
    async with staged(client, start) as stage:
        done = await stage.begin(Sender.run, "done", Plan(days=()))
        await stage.skipper.advance(start + DAY, [[done, "never-started"]])
        await stage.skipper.advance(start + 2 * DAY, [[done], ["never-started"]])
        assert stage.skipper.now >= start + 2 * DAY
        assert await stage.handle("done").result() == 0


async def test_without_a_worker_it_says_who_waits_for_what(client: Client, start: datetime) -> None:
    skipper = Skipper(client, start=start, patience=timedelta(seconds=0.5))
    name = f"alone-{uuid.uuid4().hex[:8]}"
    await skipper.client.start_workflow("Sender", id=name, task_queue=name)
    with pytest.raises(EngineUnavailable, match=f"{name} has been waiting for a worker"):
        await skipper.advance(start + DAY, [[name]])


async def test_virtual_time_does_not_start_in_the_past(client: Client) -> None:
    with pytest.raises(ValueError, match="past"):
        Skipper(client, start=datetime.now(UTC) - timedelta(hours=1))


WORKER = """
    import asyncio, os, sys
    from datetime import timedelta
    from temporalio import activity
    from temporalio.worker import Worker
    from engine.client import connect, run_and_exit
    from engine.codec import KeyRing
    from tests.engine.tiny import Sender

    @activity.defn
    async def speak(day: int, receiver: str | None) -> None:
        if day == 10 and sys.argv[2] == "dies":
            print("dying", flush=True)
            os.kill(os.getpid(), 9)

    async def main():
        client = await connect(os.environ["ADDRESS"], os.environ["NAMESPACE"],
                               keyring=KeyRing.parse(os.environ["KEYS"]))
        worker = Worker(client, task_queue=sys.argv[1], workflows=[Sender], activities=[speak],
                        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1))
        await worker.run()

    if __name__ == "__main__":
        run_and_exit(main())
"""


async def test_a_worker_killed_on_the_way_is_waited_for(
    engine: Engine, client: Client, keyring: KeyRing, start: datetime, tmp_path: Path
) -> None:
    queue = f"killed-{uuid.uuid4().hex[:8]}"
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    encoded = base64.b64encode(keyring.keys[keyring.current]).decode()
    environment = {
        **os.environ,
        "ADDRESS": engine.address,
        "NAMESPACE": engine.namespace,
        "KEYS": f"{keyring.current}:{encoded}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }

    async def worker(fate: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, script, queue, fate, env=environment, stdout=asyncio.subprocess.PIPE
        )

    skipper = Skipper(client, start=start)
    first = await worker("dies")
    handle = await skipper.client.start_workflow(
        Sender.run, Plan(days=(1, 10, 20)), id=queue, task_queue=queue
    )
    going = asyncio.create_task(skipper.advance(start + 30 * DAY, [[queue]]))
    await first.wait()
    assert first.returncode == -9
    assert not going.done()
    second = await worker("lives")
    try:
        await going
        assert await handle.result() == 3
        ended = (await handle.describe()).close_time
        assert ended is not None
        assert ended.date() == (start + 20 * DAY).date()
    finally:
        second.kill()
        await second.wait()
