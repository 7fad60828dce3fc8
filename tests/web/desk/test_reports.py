"""Reports on the desk: the list, the page, its files, and who stands behind each figure."""

from __future__ import annotations

import asyncio
import html
import io
import json
import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from activities.monthly import Monthly
from models.errors import NotFound
from models.monthly import MonthlyReport
from models.months import back, month_of, says
from models.moves import TITLES
from models.referral import Stage
from store import ledger
from store.report.behind import Which
from store.report.parts import PARTS
from store.tables import AuditRow, ReferralRow, SourceStateRow
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser

OVER = datetime(2030, 1, 15, 15, 0, tzinfo=UTC)


@pytest.fixture
async def drew(browser: Browser) -> Browser:
    """The director of both clinics."""
    assert (await browser.sign_in("drew@example.org")).status_code == 303
    return browser


async def referred(site: Site) -> tuple[str, str]:
    """A referral at "east", and its month."""
    referral = await site.door.refer(clinic="east")
    calendar = site.door.tenants.calendar(ORG, site.door.now, "east")
    return referral, month_of(calendar.local_date(site.door.now))


async def test_the_list_begins_with_the_first_referral(site: Site, drew: Browser) -> None:
    _, month = await referred(site)
    page = await drew.get("/reports")
    assert page.text.count("<tr>") == 2  # its head, and this month
    assert f"/reports/all/{month}" in page.text
    assert "so far" in page.text


async def test_links_lead_to_months_there_is_something_to_say_of(site: Site, drew: Browser) -> None:
    _, month = await referred(site)
    before, after = f"/reports/all/{back(month, 1)}", f"/reports/all/{back(month, -1)}"
    page = (await drew.get(f"/reports/all/{month}")).text
    assert (before in page, after in page) == (False, False)
    old = await drew.get("/reports/all/1900-01")
    assert (old.status_code, "/1899" in old.text) == (200, False)
    site.door.now += timedelta(days=31)
    await drew.sign_in("drew@example.org")
    assert after in (await drew.get(f"/reports/all/{month}")).text
    assert f"/reports/all/{month}" in (await drew.get(after)).text


async def test_many_reports_asked_at_once_keep_no_other_page_waiting(
    site: Site, drew: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, month = await referred(site)
    begun, over = threading.Semaphore(0), threading.Event()

    def slow(*_: object, **__: object) -> None:
        begun.release()
        over.wait(30)
        raise NotFound("It is of no matter here.")

    monkeypatch.setattr(Monthly, "report", slow)
    ways = (f"/reports/east/{month}", f"/reports/east/{month}/report.pdf")
    asked = [asyncio.create_task(drew.http.get(way)) for way in ways for _ in range(20)]
    try:
        async with asyncio.timeout(20):
            while not begun.acquire(blocking=False):
                await asyncio.sleep(0.01)
        assert (await drew.http.get("/today", timeout=10)).status_code == 200
    finally:
        over.set()
        await asyncio.gather(*asked)


async def test_a_figure_of_the_page_opens_to_its_referrals(site: Site, drew: Browser) -> None:
    referral, month = await referred(site)
    page = await drew.get(f"/reports/east/{month}")
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert f"/reports/east/{month}/received" in page.text
    behind = await drew.get(f"/reports/east/{month}/received")
    assert f"/referrals/{referral}" in behind.text
    assert "Jordan" in behind.text
    assert referral not in (await drew.get(f"/reports/west/{month}/received")).text
    (theirs,) = set(
        re.findall(rf'href="(/reports/east/{month}/received\?source=[^"&]+)"', page.text)
    )
    assert referral in (await drew.get(theirs)).text
    (source,) = set(re.findall(r'href="(/sources/[^"?]+)"', page.text))
    assert (await drew.get(source)).status_code == 200
    assert page.text.count(f'href="{source}"') == 3  # on page 1, among all, and by month
    assert referral not in (await drew.get(f"{theirs}x")).text
    median = await drew.get(f"/reports/east/{month}/contact_hours")
    assert "Not counted" in median.text  # nobody has been tried yet
    assert "Still open" not in median.text  # of a median nobody can be
    assert "no data" in median.text
    share = (await drew.get(f"/reports/east/{month}/converted?which=open")).text
    assert "0 of 1 (too few, 1 still open)" in share
    for tab in ("Counted: 0", "Not counted: 0", "Still open: 1", "All who are asked: 1"):
        assert tab in share
    assert f"<td>{TITLES[Stage.RECEIVED]}</td>" in share  # as the board calls it
    open_ones = await drew.get(f"/reports/east/{month}/contact_hours?which=open")
    assert referral not in open_ones.text
    assert referral in (await drew.get(f"/reports/east/{month}/converted?which=open")).text
    assert f'href="/reports/east/{month}/step_received?which=all"' in page.text
    lists = {
        which: (await drew.get(f"/reports/east/{month}/step_received?which={which}")).text
        for which in Which
    }
    assert [which for which, text in lists.items() if referral in text] == ["open", "all"]
    assert f'href="/reports/east/{month}/open_0?which=counted"' in page.text
    assert referral in (await drew.get(f"/reports/east/{month}/open_0")).text
    assert referral not in (await drew.get(f"/reports/east/{month}/open_0?which=others")).text
    for name in (*PARTS, "heard.friend", "campaign.knee-week", "outcome.post_op.knee.lefs.35"):
        for which in Which:
            answer = await drew.get(f"/reports/all/{month}/{name}", params={"which": which})
            assert answer.status_code == 200, (name, which)


async def test_who_is_closed_without_an_evaluation_is_waited_for_no_more(
    site: Site, drew: Browser
) -> None:
    referral, month = await referred(site)
    path = f"/reports/east/{month}/received"
    assert "<td>not yet</td>" in (await drew.get(path)).text
    with site.door.store.write() as session:
        for line in ledger.lines_of(session, referral):
            line.stage = Stage.CLOSED
    assert "<td>never</td>" in (await drew.get(path)).text


async def test_a_patient_of_a_clinic_that_has_left_is_counted_and_not_named(
    site: Site, drew: Browser
) -> None:
    referral, month = await referred(site)
    path = f"/reports/all/{month}/received"
    assert "Jordan" in (await drew.get(path)).text
    with site.door.store.write() as session:
        for line in ledger.lines_of(session, referral):
            line.clinic_id = "gone"
    page = (await drew.get(path)).text
    assert referral in page
    assert "Jordan" not in page
    subjects = {one.subject for one in site.door.rows(AuditRow)}
    assert f"figure:received:all:{month}" in subjects


@pytest.mark.parametrize(
    "path",
    [
        "luck",
        "lost.received",
        "lost.nowhere.cost",
        "heard.a.b",
        "outcome.knee.lefs.36",
        "campaign.",
        "received?of=1990-01",
        "received?of=soon",
        "open_0?of=year",  # is of no month
    ],
)
async def test_what_the_report_does_not_say_opens_to_nothing(
    site: Site, drew: Browser, path: str
) -> None:
    _, month = await referred(site)
    assert (await drew.get(f"/reports/east/{month}/{path}")).status_code == 404


async def test_a_number_of_another_month_or_clinic_opens_as_this_report_knew_it(
    site: Site, drew: Browser
) -> None:
    referral, month = await referred(site)
    following = back(month, -1)
    site.door.now += timedelta(days=31)
    await drew.sign_in("drew@example.org")
    page = await drew.get(f"/reports/all/{following}")
    assert f"/reports/all/{following}/received?of={month}" in page.text
    behind = await drew.get(f"/reports/all/{following}/received?of={month}&clinic=east")
    assert referral in behind.text
    assert f"{says(month)} as known in this report" in behind.text
    assert referral not in (await drew.get(f"{behind.url.path}?of={month}&clinic=west")).text
    assert referral in (await drew.get(f"{behind.url.path}?of=year")).text
    assert "no data" in page.text  # of the months before the first referral, whoever sends


async def test_a_long_list_goes_on_where_the_page_ends(
    site: Site, drew: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.desk.behind.MOST", 2)
    for number in range(3):
        patient = {"family_name": f"Sample{number}"}
        await site.door.refer(external=f"R-{number}", clinic="east", patient=patient)
    calendar = site.door.tenants.calendar(ORG, site.door.now, "east")
    here = f"/reports/east/{month_of(calendar.local_date(site.door.now))}/received"
    first = (await drew.get(here)).text
    assert "1 to 2 of 3" in first
    (more,) = re.findall(r'<a href="([^"]+)">The next ones', first)
    last = (await drew.get(html.unescape(more))).text
    assert "3 to 3 of 3" in last
    ids = re.findall(r'href="/referrals/([^"]+)"', first + last)
    assert len(set(ids)) == len(ids) == 3


async def test_sources_to_call_are_listed_as_they_stood_in_the_report(
    site: Site, drew: Browser
) -> None:
    referral, month = await referred(site)
    with site.door.store.write() as session:
        source_id = session.get_one(ReferralRow, referral).source_id
        since = site.door.now
        state = {"state": "quiet", "since": since, "last_at": since, "known_at": since}
        session.add(SourceStateRow(org=ORG, source_id=source_id, **state))
    here = f"/reports/east/{month}"
    assert f'href="{here}/fell_silent"' in (await drew.get(here)).text
    silent = (await drew.get(f"{here}/fell_silent")).text
    assert f'href="/sources/{source_id}"' in silent
    assert "quiet since" in silent
    (sent,) = re.findall(rf'href="({here}/received\?source=[^"]+)">1<', silent)
    assert referral in (await drew.get(html.unescape(sent))).text
    assert source_id not in (await drew.get(f"{here}/fading")).text


async def test_the_files_say_what_the_page_says(site: Site, drew: Browser) -> None:
    _, month = await referred(site)
    here = f"/reports/east/{month}"
    told = json.loads((await drew.get(f"{here}/report.json")).content)
    report = MonthlyReport.model_validate(told)
    assert report.figure("received").now.value == 1
    pdf = await drew.get(f"{here}/report.pdf")
    assert report.verdict[:20] in PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
    book = load_workbook(io.BytesIO((await drew.get(f"{here}/report.xlsx")).content))
    assert "Figures" in " ".join(book.sheetnames)
    assert report.verdict in (await drew.get(here)).text
    assert pdf.headers["cache-control"] == "no-store"
    assert (await drew.get(f"{here}/report.docx")).status_code == 404


async def test_a_month_is_closed_by_hand_once_it_is_over(site: Site, drew: Browser) -> None:
    _, month = await referred(site)
    here = f"/reports/east/{month}"
    assert "Close the month" not in (await drew.get(here)).text
    assert (await drew.post(here)).status_code == 400
    site.door.now = OVER
    await drew.sign_in("drew@example.org")
    assert "Close the month" in (await drew.get(here)).text
    assert (await drew.post(here)).status_code == 303
    assert "Close the month" not in (await drew.get(here)).text
    with site.door.store.read() as session:
        assert ledger.closed_at(session, ORG, "east", month) == OVER


async def test_looking_closes_nothing(site: Site, drew: Browser) -> None:
    _, month = await referred(site)
    site.door.now = OVER
    await drew.sign_in("drew@example.org")
    for name in ("", "/report.pdf", "/received"):
        assert (await drew.get(f"/reports/east/{month}{name}")).status_code == 200
    with site.door.store.read() as session:
        assert ledger.closed_at(session, ORG, "east", month) is None


async def test_what_is_no_month_or_has_not_begun_is_said_so(site: Site, drew: Browser) -> None:
    await referred(site)
    assert (await drew.get("/reports/east/2026-13")).status_code == 400
    assert (await drew.get("/reports/east/2099-01")).status_code == 404
    assert (await drew.get("/reports/nowhere/2026-01")).status_code == 404
    for odd in ("2026-01%0A", "%EF%BC%92026-01", "0001-01", "9999-12"):
        assert (await drew.get(f"/reports/east/{odd}")).status_code == 400, odd
    odd_source = await drew.get("/reports/east/2026-01/received?source=%00")
    assert odd_source.status_code == 422


async def test_the_roll_up_is_for_who_works_everywhere(site: Site, browser: Browser) -> None:
    _, month = await referred(site)
    assert (await browser.sign_in("lee@example.org")).status_code == 303
    assert (await browser.get(f"/reports/all/{month}")).status_code == 200
