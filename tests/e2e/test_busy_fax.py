"""A busy line on the whole machine: worker, record, door, and a simulated Telnyx over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import col, select
from temporalio.client import Client

from activities.tenants import Tenants
from demo.cast import OKAFOR, patient
from demo.stage import Stage, raised
from demo.vendors.telnyx import TelnyxServer
from models.facts import MessageCameBack, MessageDelivered, MessageSentAgain
from models.referral import Referral
from models.tasks import TaskKind, kind_of
from settings import EXAMPLE_API_TOKEN, EXAMPLE_WEBHOOK_SECRET, Settings
from store.engine import migrate, open_store
from store.record import Record
from store.tables import DeliveryRow
from tests.e2e.phi.doors import until
from tests.lives import monday
from tests.scenarios.kit.case import Case
from tests.scenarios.kit.scene import policy_of
from tests.vendors import stages
from worker import THREADS, make_worker

pytestmark = pytest.mark.engine

ORG = "busy-line"
JO = patient(71, "Jo", "Sample", "1969-09-09")
# Enough of them that a try's receipt is always heard before the next one is due.
STEPS = [
    *((0, clock) for clock in ("10:10", "11:30", "12:30", "15:00", "16:30", "18:30")),
    *((1, clock) for clock in ("07:30", "08:30", "09:30", "10:30")),
]


class Play:
    """One referral on stage, and the fax machine of who sent it."""

    def __init__(self, stage: Stage, case: Case, vendor: TelnyxServer) -> None:
        self.stage = stage
        self.case = case
        self.vendor = vendor

    async def until(self, day: int, clock: str) -> None:
        """Let time pass, and hear what the vendor has to tell: the door answers, then writes."""
        await self.stage.advance(self.case.when(day, clock))
        await self.vendor.told.settled()
        await until(self._heard, "every receipt on record")
        await self.stage.settle()

    def _heard(self) -> bool | None:
        over = [fax.status for fax in self.vendor.faxes if fax.status in {"failed", "delivered"}]
        with self.stage.store.read() as session:
            settled = select(DeliveryRow.state).where(
                DeliveryRow.channel == "fax", col(DeliveryRow.state).in_(["failed", "delivered"])
            )
            return sorted(session.exec(settled)) == sorted(over) or None

    @property
    def referral(self) -> Referral:
        return Record(self.stage.store).referral(ORG, self.stage.referral_ids["jo"])


@asynccontextmanager
async def played(client: Client, folder: Path, busy: int) -> AsyncIterator[Play]:
    """The referral has come; its first letter is about to go to a line that is busy so often."""
    case = Case("busy_fax", monday().date())
    case.overrides(channels={"fax": "telnyx"}, office={"bundle": "0 bh"})
    case.referral("jo").received(0, "09:30", JO, OKAFOR, payers=["commercial"])
    start = case.when(0, "09:00")
    now = [lambda: start]

    def clock() -> datetime:
        return now[0]()

    async with stages(2) as (site, line):
        vendor = TelnyxServer(clock)
        vendor.busy[OKAFOR["fax"]] = busy
        line.app = vendor.app
        settings = Settings(
            data_dir=folder,
            webhook_secrets={ORG: (SecretStr(EXAMPLE_WEBHOOK_SECRET),)},
            api_tokens={ORG: (SecretStr(EXAMPLE_API_TOKEN),)},
            public_url=site.url,
            telnyx_api_key=SecretStr(vendor.api_key),
            telnyx_connection_id=vendor.connection_id,
            telnyx_public_key=vendor.public_key,
            telnyx_url=line.url,
        )

        @asynccontextmanager
        async def serve(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
            site.app = app
            async with httpx.AsyncClient(base_url=site.url, trust_env=False) as http:
                yield http
            await app.state.dispatcher.stop()

        store = open_store(settings.database_url)
        migrate(store)
        tenants = Tenants([policy_of(case, ORG)])
        with ThreadPoolExecutor(THREADS) as threads:
            async with (
                raised(
                    settings, client, store, tenants, start, org=ORG, serve=serve, task_queue=ORG
                ) as stage,
                make_worker(
                    client,
                    settings,
                    store,
                    tenants,
                    threads,
                    clock=lambda: stage.skipper.now,
                    task_queue=ORG,
                ),
            ):
                now[0] = lambda: stage.skipper.now
                play = Play(stage, case, vendor)
                (arrives,) = case.script()
                await play.until(0, "09:30")
                await stage.happen(arrives)
                await play.until(0, "09:50")
                yield play
        store.close()


async def test_busy_once_then_delivered(client: Client, tmp_path: Path) -> None:
    async with played(client, tmp_path, busy=1) as play:
        (back,) = play.referral.all(MessageCameBack)
        assert back.code == "user_busy"
        await play.until(0, "10:10")
        first, second = play.vendor.faxes
        assert (first.status, second.status) == ("failed", "delivered")
        assert first.content == second.content
        assert len(play.referral.all(MessageSentAgain)) == 1
        arrived = [one.message for one in play.referral.all(MessageDelivered)]
        assert arrived.count("thank_you:source:1") == 1
        await play.until(2, "12:00")
        assert len(play.vendor.faxes) == 2
        assert _calls(play.referral) == []


async def test_busy_for_ever_becomes_a_call_next_morning(client: Client, tmp_path: Path) -> None:
    async with played(client, tmp_path, busy=100) as play:
        for day, clock in STEPS:
            if len(play.vendor.faxes) < 5:
                assert _calls(play.referral) == []
            await play.until(day, clock)
        assert {fax.status for fax in play.vendor.faxes} == {"failed"}
        assert _calls(play.referral) == ["undeliverable:thank_you:source:1"]
        await play.until(3, "12:00")
        assert len(play.vendor.faxes) == 5


def _calls(referral: Referral) -> list[str]:
    tasks = [one.task for one in referral.open_tasks()]
    return [task for task in tasks if kind_of(task) is TaskKind.UNDELIVERABLE]
