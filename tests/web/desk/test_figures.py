"""The director's page: figures, and the referrals behind them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.web.conftest import Site
from tests.web.desk.conftest import Browser


@pytest.fixture
async def drew(browser: Browser) -> Browser:
    """The director of both clinics."""
    assert (await browser.sign_in("drew@example.org")).status_code == 303
    return browser


async def test_an_empty_house_says_so(drew: Browser) -> None:
    answer = await drew.get("/today")
    assert answer.status_code == 200
    assert "No task is overdue." in answer.text
    assert answer.text.count("nobody to count yet") == 5  # "none" would read as a result


async def test_a_figure_opens_to_the_people_behind_it(site: Site, drew: Browser) -> None:
    referral = await site.door.refer()
    site.door.now += timedelta(days=3)
    await drew.sign_in("drew@example.org")
    page = await drew.get("/today")
    assert "0 %" in page.text  # nobody was tried in a day
    others = await drew.get("/today/contacted_24h", params={"others": "true"})
    assert f"/referrals/{referral}" in others.text
    assert "Jordan" in others.text
    assert (await drew.get("/today/contacted_24h")).text.count("<tr>") == 0
    elsewhere = await drew.get("/today/contacted_24h", params={"others": "true", "clinic": "west"})
    assert referral not in elsewhere.text
    assert (await drew.get("/today", params={"clinic": "nowhere"})).status_code == 404
    assert (await drew.get("/today/nothing")).status_code == 404


async def test_a_day_is_the_clinics_own(site: Site, drew: Browser) -> None:
    """Ten in the evening in Springfield is the next morning in UTC."""
    referral = await site.door.refer(clinic="west")
    late = site.door.now.replace(hour=4, minute=0) + timedelta(days=8)  # 22:00 the day before
    at = site.door.now.isoformat()
    booked = {
        "type": "appointment_booked",
        "at": at,
        "referral": {"id": referral},
        "data": {"appointment_id": "A-1", "starts_at": late.isoformat(), "purpose": "evaluation"},
    }
    row = await site.door.tell(booked)
    assert row.state == "applied", row.reason
    site.door.now = late - timedelta(hours=5)
    await drew.sign_in("drew@example.org")
    assert referral in (await drew.get("/today/evaluations", params={"others": "true"})).text
    site.door.now = late + timedelta(hours=3)
    await drew.sign_in("drew@example.org")
    assert referral not in (await drew.get("/today/evaluations", params={"others": "true"})).text


async def test_a_screen_that_faces_the_lobby_names_nobody(site: Site, drew: Browser) -> None:
    referral = await site.door.refer()
    site.door.now += timedelta(days=3)
    await drew.sign_in("drew@example.org")
    pages = ("/board", "/tasks", "/today/contacted_24h?others=true", f"/referrals/{referral}")
    assert all([("Jordan" in (await drew.get(page)).text) for page in pages if page != "/tasks"])
    await drew.post("/board/privacy", private="1")
    for page in pages:
        assert "Jordan" not in (await drew.get(page)).text, page
