"""Moving cards: the facts it tells, what it refuses, two people at one card, and the way back."""

from __future__ import annotations

import asyncio
import html
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from models.facts import AppointmentBooked, MessageSent
from models.kinds import Kind
from models.moves import WAYS, Move
from store import audit
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.test_outsiders import sign_in

BOOKED = {"move": "booked", "day": "2026-01-08", "time": "14:30"}
FRAGMENT = {"hx-request": "true"}


async def panel(browser: Browser, ref: str) -> str:
    answer = await browser.get(f"/referrals/{ref}/move")
    assert answer.status_code == 200
    return answer.text


async def move(
    browser: Browser, ref: str, seen: str | None = None, **fields: str
) -> httpx.Response:
    """Move a card as it is now, or as somebody saw it."""
    shown = await panel(browser, ref)
    if seen is None:
        found = re.search(r'name="seen" value="([^"]*)"', shown)
        seen = found[1] if found else ""
    return await browser.post(f"/referrals/{ref}/move", seen=seen, **fields)


def stage(site: Site, ref: str) -> str:
    return site.door.intake.record.card(ORG, ref).stage


async def test_booked_by_phone_is_the_fact_an_emr_would_tell(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    answer = await move(dana, ref, **BOOKED)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/board?moved={ref}&fact=appointment")
    booked = site.door.referral(ref).last(AppointmentBooked)
    assert booked is not None
    assert booked.starts_at.isoformat() == "2026-01-08T19:30:00+00:00"  # 14:30 in Albany
    assert stage(site, ref) == "scheduled"
    assert "appointment_booked" in site.door.engine.told(ref)
    with site.door.store.read() as session:
        last = audit.last_deed(session, ORG, ref, besides="viewed")
    assert last is not None
    assert (last.who, last.what) == ("dana", "appointment_booked")
    page = (await dana.get(answer.headers["location"])).text
    assert "Jordan Sample</a> is at “Scheduled” now" in page
    assert 'id="undo"' in page


async def test_a_move_that_is_not_complete_says_what_is_missing(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    for fields, said in (
        ({"move": "booked", "day": "", "time": "14:30"}, "Give a date"),
        ({"move": "booked", "day": "2026-01-08", "time": ""}, "Give a time"),
        ({"move": "booked", "day": "2026-01-02", "time": "09:00"}, "This time has passed"),
        ({"move": "booked", "day": "2028-01-02", "time": "09:00"}, "more than a year"),
        ({"move": "booked", "day": "2026-03-08", "time": "02:30"}, "does not exist"),
        ({"move": "evaluated", "day": "2026-01-06"}, "has not come yet"),
        ({"move": "called", "outcome": ""}, "Pick one"),
        ({"move": "closed", "reason": "completed"}, "Pick one"),
        ({"move": "closed", "reason": "declined_by_clinic"}, "Pick one"),
    ):
        answer = await move(dana, ref, **fields)
        assert answer.status_code == 400, fields
        assert said in answer.text, fields
    kept = await move(dana, ref, move="booked", day="2026-01-02", time="09:00")
    assert 'value="2026-01-02"' in kept.text  # nothing typed is lost
    assert stage(site, ref) == "received"


async def test_a_decision_goes_to_the_workflow_with_the_card_that_was_seen(
    site: Site, dana: Browser
) -> None:
    ref = await site.door.refer()
    answer = await move(dana, ref, move="closed", reason="declined_by_clinic", declined_for="payer")
    assert answer.status_code == 303
    name, decision, _ = site.door.engine.updates[-1]
    assert name == "decide"
    assert (decision.by, decision.seen) == ("dana", "")
    assert decision.declined_for == "payer"


@pytest.mark.parametrize(
    ("move_to", "reason", "fact"),
    [("closed", "deceased", "patient_died"), ("closed", "withdrawn", "referral_withdrawn")],
)
async def test_a_death_and_a_withdrawal_are_told_as_the_facts_they_are(
    site: Site, dana: Browser, move_to: str, reason: str, fact: str
) -> None:
    ref = await site.door.refer()
    assert (await move(dana, ref, move=move_to, reason=reason)).status_code == 303
    assert site.door.referral(ref).knows(fact)
    assert site.door.referral(ref).over()
    assert fact in site.door.engine.told(ref)
    assert 'id="undo"' not in (await dana.get("/board")).text


async def test_of_two_who_move_one_card_the_second_hears_who_was_first(
    site: Site, dana: Browser, browser: Browser
) -> None:
    ref = await site.door.refer()
    shown = await panel(dana, ref)
    found = re.search(r'name="seen" value="([^"]*)"', shown)
    assert found
    fields = {"seen": found[1], **BOOKED}
    other = {**fields, "day": "2026-01-09"}
    both = await asyncio.gather(
        dana.post(f"/referrals/{ref}/move", **fields), dana.post(f"/referrals/{ref}/move", **other)
    )
    assert sorted(answer.status_code for answer in both) == [303, 409]
    second = next(answer for answer in both if answer.status_code == 409)
    assert "Dana Example was here Jan 5 at 10:00 AM (appointment booked)" in second.text
    assert "Nothing of yours was done" in second.text
    assert len(site.door.referral(ref).all(AppointmentBooked)) == 1


async def test_a_tab_open_since_yesterday_moves_nothing(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    await move(dana, ref, **BOOKED)
    answer = await move(dana, ref, seen="received|", move="evaluated", day="2026-01-05")
    assert answer.status_code == 409
    assert "not as you saw it" in answer.text
    assert stage(site, ref) == "scheduled"


async def test_a_move_is_taken_back_and_made_again(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    for day in ("2026-01-08", "2026-01-09"):
        answer = await move(dana, ref, move="booked", day=day, time="10:00")
        fact = httpx.URL(answer.headers["location"]).params["fact"]
        undone = await dana.post(f"/referrals/{ref}/undo", fact=fact)
        assert undone.status_code == 303
        assert stage(site, ref) == "received"
    again = await dana.post(f"/referrals/{ref}/undo", fact=fact)
    assert again.status_code == 409
    assert "nothing to take back" in again.text


async def test_what_was_told_to_somebody_is_not_undone(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    answer = await move(dana, ref, **BOOKED)
    fact = httpx.URL(answer.headers["location"]).params["fact"]
    at = site.door.now + timedelta(seconds=5)
    told: dict[str, Any] = {"message": "booked:patient:1", "message_kind": Kind.BOOKED}
    site.door.write(ref, MessageSent(at=at, as_of=at, channel="sms", **told))
    refused = await dana.post(f"/referrals/{ref}/undo", fact=fact)
    assert refused.status_code == 409
    assert "Cancel or move the appointment instead" in refused.text
    assert stage(site, ref) == "scheduled"


async def test_every_column_is_reached_by_its_fact(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    steps = (
        (BOOKED, "scheduled"),
        ({"move": "forms"}, "intake"),
        ({"move": "evaluated", "day": "2026-01-05"}, "evaluated"),
        ({"move": "visited", "day": "2026-01-07"}, "in_care"),
        ({"move": "discharged", "reason": "goals_met", "planned": "1"}, "discharging"),
    )
    for fields, where in steps:
        if fields["move"] == "visited":
            site.door.now += timedelta(days=2)
            await sign_in(dana, "dana")
        answer = await move(dana, ref, **fields)
        assert answer.status_code == 303, answer.text
        assert stage(site, ref) == where


async def test_only_what_is_possible_is_offered(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    await move(dana, ref, **BOOKED)
    shown = html.unescape(await panel(dana, ref))
    offered = set(re.findall(r'name="move" value="(\w+)"', shown))
    assert offered == {"forms", "evaluated", "closed"}
    assert {WAYS[Move(one)].says for one in offered} <= set(re.findall(r": ([^<]+)</span>", shown))


async def test_what_a_machine_read_is_confirmed_before_it_moves(site: Site, dana: Browser) -> None:
    ref = await site.door.refer(machine_read={"pages": 2})
    assert "confirm it first" in await panel(dana, ref)


async def test_the_board_says_a_move_in_place(site: Site, dana: Browser, browser: Browser) -> None:
    ref = await site.door.refer()
    await panel(dana, ref)
    dana.http.headers.update(FRAGMENT)
    refused = await dana.post(f"/referrals/{ref}/move", seen="received|", move="booked", day="")
    assert 'id="mover-trouble"' in refused.text
    assert "<html" not in refused.text
    moved = await dana.post(f"/referrals/{ref}/move", seen="received|", **BOOKED)
    assert moved.headers["hx-retarget"] == "#moved"
    assert ref in moved.headers["hx-trigger"]
    assert "is at “Scheduled” now" in moved.text


async def test_whoever_decides_nothing_moves_nothing(site: Site, browser: Browser) -> None:
    ref = await site.door.refer()
    await sign_in(browser, "bill")
    answer = await browser.post(f"/referrals/{ref}/move", seen="received|", **BOOKED)
    assert answer.status_code == 403
    assert stage(site, ref) == "received"
