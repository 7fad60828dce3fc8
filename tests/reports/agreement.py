"""Reads every form of a monthly report back, figure by figure, as somebody would who holds it.

``seen`` gives for each form the words of every figure it shows, built from nothing but that form:
the text of the PDF, the cells of the page and of the spreadsheet, the values of JSON and CSV.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from pypdf import PdfReader

from models.monthly import Amount, MonthlyReport, Unit
from reports import monthly_words as words

Seen = dict[str, str]  # the title of a figure: what this form says of this month


def seen(folder: Path) -> dict[str, Seen]:
    """By the name of the file: every figure as it says it."""
    report = MonthlyReport.model_validate_json((folder / "report.json").read_bytes())
    readers: dict[str, Callable[[bytes, MonthlyReport], Seen]] = {
        "report.pdf": _pdf,
        "report.html": _html,
        "report.xlsx": _xlsx,
        "report.json": _json,
        "figures.csv": _csv,
    }
    return {name: read((folder / name).read_bytes(), report) for name, read in readers.items()}


def squeezed(text: str) -> str:
    """With single plain spaces, whatever breaks a form put in."""
    return " ".join(text.replace("\u00a0", " ").split())


def _pdf(content: bytes, report: MonthlyReport) -> Seen:
    """From the table of all figures: what stands between a title and the change behind it."""
    text = squeezed(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages))
    _, _, table = text.partition("All figures Figure")
    table = table.split("What the figures mean")[0]
    found: Seen = {}
    for at, one in enumerate(report.definitions, 1):
        mark = f"[{at}] "
        _, there, after = table.partition(mark)
        assert there, f"{one.title} is missing in the PDF"
        found[one.title] = after
    # A cell ends where the change begins; both are cells of the same row.
    return {title: _first_cell(after) for title, after in found.items()}


def _first_cell(text: str) -> str:
    """The first words of a row: a value, and what is in brackets right behind it."""
    before, bracket, after = text.partition(" (")
    units = ("open hours", "open hour", "hours", "hour", "days", "day", "visits", "visit", "of 10")
    tokens = before.split()
    if text.startswith("no data"):
        return "no data"
    number = tokens[0]
    rest = " ".join(tokens[1:])
    unit = next((unit for unit in ("%", *units) if rest == unit or rest.startswith(f"{unit} ")), "")
    counts = rest.split(" ")[:2] if rest.startswith("of ") and not unit else []
    value = " ".join([number, *([unit] if unit else counts)])
    if bracket and value == before:
        return f"{value} ({after.partition(')')[0]})"
    return value


class _Cells(HTMLParser):
    """The texts of the cells of one table."""

    def __init__(self, table: str) -> None:
        super().__init__()
        self._table, self._inside, self._cell = table, False, False
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._inside = dict(attrs).get("data-table") == self._table
        elif self._inside and tag == "tr":
            self.rows.append([])
        elif self._inside and tag in ("td", "th"):
            self._cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._inside = False
        elif tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._inside and self._cell:
            self.rows[-1][-1] += data


def html_table(content: bytes, table: str) -> list[list[str]]:
    """The rows of a table of the page, its head first."""
    reader = _Cells(table)
    reader.feed(content.decode())
    return [[squeezed(cell) for cell in row] for row in reader.rows]


def _html(content: bytes, _report: MonthlyReport) -> Seen:
    return {row[0].rpartition(" [")[0]: row[1] for row in html_table(content, "figures")[1:]}


def _xlsx(content: bytes, report: MonthlyReport) -> Seen:
    rows = sheet(content, "Figures")
    head, units = next(rows), {one.title: one.unit for one in report.figures}
    found: Seen = {}
    for row in rows:
        told = dict(zip(head[:7], row, strict=False))
        unit = units[told["Figure"]]
        value = told["This month"]
        shown = value * 100 if value is not None and unit is Unit.PERCENT else value
        found[told["Figure"]] = _again(shown, told["Number"], told["n"], told["Still open"], unit)
    return found


def sheet(content: bytes, name: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a sheet as values; fails on a formula."""
    for row in load_workbook(BytesIO(content), data_only=False)[name].iter_rows():
        assert all(cell.data_type != "f" for cell in row), "a formula in our spreadsheet"
        yield tuple(cell.value for cell in row)


def _json(_content: bytes, report: MonthlyReport) -> Seen:
    return {one.title: squeezed(str(words.said(one.now, one.unit))) for one in report.figures}


def _csv(content: bytes, report: MonthlyReport) -> Seen:
    found: Seen = {}
    for row in csv.DictReader(StringIO(content.decode("utf-8-sig"))):
        if row["month"] == report.month:
            numbers = [row[name] for name in ("value", "number", "n", "open")]
            value, number, n, still = (float(one) if one else None for one in numbers)
            found[row["title"]] = _again(value, number, n, still, Unit(row["unit"]))
    return found


def _again(value: Any, number: Any, n: Any, still: Any, unit: Unit) -> str:
    """The words of what stands in columns of its own."""
    few_share = value is None and number is not None and n
    amount = Amount(
        value=100.0 * number / n if few_share else value,
        n=int(n or 0),
        number=None if number is None else int(number),
        open=int(still or 0),
    )
    return squeezed(str(words.said(amount, unit)))
