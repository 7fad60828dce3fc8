"""What vendors bring from outside: texts, faxes and calls, at once or found late."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from activities.catching_up import CatchingUp
from activities.fax_intake import FaxIntake
from activities.receipts import Receipts
from integrations.sms.twilio_signature import sign as twilio_sign
from models.facts import CallMissed, TaskOpened
from models.kinds import Kind
from models.tasks import TaskKind
from store.tables import FaxRow, InboxRow
from tests.activities.office import FAX, MONDAY, PHONE
from tests.doors import ORG
from tests.vendors import blocking, wall
from tests.web.house import CLINIC, CLINIC_FAX, House, house, pdf, servers

__all__ = ["house", "servers"]  # the fixtures of these tests


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
