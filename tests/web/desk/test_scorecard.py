"""A source's scorecard on the desk: its own figures, of enough patients, as of the closing."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from store import ledger
from store.tables import LedgerRow, SourceRow
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.sending import CLOSING, close, office_sends

OTHER = {"npi": "1245319599", "name": "Ben Other", "fax": "(518) 555-0122", "practice": "Hilltop"}
PARTNER = {"npi": "1932102084", "name": "Cy Partner"}  # same office: the same fax number


@pytest.fixture
async def drew(browser: Browser) -> Browser:
    """The director of both clinics."""
    assert (await browser.sign_in("drew@example.org")).status_code == 303
    return browser


async def signed_in(drew: Browser) -> None:
    assert (await drew.sign_in("drew@example.org")).status_code == 303


async def test_the_page_tells_this_sources_figures_alone(site: Site, drew: Browser) -> None:
    source = await office_sends(site, 12)
    other = await office_sends(site, 3, first=20, **OTHER)
    assert source != other
    close(site)
    await signed_in(drew)
    page = await drew.get(f"/sources/{source}/scorecard")
    assert page.status_code == 200
    assert "12 of 12" in page.text
    assert "5 days" in page.text
    assert "12 referrals" in page.text
    assert "Hilltop" not in page.text
    assert "Sample" not in page.text  # never a patient
    assert "?whole=1" in page.text  # the letter is about the office
    few = await drew.get(f"/sources/{other}/scorecard?whole=1")
    assert "3 of 3" in few.text
    assert "nothing is said of fewer than 10 patients" in few.text


async def test_the_letter_is_one_page_and_refused_for_fewer_than_ten(
    site: Site, drew: Browser
) -> None:
    source = await office_sends(site, 10)
    other = await office_sends(site, 9, first=20, **OTHER)
    close(site)
    await signed_in(drew)
    pdf = await drew.get(f"/sources/{source}/scorecard/letter.pdf")
    assert pdf.headers["cache-control"] == "no-store"
    (page,) = PdfReader(io.BytesIO(pdf.content)).pages
    assert "10 of 10" in page.extract_text()
    html = await drew.get(f"/sources/{source}/scorecard/letter.html")
    assert "10 of 10" in html.text
    assert (await drew.get(f"/sources/{other}/scorecard/letter.pdf")).status_code == 409
    assert (await drew.get(f"/sources/{source}/scorecard/letter.docx")).status_code == 404


async def test_an_office_is_all_its_providers(site: Site, drew: Browser) -> None:
    source = await office_sends(site, 6)
    partner = await office_sends(site, 5, first=20, **PARTNER)
    assert source != partner
    close(site)
    await signed_in(drew)
    alone = await drew.get(f"/sources/{source}/scorecard")
    assert "6 of 6" in alone.text
    whole = await drew.get(f"/sources/{partner}/scorecard", params={"whole": "1"})
    assert "11 of 11" in whole.text
    assert "Lakeside Family Medicine" in whole.text


async def test_a_merged_source_is_counted_with_what_it_was_merged_into(
    site: Site, drew: Browser
) -> None:
    source = await office_sends(site, 6)
    gone = await office_sends(site, 5, first=20, **OTHER)
    close(site)  # the closed month still has both
    with site.door.store.write() as session:
        into = session.get_one(SourceRow, source)
        row = session.get_one(SourceRow, gone)
        row.merged_into = into.id
        session.add(row)
        ledger.reassign(session, ORG, gone, into, CLOSING)
    await signed_in(drew)
    for one in (source, gone):
        assert "11 of 11" in (await drew.get(f"/sources/{one}/scorecard")).text


async def test_what_comes_after_the_closing_is_not_in_it(site: Site, drew: Browser) -> None:
    source = await office_sends(site, 4)
    close(site)
    site.door.now = CLOSING.replace(day=20)
    await office_sends(site, 1, first=20)
    assert len(site.door.rows(LedgerRow)) == 5
    await signed_in(drew)
    page = await drew.get(f"/sources/{source}/scorecard")
    assert "4 referrals" in page.text


async def test_a_past_patient_is_not_named(site: Site, drew: Browser) -> None:
    past = {"kind": "past_patient", "name": "Robin Hidden", "npi": None, "practice": None}
    source = await office_sends(site, 1, **past, fax=None)
    close(site)
    await signed_in(drew)
    page = await drew.get(f"/sources/{source}/scorecard")
    assert (page.status_code, "Hidden" in page.text) == (200, False)
    assert "A past patient" in page.text


async def test_of_nothing_it_says_so(site: Site, drew: Browser) -> None:
    source = await office_sends(site, 1)
    page = await drew.get(f"/sources/{source}/scorecard")
    assert (page.status_code, "No month is closed yet" in page.text) == (404, True)
    close(site)
    await signed_in(drew)
    assert "1 referral." in (await drew.get(f"/sources/{source}/scorecard")).text
    assert (await drew.get("/sources/src_none/scorecard")).status_code == 404
    with site.door.store.write() as session:  # one that has never sent anybody
        row = session.get_one(SourceRow, source).model_copy(update={"id": "src_0", "identity": "0"})
        session.add(SourceRow(**row.model_dump()))
    page = await drew.get("/sources/src_0/scorecard")
    assert page.status_code == 200
    assert "0 referrals" in page.text
    assert "no data" in page.text


async def test_a_letter_of_some_clinics_alone_is_shown_to_nobody(
    site: Site, drew: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be another one than what is faxed."""
    source = await office_sends(site, 10)
    close(site)
    await signed_in(drew)
    monkeypatch.setattr("web.desk.scorecard._everywhere", lambda *_: False)
    page = await drew.get(f"/sources/{source}/scorecard")
    assert ("It counts every clinic" in page.text, "letter.pdf" in page.text) == (True, False)
    assert (await drew.get(f"/sources/{source}/scorecard/letter.pdf")).status_code == 403
