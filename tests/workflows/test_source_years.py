"""Ten years of one source on the real engine and a real store, by time skipping."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlmodel import col, select
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.sources import Sources
from activities.tenants import Tenants
from engine.attributes import NEEDS_ATTENTION
from engine.skipping import Skipper
from models.contracts import Look, SourceStart
from models.ids import new_id, source_workflow_id
from models.policy_file import load
from models.rhythm import SendingDays
from models.source_states import Change, SourceState, as_told, life
from store import source_states, sources
from store.engine import Store
from store.tables import ReferralRow, SourceStateRow, TaskRow
from tests.databases import sqlite_store
from tests.doors import POLICY
from tests.lives import monday
from tests.store.world import ORG, a_referral, source_of
from workflows import source
from workflows.source import SourceWorkflow

pytestmark = pytest.mark.engine
START = monday()
DAY = timedelta(days=1)
YEARS = 10
END = round(365.25 * YEARS)


class Stage(NamedTuple):
    """One source, its watch, and the clock of both."""

    store: Store
    tenants: Tenants
    skipper: Skipper
    start: SourceStart
    looks: list[datetime]
    handle: WorkflowHandle[SourceWorkflow, None]

    async def to(self, day: float) -> None:
        await self.skipper.advance(START + day * DAY, [[self.handle.id]])

    async def sends(self, day: int) -> None:
        """A referral comes on a day: in the store first, then told to the watch."""
        await self.to(day)
        with self.store.write() as session:
            first = session.exec(select(ReferralRow)).first()
            assert first is not None
            new = {"id": new_id("ref"), "received_at": self.skipper.now}
            session.add(ReferralRow(**first.model_dump() | new))
            row = sources.get(session, ORG, self.start.source_id)
            now = self.skipper.now
            sources.received(session, row, now, on=now.date())
        await self.handle.signal("referral_received", self.skipper.now)
        await self.skipper.settle([self.handle.id])

    async def away(self, first: date, last: date) -> None:
        """Its physician is on leave, and the watch is told that something has changed."""
        with self.store.write() as session:
            row = sources.get(session, ORG, self.start.source_id)
            row.away_from, row.away_until, row.away_why = first, last, "leave"
            session.add(row)
        await self.handle.signal("look_again")
        await self.skipper.settle([self.handle.id])

    def told(self) -> list[Change]:
        with self.store.read() as session:
            return source_states.told(session, self.start.source_id)

    def lived(self) -> tuple[Change, ...]:
        """How it stood by its whole history at once, judged anew."""
        with self.store.read() as session:
            known = sources.history(session, ORG, self.start.source_id)
        calendars = self.tenants.calendars(ORG, START, self.skipper.now)
        until = self.skipper.now + 200 * DAY
        days = SendingDays(calendars, (START - DAY).date(), until.date(), known.away)
        policy = self.tenants.get(ORG).policy
        return life(known, days, policy, self.skipper.now).changes


@asynccontextmanager
async def on_stage(client: Client, folder: Path) -> AsyncIterator[Stage]:
    skipper = Skipper(client, start=START)
    tenants = Tenants([load(POLICY)])
    with sqlite_store(folder) as store:
        _, referral = a_referral(store, at=START)
        start = SourceStart(org=ORG, source_id=source_of(store, referral).id)
        looks: list[datetime] = []
        watch = Sources(store, tenants, lambda: looks[-1])  # the driver's clock stands still

        @activity.defn(name="look_at_source")
        async def look(given: SourceStart) -> Look:
            looks.append(activity.info().started_time)
            return watch.judge(given, looks[-1])

        queue = new_id("years")
        async with Worker(
            client,
            task_queue=queue,
            workflows=[SourceWorkflow],
            activities=[look],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            handle = await skipper.client.start_workflow(
                SourceWorkflow.run,
                start,
                id=source_workflow_id(ORG, f"{start.source_id}-{queue}"),
                task_queue=queue,
            )
            stage = Stage(store, tenants, skipper, start, looks, handle)
            await skipper.settle([handle.id])
            yield stage
            await handle.terminate()


async def pages(client: Client, stage: Stage) -> list[int]:
    """How long the history of each page is, the newest first."""
    found = []
    run_id = (await stage.handle.describe()).run_id
    while run_id:
        history = await client.get_workflow_handle(stage.handle.id, run_id=run_id).fetch_history()
        found.append(len(history.events))
        begun = history.events[0].workflow_execution_started_event_attributes
        run_id = begun.continued_execution_run_id
    return found


async def test_ten_years_of_one_source(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "LOOKS_PER_PAGE", 20)
    fortnightly = list(range(14, 365, 14))
    returns = [600, 620, 650, 690]  # after a long silence
    monthly = list(range(720, 1500, 30))
    rarely = [1700, 2000, 2010, 2400, 2800, 2830, 3300]
    sendings = [*fortnightly, *returns, *monthly, *rarely]
    async with on_stage(client, tmp_path) as stage:
        for day in sendings:
            await stage.sends(day)
        await stage.to(END)
        assert as_told(stage.told()) == stage.lived()
        with stage.store.read() as session:
            row = sources.get(session, ORG, stage.start.source_id)
            states = session.exec(select(SourceStateRow).order_by(col(SourceStateRow.id))).all()
            tasks = session.exec(select(TaskRow).where(TaskRow.kind == "re_engagement")).all()
        assert row.state == SourceState.LAPSED
        assert {SourceState.COOLING, SourceState.RETURNED} <= {one.state for one in states}
        # Each state was known when it began: the watch woke for it, and for little else.
        late = [one.known_at - one.since for one in states]
        assert timedelta(0) <= min(late)
        assert max(late) < timedelta(hours=2)
        assert len(stage.looks) <= len(sendings) + 2 * len(states) + 2 * len(tasks) + YEARS
        # In one silence nobody was asked twice but of a valued source, by its director too.
        assert sum(one.state == "open" for one in tasks) == 1
        described = await stage.handle.describe()
        assert described.typed_search_attributes.get(NEEDS_ATTENTION) is True
        lengths = await pages(client, stage)
    assert len(lengths) >= 4
    assert max(lengths) < 20 * 15  # bounded by the looks of a page, however long it lives


async def test_a_leave_told_while_the_watch_waits(client: Client, tmp_path: Path) -> None:
    async with on_stage(client, tmp_path) as stage:
        await stage.to(61)
        assert stage.told()[-1].state is SourceState.QUIET
        first = (START + 50 * DAY).date()
        await stage.away(first, first + 19 * DAY)
        assert stage.told()[-1].state is SourceState.ACTIVE
        described = await stage.handle.describe()
        assert described.typed_search_attributes.get(NEEDS_ATTENTION) is False
        await stage.to(79.9)
        assert stage.told()[-1].state is SourceState.ACTIVE
        await stage.to(81)
        assert stage.told()[-1].state is SourceState.QUIET
        assert as_told(stage.told()) == stage.lived()
