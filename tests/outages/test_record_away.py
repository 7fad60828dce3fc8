"""The record goes away and comes back: a full disk, a quota, a lock, a database server cut off.

Whoever is at the door is told to come again, what was accepted is applied once, and a message on
its way goes out once.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from sqlmodel import select
from temporalio.client import Client
from temporalio.worker import Worker

from activities.book import Book
from activities.loop import Loop
from activities.turns import IN_HAND
from cli.serving import serve
from integrations.emr.signature import sign
from models.contracts import Parcel, ReferralStart
from models.errors import ChannelError, Conflict, StoreUnavailable, Verdict
from models.facts import MessageSent, TaskOpened, VisitCompleted
from models.ids import referral_workflow_id
from models.kinds import Kind
from settings import EXAMPLE_WEBHOOK_SECRET, load
from store.engine import Store
from store.tables import InboxRow, ReferralRow
from tests.activities.office import ORG, Office
from tests.doors import Door, event, referral_event
from tests.outages.crew import now, tenants
from tests.outages.parts import KINDS, Outage, record_and_outage
from web.app import create_app
from workflows.referral import ReferralWorkflow

HOOK = f"/hooks/{ORG}/events"


class Ground(NamedTuple):
    """A record, and what takes it away."""

    store: Store
    outage: Outage
    folder: Path


@pytest.fixture(params=KINDS)
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    with record_and_outage(request.param, tmp_path) as (store, outage):
        yield Ground(store, outage, tmp_path)


# --- what comes in --------------------------------------------------------------------------------


class Site(NamedTuple):
    """The HTTP door on that record."""

    http: httpx.AsyncClient
    door: Door
    settled: Callable[[], Any]

    async def tell(self, content: Any, event_id: str) -> httpx.Response:
        body = json.dumps(content).encode()
        headers = sign(EXAMPLE_WEBHOOK_SECRET, event_id, self.door.now, body)
        answer = await self.http.post(HOOK, content=body, headers=headers)
        await self.settled()
        return answer


@pytest.fixture
async def site(ground: Ground) -> AsyncIterator[Site]:
    settings = load(_env_file=None, data_dir=ground.folder / "data")
    door = Door(ground.store)
    app = create_app(settings, door.intake, ground.store, lambda: door.now)
    async with (
        serve(app, settings, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
    ):
        yield Site(http, door, app.state.dispatcher.settled)


async def test_a_sender_is_told_to_come_again_and_is_then_heard_once(
    ground: Ground, site: Site
) -> None:
    assert (await site.tell(referral_event(), "e-1")).status_code == 202
    visit = event(
        "visit_completed",
        referral={"external": {"assigner": "example-emr", "value": "R-1001"}},
        at=site.door.now.isoformat(),
        day=site.door.now.date().isoformat(),
    )
    ground.outage.strike()
    for _ in range(2):
        away = await site.tell(visit, "e-2")
        assert (away.status_code, away.json()["code"]) == (503, "store_unavailable")
        assert int(away.headers["retry-after"]) > 0
        for cure in ("runs", "disk has room", "can be asked again"):
            assert cure in away.json()["message"]
    ground.outage.heal()
    assert (await site.tell(visit, "e-2")).status_code == 202
    assert (await site.tell(visit, "e-2")).status_code == 202  # its sender was not sure
    [row] = _rows(ground.store, InboxRow, "e-2")
    assert row.state == "applied"
    [referral] = _rows(ground.store, ReferralRow)
    facts = site.door.referral(referral.id).all(VisitCompleted)
    assert len(facts) == 1
    assert site.door.engine.told(referral.id).count("visit_completed") == 1


async def test_what_was_accepted_waits_for_the_record_and_is_applied_by_the_chore(
    ground: Ground, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    row = site.door.accept(referral_event(), "e-1")
    ground.outage.strike()
    await site.door.intake.dispatch(row.id)
    said = [one.msg for one in caplog.records if isinstance(one.msg, dict)]
    [put_off] = [one for one in said if one["event"] == "event_put_off"]
    assert (put_off["row_id"], put_off["code"]) == (row.id, "store_unavailable")
    assert "disk has room" in put_off["says"]
    with contextlib.suppress(StoreUnavailable):  # where not even reading goes
        await _chore(site.door)
    ground.outage.heal()
    site.door.now += timedelta(minutes=1)
    assert await _chore(site.door) == 1
    assert await _chore(site.door) == 0
    [row] = _rows(ground.store, InboxRow)
    assert (row.state, row.attempts) == ("applied", 1)
    assert len(_rows(ground.store, ReferralRow)) == 1


async def _chore(door: Door) -> int:
    return await door.intake.dispatch_left(door.now)


# --- what goes out --------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["before the claim", "once the vendor has it"])
def test_a_letter_on_its_way_goes_out_once(
    ground: Ground, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = _office(ground)
    if point == "before the claim":
        ground.outage.strike()
    else:
        send = office.fax.send

        def send_and_strike(parcel: Parcel) -> Any:
            accepted = send(parcel)
            ground.outage.strike()
            return accepted

        monkeypatch.setattr(office.fax, "send", send_and_strike)
    with pytest.raises(StoreUnavailable, match="disk has room"):
        office.send(Kind.THANK_YOU, "source")
    monkeypatch.undo()
    with pytest.raises((StoreUnavailable, Conflict)):  # the engine tries again, and again
        office.send(Kind.THANK_YOU, "source")
    ground.outage.heal()
    office.wall += IN_HAND
    for _ in range(2):
        learned = office.send(Kind.THANK_YOU, "source").learned
    assert [one.channel for one in learned if isinstance(one, MessageSent)] == ["fax"]
    assert len(office.fax.accepted) == 1
    assert (office.duplicates(), len(office.deliveries())) == (0, 1)


@pytest.mark.parametrize("taken", [True, False])
def test_what_a_vendor_has_said_is_written_once_the_record_is_back(
    ground: Ground, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that nobody can ask later: its one answer is not lost with the record."""
    office = _office(ground)
    office.fax.knows = False
    send, pauses = office.fax.send, []

    def send_and_strike(parcel: Parcel) -> Any:
        if taken:
            accepted = send(parcel)
            ground.outage.strike()
            return accepted
        ground.outage.strike()
        raise ChannelError("busy", "the line is busy", verdict=Verdict.LATER)

    def back(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            ground.outage.heal()

    monkeypatch.setattr(office.fax, "send", send_and_strike)
    monkeypatch.setattr(office, "pass_by", back)
    answer = office.send(Kind.THANK_YOU, "source")
    assert len(pauses) == 2
    assert bool([one for one in answer.learned if isinstance(one, MessageSent)]) is taken
    assert (answer.held_until is None) is taken
    assert len(office.fax.accepted) == taken
    assert office.fax.asked == office.referral.all(TaskOpened) == []


@pytest.mark.engine
async def test_a_referral_in_the_engine_waits_in_sight_and_goes_on(
    ground: Ground, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    office = _office(ground, at=now())
    send, struck = office.fax.send, []

    def strike_and_send(parcel: Parcel) -> Any:
        if not struck:
            struck.append(True)
            ground.outage.strike()
        return send(parcel)

    office.fax.send = strike_and_send
    office.tenants, office.wall = tenants(), now()
    queue = f"away-{office.referral_id}"
    post, book = office.post, Book(ground.store, office.tenants, now, Loop())
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            client,
            task_queue=queue,
            workflows=[ReferralWorkflow],
            activities=[post.send, post.drop, book.open_task, book.record],
            activity_executor=threads,
            graceful_shutdown_timeout=timedelta(seconds=20),
        ):
            start = ReferralStart(
                org=ORG,
                clinic_id="east",
                referral_id=office.referral_id,
                source_id=office.source_id,
                rules=office.tenants.rules(ORG, "east", office.wall),
                facts=office.referral.facts,
            )
            workflow_id = referral_workflow_id(ORG, office.referral_id)
            handle = await client.start_workflow(
                "ReferralWorkflow", start, id=workflow_id, task_queue=queue
            )
            failing = await _pending(handle)
            assert failing.last_failure.application_failure_info.type == "store_unavailable"
            assert failing.attempt >= 2
            ground.outage.heal()
            office.wall = now() + IN_HAND
            await _until(lambda: len(office.referral.all(MessageSent)) > 0)
            await handle.terminate()
    assert len(office.fax.accepted) == 1
    assert office.duplicates() == 0
    told = [one.msg for one in caplog.records if isinstance(one.msg, dict)]
    failures = [one for one in told if one["event"] == "activity_failed"]
    assert {one["code"] for one in failures} <= {"store_unavailable", "claimed_elsewhere"}
    assert all(re.search("disk has room|in its hands", one["says"]) for one in failures)


async def _pending(handle: Any) -> Any:
    """The activity that is tried again, as the Temporal UI shows it."""
    found: list[Any] = []

    async def look() -> bool:
        told = await handle.describe()
        found[:] = [one for one in told.raw_description.pending_activities if one.attempt > 1]
        return bool(found)

    await _until(look)
    return found[0]


async def _until(check: Callable[[], Any], seconds: float = 40) -> None:
    async with asyncio.timeout(seconds):
        while True:
            done = check()
            if await done if inspect.isawaitable(done) else done:
                return
            await asyncio.sleep(0.05)  # a condition is polled, not a time waited out


def _office(ground: Ground, **given: Any) -> Office:
    office = Office(ground.store, ground.folder / "outbox")
    office.receive(**given)
    return office


def _rows(store: Store, table: Any, event_id: str | None = None) -> list[Any]:
    with store.read() as session:
        query = select(table)
        if event_id is not None:
            query = query.where(table.event_id == event_id)
        return list(session.exec(query))
