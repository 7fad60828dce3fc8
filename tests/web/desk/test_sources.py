"""The book of sources as a liaison works with it: list, page, phone, gifts, merges."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from activities.tenants import Tenants
from models.policy import Policy
from models.policy.house import Gifts
from models.tasks import TaskKind
from settings import EXAMPLE_PASSWORD
from store import merges, sources, tasks
from store.tables import (
    AuditRow,
    DeliveryRow,
    GiftRow,
    LedgerRow,
    ReferralRow,
    SourceRow,
    SubjectType,
    TaskState,
    TouchRow,
)
from tests.browser import chromium, troubles
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.sending import close


@pytest.fixture
async def lia(browser: Browser) -> Browser:
    """The liaison of both clinics."""
    assert (await browser.sign_in("lia@example.org")).status_code == 303
    return browser


async def a_source(site: Site, **source: str) -> str:
    """Somebody who has sent a patient; the id of the source."""
    changes: dict[str, Any] = {}
    if source:
        patient = {"family_name": f"Sample{source['npi'][-3:]}", "phone": "(518) 555-0166"}
        changes = {"source": source, "external": f"S-{source['npi']}", "patient": patient}
    referral = await site.door.refer(**changes)
    with site.door.store.read() as session:
        return session.get_one(ReferralRow, referral).source_id


def row(site: Site, source_id: str) -> SourceRow:
    with site.door.store.read() as session:
        return sources.get(session, ORG, source_id)


def give_freely(site: Site, cap: dict[int, Decimal]) -> None:
    """The organization lets gifts be given, with these limits."""
    known = site.door.tenants.get(ORG)
    policy: Policy = known.policy.model_copy(update={"gifts": Gifts(enabled=True, cap=cap)})
    changed = Tenants([known.model_copy(update={"policy": policy})])
    site.door.tenants.__dict__.update(changed.__dict__)


def form_id(text: str, name: str = "form_id") -> str:
    found = re.search(rf'name="{name}" value="([a-z]+_\w+)"', text)
    assert found
    return found[1]


async def test_the_list_shows_who_sends_and_no_patient(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    page = await lia.get("/sources")
    assert page.status_code == 200
    assert f"/sources/{source_id}" in page.text
    assert "Jordan" not in page.text
    for wrong in ("?state=nonsense&page=0", "?page=99999999999", "?kind=provider&verdict=fading"):
        assert (await lia.get(f"/sources{wrong}")).status_code == 200
    name = row(site, source_id).name
    found = await lia.post("/sources/search", search=name[-6:].upper())
    assert f"/sources/{source_id}" in found.text
    assert "/sources/src" not in (await lia.post("/sources/search", search="100%_nobody")).text


async def test_a_page_tells_everything_but_patients(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    page = await lia.get(f"/sources/{source_id}")
    assert page.status_code == 200, page.text
    assert "Whom they sent" in page.text
    assert "1 in twelve months" in page.text
    assert "Jordan" not in page.text
    assert (await lia.get("/sources/src_nobody")).status_code == 404


async def test_a_source_that_is_a_patient_has_no_name_here(site: Site, lia: Browser) -> None:
    told = {"kind": "past_patient", "name": "Robin Former", "npi": None, "email": "r@example.org"}
    referral = await site.door.refer(source=told)
    with site.door.store.read() as session:
        source_id = session.get_one(ReferralRow, referral).source_id
    listed = await lia.get("/sources?kind=past_patient")
    assert f"/sources/{source_id}" in listed.text
    pages = [listed, await lia.get(f"/sources/{source_id}"), await lia.get("/sources")]
    pages.append(await lia.get(f"/sources/{source_id}/log"))
    pages.append(await lia.post("/sources/search", search="robin"))
    assert all("Robin" not in one.text for one in pages[:4])
    assert source_id not in pages[4].text
    await lia.sign_in("drew@example.org")
    assert "Robin Former" in (await lia.get(f"/sources/{source_id}")).text
    with site.door.store.read() as session:
        seen = select(AuditRow).where(AuditRow.subject == source_id, AuditRow.what == "viewed")
        assert [one.who for one in session.exec(seen)] == ["drew"]


async def test_patients_that_are_one_source_have_no_name_here(site: Site, lia: Browser) -> None:
    told = {"kind": "past_patient", "npi": None, "credential": None}
    both = []
    for number, name in enumerate(("Robin Former", "Robyn Former")):
        source = {**told, "name": name, "email": f"r{number}@example.org"}
        referral = await site.door.refer(source=source, external=f"P-{number}")
        with site.door.store.read() as session:
            both.append(session.get_one(ReferralRow, referral).source_id)
    gone, into = both
    assert gone != into
    await lia.get(f"/sources/{gone}")
    asked = await lia.post(f"/sources/{gone}/other", into=into)
    with site.door.store.write() as session:
        merges.merge(session, ORG, gone, into, by="drew", at=site.door.now)
    close(site)
    await lia.sign_in("lia@example.org")
    pages = [asked]
    for one in both:
        for place in ("", "/log", "/scorecard"):
            pages.append(await lia.get(f"/sources/{one}{place}"))
            assert pages[-1].status_code == 200
    assert [str(one.url) for one in pages if "Former" in one.text] == []
    for kind in ("pdf", "html"):
        letter = await lia.get(f"/sources/{into}/scorecard/letter.{kind}")
        assert letter.status_code == 409


@pytest.mark.parametrize("kind", ["past_patient", "self"])
async def test_a_patients_own_numbers_are_not_the_books_to_change(
    site: Site, lia: Browser, kind: str
) -> None:
    told = {"kind": kind, "name": "Robin Former", "npi": None, "email": "r@example.org"}
    referral = await site.door.refer(source=told)
    with site.door.store.read() as session:
        source_id = session.get_one(ReferralRow, referral).source_id
    page = await lia.get(f"/sources/{source_id}")
    assert 'name="email"' not in page.text
    assert (await lia.post(f"/sources/{source_id}/prefer", prefers="email")).status_code == 303
    kept = row(site, source_id)
    assert (kept.prefers, kept.email) == ("email", "r@example.org")


async def test_three_taps_on_the_phone_answer_the_task(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    site.door.now += timedelta(days=70)
    now = site.door.now
    with site.door.store.write() as session:
        source = sources.get(session, ORG, source_id)
        task, _ = sources.open_quiet(session, source, since=now, at=now, due=now)
        sources.set_next_touch(session, source, now)
    await lia.sign_in("lia@example.org")
    walk = await lia.get("/sources/round")
    assert f'href="/sources/{source_id}/log"' in walk.text  # the first tap
    page = await lia.get(f"/sources/{source_id}/log")
    told = {"form_id": form_id(page.text), "then": "round", "in": "30", "quick": "call-spoke"}
    first = await lia.post(f"/sources/{source_id}/touch", **told)
    again = await lia.post(f"/sources/{source_id}/touch", **told)  # the thumb was too quick
    assert first.headers["location"] == "/sources/round?said=answered"
    assert again.headers["location"] == "/sources/round?said=touch"
    with site.door.store.read() as session:
        (touch,) = session.exec(select(TouchRow)).all()
        done = tasks.get(session, ORG, task.id)
        crm = session.exec(select(DeliveryRow).where(DeliveryRow.subject_id == touch.id)).all()
    assert (touch.kind, touch.outcome, touch.by) == ("call", "spoke", "lia")
    assert (done.state, done.done_by, done.outcome) == (TaskState.DONE, "lia", "done")
    assert [one.subject_type for one in crm] == [SubjectType.TOUCH]
    assert set(crm[0].payload or {}) == {
        "type",
        "kind",
        "outcome",
        "source_id",
        "by",
        "at",
        "next",
    }
    due = row(site, source_id).next_touch_at
    assert due is not None
    assert (due.date() - now.date()).days in {30, 31, 32}


async def test_nobody_there_leaves_the_task_and_tries_again_soon(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    now = site.door.now
    with site.door.store.write() as session:
        source = sources.get(session, ORG, source_id)
        sources.open_quiet(session, source, since=now, at=now, due=now)
    page = await lia.get(f"/sources/{source_id}")
    told = {"form_id": form_id(page.text), "kind": "call", "outcome": "nobody"}
    assert (await lia.post(f"/sources/{source_id}/touch", **told)).status_code == 303
    with site.door.store.read() as session:
        left = tasks.open_tasks(session, ORG, source_id=source_id, kind=TaskKind.RE_ENGAGEMENT)
    due = row(site, source_id).next_touch_at
    assert len(left) == 1
    assert due is not None
    assert due - now < timedelta(days=9)


async def test_a_note_sets_no_date_and_tells_no_crm(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    before = row(site, source_id).next_touch_at
    await lia.get(f"/sources/{source_id}")
    empty = await lia.post(f"/sources/{source_id}/touch", kind="note", words=" ")
    assert empty.status_code == 400
    assert "Write the note first." in empty.text
    assert '<details class="doing" open>' in empty.text
    await lia.post(f"/sources/{source_id}/touch", kind="note", words="Asks for <b>wound</b> care")
    page = await lia.get(f"/sources/{source_id}")
    assert "Asks for &lt;b&gt;wound&lt;/b&gt; care" in page.text
    assert row(site, source_id).next_touch_at == before
    with site.door.store.read() as session:
        touch = session.exec(select(TouchRow)).one()
        crm = select(DeliveryRow).where(DeliveryRow.subject_id == touch.id)
        assert session.exec(crm).all() == []
    await lia.post(f"/sources/{source_id}/strike", touch=touch.id)
    assert "struck out by Lia Example" in (await lia.get(f"/sources/{source_id}")).text


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
        ("owner", {"to": "stranger"}, "Nobody of the staff"),
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
    likes = {"prefers": "email", "fax": "(518) 555-0177", "email": "Office@Example.org"}
    likes |= {"best_hours": "Tuesdays before 9", "hears": "Post-op shoulders", "key_source": "1"}
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


async def test_a_gift_is_held_to_the_years_limit(site: Site, lia: Browser) -> None:
    give_freely(site, {2026: Decimal("535")})
    source_id = await a_source(site)
    page = await lia.get(f"/sources/{source_id}")
    gift = re.findall(r'name="form_id" value="(gift_\w+)"', page.text)[0]
    told = {"form_id": gift, "on": "2026-01-05", "value": "$500.00", "what": "=Lunch"}
    for _ in range(2):  # the same form twice is one gift
        assert (await lia.post(f"/sources/{source_id}/gift", **told)).status_code == 303
    over = await lia.post(f"/sources/{source_id}/gift", on="2026-01-05", value="40", what="Pens")
    assert "has had $500.00 of $535.00 in 2026: $35.00 is left" in over.text
    assert 'value="40"' in over.text  # what was typed is still there
    old = await lia.post(f"/sources/{source_id}/gift", on="2025-12-31", value="1", what="Pens")
    assert "no limit on gifts for 2025" in old.text
    assert (await lia.post(f"/sources/{source_id}/gift-back", gift=gift)).status_code == 303
    assert (await lia.post(f"/sources/{source_id}/gift-back", gift=gift)).status_code == 303
    with site.door.store.read() as session:
        rows = session.exec(select(GiftRow).order_by(col(GiftRow.cents))).all()
    assert [one.cents for one in rows] == [-50000, 50000]
    page = await lia.get(f"/sources/{source_id}")
    assert "$0.00 of $535.00 in 2026" in page.text
    export = await lia.get("/sources/gifts.csv?year=2026")
    assert export.headers["content-type"].startswith("text/csv")
    assert [line.split(",")[4:6] for line in export.text.splitlines()[1:]] == [
        ["500.00", "'=Lunch"],
        ["-500.00", "'=Lunch"],
    ]


async def test_two_that_are_one_are_merged_and_taken_apart(site: Site, lia: Browser) -> None:
    gone = await a_source(site)
    other = {"name": "Dr. Sam Other", "npi": "1558598797", "fax": "(518) 555-0188"}
    into = await a_source(site, **other)
    await lia.get(f"/sources/{gone}")
    shown = await lia.post(f"/sources/{gone}/other", search="sam other")
    assert into in shown.text
    follows = await lia.post(f"/sources/{gone}/other", into=into)
    assert "1 referral counts for Dr. Sam Other" in follows.text
    answer = await lia.post(f"/sources/{gone}/merge", into=into)
    assert answer.headers["location"] == f"/sources/{into}?said=merge"
    assert row(site, gone).merged_into == into
    assert "2 in twelve months" in (await lia.get(f"/sources/{into}")).text
    assert f'href="/sources/{gone}"' not in (await lia.get("/sources")).text
    page = await lia.get(f"/sources/{gone}")
    merge = re.findall(r'name="merge" value="(mrg_\w+)"', page.text)[0]
    assert (await lia.post(f"/sources/{gone}/merge-back", merge=merge)).status_code == 303
    assert row(site, gone).merged_into is None
    assert "1 in twelve months" in (await lia.get(f"/sources/{into}")).text
    assert "taken back by Lia Example" in (await lia.get(f"/sources/{into}")).text


async def test_a_touch_logged_under_an_old_name_answers_the_task(site: Site, lia: Browser) -> None:
    gone = await a_source(site)
    into = await a_source(site, name="Dr. Sam Other", npi="1558598797", fax="(518) 555-0188")
    page = await lia.get(f"/sources/{gone}/log")  # open on the phone while a colleague merges
    now = site.door.now
    with site.door.store.write() as session:
        merges.merge(session, ORG, gone, into, by="drew", at=now)
        source = sources.get(session, ORG, into)
        task, _ = sources.open_quiet(session, source, since=now, at=now, due=now)
    told = {"form_id": form_id(page.text), "then": "round", "in": "30", "quick": "call-spoke"}
    assert (await lia.post(f"/sources/{gone}/touch", **told)).status_code == 303
    with site.door.store.read() as session:
        assert tasks.get(session, ORG, task.id).state == TaskState.DONE
    assert row(site, gone).next_touch_at is None
    assert row(site, into).next_touch_at is not None


async def test_the_last_evening_of_a_year_is_still_of_that_year(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    site.door.now = datetime(2027, 1, 1, 2, 0, tzinfo=UTC)  # 9 in the evening at the clinic
    with site.door.store.write() as session:
        source = sources.get(session, ORG, source_id)
        source.away_from, source.away_until = date(2026, 12, 1), date(2026, 12, 31)
        session.add(source)
    await lia.sign_in("lia@example.org")
    export = await lia.get("/sources/gifts.csv")
    assert export.headers["content-disposition"].endswith('gifts-2026.csv"')
    assert "on leave" in (await lia.get("/sources")).text


async def test_the_list_is_two_queries(site: Site, lia: Browser) -> None:
    for number in range(3):
        await a_source(
            site, name=f"Dr. N {number}", npi=("1234567893", "1558598797", "1679576722")[number]
        )
    asked: list[str] = []
    engine = site.door.store.engine

    def note(_c: object, _cu: object, statement: str, *_: object) -> None:
        if "FROM sources" in statement or "FROM ledger" in statement:
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        await lia.get("/sources")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 2


async def test_who_is_merged_may_send_again_and_tell_again(site: Site, lia: Browser) -> None:
    """The same request again under the old name is no second sender and asks nobody anything."""
    referral = await site.door.refer()
    with site.door.store.read() as session:
        gone = session.get_one(ReferralRow, referral).source_id
    other = {"name": "Dr. Sam Other", "npi": "1558598797", "fax": "(518) 555-0188"}
    into = await a_source(site, **other)
    await lia.get(f"/sources/{gone}")
    assert (await lia.post(f"/sources/{gone}/merge", into=into)).status_code == 303
    site.door.now += timedelta(hours=1)
    await site.door.refer()  # the EMR tells it again
    again = await site.door.refer(external="R-9001")  # the office faxes the same patient again
    with site.door.store.read() as session:
        row = session.get_one(ReferralRow, again)
        asked = [one.key for one in tasks.open_tasks(session, ORG) if "again" in one.says]
        first = session.get_one(ReferralRow, referral)
    assert (row.source_id, row.duplicate_of, row.linked_as) == (into, referral, "duplicate")
    assert first.source_id == gone
    assert asked == []


async def test_every_source_that_sends_has_a_next_touch(site: Site, lia: Browser) -> None:
    due = row(site, await a_source(site)).next_touch_at
    assert due is not None
    assert timedelta(days=13) < due - site.door.now < timedelta(days=18)


async def test_how_a_patient_heard_of_us_is_asked_on_the_referral(
    site: Site, browser: Browser
) -> None:
    referral = await site.door.refer(campaign="knee-week")
    await browser.sign_in("dana@example.org")
    page = await browser.get(f"/referrals/{referral}")
    assert "knee-week" in page.text
    act = f"/referrals/{referral}/act/correct"
    seen = re.findall(r'name="seen" value="([^"]*)"', page.text)[0]
    answer = await browser.post(act, confirmed="1", heard="friend", campaign="", seen=seen)
    assert answer.status_code == 303, answer.text
    await site.settled()
    page = await browser.get(f"/referrals/{referral}")
    assert "A friend or family" in page.text
    with site.door.store.read() as session:
        kept = session.get_one(ReferralRow, referral)
        line = session.exec(select(LedgerRow).where(LedgerRow.referral_id == referral)).one()
    assert (kept.heard, kept.campaign) == (line.heard, line.campaign) == ("friend", None)
    seen = re.findall(r'name="seen" value="([^"]*)"', page.text)[0]
    for wrong in ({"heard": "stars"}, {"campaign": "Knee Week!"}):
        assert (await browser.post(act, confirmed="1", seen=seen, **wrong)).status_code == 400


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


async def test_a_patient_is_given_nothing_for_sending_a_friend(site: Site, lia: Browser) -> None:
    give_freely(site, {2026: Decimal(535)})
    told = {"kind": "past_patient", "name": "Robin Former", "npi": None, "email": "r@example.org"}
    referral = await site.door.refer(source=told)
    with site.door.store.read() as session:
        source_id = session.get_one(ReferralRow, referral).source_id
    page = await lia.get(f"/sources/{source_id}")
    assert page.status_code == 200
    assert "Gifts" not in page.text
    assert "Robin" not in page.text
    gift = {"on": "2026-01-05", "value": "5", "what": "Coffee"}
    refused = await lia.post(f"/sources/{source_id}/gift", **gift)
    assert refused.status_code == 409
    with site.door.store.read() as session:
        assert session.exec(select(GiftRow)).all() == []
