"""The report as a page: heard in order it is a story, and a browser finds nothing to complain."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from models.monthly_sample import SAMPLE
from models.monthly_sample_edges import EDGES
from reports.monthly_html import body, build
from tests.browser import chromium, troubles
from tests.reports.agreement import html_table, squeezed

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
        "Monthly report: February 2027, All clinics",
        SAMPLE.verdict,
        "The month in figures",
        "Referrals received",
        "100",
        "received this month",
        "+11 on Jan 2027, better",
        "+20 on Feb 2026, better",
        "Evaluated within 30 days",
        "52 %",
        "52 of 100, 31 still open; received this month",
        "too early to compare with Jan 2027",
        "too early to compare with Feb 2026",
        "Hours to first contact",
        "1.9 open hours",
        "n = 97, 3 still open; received this month",
        "too early to compare with Jan 2027",
        "too early to compare with Feb 2026",
        "Plans of care signed in 30 days",
        "94 %",
        "58 of 62; 30 days ended this month",
        "+1 point on Jan 2027, better",
        "+9 points on Feb 2026, better",
        "Missed or cancelled visits",
        "15 %",
        "105 of 702; visits planned this month",
        "+1 point on Jan 2027, worse",
        "+1 point on Feb 2026, worse",
        "Three things to do",
        *(f"{thing.says} {thing.why}" for thing in SAMPLE.things),
        "Clinics",
        "Clinics",
        "Clinic | Referrals received | Evaluated within 30 days | Hours to first contact | "
        "Plans of care signed in 30 days | Missed or cancelled visits",
        "Riverside PT East | 46 | 50 % (23 of 46, 14 still open) | "
        "1.9 open hours (n = 44, 1 still open) | 93 % (26 of 28) | 15 % (48 of 322)",
        "Riverside PT West | 33 | 52 % (17 of 33, 10 still open) | "
        "1.9 open hours (n = 32) | 95 % (19 of 20) | 15 % (34 of 231)",
        "Riverside PT Mesa | 21 | 48 % (10 of 21, 6 still open) | "
        "1.9 open hours (n = 20) | 92 % (12 of 13) | 15 % (22 of 147)",
        "How sure these figures are",
        "Closed, as known on Mar 2, 2027 at 7:00 AM EST.",
        "After the month was closed 2 referrals of this month became known and something counted "
        "changed in 5 referrals; none of it is in these figures.",
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
    assert months[1][-1] == "100"
    by_source = html_table(page, "source-months")
    assert [int(cell) for cell in by_source[1][1:]] == list(SAMPLE.sources[0].twelve)


def test_names_from_outside_are_words() -> None:
    page = build(EDGES["markup"]).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "49" not in html_table(page.encode(), "sources")[1][0]
    assert "\u202e" not in build(EDGES["bidi"]).decode()


def test_links_lead_to_the_desk_or_nowhere() -> None:
    assert (
        'href="https://desk.example.org/sources?state=quiet"'
        in build(SAMPLE, "https://desk.example.org").decode()
    )
    assert 'href="/sources?state=quiet"' in body(SAMPLE)
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
