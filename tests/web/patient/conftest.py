"""A clinic that sends its patients to our pages, served over real HTTP; a stand-in engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import NamedTuple, cast

import httpx
import pytest
from temporalio.client import Client

from activities.intake import Intake
from activities.loop import Loop
from activities.tenants import Tenants
from cli.serving import serve
from models.facts import AppointmentBooked, Discharged, Ending, EvaluationCompleted, MessageSent
from models.kinds import Kind
from models.links import Purpose
from models.organization import OURS
from models.policy_file import load
from models.referral import Referral
from settings import Settings
from store import slots
from store.engine import Store
from store.slots import Offer, SlotRow, SlotSource
from tests.doors import ORG, POLICY, START, Door
from web.app import create_app

FORMS = "https://forms.example/riverside"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SOON = START + 2 * DAY  # a Wednesday, 10:00 in Albany


def own_tenants() -> Tenants:
    """The example clinic, whose patients get pages of ours."""
    tenant = load(POLICY)
    there = tenant.organization
    change = {"scheduling_link": OURS, "intake_link": FORMS}
    clinics = tuple(one.model_copy(update=change) for one in there.clinics)
    organization = there.model_copy(update={"clinics": clinics})
    return Tenants([tenant.model_copy(update={"organization": organization})])


class Phone(NamedTuple):
    """What a patient holds in their hand, and what stands behind it."""

    http: httpx.AsyncClient
    door: Door
    settings: Settings
    url: str

    def link(
        self,
        referral_id: str,
        purpose: Purpose = Purpose.VISIT,
        days: int = 7,
        at: datetime = START,
    ) -> str:
        """The path of a link, as a text would carry it."""
        found = self.settings.pages.address(ORG, purpose, referral_id, at, at + days * DAY)
        return "/p/" + found.rpartition("/")[2]

    def offer(self, *starts: datetime, clinic: str = "east") -> None:
        """Free times at a clinic."""
        offers = [Offer(f"{at:%d%H%M}", at, 60) for at in starts]
        with self.door.store.write() as session:
            slots.put(session, ORG, clinic, SlotSource.DESK, offers, at=self.door.now)

    def slots(self) -> list[SlotRow]:
        """Every time that is not withdrawn, soonest first."""
        with self.door.store.read() as session:
            return list(slots.upcoming(session, ORG, "east", after=START))

    def knows(self, referral_id: str) -> Referral:
        """Everything the record knows."""
        return self.door.referral(referral_id)

    def book(self, referral_id: str, starts: datetime = SOON) -> None:
        """The EMR has an appointment."""
        self.door.write(
            referral_id,
            AppointmentBooked(at=self.door.now, appointment_id="A-1", starts_at=starts),
        )

    def discharge(self, referral_id: str) -> None:
        """Care has ended well, and the one question went out."""
        at = self.door.now
        self.door.write(
            referral_id,
            EvaluationCompleted(at=at, day=at.date()),
            Discharged(at=at, reason=Ending.GOALS_MET),
            MessageSent(
                at=at, message="check_in:patient:1", message_kind=Kind.CHECK_IN, channel="sms"
            ),
        )


@pytest.fixture
async def phone(settings: Settings, store: Store) -> AsyncIterator[Phone]:
    door = Door(store)
    door.tenants = own_tenants()
    loop = Loop(cast(Client, door.engine), "tests")
    door.intake = Intake(store, loop, door.tenants, lambda: door.now)
    app = create_app(settings, door.intake, store, lambda: door.now)
    async with (
        serve(app, settings, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
    ):
        yield Phone(http, door, settings, url)
