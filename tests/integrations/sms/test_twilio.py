"""Texts over real HTTP to a server that speaks Twilio's API: taken, refused, lost, found again."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr

from demo.vendors.twilio import Text, TwilioServer
from integrations.sms.twilio import CODES, SETTLES, Twilio, receipt
from models.contracts import Parcel, ReceiptState, Sent
from models.errors import CannotTell, ChannelError, Verdict
from tests import vendors
from tests.vendors import Stage, blocking, twilio, wall

TO, FROM = "+15185550150", "+15185550142"


Account = vendors.Account[TwilioServer, Twilio]


@pytest.fixture
def account(stage: Stage) -> Account:
    server = TwilioServer(wall)
    server.delivers = False
    stage.app = server.app
    return Account(server, stage.url, twilio(server, stage.url))


def text(reference: str = "rl_1", **changes: str) -> Parcel:
    given = {"to": TO, "sender": FROM, "body": "Riverside PT: pick a time", "org": "riverside"}
    return Parcel.model_validate({"reference": reference, "channel": "sms", **given, **changes})


def sent(reference: str = "rl_1", *, since: datetime | None = None, **changes: str) -> Sent:
    given = {"to": TO, "body": "Riverside PT: pick a time", **changes}
    return Sent.model_validate({"reference": reference, "since": since or wall(), **given})


async def test_a_text_goes_out_with_its_reference_in_the_callback(account: Account) -> None:
    accepted = await account.send(text())
    (taken,) = account.server.texts
    assert (taken.to, taken.sender, taken.body) == (TO, FROM, "Riverside PT: pick a time")
    assert taken.callback == "https://hooks.example.org/callbacks/twilio/riverside/status?ref=rl_1"
    assert accepted.vendor_id == taken.sid
    assert taken.valid_for == 3600  # never held by them until the night
    assert not accepted.delivered


@pytest.mark.parametrize(
    ("to", "code"), [("+15005550001", "bad_number"), ("+15005550004", "opted_out")]
)
async def test_a_number_that_takes_no_texts_is_permanent(
    account: Account, to: str, code: str
) -> None:
    error = await account.refusal(text(to=to))
    assert (error.code, error.verdict) == (code, Verdict.PERMANENT)
    assert to not in str(error)


@pytest.mark.parametrize("number", sorted(CODES))
async def test_every_known_refusal_has_its_verdict(account: Account, number: int) -> None:
    account.server.refuse_next.append((400, number))
    error = await account.refusal(text())
    assert (error.code, error.verdict) == CODES[number]
    assert account.server.texts == []


@pytest.mark.parametrize(
    ("status", "number", "code", "verdict"),
    [
        (429, 20429, "put_off", Verdict.LATER),
        (429, 99999, "put_off", Verdict.LATER),
        (403, 99999, "login_refused", Verdict.FIX),
        (400, 99999, "twilio_99999", Verdict.FIX),
    ],
)
async def test_an_unknown_refusal_is_judged_by_its_status(
    account: Account, status: int, number: int, code: str, verdict: Verdict
) -> None:
    account.server.refuse_next.append((status, number))
    error = await account.refusal(text())
    assert (error.code, error.verdict) == (code, verdict)


async def test_a_wrong_token_is_ours_to_mend(account: Account) -> None:
    wrong = twilio(account.server, account.url, tokens=(SecretStr("f" * 32),))
    with pytest.raises(ChannelError) as refused:
        await blocking(wrong.send, text())
    assert (refused.value.code, refused.value.verdict) == ("login_refused", Verdict.FIX)


async def test_nobody_there_is_later_and_nothing_left_us(account: Account) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = twilio(account.server, f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(ChannelError) as refused:
            await blocking(away.send, text())
    assert (refused.value.code, refused.value.verdict) == ("unreachable", Verdict.LATER)


async def test_a_server_that_takes_too_long_leaves_it_open() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = TwilioServer(wall)
        slow = twilio(server, f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        with pytest.raises(CannotTell):
            await blocking(slow.send, text())
        with pytest.raises(ChannelError) as asked:
            await blocking(slow.find, sent())
    assert asked.value.verdict is Verdict.LATER


async def test_a_lost_answer_is_found_by_number_words_and_time(account: Account) -> None:
    began = wall()
    await account.send(text("rl_0", body="another word"))
    account.server.lose_next = 1
    with pytest.raises(CannotTell):
        await account.send(text())
    await account.server.write(TO, FROM, "Riverside PT: pick a time")  # quoted back at us
    found = await blocking(account.client.find, sent(since=began))
    assert found is not None
    assert found.state is ReceiptState.ACCEPTED
    assert found.vendor_id == account.server.texts[1].sid
    assert found.reference == "rl_1"


async def test_the_same_words_of_last_week_are_another_text(account: Account) -> None:
    await account.send(text())
    week = wall() + timedelta(days=7)
    later = twilio(account.server, account.url, lambda: week + SETTLES)
    assert await blocking(later.find, sent(since=week)) is None


async def test_what_is_not_listed_yet_is_asked_again_before_it_counts_as_gone(
    account: Account,
) -> None:
    began = wall()
    with pytest.raises(ChannelError) as asked:
        await blocking(account.client.find, sent(since=began))
    assert (asked.value.code, asked.value.verdict) == ("still_settling", Verdict.LATER)
    later = twilio(account.server, account.url, lambda: began + SETTLES)
    assert await blocking(later.find, sent(since=began)) is None


async def test_without_words_or_time_nobody_can_tell(account: Account) -> None:
    with pytest.raises(CannotTell):
        await blocking(account.client.find, Sent(reference="rl_1", to=TO))


async def test_a_known_id_is_read(account: Account) -> None:
    accepted = await account.send(text())
    about = Sent(reference="rl_1", vendor_id=accepted.vendor_id)
    account.server.texts[0].status = "delivered"
    found = await blocking(account.client.find, about)
    assert found is not None
    assert found.state is ReceiptState.DELIVERED
    unknown = Sent(reference="rl_1", vendor_id="SM0")
    assert await blocking(account.client.find, unknown) is None


@pytest.mark.parametrize(
    ("status", "code", "state", "named"),
    [
        ("queued", "", ReceiptState.ACCEPTED, ""),
        ("sent", "", ReceiptState.ACCEPTED, ""),
        ("delivered", "", ReceiptState.DELIVERED, ""),
        ("undelivered", "30006", ReceiptState.FAILED, "landline"),
        ("failed", "12345", ReceiptState.FAILED, "twilio_12345"),
        ("canceled", "", ReceiptState.FAILED, "canceled"),
        ("something new", "", ReceiptState.ACCEPTED, ""),
    ],
)
def test_a_status_has_one_meaning(status: str, code: str, state: ReceiptState, named: str) -> None:
    read = receipt("rl_1", status, code, vendor_id="SM1", at=wall())
    assert (read.state, read.code) == (state, named)


async def test_what_came_while_we_were_away_is_read_to_its_end(account: Account) -> None:
    account.server.texts += [
        Text(f"SM{number}", FROM, TO, "STOP", "inbound", wall(), "received")
        for number in range(101)
    ]
    heard = await blocking(account.client.heard, FROM, wall() - timedelta(days=2))
    assert {one.id for one in heard} == {f"SM{number}" for number in range(101)}
