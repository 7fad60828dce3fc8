"""A house for tests of callbacks: our app, both vendors' simulators, an office that sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from demo.vendors.telnyx import TelnyxServer
from demo.vendors.twilio import TwilioServer
from models.contracts import Answer
from models.kinds import Kind
from models.tasks import TaskKind, kind_of
from settings import load
from store import consent
from store.engine import Store
from store.tables import DeliveryRow, TaskRow
from tests.activities.office import PHONE, Office
from tests.doors import ORG, Door
from tests.vendors import Stage, stages, telnyx, twilio, wall
from web.app import create_app

CLINIC, CLINIC_FAX = "+15185550142", "+15185550143"


class House(NamedTuple):
    """The app, both simulators, and an office that sends through them."""

    url: str
    http: httpx.AsyncClient
    app: FastAPI
    door: Door
    office: Office
    twilio: TwilioServer
    telnyx: TelnyxServer
    store: Store

    async def settled(self) -> None:
        await self.twilio.told.settled()
        await self.telnyx.told.settled()
        await self.app.state.dispatcher.settled()

    async def text(self, kind: Kind = Kind.SCHEDULE_TEXT) -> Answer:
        answer: Answer = await asyncio.to_thread(self.office.send, kind, "patient")
        return answer

    def deliveries(self) -> Sequence[DeliveryRow]:
        return self.office.deliveries()

    def rows(self, table: Any) -> list[Any]:
        with self.store.read() as session:
            return list(session.exec(select(table)))

    def tasks(self, kind: TaskKind) -> list[TaskRow]:
        return [row for row in self.rows(TaskRow) if kind_of(row.key) is kind]

    def facts(self, kind: type) -> list[Any]:
        return [fact for fact in self.office.referral.facts if isinstance(fact, kind)]

    def stopped(self) -> bool:
        with self.store.read() as session:
            return consent.opted_out(session, ORG, PHONE)


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[list[Stage]]:
    async with stages(3) as made:
        yield made


@pytest.fixture
async def house(store: Store, tmp_path: Path, servers: list[Stage]) -> AsyncIterator[House]:
    site, texting, faxing = servers
    texts = TwilioServer(wall, callbacks=f"{site.url}/callbacks/twilio/{ORG}")
    faxes = TelnyxServer(wall, webhook=f"{site.url}/callbacks/telnyx/{ORG}/fax")
    faxes.address = faxing.url
    settings = load(
        _env_file=None,
        data_dir=tmp_path,
        public_url=site.url,
        twilio_account_sid=texts.account_sid,
        twilio_auth_token=texts.token,
        twilio_url=texting.url,
        telnyx_api_key=faxes.api_key,
        telnyx_connection_id=faxes.connection_id,
        telnyx_public_key=faxes.public_key,
        telnyx_url=faxing.url,
    )
    door = Door(store)
    door.now = wall()
    app = create_app(settings, door.intake, store, wall)
    site.app, texting.app, faxing.app = app, texts.app, faxes.app
    office = Office(store, tmp_path / "outbox")

    def clock() -> datetime:
        return office.wall

    await asyncio.to_thread(office.receive)
    office.clients["sms", "outbox"] = twilio(texts, texting.url, clock, callbacks=site.url)
    office.clients["fax", "outbox"] = telnyx(
        faxes, faxing.url, clock, callbacks=site.url, plain=True
    )
    async with httpx.AsyncClient(base_url=site.url, timeout=20, trust_env=False) as http:
        house = House(site.url, http, app, door, office, texts, faxes, store)
        yield house
        await house.settled()


def pdf() -> bytes:
    """What a vendor takes for the pages of a fax."""
    return b"%PDF-1.4\n" + b"x" * 2000
