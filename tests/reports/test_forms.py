"""Every form of the monthly report: the same bytes, and the same figures in all of them."""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest

from models.monthly import MonthlyReport, Point, Unit
from reports import monthly_words as words
from reports.forms import FORMS, make, write
from reports.monthly_sample import SAMPLE
from reports.monthly_source_tables import MOST
from tests.reports.agreement import html_table, seen, sheet, squeezed
from tests.reports.edges import EDGES

ALL = {"sample": SAMPLE, **EDGES}
DESK = "https://desk.example.org"


@pytest.mark.parametrize("name", ["sample", "nothing", "one_referral", "closed_only", "markup"])
def test_every_form_says_the_same_figures(tmp_path: Path, name: str) -> None:
    report = ALL[name]
    write(report, tmp_path, DESK)
    forms = seen(tmp_path)
    assert set(forms["report.json"]) == {one.title for one in report.figures}
    for form, figures in forms.items():
        assert figures == forms["report.json"], form


def test_a_form_that_says_something_else_is_found(tmp_path: Path) -> None:
    write(SAMPLE, tmp_path)
    figures = list(SAMPLE.figures)
    now = figures[3].now.model_copy(update={"open": 6})
    months = (*figures[3].months[:-1], Point(month=SAMPLE.month, amount=now))
    figures[3] = figures[3].model_copy(update={"now": now, "months": months})
    other = SAMPLE.model_copy(update={"figures": tuple(figures)})
    for form in ("report.pdf", "report.html", "report.xlsx", "figures.csv"):
        (tmp_path / form).write_bytes(make(other, form))
        forms = seen(tmp_path)
        assert forms[form] != forms["report.json"], form
        (tmp_path / form).write_bytes(make(SAMPLE, form))


def test_sources_and_the_funnel_are_the_same_on_page_and_in_the_spreadsheet() -> None:
    page, book = make(SAMPLE, "report.html"), make(SAMPLE, "report.xlsx")
    shown = [(row[0], row[1]) for row in html_table(page, "sources")[1:]]
    counted = [(row[0], str(row[2])) for row in sheet(book, "Sources")][1:]
    assert shown == counted
    assert sum(int(count) for _, count in shown) == SAMPLE.figure("received").now.value
    funnel = {row[0]: row[1] for row in html_table(page, "funnel")[1:]}
    assert funnel == {
        row[0]: str(row[2]) for row in sheet(book, "Funnel") if row[1] == "came this far"
    }


@pytest.mark.parametrize("form", FORMS)
def test_same_report_same_bytes(form: str) -> None:
    again = MonthlyReport.model_validate_json(SAMPLE.model_dump_json())
    assert make(SAMPLE, form, DESK) == make(again, form, DESK)


def test_a_file_that_is_written_twice_is_the_same(tmp_path: Path) -> None:
    report = EDGES["one_referral"]
    first = {name: path.read_bytes() for name, path in write(report, tmp_path / "new").items()}
    assert set(first) == set(FORMS)
    assert all(
        first[name] == path.read_bytes() for name, path in write(report, tmp_path / "new").items()
    )


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1+1", "  =1+1"])
def test_what_somebody_typed_is_never_a_formula(name: str) -> None:
    one = SAMPLE.sources[0].model_copy(update={"name": name, "verdict_says": name})
    report = SAMPLE.model_copy(
        update={"sources": (one,), "org_name": name, "verdict": name, "scope_name": name}
    )
    book = make(report, "report.xlsx")
    assert next(iter(list(sheet(book, "Sources"))[1:]))[0] == name.strip()
    assert (("Verdict", name.strip())) in list(sheet(book, "Summary"))
    (row,) = csv.DictReader(StringIO(make(report, "sources.csv").decode("utf-8-sig")))
    assert row["name"] == f"'{name.strip()}"


def test_awkward_names_come_through_every_sheet() -> None:
    for name in ("markup", "formula", "bidi"):
        book = make(EDGES[name], "report.xlsx")
        for title in ("Summary", "Sources", "Relationships", "Funnel", "Clinics", "Other counts"):
            assert list(sheet(book, title))


SHARE = re.compile(r"\d %( better| worse)? \((\d[\d,]* of \d|n = \d)")


@pytest.mark.parametrize("name", ["sample", "one_referral", "closed_only", "few_outcomes"])
def test_no_percentage_stands_without_its_n(name: str) -> None:
    page = make(ALL[name], "report.html")
    tables = ("clinics", "figures", "months", "sources", "channels", "outcomes", "funnel")
    cells = [
        cell
        for table in tables
        for row in html_table(page, table)
        for cell in row
        if "%" in cell and not cell.startswith("at ")  # a target is nobody's share
    ]
    assert cells or name == "one_referral"
    assert [cell for cell in cells if not SHARE.search(cell)] == []


def test_more_sources_than_anybody_reads_are_in_the_spreadsheet() -> None:
    one = SAMPLE.sources[0]
    sources = tuple(one.model_copy(update={"source_id": f"s{at}"}) for at in range(MOST + 7))
    report = SAMPLE.model_copy(update={"sources": sources})
    page = make(report, "report.html")
    assert len(html_table(page, "sources")) == MOST + 1
    assert b"And 7 more in the spreadsheet." in page
    assert len(list(sheet(make(report, "report.xlsx"), "Sources"))) == MOST + 8
    assert make(report, "sources.csv").count(b"\r\n") == MOST + 8


def test_every_month_of_every_figure_is_the_same_in_all_of_them() -> None:
    """On the page in words, in the spreadsheet and in CSV as numbers."""
    page = html_table(make(SAMPLE, "report.html"), "months")[1:]
    rows = list(csv.DictReader(StringIO(make(SAMPLE, "figures.csv").decode("utf-8-sig"))))
    book = list(sheet(make(SAMPLE, "report.xlsx"), "Figures by month"))[1:]
    for at, figure in enumerate(SAMPLE.figures):
        told = rows[12 * at : 12 * at + 12]
        values, ns, still = (row[2:] for row in book[3 * at : 3 * at + 3])
        for month in range(12):
            row = told[month]
            assert row["month"] == figure.months[month].month
            amount = figure.months[month].amount
            assert page[at][month + 1] == squeezed(str(words.said(amount, figure.unit)))
            shown = values[month] * (100 if figure.unit is Unit.PERCENT else 1)
            assert float(row["value"]) == pytest.approx(shown)
            assert (int(row["n"]), int(row["open"])) == (ns[month], still[month])
            assert page[at][month + 1].startswith(words.plain(Decimal(row["value"]).normalize()))


def test_json_is_the_value_itself_marked_where_it_is_of_few() -> None:
    assert MonthlyReport.model_validate_json(make(SAMPLE, "report.json")) == SAMPLE
    told = json.loads(make(SAMPLE, "report.json"))
    assert told["data"].encode() in make(SAMPLE, "report.html")
    assert {one["now"]["few"] for one in told["figures"]} == {
        one.now.n < 10 for one in SAMPLE.figures
    }
