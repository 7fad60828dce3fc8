"""Faxes over real HTTP to a server that speaks Telnyx' API: taken, refused, lost, found again."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from pydantic import SecretStr

from demo.vendors.telnyx import Fax, TelnyxServer
from integrations.fax.telnyx import LARGEST_PAGE, SETTLES, Telnyx, moment, receipt, reference_in
from models.contracts import Attachment, Parcel, ReceiptState, Sent
from models.errors import CannotTell, ChannelError, Verdict
from tests import vendors
from tests.vendors import Stage, blocking, telnyx, wall

TO, FROM = "+15185550160", "+15185550143"
PDF = Attachment(filename="plan.pdf", media_type="application/pdf", content=b"%PDF-1.4 x")


Account = vendors.Account[TelnyxServer, Telnyx]


@pytest.fixture
def account(stage: Stage) -> Account:
    server = TelnyxServer(wall)
    server.delivers = False
    server.address = stage.url
    stage.app = server.app
    return Account(server, stage.url, telnyx(server, stage.url))


def fax(reference: str = "rl_1", **changes: Any) -> Parcel:
    given = {"to": TO, "sender": FROM, "org": "riverside", "attachments": (PDF,)}
    return Parcel.model_validate({"reference": reference, "channel": "fax", **given, **changes})


async def test_a_fax_goes_out_with_its_page_and_its_reference(account: Account) -> None:
    accepted = await account.send(fax())
    (taken,) = account.server.faxes
    assert (taken.to, taken.sender, taken.content) == (TO, FROM, PDF.content)
    assert reference_in(taken.as_json()) == "rl_1"
    assert taken.webhook == "https://hooks.example.org/callbacks/telnyx/riverside/fax"
    assert taken.media_name.startswith("rl_1_")
    assert (accepted.vendor_id, accepted.delivered) == (taken.id, False)


@pytest.mark.parametrize(
    ("status", "number", "code", "verdict"),
    [
        (422, "10002", "bad_number", Verdict.PERMANENT),
        (422, "10016", "bad_number", Verdict.PERMANENT),
        (422, "10015", "telnyx_10015", Verdict.FIX),
        (401, "10009", "login_refused", Verdict.FIX),
        (403, "10010", "login_refused", Verdict.FIX),
        (429, "10011", "put_off", Verdict.LATER),
    ],
)
async def test_a_refusal_has_its_verdict(
    account: Account, status: int, number: str, code: str, verdict: Verdict
) -> None:
    account.server.refuse_next.append((status, number))
    error = await account.refusal(fax())
    assert (error.code, error.verdict) == (code, verdict)
    assert account.server.faxes == []


async def test_what_cannot_be_faxed_is_ours_to_mend(account: Account) -> None:
    huge = PDF.model_copy(update={"content": b"x" * (LARGEST_PAGE + 1)})
    assert (await account.refusal(fax(attachments=()))).code == "nothing_to_send"
    assert (await account.refusal(fax(attachments=(huge,)))).code == "too_large"
    wrong = telnyx(account.server, account.url, api_key=SecretStr("KEY0"))
    with pytest.raises(ChannelError) as refused:
        await blocking(wrong.send, fax())
    assert (refused.value.code, refused.value.verdict) == ("login_refused", Verdict.FIX)


async def test_an_upload_whose_answer_is_lost_has_faxed_nothing(account: Account) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        slow = telnyx(account.server, f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        with pytest.raises(ChannelError) as refused:
            await blocking(slow.send, fax())
    assert refused.value.verdict is Verdict.LATER


async def test_a_lost_answer_is_found_by_the_reference(account: Account) -> None:
    began = wall()
    await account.send(fax("rl_0"))
    account.server.lose_next = 1
    with pytest.raises(CannotTell):
        await account.send(fax())
    found = await blocking(account.client.find, Sent(reference="rl_1", to=TO, since=began))
    assert found is not None
    assert (found.state, found.vendor_id) == (ReceiptState.ACCEPTED, account.server.faxes[1].id)


async def test_what_is_not_listed_yet_is_asked_again_before_it_counts_as_gone(
    account: Account,
) -> None:
    began = wall()
    sought = Sent(reference="rl_1", to=TO, since=began)
    with pytest.raises(ChannelError) as asked:
        await blocking(account.client.find, sought)
    assert (asked.value.code, asked.value.verdict) == ("still_settling", Verdict.LATER)
    later = telnyx(account.server, account.url, lambda: began + SETTLES)
    assert await blocking(later.find, sought) is None


async def test_a_list_is_read_to_its_end(account: Account) -> None:
    """One on the second page is not missed; nor, looked for after a lost answer, sent again."""
    began = wall()
    await account.send(fax())
    account.server.faxes += [
        Fax(str(number), FROM, TO, "inbound", b"", wall(), "received") for number in range(101)
    ]
    account.server.faxes += [
        Fax(f"out-{number}", TO, FROM, "outbound", b"", wall()) for number in range(100)
    ]
    heard = await blocking(account.client.heard, began)
    assert {one.id for one in heard} == {str(number) for number in range(101)}
    found = await blocking(account.client.find, Sent(reference="rl_1", to=TO, since=began))
    assert found is not None
    assert found.vendor_id == account.server.faxes[0].id


async def test_a_known_id_is_read(account: Account) -> None:
    accepted = await account.send(fax())
    account.server.faxes[0].status = "delivered"
    found = await blocking(
        account.client.find, Sent(reference="rl_1", vendor_id=accepted.vendor_id)
    )
    assert found is not None
    assert found.state is ReceiptState.DELIVERED
    assert await blocking(account.client.find, Sent(reference="rl_1", vendor_id="none")) is None


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ("user_busy", Verdict.LATER),
        ("receiver_no_answer", Verdict.LATER),
        ("a_reason_of_next_year", Verdict.LATER),
        ("", Verdict.LATER),
        ("receiver_unallocated_number", Verdict.PERMANENT),
        ("account_disabled", Verdict.FIX),
    ],
)
async def test_a_failure_says_what_it_asks_for(
    account: Account, reason: str, verdict: Verdict
) -> None:
    """The same from a webhook and from a look at the fax."""
    told = receipt("r", "failed", reason, vendor_id="1", at=wall())
    assert (told.state, told.verdict) == (ReceiptState.FAILED, verdict)
    accepted = await blocking(account.client.send, fax())
    account.server.faxes[0].status, account.server.faxes[0].failure = "failed", reason
    found = await blocking(
        account.client.find, Sent(reference="rl_1", vendor_id=accepted.vendor_id)
    )
    assert found is not None
    assert (found.code, found.verdict) == (reason or "failed", verdict)


def test_statuses_and_dates_are_read() -> None:
    now = wall()
    assert receipt("r", "sending", "", vendor_id="1", at=now).state is ReceiptState.ACCEPTED
    assert receipt("r", "failed", "user_busy", vendor_id="1", at=now).code == "user_busy"
    assert receipt("r", "failed", "", vendor_id="1", at=now).code == "failed"
    assert receipt("r", "delivered", "", vendor_id="1", at=now).verdict is Verdict.LATER
    assert moment("2026-03-02T15:00:00Z") == moment("2026-03-02T10:00:00-05:00")
    assert moment("2026-03-02T15:00:00") is not None
    assert moment(None) is None
    assert reference_in({"client_state": "§"}) == ""
