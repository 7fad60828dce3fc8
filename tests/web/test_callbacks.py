"""What vendors tell of what we sent, over real HTTP and signed as they sign; and who may speak."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from integrations.fax.telnyx_signature import sign as telnyx_sign
from integrations.sms.twilio_signature import sign as twilio_sign
from models.facts import MessageCameBack, MessageDelivered, MessageFailed, TaskOpened
from models.kinds import Kind
from models.tasks import TaskKind, kind_of
from settings import load
from store.engine import Store
from store.tables import FaxRow, InboxRow
from tests.activities.office import FAX, MONDAY, PHONE
from tests.doors import ORG, Door, start_of
from tests.vendors import blocking, wall
from tests.web.house import CLINIC_FAX, House, house, pdf, servers
from web.app import create_app

__all__ = ["house", "servers"]  # the fixtures of these tests


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
