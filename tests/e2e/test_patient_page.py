"""From the text to the booking: the link in a real text, the page, the request, the EMR's word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from temporalio.client import Client

from demo.cast import OKAFOR, patient
from models.facts import BookingRequested, MessageSent, TaskOpened
from models.kinds import Kind
from models.organization import OURS
from store import slots
from store.record import Record
from store.slots import Offer, SlotSource, SlotState
from tests.lives import monday
from tests.scenarios.kit.case import Case
from tests.scenarios.kit.scene import House, _example

pytestmark = pytest.mark.engine

UNA = patient(73, "Una", "Sample", "1990-05-06")


@pytest.mark.timeout(180)
async def test_a_text_a_page_a_request_and_a_booking(client: Client, tmp_path: Path) -> None:
    case = Case("page", monday().date())
    clinics = [one | {"scheduling_link": OURS} for one in _example()["clinics"]]
    case.overrides(clinics=clinics)
    una = case.referral("una")
    una.received(0, "09:30", UNA, OKAFOR, payers=["commercial"])
    una.booked(0, "10:40", on=2)
    received, booked = case.script()
    house = House(client, tmp_path)
    async with house.stage(case, "page-e2e") as stage:
        await stage.advance(received.at)
        await stage.happen(received)
        record = Record(stage.store)
        with stage.store.write() as session:
            at = una.when(2, "10:00")
            slots.put(
                session, stage.org, "east", SlotSource.DESK, [Offer("1", at, 60)], at=received.at
            )

        # the text goes out with a link of hers alone
        await stage.advance(una.when(0, "09:40"))
        await stage.settle()
        texts = (stage.settings.outbox_dir / "sms").glob("*.txt")
        words = " ".join(file.read_text(encoding="utf-8") for file in texts)
        (link,) = re.findall(r"https?://\S+/p/(\w+)", words)

        # she asks for the one time there is
        page = await stage.http.get(f"/p/{link}")
        assert "Hello Una" in page.text
        (slot,) = re.findall(r'name="slot" value="(\w+)"', page.text)
        answer = await stage.http.post(f"/p/{link}/time", data={"slot": slot})
        assert answer.status_code == 303
        await stage.settle()
        ref = stage.referral_ids["una"]
        known = record.referral(stage.org, ref)
        assert [one.starts_at for one in known.all(BookingRequested)] == [at]
        assert [task.task.split(":")[0] for task in known.open_tasks()] == ["book_request"]
        assert "It is not booked yet" in (await stage.http.get(f"/p/{link}")).text

        # the desk books it in the EMR
        await stage.advance(booked.at)
        await stage.happen(booked)
        await stage.advance(una.when(1, "12:00"))
        await stage.settle()
        known = record.referral(stage.org, ref)
        asked = {opened.task.split(":")[0] for opened in known.all(TaskOpened)}
        assert asked == {"book_request", "intake_help"}  # nobody was asked to call
        sent = [one.message_kind for one in known.all(MessageSent)]
        assert Kind.INTAKE in sent
        assert sent.count(Kind.SCHEDULE_TEXT) == 1
        assert "You are booked" in (await stage.http.get(f"/p/{link}")).text
        with stage.store.read() as session:
            (row,) = slots.upcoming(session, stage.org, "east", after=received.at)
            assert row.state == SlotState.TAKEN
