"""What vendors tell, over real HTTP and signed as they sign: receipts, texts, faxes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from activities.catching_up import CatchingUp
from activities.fax_intake import FaxIntake
from activities.receipts import Receipts
from demo.vendors.telnyx import TelnyxServer
from demo.vendors.twilio import TwilioServer
from integrations.fax.telnyx_signature import sign as telnyx_sign
from integrations.sms.twilio_signature import sign as twilio_sign
from models.contracts import Answer
from models.facts import CallMissed, MessageCameBack, MessageDelivered, MessageFailed, TaskOpened
from models.kinds import Kind
from models.tasks import TaskKind, kind_of
from settings import load
from store import consent
from store.engine import Store
from store.tables import DeliveryRow, FaxRow, InboxRow, TaskRow
from tests.activities.office import FAX, MONDAY, PHONE, Office
from tests.doors import ORG, Door, start_of
from tests.vendors import Stage, blocking, stages, telnyx, twilio, wall
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


# --- receipts -----------------------------------------------------------------------------------


async def test_a_text_is_delivered_once_its_callback_says_so(house: House) -> None:
    await house.text()
    await house.settled()
    (row,) = house.deliveries()
    assert row.state == "delivered"
    assert row.vendor_id == house.twilio.texts[0].sid
    assert row.acceptances == 1
    assert len(house.facts(MessageDelivered)) == 1
    assert house.twilio.told.answers == [204, 204]


async def test_statuses_move_forward_only_whatever_their_order(house: House) -> None:
    house.twilio.delivers = False
    await house.text()
    (sent,) = house.twilio.texts
    for status in ("delivered", "sent", "delivered", "undelivered", "queued"):
        assert await house.twilio.tell(sent, status, 30006) == 204
    (row,) = house.deliveries()
    assert row.state == "delivered"
    assert len(house.facts(MessageDelivered)) == 1
    assert house.facts(MessageFailed) == []


async def test_a_text_that_did_not_arrive_is_a_persons_once(house: House) -> None:
    house.twilio.delivers = False
    await house.text()
    for _ in range(2):
        assert await house.twilio.tell(house.twilio.texts[0], "undelivered", 30006) == 204
    (failed,) = house.facts(MessageFailed)
    assert failed.code == "landline"
    opened = [fact.task for fact in house.facts(TaskOpened)]
    assert [kind_of(key) for key in opened] == [TaskKind.UNDELIVERABLE]
    assert await house.twilio.tell(house.twilio.texts[0], "delivered") == 204
    assert house.deliveries()[0].state == "delivered"


async def test_a_callback_may_come_before_the_answer_to_our_own_call(house: House) -> None:
    house.twilio.lose_next, house.twilio.lags = 1, True
    held = await house.text()
    (row,) = house.deliveries()
    assert row.state == "sending"  # nobody knows
    assert held.held_until is not None
    (lost,) = house.twilio.texts
    assert await house.twilio.tell(lost, "undelivered", 30006) == 204
    assert house.deliveries()[0].state == "sending"  # that turn finds out, or the sweep
    assert await house.twilio.tell(lost, "delivered") == 204
    assert house.deliveries()[0].state == "delivered"
    await house.text()
    assert len(house.twilio.texts) == 1
    assert house.deliveries()[0].acceptances == 1


async def test_with_the_engine_away_the_sweep_asks_at_once(house: House) -> None:
    house.twilio.delivers = False
    await house.text()
    house.door.engine.down = True
    assert await house.twilio.tell(house.twilio.texts[0], "delivered") == 204
    (row,) = house.deliveries()
    assert row.state == "accepted"
    assert row.prove_by is not None
    assert row.prove_by <= wall()


async def test_a_fax_is_delivered_once_its_webhook_says_so(house: House) -> None:
    await asyncio.to_thread(house.office.plan_signed)
    await blocking(house.office.send, Kind.PLAN_OF_CARE, "certifier")
    await house.settled()
    (fax,) = house.telnyx.faxes
    assert (fax.to, fax.sender) == (FAX, CLINIC_FAX)
    assert fax.content.startswith(b"%PDF")
    (row,) = house.deliveries()
    assert row.state == "delivered"
    (delivered,) = house.facts(MessageDelivered)
    assert delivered.recipient_id == house.office.certifier_id
    assert await house.telnyx.tell(fax, "fax.failed", failure_reason="user_busy") == 204
    assert house.deliveries()[0].state == "delivered"


async def test_a_line_that_is_busy_once_takes_the_same_pages_later(house: House) -> None:
    house.telnyx.busy[FAX] = 1
    await asyncio.to_thread(house.office.plan_signed)
    await asyncio.to_thread(house.office.send, Kind.PLAN_OF_CARE, "certifier", at=wall())
    await house.settled()
    (back,) = house.facts(MessageCameBack)
    assert (back.code, house.facts(TaskOpened)) == ("user_busy", [])
    assert back.again_at is not None
    await asyncio.to_thread(house.office.send, Kind.PLAN_OF_CARE, "certifier", at=back.again_at)
    await house.settled()
    first, second = house.telnyx.faxes
    assert (first.status, second.status) == ("failed", "delivered")
    assert first.content == second.content
    assert first.client_state != second.client_state
    assert {row.rung: row.state for row in house.deliveries()} == {0: "failed", 1: "delivered"}
    assert len(house.facts(MessageDelivered)) == 1


async def test_a_closed_referral_runs_once_more_for_its_letter(house: House) -> None:
    house.telnyx.busy[FAX] = 9
    await blocking(house.office.send, Kind.THANK_YOU, "source")
    await house.settled()
    run = house.door.engine.run(house.office.referral_id)
    assert [fact.kind for fact in start_of(run).facts][-1] == "message_came_back"
    assert len(house.facts(MessageCameBack)) == 1


async def test_another_organizations_address_settles_nothing(house: House) -> None:
    house.twilio.delivers = False
    await house.text()
    (sent,) = house.twilio.texts
    sent.callback = sent.callback.replace(f"/{ORG}/", "/nobody/")
    assert await house.twilio.tell(sent, "delivered") == 404
    sent.callback = f"{house.url}/callbacks/twilio/{ORG}/status?ref=rl_unknown"
    sent.sid = "SMunknown"
    assert await house.twilio.tell(sent, "delivered") == 204
    assert house.deliveries()[0].state == "accepted"


# --- texts --------------------------------------------------------------------------------------


async def test_a_stop_counts_before_twilio_is_answered(house: House) -> None:
    house.door.engine.down = True  # whatever else becomes of it
    assert await house.twilio.write(PHONE, CLINIC, "Stop texting me please") == 200
    assert house.stopped()
    house.door.engine.down = False
    house.door.now += timedelta(minutes=1)
    assert await house.twilio.write(PHONE, CLINIC, "START") == 200
    assert not house.stopped()


async def test_a_text_told_twice_is_one_text(house: House) -> None:
    for _ in range(3):
        assert await house.twilio.write(PHONE, CLINIC, "Is it Tuesday?", sid="SM1") == 200
    await house.settled()
    (row,) = house.rows(InboxRow)
    assert (row.event_id, row.state) == ("SM1", "applied")
    assert house.tasks(TaskKind.UNREADABLE_EVENT) == []


async def test_a_strangers_text_becomes_a_task_and_a_short_codes_none(house: House) -> None:
    assert await house.twilio.write("+15185550199", CLINIC, "Do you take walk-ins?") == 200
    assert await house.twilio.write("72473", CLINIC, "Your code is 123") == 200
    await house.settled()
    assert len(house.tasks(TaskKind.ANSWER_PATIENT)) == 1
    states = {row.event_id: row.state for row in house.rows(InboxRow)}
    assert sorted(states.values()) == ["applied", "rejected"]


async def test_after_a_stop_nothing_goes_to_the_number(house: House) -> None:
    await house.twilio.write(PHONE, CLINIC, "STOP")
    await house.text()
    ours = [text for text in house.twilio.texts if text.direction == "outbound-api"]
    assert ours == []


async def test_a_stop_that_only_the_carrier_heard_counts_here_too(house: House) -> None:
    house.twilio._stopped.add(PHONE)
    await house.text()
    assert house.twilio.texts == []
    assert house.stopped()
    assert house.facts(TaskOpened) == []  # their own no; the calls stand on the board anyway


async def test_a_text_whose_carrier_proves_nothing_is_not_asked_about_for_ever(
    house: House,
) -> None:
    house.twilio.delivers = False
    await house.text()
    receipts = Receipts(house.store, house.office.tenants, house.office.clients)
    for days, again in ((0, True), (2, True), (4, False)):
        (row,) = house.deliveries()
        moment = row.recorded_at + timedelta(days=days, hours=2)
        assert await asyncio.to_thread(receipts.ask, row, moment) is None
        (row,) = house.deliveries()
        assert (row.state, row.prove_by is not None) == ("accepted", again)


# --- faxes --------------------------------------------------------------------------------------


def pdf() -> bytes:
    return b"%PDF-1.4\n" + b"x" * 2000


async def test_a_fax_is_fetched_at_once_and_kept_once(house: House) -> None:
    for _ in range(2):
        assert await house.telnyx.fax(FAX, CLINIC_FAX, pdf(), fax_id="f-1") == 204
    (row,) = house.rows(FaxRow)
    assert (row.from_number, row.to_number, row.clinic_id) == (FAX, CLINIC_FAX, "east")
    assert house.tasks(TaskKind.UNREADABLE_EVENT) == []


async def test_a_fax_that_cannot_be_fetched_is_a_persons_and_told_again(house: House) -> None:
    there, house.telnyx.address = house.telnyx.address, f"{house.url}/nowhere"
    assert await house.telnyx.fax(FAX, CLINIC_FAX, pdf(), fax_id="f-1") == 502
    (asked,) = house.tasks(TaskKind.UNREADABLE_EVENT)
    assert (asked.state, asked.role) == ("open", "front_desk")
    assert FAX not in asked.says
    house.telnyx.address = there
    assert await house.telnyx.fax(FAX, CLINIC_FAX, pdf(), fax_id="f-1") == 204
    assert len(house.rows(FaxRow)) == 1
    (asked,) = house.tasks(TaskKind.UNREADABLE_EVENT)
    assert asked.state == "moot"


# --- who may speak ------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["status?ref=rl_1", "text"])
async def test_what_twilio_has_not_signed_is_refused(house: House, route: str) -> None:
    address = f"{house.url}/callbacks/twilio/{ORG}/{route}"
    form = {"MessageSid": "SM1", "From": PHONE, "Body": "STOP"}
    good = twilio_sign(house.twilio.token, address, list(form.items()))
    for headers, sent in (
        ({}, form),
        ({"x-twilio-signature": good}, {**form, "Body": "START"}),
        ({"x-twilio-signature": good[::-1]}, form),
    ):
        answer = await house.http.post(address, data=sent, headers=headers)
        assert answer.status_code == 401, answer.text
    assert not house.stopped()
    assert house.rows(InboxRow) == []
    answer = await house.http.post(address, content=b"\xff\xfe", headers={})
    assert answer.status_code == 401


async def test_what_telnyx_has_not_signed_or_long_ago_is_refused(house: House) -> None:
    address = f"{house.url}/callbacks/telnyx/{ORG}/fax"
    body = b'{"data": {"event_type": "fax.received", "payload": {"fax_id": "f-1"}}}'
    old = telnyx_sign(house.telnyx._key, body, MONDAY)
    for headers in ({}, old, {**old, "telnyx-timestamp": str(int(wall().timestamp()))}):
        answer = await house.http.post(address, content=body, headers=headers)
        assert answer.status_code == 401, answer.text
    odds = {b"not json": 400, b"[]": 204, b'{"data": 1}': 204, b"[" * 5000: 400}
    for odd, status in odds.items():
        answer = await house.http.post(
            address, content=odd, headers=telnyx_sign(house.telnyx._key, odd, wall())
        )
        assert answer.status_code == status, odd[:20]
    assert house.rows(FaxRow) == []


async def test_a_fax_told_to_one_organization_is_good_at_no_others(house: House) -> None:
    there = house.door.tenants.get(ORG)
    east = there.organization.clinics[0].model_copy(update={"fax": "+15185550183"})
    organization = there.organization.model_copy(update={"id": "hillside", "clinics": (east,)})
    other = there.model_copy(update={"organization": organization})
    house.door.tenants._by_id["hillside"] = other
    house.telnyx.webhooks = {CLINIC_FAX: f"{house.url}/callbacks/telnyx/hillside/fax"}
    assert await house.telnyx.fax(FAX, CLINIC_FAX, pdf(), fax_id="f-1") == 401  # our number
    unlisted = "+15185550999"  # nobody's number: whoever heard of it first has it
    assert await house.telnyx.fax(FAX, unlisted, pdf(), fax_id="f-2") == 204
    house.telnyx.webhooks = {unlisted: f"{house.url}/callbacks/telnyx/hillside/fax"}
    assert await house.telnyx.fax(FAX, unlisted, pdf(), fax_id="f-2") == 401
    house.telnyx.webhooks = {}
    assert await house.telnyx.fax(FAX, CLINIC_FAX, pdf(), fax_id="f-1") == 204
    assert {row.org for row in house.rows(FaxRow)} == {ORG}
    assert house.tasks(TaskKind.UNREADABLE_EVENT) == []


async def test_without_an_account_there_is_no_such_address(store: Store, tmp_path: Path) -> None:
    settings = load(_env_file=None, data_dir=tmp_path)
    app = create_app(settings, Door(store).intake, store, wall)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        for path in ("twilio/{}/status", "twilio/{}/text", "telnyx/{}/fax"):
            for org in (ORG, "nobody"):
                answer = await http.post(f"/callbacks/{path.format(org)}", content=b"")
                assert answer.status_code == 404


# --- calls --------------------------------------------------------------------------------------


async def test_a_call_nobody_answered_is_known_to_its_referral_once(house: House) -> None:
    for status in ("no-answer", "no-answer", "completed"):
        assert await house.twilio.ring(PHONE, CLINIC, status, sid="CA1") == 200
    await house.settled()
    (missed,) = house.facts(CallMissed)
    assert (missed.call_id, missed.here) == ("CA1", True)
    (row,) = house.rows(InboxRow)
    assert (row.state, row.referral_id) == ("applied", house.office.referral_id)
    assert house.tasks(TaskKind.CALL_BACK) == []  # its workflow asks
    texted = await house.text(Kind.SCHEDULE_TEXT)
    assert texted.held_until is None


async def test_a_stranger_is_called_back_and_gets_no_text(house: House) -> None:
    stranger, west = "+15185550199", "+12175550144"
    for sid in ("CA1", "CA1", "CA2"):  # told twice, then they called again
        assert await house.twilio.ring(stranger, west, "busy", sid=sid) == 200
    for withheld in ("anonymous", "+266696687", ""):
        assert await house.twilio.ring(withheld, west) == 200
    await house.settled()
    (asked,) = house.tasks(TaskKind.CALL_BACK)
    assert (asked.role, asked.clinic_id, asked.state) == ("front_desk", "west", "open")
    assert asked.inbox_id is not None
    assert stranger not in asked.says
    assert house.twilio.texts == []


@pytest.mark.parametrize(
    ("fields", "missed"),
    [
        ({"CallStatus": "completed"}, False),
        ({"CallStatus": "ringing"}, False),
        ({"CallStatus": "completed", "DialCallStatus": "no-answer"}, True),
        ({"CallStatus": "in-progress", "DialCallStatus": "completed"}, False),
        ({"CallStatus": "no-answer", "Direction": "outbound-dial"}, False),
        ({"CallStatus": "canceled"}, True),
    ],
)
async def test_what_counts_as_missed(house: House, fields: dict[str, str], missed: bool) -> None:
    address = f"{house.url}/callbacks/twilio/{ORG}/voice"
    form = {"CallSid": "CA1", "From": PHONE, "To": CLINIC, "Direction": "inbound", **fields}
    made = twilio_sign(house.twilio.token, address, list(form.items()))
    answer = await house.http.post(address, data=form, headers={"x-twilio-signature": made})
    assert (answer.status_code, answer.text[-11:]) == (200, "<Response/>")
    await house.settled()
    assert bool(house.facts(CallMissed)) == missed


async def test_the_text_back_goes_where_it_may_and_asks_nobody_twice(house: House) -> None:
    call = CallMissed(at=MONDAY, as_of=MONDAY, call_id="CA1")
    await asyncio.to_thread(house.office.tell, call)
    await blocking(house.office.send, Kind.MISSED_CALL, "patient", "CA1")
    (text,) = house.twilio.texts
    assert "missed your call" in text.body
    late = MONDAY + timedelta(days=1)
    await asyncio.to_thread(house.office.tell, call.model_copy(update={"call_id": "CA2"}))
    dropped = await asyncio.to_thread(
        lambda: house.office.send(Kind.MISSED_CALL, "patient", "CA2", at=late)
    )
    assert [fact.kind for fact in dropped.learned] == ["message_dropped"]
    assert len(house.twilio.texts) == 1
    assert house.facts(TaskOpened) == []


# --- what nobody told us ------------------------------------------------------------------------


async def test_what_came_while_our_address_was_away_is_taken_in_late(house: House) -> None:
    house.twilio.callbacks = house.telnyx.webhook = "http://127.0.0.1:9/away"
    assert await house.twilio.write(PHONE, CLINIC, "STOP") == 0
    assert await house.telnyx.fax(FAX, CLINIC_FAX, pdf()) == 0
    assert await house.telnyx.fax(FAX, "+19995550000", pdf()) == 0  # nobody's of ours
    faxes = FaxIntake(house.store, house.door.intake.loop, house.door.tenants, wall)
    late = CatchingUp(house.store, house.office.clients, house.door.intake, faxes)
    assert await late.run(wall()) == (1, 0)  # it may be on its way
    assert not house.stopped()
    house.door.now = wall() + timedelta(minutes=5)
    assert await late.run(house.door.now) == (2, 2)
    assert house.stopped()
    (row,) = house.rows(FaxRow)
    assert (row.from_number, row.to_number) == (FAX, CLINIC_FAX)
    assert await late.run(house.door.now) == (2, 0)
    assert len(house.rows(InboxRow)) == len(house.rows(FaxRow)) == 1


async def test_a_picture_that_came_while_we_were_away_is_somebodys_to_look_at(house: House) -> None:
    house.twilio.callbacks = "http://127.0.0.1:9/away"
    assert await house.twilio.write(PHONE, CLINIC, "", pictures=2) == 0
    faxes = FaxIntake(house.store, house.door.intake.loop, house.door.tenants, wall)
    late = CatchingUp(house.store, house.office.clients, house.door.intake, faxes)
    house.door.now = wall() + timedelta(minutes=5)
    assert await late.run(house.door.now) == (1, 1)
    (row,) = house.rows(InboxRow)
    assert b"[2 attached, to be seen at Twilio]" in row.body


async def test_a_fax_that_was_found_late_is_nobodys_to_look_up_any_more(house: House) -> None:
    there, house.telnyx.address = house.telnyx.address, f"{house.url}/nowhere"
    assert await house.telnyx.fax(FAX, CLINIC_FAX, pdf(), fax_id="f-1") == 502
    faxes = FaxIntake(house.store, house.door.intake.loop, house.door.tenants, wall)
    late = CatchingUp(house.store, house.office.clients, house.door.intake, faxes)
    house.door.now = wall() + timedelta(minutes=5)
    assert await late.run(house.door.now) == (1, 0)
    (asked,) = house.tasks(TaskKind.UNREADABLE_EVENT)
    assert asked.state == "open"
    house.telnyx.address = there
    assert await late.run(house.door.now) == (1, 1)
    (asked,) = house.tasks(TaskKind.UNREADABLE_EVENT)
    assert asked.state == "moot"


async def test_what_came_by_its_callback_is_left_alone(house: House) -> None:
    await house.twilio.write(PHONE, CLINIC, "Is it Tuesday?")
    await house.telnyx.fax(FAX, CLINIC_FAX, pdf())
    await house.settled()
    faxes = FaxIntake(house.store, house.door.intake.loop, house.door.tenants, wall)
    late = CatchingUp(house.store, house.office.clients, house.door.intake, faxes)
    assert await late.run(wall() + timedelta(minutes=5)) == (2, 0)
    house.twilio.token = "f" * 32  # they do not let us in: asked again later
    house.telnyx.api_key = "KEY0"
    assert await late.run(wall() + timedelta(minutes=5)) == (0, 0)
