"""One source: its page, what it likes, whose it is, leave and leaving."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from settings import EXAMPLE_PASSWORD
from store.tables import ReferralRow
from tests.browser import chromium, troubles
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.book import a_source, give_freely, row
from tests.web.desk.conftest import Browser


async def test_a_page_tells_everything_but_patients(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    page = await lia.get(f"/sources/{source_id}")
    assert page.status_code == 200, page.text
    assert "Whom they sent" in page.text
    assert "1 in twelve months" in page.text
    assert "Jordan" not in page.text
    assert (await lia.get("/sources/src_nobody")).status_code == 404


@pytest.mark.parametrize(
    ("act", "fields", "says"),
    [
        ("touch", {"kind": "visit", "outcome": "warm", "day": "2999-01-01"}, "has not come yet"),
        ("touch", {"kind": "visit", "outcome": "warm", "next": "2999-01-01"}, "more than a year"),
        ("touch", {"kind": "dance"}, "Pick one"),
        ("prefer", {"prefers": "pigeon"}, "Pick one"),
        ("prefer", {"prefers": "fax", "fax": "12"}, "phone"),
        ("away", {"from": "2026-03-01"}, "both days"),
        ("away", {"from": "2026-03-02", "until": "2026-03-01"}, "before the first"),
        ("owner", {"to": "stranger"}, "keeps the book"),
        ("owner", {"to": "dana"}, "keeps the book"),
        ("left", {"on": "soon"}, "Give a date"),
        ("gift", {"on": "2026-01-05", "value": "10", "what": "pens"}, "switched off"),
        ("merge", {"into": "src_nobody"}, "no such source"),
    ],
)
async def test_what_cannot_be_is_said_and_changes_nothing(
    site: Site, lia: Browser, act: str, fields: dict[str, str], says: str
) -> None:
    source_id = await a_source(site)
    before = row(site, source_id).model_dump()
    await lia.get(f"/sources/{source_id}")
    answer = await lia.post(f"/sources/{source_id}/{act}", **fields)
    assert 400 <= answer.status_code < 500
    assert says.lower() in answer.text.lower()
    assert row(site, source_id).model_dump() == before


async def test_preferences_owner_and_leave_are_kept(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    await lia.get(f"/sources/{source_id}")
    likes = {"prefers": "email", "fax": "12", "email": "Office@Example.org"}
    likes |= {"best_hours": "Tuesdays before 9", "hears": "Post-op shoulders", "key_source": "1"}
    slipped = await lia.post(f"/sources/{source_id}/prefer", **likes)
    assert 'name="key_source" value="1" checked' in slipped.text  # as it was typed
    assert 'name="wants_thanks" value="1">' in slipped.text
    likes["fax"] = "(518) 555-0177"
    assert (await lia.post(f"/sources/{source_id}/prefer", **likes)).status_code == 303
    assert (await lia.post(f"/sources/{source_id}/owner", to="lia")).status_code == 303
    leave = {"from": "2026-03-01", "until": "2026-04-30", "why": "Sabbatical"}
    assert (await lia.post(f"/sources/{source_id}/away", **leave)).status_code == 303
    page = (await lia.get(f"/sources/{source_id}")).text
    for words in ("Tuesdays before 9", "Post-op shoulders", "Sabbatical", "Lia Example", "0177"):
        assert words in page
    kept = row(site, source_id)
    assert kept.fax == "+15185550177"
    assert (kept.owner_id, kept.away_until, kept.wants_thanks) == ("lia", date(2026, 4, 30), False)
    assert f"/sources/{source_id}" in (await lia.get("/sources?mine=1")).text
    assert f"/sources/{source_id}" not in (await lia.get("/sources?owner=nobody")).text
    assert "look_again" in [
        name for name, _ in site.door.engine.runs[f"source/{ORG}/{source_id}"][-1].signals
    ]


async def test_a_number_that_was_changed_is_nobodys_until_seen(site: Site, lia: Browser) -> None:
    told = {"kind": "case_manager", "name": "Cass Example", "npi": None, "verified": True}
    referral = await site.door.refer(source=told)
    with site.door.store.read() as session:
        source_id = session.get_one(ReferralRow, referral).source_id
    before = row(site, source_id)
    await lia.get(f"/sources/{source_id}")
    likes = {"prefers": "fax", "fax": before.fax or "", "wants_thanks": "1"}
    await lia.post(f"/sources/{source_id}/prefer", **likes)
    assert row(site, source_id).verified
    await lia.post(f"/sources/{source_id}/prefer", **(likes | {"fax": "(518) 555-0178"}))
    assert not row(site, source_id).verified
    assert "not verified" in (await lia.get(f"/sources/{source_id}")).text


async def test_a_provider_who_left_is_told_the_usual_way(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    await lia.get(f"/sources/{source_id}")
    day = str(site.door.now.date())
    assert (await lia.post(f"/sources/{source_id}/left", on=day)).status_code == 303
    assert row(site, source_id).left_on == site.door.now.date()
    refused = await lia.post(f"/sources/{source_id}/touch", kind="call", outcome="spoke")
    assert "nobody to be in touch with" in refused.text
    site.door.now += timedelta(minutes=1)
    assert (await lia.post(f"/sources/{source_id}/left", back="1")).status_code == 303
    assert row(site, source_id).left_on is None


@pytest.mark.timeout(120)
async def test_axe_finds_nothing_on_a_page_with_everything_on_it(site: Site, lia: Browser) -> None:
    give_freely(site, {2026: Decimal(535)})
    source_id = await a_source(site)
    other = {"name": "Dr. Sam Other", "npi": "1558598797", "fax": "(518) 555-0188"}
    gone = await a_source(site, **other)
    await lia.get(f"/sources/{source_id}")
    touch = {"kind": "visit", "outcome": "warm", "words": "Wants a card with our hours."}
    await lia.post(f"/sources/{source_id}/touch", **touch)
    gift = {"on": "2026-01-05", "value": "24.50", "what": "Coffee for the desk"}
    await lia.post(f"/sources/{source_id}/gift", **gift)
    await lia.post(f"/sources/{gone}/merge", into=source_id)
    found: list[str] = []
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"{site.url}/sign-in?next=/sources")
        await page.fill("#email", "lia@example.org")
        await page.fill("#password", EXAMPLE_PASSWORD)
        await page.click("button.main")
        await page.wait_for_url("**/sources")
        await page.goto(f"{site.url}/sources/{source_id}")
        for part in await page.query_selector_all("details"):
            await part.evaluate("part => { part.open = true }")
        found += await troubles(page, "/sources/{id}")
    assert not found, "\n".join(found)
