"""What comes by fax and by text, what the desk types, and what a patient does on their page."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Final, TypeVar

from sqlmodel import select

from demo import cast
from demo.life import Life
from models.fax import PartState
from store import slots
from store.slots import Offer, SlotSource
from store.tables import FaxPartRow, InboxRow, ReferralRow
from tests.e2e.phi.people import FAXED, FAXED_BY, of
from tests.e2e.phi.run import Run
from tests.faxes import layouts

PHONE: Final = "+15185550142"  # the clinic's
FAX: Final = "+15185550143"
PATIENCE = 30.0  # seconds of real time
T = TypeVar("T")


async def until(found: Callable[[], T | None], what: str) -> T:
    """What another process makes true; it fails after a patient while."""
    end = time.monotonic() + PATIENCE
    while (known := await asyncio.to_thread(found)) is None:
        assert time.monotonic() < end, f"{what} within {PATIENCE} s"
        await asyncio.sleep(0.05)
    return known


# --- by fax ---------------------------------------------------------------------------------------


async def faxed(run: Run) -> None:
    """A referral by fax is read, looked at, put right and confirmed; another cannot be read."""
    page = layouts.pdf(layouts.form(FAXED, FAXED_BY))
    assert await run.vendors.telnyx.fax(of("faxed from"), FAX, page) == 204
    lead = await until(lambda: _part(run, PartState.LEAD), "the fax is read")
    where = f"/faxes/{lead.fax_id}"
    shown = await run.desk.get(where)
    assert of("faxed family name") in shown.text
    assert (await run.desk.get(f"{where}/pages/1")).status_code == 200
    found = re.findall(rf'id="{lead.id}-[^"]+" name="([^"]+)"[^>]* value="([^"]*)"', shown.text)
    fields = dict(found) | {"patient.family_name": of("faxed family name, put right")}
    act = f"{where}/parts/{lead.id}/confirm"
    done = await run.desk.post(act, version=str(lead.version), **fields)
    assert done.headers["location"] == "/faxes?said=confirm", done.text
    await until(lambda: _confirmed(run, lead.referral_id), "the referral goes on")

    broken = b"%PDF-1.4 " + of("in a fax nobody can read").encode()
    assert await run.vendors.telnyx.fax(of("faxed from"), FAX, broken) == 204
    name = f"{of('name of a file by hand')} order.pdf"
    file = {"file": (name, broken + b" by hand", "application/pdf")}
    assert (await run.desk.post("/faxes", files=file)).status_code == 303
    await until(lambda: _part(run, PartState.OPEN), "a person is asked")
    assert (await run.desk.get("/faxes")).status_code == 200


def _part(run: Run, state: PartState) -> FaxPartRow | None:
    with run.store.read() as session:
        return session.exec(select(FaxPartRow).where(FaxPartRow.state == state)).first()


def _confirmed(run: Run, referral_id: str | None) -> bool | None:
    with run.store.read() as session:
        return session.get_one(ReferralRow, referral_id).confirmed or None


# --- by text --------------------------------------------------------------------------------------


async def texted(run: Run) -> None:
    """A patient, a stranger and somebody who forges write; a patient calls and nobody answers."""
    twilio = run.vendors.twilio
    assert await twilio.write(of("phone"), PHONE, of("in a text")) == 200
    assert await twilio.write(of("stranger's number"), PHONE, of("stranger's words")) == 200
    assert await twilio.ring(of("phone"), PHONE) == 200
    forged = {"MessageSid": "SM1", "From": of("phone"), "Body": of("in a forged text")}
    for route in ("text", f"status?ref={of('in a query')}"):
        answer = await run.stage.http.post(f"/callbacks/twilio/{cast.ORG}/{route}", data=forged)
        assert answer.status_code == 401
    await twilio.told.settled()
    await run.stage.app.state.dispatcher.settled()
    await until(lambda: _applied(run, "texts"), "the texts are told")


def _applied(run: Run, origin: str) -> bool | None:
    with run.store.read() as session:
        states = session.exec(select(InboxRow.state).where(InboxRow.origin == origin)).all()
    return (len(states) >= 2 and set(states) == {"applied"}) or None


# --- at the desk ----------------------------------------------------------------------------------


async def signed_in(run: Run) -> None:
    """Somebody nobody knows, then the front desk."""
    lost = await run.desk.sign_in(of("mailbox at sign-in"), of("password at sign-in"))
    assert lost.status_code != 303
    assert (await run.desk.sign_in("dana@example.org")).status_code == 303


async def typed(run: Run) -> None:
    """The desk looks a patient up, calls, notes, writes, and puts their mailbox right."""
    desk, referral = run.desk, f"/referrals/{run.stage.referral_ids['adult']}"
    await desk.get("/board")
    assert of("family name") in (await desk.post("/board/search", name=of("family name"))).text
    assert (await desk.post("/board/search", name=of("searched for"))).status_code == 200

    call = f"{referral}/call"
    assert (await desk.get(call)).status_code == 200
    script = (await desk.get((await desk.post(call)).headers["location"])).text
    number = _hidden(script, "call_id")
    logged = await desk.post(f"{call}/outcome", outcome="voicemail", call_id=number)
    assert logged.status_code == 303, logged.text

    assert (await desk.post(f"{referral}/notes", text=of("note"))).status_code == 303
    long = of("in a note that is too long") * 1000
    assert (await desk.post(f"{referral}/notes", text=long)).status_code == 400

    page = (await desk.get(referral)).text
    corrected = {"email": of("mailbox, put right"), "seen": _hidden(page, "seen")}
    done = await desk.post(f"{referral}/act/correct", **corrected, confirmed="1")
    assert done.status_code == 303, done.text

    of_patient = run.stage.referral_ids["adult"]
    thread = (await desk.get(f"/conversations/of/{of_patient}")).headers["location"]
    page = (await desk.get(thread)).text
    assert of("in a text") in page
    sent = await desk.post(
        f"{thread}/write", nonce=_hidden(page, "nonce"), words=of("text by hand")
    )
    assert sent.status_code == 303, sent.text
    for path in ("/tasks", "/waiting", "/conversations", referral):
        assert (await desk.get(path)).status_code == 200
    await run.stage.settle()


async def signed_out(run: Run) -> None:
    """Nothing is at addresses with a name in them; then the desk goes home."""
    place = of("in an address")
    for path in (f"/referrals/{place}", f"/faxes/{place}", f"/conversations/{place}"):
        assert (await run.desk.get(path)).status_code == 404
    await run.desk.get("/board")
    assert (await run.desk.post("/sign-out")).status_code == 303


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, name
    return found[1]


# --- a patient's page -----------------------------------------------------------------------------


async def asked_for_a_time(run: Run, adult: Life) -> None:
    """The link in the first text: a time is asked for, and days in words."""
    with run.store.write() as session:
        offers = [Offer(f"S-{day}", adult.when(day, "10:00"), 60) for day in (3, 4)]
        now = run.stage.skipper.now
        slots.put(session, cast.ORG, "east", SlotSource.DESK, offers, at=now)
    link = _link(run, of("phone"))
    page = await run.phone.get(link)
    assert f"Hello {of('given name')}" in page.text
    words = await run.phone.post(f"{link}/words", data={"words": of("words on a page")})
    assert words.status_code == 303, words.text
    slot = _hidden((await run.phone.get(link)).text, "slot")
    asked = await run.phone.post(f"{link}/time", data={"slot": slot})
    assert asked.status_code == 303, asked.text
    assert (await run.stage.http.get(f"/p/{of('in a link')}")).status_code >= 400
    await run.stage.app.state.dispatcher.settled()
    await run.stage.settle()


async def checked_in(run: Run) -> None:
    """The one question after care, answered on the page of its link; a text did not arrive."""
    twilio = run.vendors.twilio
    await twilio.told.settled()
    lost = next(one for one in twilio.texts if one.to == of("guardian's phone"))
    assert await twilio.tell(lost, "undelivered", 30006) == 204
    link = _link(run, of("phone"))
    answered = await run.phone.post(f"{link}/answer", data={"score": "9"})
    assert answered.status_code == 303, answered.text
    await run.stage.app.state.dispatcher.settled()
    await run.stage.settle()


def _link(run: Run, phone: str) -> str:
    """The page that the last text with a link leads to."""
    texts = [one.body for one in run.vendors.twilio.texts if one.to == phone]
    links = [found[0] for body in texts if (found := re.findall(r"https?://\S+(/p/\w+)", body))]
    assert links, texts
    return str(links[-1])
