"""The report as a page: heard in order it is a story, and a browser finds nothing to complain."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reports.monthly_html import body, build
from reports.monthly_sample import SAMPLE
from tests.browser import chromium, troubles
from tests.reports.agreement import html_table, squeezed
from tests.reports.edges import EDGES

ALL = {"sample": SAMPLE, **EDGES}
BLOCKS = {"h1", "h2", "h3", "p", "li", "tr", "caption", "div", "section", "svg", "details"}
VOID = {"br", "meta", "link", "img", "input", "hr"}


class Heard(HTMLParser):
    """What a screen reader says of the part with an id: texts in order, hidden ones left out."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part, self._open, self._silent = part, 0, 0
        self.lines: list[str] = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag in VOID:
            self.lines[-1] += " " if tag == "br" else ""
            return
        if self._open or told.get("id") == self._part:
            self._open += 1
        if self._silent or (self._open and told.get("aria-hidden") == "true"):
            self._silent += 1
        if tag in BLOCKS:
            self.lines.append("")
        elif tag in ("td", "th"):
            self.lines[-1] += " | "

    def handle_endtag(self, tag: str) -> None:
        self._open = max(self._open - 1, 0)
        self._silent = max(self._silent - 1, 0)
        if tag in BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if self._open and not self._silent:
            self.lines[-1] += data


def heard(page: str, part: str = "page-1") -> list[str]:
    reader = Heard(part)
    reader.feed(page)
    return [line for line in (squeezed(one).strip("| ") for one in reader.lines) if line]


def test_page_1_read_aloud_is_a_story() -> None:
    story = heard(build(SAMPLE).decode())
    assert story == [
        "Monthly report: February 2027, Riverside Physical Therapy, all 3 clinics",
        SAMPLE.verdict,
        "The month in figures",
        "Referrals received",
        "136",
        "received in the month",
        "+13 on Jan 2027, better",
        "+26 on Feb 2026, better",
        "Came to evaluation so far",
        "51 %",
        "68 of 133, 43 still open; received in the month, neither withdrawn nor declined by "
        "us before the first visit",
        "too early to compare with Jan 2027",
        "too early to compare with Feb 2026",
        "Hours to the first try",
        "0.8 open hours",
        "n = 133; received in the month, neither withdrawn nor declined by us before the "
        "first visit",
        "−0.2 open hours on Jan 2027, better",
        "−0.2 open hours on Feb 2026, better",
        "Days to evaluation",
        "10 days",
        "n = 92; evaluated in the month",
        "+3 days on Jan 2027, worse",
        "+3 days on Feb 2026, worse",
        "Plans of care certified",
        "74 %",
        "68 of 92, 24 still open; evaluated in the month",
        "too early to compare with Jan 2027",
        "too early to compare with Feb 2026",
        "Three things to do",
        *(f"{thing.says} {thing.why}" for thing in SAMPLE.things),
        "Sources to know about",
        "Sources to know about",
        "Source | Feb 2027 | How it goes",
        "Eastside Spine Center | 3 | fading: from 8.6 to 3.7 a month",
        "Ana Ruiz, MD | 0 | too few to say · quiet: from 2.4 to 1.3 a month",
        "Harborview Orthopedics | 0 | fading · lapsed: from 2.8 to 0.0 a month",
        "Peter Lowell, MD | 0 | too few to say · lapsed: from 1.2 to 0.0 a month",
        "Cedar Street Urgent Care | 0 | too few to say · quiet: from 0.4 to 0.3 a month",
        "Lakeside Family Medicine | 18 | growing: from 10.3 to 15.7 a month",
        "Northgate Sports Medicine | 12 | growing: from 5.8 to 10.4 a month",
        "Pine Hill Pediatrics | 3 | too few to say · came back: from 2.2 to 0.7 a month",
        "Clinics",
        "Clinics",
        "Clinic | Referrals received | Came to evaluation so far | Hours to the first try | "
        "Days to evaluation | Plans of care certified",
        "Riverside Physical Therapy East | 70 | 49 % (33 of 68, 22 still open) | 1 open hour "
        "(n = 68) | 10 days (n = 46) | 76 % (35 of 46, 11 still open)",
        "Riverside Physical Therapy West | 33 | 52 % (17 of 33, 13 still open) | 0.6 open "
        "hours (n = 33) | 10 days (n = 24) | 71 % (17 of 24, 7 still open)",
        "Riverside Physical Therapy Mesa | 33 | 56 % (18 of 32, 8 still open) | 0.7 open "
        "hours (n = 32) | 8 days (n = 22) | 73 % (16 of 22, 6 still open)",
        "How sure these figures are",
        "Closed, as known on Mar 2, 2027 at 9:00 AM EST.",
        "After the month was closed 2 referrals of this month became known and something "
        "counted changed in 1 referral; none of it is in these figures.",
        "Every clinic's days and months are those of its own time zone (America/Chicago, "
        "America/Denver, America/New_York).",
    ]


def test_a_month_of_nothing_is_a_story_as_well() -> None:
    story = heard(build(EDGES["nothing"]).decode())
    assert story[1] == "Nobody was referred in February, nor in the twelve months before."
    assert "no data" in story
    assert "Nothing stands out this month." in story
    assert not any("%" in line for line in story)


@pytest.mark.parametrize("name", ALL)
def test_a_page_is_whole_whatever_the_month(name: str) -> None:
    page = build(ALL[name]).decode()
    assert len(re.findall("<h1>", page)) == 1
    assert page.count("<table") == page.count("<caption")
    assert page.count("<section") == page.count("</section>")
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'aria-labelledby="([^"]+)"', page):
        assert set(target.split()) <= set(ids)
    assert "<script" not in page
    assert " style=" not in page


def test_every_row_is_there_whatever_the_paper_left_out() -> None:
    page = build(EDGES["many"])
    assert len(html_table(page, "sources")) == 401
    assert len(html_table(page, "clinics")) == 41
    assert len(html_table(page, "silent")) == 61


def test_every_drawing_stands_as_a_table_too() -> None:
    page = build(SAMPLE)
    assert len(html_table(page, "funnel")) == len(SAMPLE.funnel) + 1
    assert len(html_table(page, "ageing")) == len(SAMPLE.ageing) + 1
    months = html_table(page, "months")
    assert len(months) == len(SAMPLE.figures) + 1
    assert months[1][-1] == "136"
    by_source = html_table(page, "source-months")
    assert [int(cell) for cell in by_source[1][1:]] == list(SAMPLE.sources[0].twelve)


def test_names_from_outside_are_words() -> None:
    page = build(EDGES["markup"]).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "49" not in html_table(page.encode(), "sources")[1][0]
    assert "\u202e" not in build(EDGES["bidi"]).decode()


def test_links_lead_to_the_desk_or_nowhere() -> None:
    assert (
        'href="https://desk.example.org/reports/all/2027-02/fell_silent"'
        in build(SAMPLE, "https://desk.example.org").decode()
    )
    assert 'href="/reports/all/2027-02/fell_silent"' in body(SAMPLE)
    assert re.findall(r'href="([^"]+)"', build(SAMPLE).decode()) == ["#report"]


@pytest.mark.timeout(240)
async def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(tmp_path: Path) -> None:
    found: list[str] = []
    async with chromium() as browser:
        page = await browser.new_page()
        for name in ("sample", "long_names"):
            path = tmp_path / f"{name}.html"
            path.write_bytes(build(ALL[name], "https://desk.example.org"))
            await page.goto(path.as_uri())
            await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            found += await troubles(page, name)
    assert not found, "\n".join(found)
