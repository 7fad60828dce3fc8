"""One referral's page: its story, its forms, what was sent exactly as sent, and its documents."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from reportlab.pdfgen.canvas import Canvas

from integrations.reading.tools import PDF_PROGRAMS, has
from models.facts import AppointmentBooked, CallLogged, Paused, RequestConfirmed
from models.kinds import Kind
from models.referral import MessageRef
from store import audit, documents, notes, post, sent_letters
from store.tables_post import MessageState
from tests.doors import ORG, event
from tests.required import lacking
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.test_outsiders import a_message, sign_in
from tests.web.desk.working import decided_in_record


async def page(browser: Browser, ref: str) -> str:
    answer = await browser.get(f"/referrals/{ref}")
    assert answer.status_code == 200
    return answer.text


async def act(browser: Browser, ref: str, name: str, **fields: str) -> httpx.Response:
    """One form of the page as it is now."""
    found = re.search(r'name="seen" value="([^"]*)"', await page(browser, ref))
    assert found
    fields = {"seen": found[1], **fields}
    return await browser.post(f"/referrals/{ref}/act/{name}", **fields)


async def test_the_page_tells_the_story_and_who_looked(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    await site.door.tell(event("appointment_booked", referral={"id": ref}))
    shown = await page(dana, ref)
    for said in (
        "Jordan Sample",
        "Medicare",
        "Ana Ruiz",
        "Referral received",
        "Appointment booked",
        "Mon, Jan 12, 9:00 AM",
        "What happens next",
        "Knee pain after a fall",
        "518-555-0117",
        "born January 4, 1961",
        "518-555-0111",
        f"/conversations/of/{ref}",
    ):
        assert said in shown, said
    with site.door.store.read() as session:
        seen = [(row.who, row.what) for row in audit.about(session, ORG, ref)]
    assert ("dana", "viewed") in seen


async def test_a_message_that_waits_says_until_when(site: Site, dana: Browser) -> None:
    made = await a_message(site)
    with site.door.store.write() as session:
        row, _ = post.queue_message(
            session,
            org=ORG,
            referral_id=made["referral_id"],
            message=MessageRef(Kind.INTAKE, "patient", "A-1"),
            at=site.door.now,
            recorded_at=site.door.now,
        )
        row.state, row.held_until = MessageState.HELD, datetime(2026, 1, 12, 14, 0, tzinfo=UTC)
    assert "Held until Mon, Jan 12, 9:00 AM" in await page(dana, made["referral_id"])


async def test_before_somebody_vouches_for_it_nobody_is_contacted(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    ref = await site.door.refer(machine_read={"pages": 2})
    shown = await page(dana, ref)
    assert "before somebody has confirmed" in shown
    for way in (f"/referrals/{ref}/call", f"/conversations/of/{ref}", 'id="act-book"'):
        assert way not in shown, way
    booked = await act(dana, ref, "book", day="2026-01-12", time="09:00")
    assert booked.status_code == 409
    assert (await dana.post(f"/referrals/{ref}/call")).status_code == 409
    script = await dana.get(f"/referrals/{ref}/call")
    assert "confirm it</a> before anybody calls" in script.text
    assert "Open the call" not in script.text
    late = await dana.post(f"/referrals/{ref}/call/outcome", outcome="voicemail", call_id="call_1")
    assert late.status_code == 409
    assert site.door.referral(ref).all(CallLogged) == []


async def test_names_hidden_from_a_lobby_are_hidden_here_too(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    await dana.get("/board")
    await dana.post("/board/privacy", private="1")
    shown = await page(dana, ref)
    for hidden in (
        "Jordan Sample",
        "555-0117",
        "January 4, 1961",
        "1961-01-04",
        "0111",
        "Knee pain",
    ):
        assert hidden not in shown, hidden


async def test_a_note_is_kept_and_an_empty_one_is_not(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    await page(dana, ref)
    words = "Prefers <mornings>;\nher daughter drives."
    answer = await dana.post(f"/referrals/{ref}/notes", text=words)
    assert answer.status_code == 303
    assert "Prefers &lt;mornings&gt;;\nher daughter drives." in await page(dana, ref)
    empty = await dana.post(f"/referrals/{ref}/notes", text="  ")
    assert empty.status_code == 400
    assert "The note is empty" in empty.text
    long = await dana.post(f"/referrals/{ref}/notes", text="x" * (notes.LONGEST + 1))
    assert long.status_code == 400
    assert "x" * notes.LONGEST in long.text  # nothing typed is lost
    with site.door.store.read() as session:
        assert [note.by for note in notes.of(session, ref)] == ["dana"]


async def test_an_appointment_is_moved_and_cancelled(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    await act(dana, ref, "book", day="2026-01-08", time="10:00")
    first = site.door.referral(ref).appointment()
    assert first is not None
    site.door.now += timedelta(minutes=1)
    moved = await act(
        dana, ref, "book", day="2026-01-09", time="11:00", appointment_id=first.appointment_id
    )
    booked = site.door.referral(ref).all(AppointmentBooked)
    assert [one.starts_at.day for one in booked] == [9]
    again = (await dana.get(moved.headers["location"])).text
    assert "Done: Appointment booked" in again
    assert 'id="undo"' not in again  # the time it stood at before would not come back
    fact = httpx.URL(moved.headers["location"]).params["fact"]
    refused = await dana.post(f"/referrals/{ref}/undo", fact=fact)
    assert "Tell it again as it should be" in refused.text
    site.door.now += timedelta(minutes=1)
    await act(dana, ref, "appointment_cancelled", appointment_id=first.appointment_id)
    assert site.door.referral(ref).appointment() is None


async def test_decisions_carry_who_and_the_card_they_saw(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    when = {"next_check": "2026-01-07", "limit": "2026-01-20"}
    done = [
        await act(dana, ref, "hold", reason="order_missing", owner="front_desk", **when),
        await act(dana, ref, "pause", until="2026-01-09", owner="lead"),
        await act(dana, ref, "hand_over", to="tess"),
        await act(dana, ref, "transfer", clinic_id="west"),
    ]
    assert [answer.status_code for answer in done] == [303] * 4
    taken = [decision for _, decision, _ in site.door.engine.updates]
    assert [one.kind for one in taken] == ["hold_placed", "paused", "handed_over", "transferred"]
    assert {(one.by, one.seen) for one in taken} == {("dana", "")}
    paused = taken[1]
    assert isinstance(paused, Paused)
    assert paused.until.isoformat() == "2026-01-10T05:00:00+00:00"  # midnight in Albany


async def test_a_form_that_cannot_be_says_why_beside_itself(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    for name, fields, said in (
        ("hold", {"reason": "benefits", "owner": "billing", "limit": "2026-01-20"}, "Give a date"),
        ("pause", {"until": "2026-01-09"}, "Pick one"),
        ("hand_over", {}, "Pick a colleague"),
        ("correct", {"confirmed": "1"}, "changed nothing"),
        ("correct", {"family_name": ""}, "Family name is empty"),
    ):
        answer = await act(dana, ref, name, **fields)
        assert answer.status_code == 400, name
        assert said in answer.text, name
    assert (await act(dana, ref, "no_such_form")).status_code == 400


async def test_a_tab_open_since_yesterday_decides_nothing(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    await page(dana, ref)
    fields = {"seen": "received|call:C-0", "to": "tess"}
    stale = await dana.post(f"/referrals/{ref}/act/hand_over", **fields)
    assert stale.status_code == 409
    assert "not as you saw it" in stale.text
    assert site.door.engine.updates == []


async def test_corrected_details_are_told_again_and_vouched_for(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    answer = await act(dana, ref, "correct", confirmed="1", phone="(518) 555-0119")
    assert answer.status_code == 303
    decision = site.door.engine.updates[-1][1]
    assert isinstance(decision, RequestConfirmed)
    assert decision.corrected == ("patient.phone",)
    assert "518-555-0119" in await page(dana, ref)


async def test_billing_looks_after_holds_and_decides_nothing_else(
    site: Site, browser: Browser
) -> None:
    ref = await site.door.refer()
    await sign_in(browser, "bill")
    shown = await page(browser, ref)
    assert 'id="act-hold"' in shown
    assert 'id="act-hand_over"' not in shown
    assert (await act_seen(browser, ref, "hand_over", to="tess")).status_code == 403
    when = {"next_check": "2026-01-07", "limit": "2026-01-20"}
    held = await act_seen(browser, ref, "hold", reason="benefits", owner="billing", **when)
    assert held.status_code == 303


async def act_seen(browser: Browser, ref: str, name: str, **fields: str) -> httpx.Response:
    return await browser.post(f"/referrals/{ref}/act/{name}", seen="received|", **fields)


async def test_a_message_is_read_exactly_as_it_was_sent(site: Site, dana: Browser) -> None:
    made = await a_message(site)
    ref, delivery = made["referral_id"], made["delivery_id"]
    assert f"/referrals/{ref}/messages/{delivery}" in await page(dana, ref)
    shown = (await dana.get(f"/referrals/{ref}/messages/{delivery}")).text
    assert '<div class="quote">Hello</div>' in shown
    other = await site.door.refer(external="R-7", patient={"given_name": "Kim"})
    assert (await dana.get(f"/referrals/{other}/messages/{delivery}")).status_code == 404


async def test_a_fax_is_seen_page_by_page_as_it_left(site: Site, dana: Browser) -> None:
    if not has(*PDF_PROGRAMS):
        lacking("poppler, which draws pages, is not on this machine")
    made = await a_message(site)
    base = f"/referrals/{made['referral_id']}/messages/{made['delivery_id']}"
    with site.door.store.write() as session:
        sent_letters.keep(session, made["delivery_id"], pdf())
    shown = (await dana.get(base)).text
    assert f'src="{base}/pages/2" alt="Page 2 of 2"' in shown
    assert "/pages/3" not in shown
    picture = await dana.get(f"{base}/pages/2")
    assert picture.headers["content-type"] == "image/png"
    assert (await dana.get(f"{base}/pages/3")).status_code == 404


async def test_a_pdf_is_shown_as_pictures_and_only_saved_as_a_file(
    site: Site, dana: Browser
) -> None:
    if not has(*PDF_PROGRAMS):
        lacking("poppler, which draws pages, is not on this machine")
    ref = await site.door.refer()
    document = put(site, ref, pdf())
    base = f"/referrals/{ref}/documents/{document}"
    assert base in await page(dana, ref)
    shown = (await dana.get(base)).text
    assert f'src="{base}/pages/2"' in shown
    picture = await dana.get(f"{base}/pages/2")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert (await dana.get(f"{base}/pages/3")).status_code == 404
    file = await dana.get(f"{base}/file")
    assert file.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in file.headers["content-security-policy"]


async def test_a_damaged_pdf_can_still_be_saved(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    document = put(site, ref, b"%PDF-1.4 nothing")
    shown = (await dana.get(f"/referrals/{ref}/documents/{document}")).text
    assert "cannot be drawn here" in shown
    assert "Save the PDF" in shown


async def test_the_engine_s_own_timeline_is_one_click_away(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    assert "Temporal" not in await page(dana, ref)  # no UI is known here


async def test_undo_leads_back_to_the_page(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    done = await act(dana, ref, "book", day="2026-01-08", time="10:00")
    fact = httpx.URL(done.headers["location"]).params["fact"]
    site.door.now += timedelta(seconds=20)
    answer = await dana.post(f"/referrals/{ref}/undo", fact=fact, **{"from": "referral"})
    assert answer.headers["location"] == f"/referrals/{ref}"
    shown = await page(dana, ref)
    assert "<s>Appointment booked</s>" in shown
    assert "taken back" in shown


def put(site: Site, ref: str, content: bytes) -> str:
    told: dict[str, Any] = {"kind": "plan_of_care", "at": site.door.now, "pdf": content}
    with site.door.store.write() as session:
        return documents.put(session, org=ORG, referral_id=ref, **told).id


def pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    for number in (1, 2):
        canvas.drawString(72, 700, f"Page {number}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


async def test_a_day_of_another_year_is_said_with_it(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    assert "2026" not in re.findall(r'class="when">([^<]*)', await page(dana, ref))[-1]
    site.door.now += timedelta(days=365)
    await sign_in(dana, "dana")
    assert ", 2026," in re.findall(r'class="when">([^<]*)', await page(dana, ref))[-1]
