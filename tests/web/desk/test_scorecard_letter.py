"""The letter about a scorecard on the desk: asked for, approved by the director, switched off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx
import pytest

from activities import letter_fate
from activities.tenants import Tenants
from models.tasks import TaskKind
from store import consent, merges
from store.scorecards import PURPOSE, quarter
from store.tables import (
    AuditRow,
    DeliveryRow,
    DeliveryState,
    PracticeRow,
    ScorecardLetterRow,
    SourceRow,
    TaskRow,
)
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.sending import close, office_sends
from tests.web.desk.test_scorecard import OTHER, PARTNER

FAX = "+15185550111"
Enter = Callable[[str], Awaitable[None]]


@pytest.fixture
def enter(browser: Browser) -> Enter:
    """Somebody sits down at the browser."""

    async def sign_in(who: str) -> None:
        browser.http.cookies.clear()
        assert (await browser.sign_in(f"{who}@example.org")).status_code == 303
        await browser.get("/board")

    return sign_in


@pytest.fixture
async def source(site: Site, enter: Enter) -> str:
    """An office with ten patients in a closed month; the director sits at the browser."""
    found = await office_sends(site, 10)
    close(site)
    await enter("drew")
    return found


async def pressed(browser: Browser, source: str, name: str) -> httpx.Response:
    """What a button of the scorecard's page is answered with."""
    await browser.get(f"/sources/{source}/scorecard")
    return await browser.post(f"/sources/{source}/scorecard", act=name)


async def act(browser: Browser, source: str, name: str) -> int:
    return (await pressed(browser, source, name)).status_code


async def refused(browser: Browser, source: str, name: str) -> str:
    """What is said to somebody who presses a button that cannot be done now."""
    answer = await pressed(browser, source, name)
    assert answer.status_code == 409
    return answer.text


def asked(site: Site) -> list[TaskRow]:
    every = {TaskKind.SCORECARD_UNCERTAIN, TaskKind.SCORECARD_LOST}
    return [row for row in site.door.rows(TaskRow) if row.kind in every]


def tasks(site: Site) -> list[tuple[str, str | None]]:
    rows = site.door.rows(TaskRow)
    return [(t.state, t.outcome) for t in rows if t.kind == TaskKind.APPROVE_SCORECARD]


async def test_a_lead_asks_and_only_the_director_approves(
    site: Site, browser: Browser, enter: Enter
) -> None:
    source = await office_sends(site, 10)
    close(site)
    await enter("lee")
    page = await browser.get(f"/sources/{source}/scorecard")
    assert "Word the letter and have it approved" in page.text
    assert await act(browser, source, "ask") == 303
    assert tasks(site) == [("open", None)]
    assert site.door.rows(DeliveryRow) == []
    page = await browser.get(f"/sources/{source}/scorecard")
    assert "waits for a director" in page.text
    assert "Approve and send" not in page.text
    assert await act(browser, source, "approve") == 403
    assert site.door.rows(DeliveryRow) == []
    await enter("drew")
    assert "Approve and send" in (await browser.get(f"/sources/{source}/scorecard")).text
    assert await act(browser, source, "approve") == 303
    (delivery,) = site.door.rows(DeliveryRow)
    assert (delivery.channel, delivery.address_ref, delivery.referral_id) == ("fax", FAX, None)
    assert tasks(site) == [("done", "approved")]
    (letter,) = site.door.rows(ScorecardLetterRow)
    assert (letter.asked_by, letter.decided_by, letter.quarter) == ("lee", "drew", "2026-Q1")
    assert (
        letter.content["sender"]
        == site.door.tenants.get(ORG)
        .staff[[one.id for one in site.door.tenants.get(ORG).staff].index("drew")]
        .name
    )
    page = await browser.get(f"/sources/{source}/scorecard")
    assert "approved by Drew Mockup, PT" in page.text
    deeds = {(one.who, one.what) for one in site.door.rows(AuditRow)}
    assert {("lee", "scorecard_ask"), ("drew", "scorecard_approve")} <= deeds


@pytest.mark.parametrize(("says", "state"), [("arrived", "delivered"), ("missing", "failed")])
async def test_of_a_letter_nobody_can_tell_the_office_is_asked_and_what_it_says_counts(
    site: Site, browser: Browser, source: str, says: str, state: str
) -> None:
    assert await act(browser, source, "missing") == 409  # nobody asks
    assert await act(browser, source, "ask") == 303
    assert await act(browser, source, "approve") == 303
    (delivery,) = site.door.rows(DeliveryRow)
    with site.door.store.write() as session:
        letter_fate.settle(
            session,
            site.door.tenants,
            delivery,
            DeliveryState.UNKNOWN,
            at=site.door.now,
            code="uncertain",
        )
    assert "Open the scorecard" in (await browser.get("/tasks?role=all")).text
    page = await browser.get(f"/sources/{source}/scorecard")
    assert "They do not have it" in page.text
    assert await act(browser, source, "ask") == 409  # not a second one while it may have arrived
    assert await act(browser, source, says) == 303
    (delivery,) = [row for row in site.door.rows(DeliveryRow) if row.channel == "fax"]
    assert delivery.state == state
    lost = [("open", None)] if says == "missing" else []  # for who may word another one
    assert [(t.state, t.done_by) for t in asked(site)] == [("done", "drew"), *lost]
    page = await browser.get(f"/sources/{source}/scorecard")
    assert "They do not have it" not in page.text
    assert await act(browser, source, "ask") == (303 if says == "missing" else 409)


async def test_one_for_the_whole_office_and_quarter(
    site: Site, browser: Browser, enter: Enter
) -> None:
    source = await office_sends(site, 8)
    partner = await office_sends(site, 3, first=20, **PARTNER)
    close(site)
    await enter("drew")
    assert await act(browser, source, "ask") == 303  # together they are eleven
    assert "at most one goes out in a quarter" in await refused(browser, partner, "ask")
    assert len(site.door.rows(ScorecardLetterRow)) == 1
    assert await act(browser, partner, "decline") == 303  # it is the partner's letter as well
    assert tasks(site) == [("done", "declined")]
    assert await act(browser, source, "approve") == 409
    assert await act(browser, source, "ask") == 303
    assert len(site.door.rows(ScorecardLetterRow)) == 1


async def test_too_few_patients_are_refused_with_a_sentence(
    site: Site, browser: Browser, enter: Enter
) -> None:
    source = await office_sends(site, 1, **OTHER)
    close(site)
    await enter("drew")
    assert "nothing is said of fewer than 10 patients" in await refused(browser, source, "ask")
    assert site.door.rows(ScorecardLetterRow) == []


async def test_an_office_that_wants_none_gets_none(
    site: Site, browser: Browser, enter: Enter
) -> None:
    source = await office_sends(site, 7)
    partner = await office_sends(site, 3, first=20, **PARTNER)
    close(site)
    await enter("drew")
    assert await act(browser, source, "ask") == 303
    await enter("lia")  # at one clinic only: she cannot ask for letters, but she can hear a no
    known = site.door.tenants.get(ORG)
    staff = [
        one.model_copy(update={"clinics": ("east",)}) if one.id == "lia" else one
        for one in known.staff
    ]
    changed = Tenants([known.model_copy(update={"staff": tuple(staff)})])
    site.door.tenants.__dict__.update(changed.__dict__)
    assert await act(browser, source, "stop") == 303
    assert await act(browser, source, "start") == 403
    assert tasks(site) == [("done", "switched_off")]
    await enter("drew")
    with site.door.store.read() as session:
        assert consent.opted_out(session, ORG, FAX, PURPOSE)
        assert not consent.opted_out(session, ORG, FAX)  # other letters still go there
    for one in (source, partner):  # the number is the office's
        assert "wants no scorecards" in (await browser.get(f"/sources/{one}/scorecard")).text
        assert await act(browser, one, "ask") == 409
    site.door.now = site.door.now.replace(minute=30)
    assert await act(browser, partner, "start") == 303
    assert await act(browser, source, "ask") == 303


async def test_a_letter_of_last_quarter_is_worded_anew(
    site: Site, browser: Browser, enter: Enter, source: str
) -> None:
    assert await act(browser, source, "ask") == 303
    site.door.now = datetime(2026, 4, 2, 12, 0, tzinfo=UTC)
    await enter("drew")
    assert "worded in 2026-Q1" in await refused(browser, source, "approve")
    assert await act(browser, source, "decline") == 303
    assert await act(browser, source, "ask") == 303
    assert {one.quarter for one in site.door.rows(ScorecardLetterRow)} == {"2026-Q1", "2026-Q2"}


async def test_what_is_no_form_of_ours_is_refused(
    site: Site, browser: Browser, enter: Enter
) -> None:
    source = await office_sends(site, 1)
    close(site)
    await enter("drew")
    assert await act(browser, source, "dance") == 400
    assert await act(browser, source, "approve") == 409
    forged = await browser.post(f"/sources/{source}/scorecard", csrf="0" * 64, act="ask")
    assert forged.status_code == 403


@pytest.mark.parametrize(
    ("day", "told"),
    [("2026-01-01", "2026-Q1"), ("2026-03-31", "2026-Q1"), ("2026-12-31", "2026-Q4")],
)
def test_quarters_are_the_calendars(day: str, told: str) -> None:
    assert quarter(datetime.fromisoformat(day).date()) == told


async def test_a_letter_to_a_number_that_has_changed_is_worded_anew(
    site: Site, browser: Browser, source: str
) -> None:
    assert await act(browser, source, "ask") == 303
    with site.door.store.write() as session:
        row = session.get_one(SourceRow, source)
        office = session.get_one(PracticeRow, row.practice_id)
        row.fax = office.fax = "+15185550199"
        session.add_all([row, office])
    assert "reached in another way" in await refused(browser, source, "approve")
    assert site.door.rows(DeliveryRow) == []
    assert await act(browser, source, "decline") == 303
    assert await act(browser, source, "ask") == 303
    assert await act(browser, source, "approve") == 303
    assert [row.address_ref for row in site.door.rows(DeliveryRow)] == ["+15185550199"]


async def test_who_has_left_alone_is_told_nothing(
    site: Site, browser: Browser, source: str
) -> None:
    with site.door.store.write() as session:
        row = session.get_one(SourceRow, source)
        row.practice_id, row.left_on = None, site.door.now.date()
        session.add(row)
    assert "They have left" in await refused(browser, source, "ask")


async def test_a_letter_goes_along_when_its_source_is_merged(
    site: Site, browser: Browser, enter: Enter
) -> None:
    source = await office_sends(site, 10)
    into = await office_sends(site, 1, first=20, **OTHER)
    close(site)
    await enter("drew")
    assert await act(browser, source, "ask") == 303
    with site.door.store.write() as session:
        merges.merge(session, ORG, source, into, by="drew", at=site.door.now)
    assert "at most one goes out in a quarter" in await refused(browser, into, "ask")
    assert await act(browser, into, "decline") == 303
    assert tasks(site) == [("done", "declined")]
