"""Inviting colleagues, ending their sessions, and the record of who did what."""

from __future__ import annotations

import re

import pytest

from store import audit
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser


@pytest.fixture
async def ada(browser: Browser) -> Browser:
    """The administrator."""
    assert (await browser.sign_in("ada@example.org")).status_code == 303
    return browser


async def test_a_colleague_is_invited_and_the_link_is_shown_once(
    site: Site, ada: Browser, wes: Browser
) -> None:
    page = await ada.get("/staff")
    assert page.text.count("no password yet") == len(site.door.tenants.get(ORG).staff)
    answer = await ada.post("/staff/wes/invite")
    link = re.search(r'value="(http[^"]+/sign-in/invited/[^"]+)"', answer.text)
    assert link
    assert "An invitation for Wes Sample" in answer.text
    assert "/sign-in/invited/" not in (await ada.get("/staff")).text
    opened = await wes.http.get(link[1].partition("8080")[2] or link[1])
    assert "Wes Sample" in opened.text
    with site.door.store.read() as session:
        noted = [(row.who, row.what) for row in audit.about(session, ORG, "wes")]
    assert noted == [("wes", "signed_in"), ("ada", "invited")]


async def test_sessions_of_a_colleague_are_ended(ada: Browser, wes: Browser) -> None:
    await ada.get("/staff")
    assert (await wes.http.get("/staff")).status_code == 403  # signed in, without the right
    assert (await ada.post("/staff/wes/sign-out")).status_code == 303
    assert (await wes.http.get("/staff")).status_code == 303  # to the sign-in page
    assert (await ada.post("/staff/nobody/invite")).status_code == 404


async def test_the_record_is_read_by_person_and_by_subject_and_that_is_on_record(
    site: Site, ada: Browser, wes: Browser
) -> None:
    del wes
    page = await ada.get("/audit", params={"who": "wes"})
    assert page.text.count("<tr>") == 2  # its heading, and one line
    assert "signed in" in page.text
    assert "Nothing is on record" in (await ada.get("/audit", params={"subject": "x"})).text
    with site.door.store.read() as session:
        assert [row.what for row in audit.about(session, ORG, "x")] == ["audit_read"]


async def test_the_record_of_a_clinic_says_nothing_of_another(site: Site) -> None:
    at = site.door.now
    here = await site.door.refer()
    with site.door.store.write() as session:
        for who, subject in (("dana", here), ("wes", here), ("wes", "thr_1"), ("system", "fax_1")):
            audit.note(
                session, org=ORG, who=who, what="viewed", subject=subject, at=at, recorded_at=at
            )

    def read(clinic: str, elsewhere: str) -> list[tuple[str, str]]:
        with site.door.store.read() as session:
            rows = audit.latest(
                session,
                ORG,
                who=None,
                subject=None,
                clinics=[clinic],
                elsewhere=[elsewhere],
                limit=9,
            )
            return sorted((row.who, row.subject) for row in rows if row.what == "viewed")

    assert read("east", "wes") == [("dana", here), ("system", "fax_1"), ("wes", here)]
    assert read("west", "dana") == [("system", "fax_1"), ("wes", "thr_1")]
