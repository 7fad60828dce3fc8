"""The report on paper: two to four pages, the first one complete, whatever the month was."""

from __future__ import annotations

from io import BytesIO

import pypdfium2
import pytest
from pypdf import PdfReader

from models.monthly import MonthlyReport
from reports.monthly_report import build
from reports.monthly_sample import SAMPLE
from tests.reports.agreement import squeezed
from tests.reports.edges import EDGES

ALL = {"sample": SAMPLE, **EDGES}
DESK = "https://desk.example.org"


def pages(pdf: bytes) -> list[str]:
    return [squeezed(page.extract_text()) for page in PdfReader(BytesIO(pdf)).pages]


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    """Every month once: drawing is most of the time these tests take."""
    return {name: build(report, DESK) for name, report in ALL.items()}


@pytest.mark.parametrize("name", ALL)
def test_two_to_four_pages_each_with_head_foot_and_number(
    drawn: dict[str, bytes], name: str
) -> None:
    told = pages(drawn[name])
    assert 2 <= len(told) <= 4
    for at, text in enumerate(told, 1):
        assert f"Page {at} of {len(told)}" in text
        assert "No patient is named." in text


def in_order(text: str, parts: list[str]) -> None:
    """The parts stand in the text, one after another."""
    at = 0
    for part in parts:
        found = text.find(squeezed(part), at)
        assert found >= 0, f"{part!r} is missing, or before what it follows"
        at = found + 1


def test_page_1_stands_alone(drawn: dict[str, bytes]) -> None:
    first = pages(drawn["sample"])[0]
    in_order(
        first,
        [
            "Monthly report: February 2027",
            SAMPLE.verdict,
            "Three things to do",
            *(thing.says for thing in SAMPLE.things),
            "Sources to know about",
            "Clinics",
            *(clinic.name for clinic in SAMPLE.clinics),
            "Closed, as known on Mar 2, 2027 at 9:00 AM EST.",
            "2 referrals of this month became known",
        ],
    )
    for name in SAMPLE.tiles:
        assert SAMPLE.figure(name).title in first
    for part in ("68 of 133, 43 still open", "+13 on Jan 2027, better", "+26 on Feb 2026, better"):
        assert part in first


def test_every_thing_to_do_names_a_count_and_leads_to_a_page(drawn: dict[str, bytes]) -> None:
    page = PdfReader(BytesIO(drawn["sample"])).pages[0]
    links = {
        str(note.get_object()["/A"]["/URI"])
        for note in page.get("/Annots", [])
        if "/A" in note.get_object()
    }
    text = squeezed(page.extract_text())
    for thing in SAMPLE.things:
        assert f"{DESK}{thing.link}" in links
        assert str(thing.number) in thing.says
        assert thing.link in text.replace(" ", "")


def test_without_an_address_nothing_is_a_link() -> None:
    page = PdfReader(BytesIO(build(EDGES["one_referral"]))).pages[0]
    assert not page.get("/Annots")


def test_the_later_pages_hold_what_they_promise(drawn: dict[str, bytes]) -> None:
    way, by_source, care = pages(drawn["sample"])[1:]
    in_order(way, ["The way of 136 referrals", "Came back for care", "Twelve months"])
    in_order(way, ["Open referrals by age", "more than 30 days"])
    in_order(by_source, ["Sources", "Lakeside Family Medicine", "more in the spreadsheet"])
    in_order(
        by_source,
        [
            "Quiet and lapsed",
            "Harborview Orthopedics",
            "Came back",
            "Sent for this month",
            "Outcomes",
        ],
    )
    in_order(care, ["All figures", "What the figures mean"])
    for one in SAMPLE.definitions:
        assert f"{one.title}." in care


def test_a_month_of_nothing_says_so(drawn: dict[str, bytes]) -> None:
    text = " ".join(pages(drawn["nothing"]))
    for part in ("Nobody was referred", "no data", "No referral is open.", "Nobody referred"):
        assert part in text
    assert "%" not in text.replace("at least", "").split("Target")[0]


def test_a_month_that_is_not_closed_says_so_on_every_page(drawn: dict[str, bytes]) -> None:
    for text in pages(drawn["preliminary"]):
        assert "Preliminary" in text
    assert "will still change" in pages(drawn["preliminary"])[0]


def test_what_is_not_shown_is_counted(drawn: dict[str, bytes]) -> None:
    text = " ".join(pages(drawn["many"]))
    assert text.count("more in the spreadsheet") >= 3


def test_foreign_names_are_words_and_never_markup(drawn: dict[str, bytes]) -> None:
    text = " ".join(pages(drawn["markup"]))
    assert '<b>Bob</b> & "Eve" <script>alert(1)</script>' in text
    assert "\u202e" not in " ".join(pages(drawn["bidi"]))


def test_every_font_is_embedded_and_the_file_names_nobody(drawn: dict[str, bytes]) -> None:
    reader = PdfReader(BytesIO(drawn["long_names"]))
    assert reader.trailer["/Root"]["/Lang"] == "en-US"
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            assert "/FontFile2" in font.get_object()["/FontDescriptor"]
    assert len(str(reader.metadata.title)) < 100


def test_it_survives_a_grey_print(drawn: dict[str, bytes]) -> None:
    """In black and white alone, every bar and line is still there: nothing is said by a tint."""
    page = pypdfium2.PdfDocument(drawn["sample"])[1]
    grey = page.render(scale=2).to_pil().convert("L")
    for share in (0.5, 0.75):  # a lighter and a darker machine
        dark = grey.point(lambda value, most=255 * share: 0 if value < most else 255)
        rows = dark.crop((100, 120, 1100, 480)).resize((1, 360)).tobytes()
        assert sum(value < 200 for value in rows) > 30  # the funnel's five bars, in full


def test_an_unusual_report_is_drawn_too() -> None:
    bare = MonthlyReport(
        org="o",
        org_name="",
        scope_name="",
        month="2027-02",
        month_says="February 2027",
        zone="UTC",
        as_of=SAMPLE.as_of,
        verdict="",
        tiles=(),
        figures=(),
    )
    assert pages(build(bare))
