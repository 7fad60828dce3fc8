"""The monthly report as a spreadsheet: real numbers with their formats, and never a formula.

Whatever was typed outside is written as text, also where it begins like a formula. Dates inside
the file are those of the report, so the same report gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from models.monthly import FEW, Amount, MonthlyReport, Unit
from reports import monthly_sentences as sentences
from reports import monthly_tables as tables
from reports import monthly_words as words
from reports.kit.text import tidy

_SHOWN = {
    Unit.COUNT: "#,##0",
    Unit.PERCENT: "0 %",  # of a fraction, as spreadsheets have it
    Unit.OPEN_HOURS: '0.0" open h"',
    Unit.HOURS: '0.0" h"',
    Unit.DAYS: '0.0" d"',
    Unit.VISITS: '0.0" visits"',
    Unit.SCORE: '0.0" of 10"',
    Unit.MONEY: '"$"#,##0',
}
_LONGEST = 32_767  # characters of a cell, by the file format
Cell = str | int | float | date | None | tuple[float | None, Unit]


def build(report: MonthlyReport, _desk: str | None = None) -> bytes:
    """The workbook: summary, figures by month, sources, funnel, channels, outcomes, definitions."""
    out = BytesIO()
    # Row by row through a temporary file: 50,000 sources need no more memory than fifty.
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False})
    book.set_properties(
        {
            "title": f"Monthly report {report.month}",
            "author": "referral-loop",
            "comments": f"Data {sentences.fingerprint(report)}",
            "created": report.as_of.replace(tzinfo=None),
        }
    )
    sheets = _Sheets(book)
    _summary(sheets, report)
    _months(sheets, report)
    _sources(sheets, report)
    _way(sheets, report)
    _channels(sheets, report)
    _outcomes(sheets, report)
    if report.clinics:
        _clinics(sheets, report)
    rows = [(one.title, one.name, one.note) for one in report.definitions]
    sheets.add("Definitions", ("Figure", "Name", "What it means"), rows, (34, 22, 120))
    book.close()
    return out.getvalue()


class _Sheets:
    """Writes sheets of one workbook with the same head and the same formats."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._head: Format = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._text: Format = book.add_format({"text_wrap": True, "valign": "top"})
        self._count: Format = book.add_format({"num_format": "#,##0", "valign": "top"})
        self._day: Format = book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"})
        self._units: dict[Unit, Format] = {
            unit: book.add_format({"num_format": shown, "valign": "top"})
            for unit, shown in _SHOWN.items()
        }

    def add(
        self,
        name: str,
        head: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        widths: Sequence[float],
    ) -> None:
        """A sheet whose first row and column stay in sight."""
        sheet: Worksheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.repeat_rows(0)
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        for at, text in enumerate(head):
            sheet.write_string(0, at, text, self._head)
        last = 0
        for last, row in enumerate(rows, 1):
            for at, cell in enumerate(row):
                self._write(sheet, last, at, cell)
        sheet.autofilter(0, 0, max(last, 1), len(head) - 1)

    def _write(self, sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
        if cell is None:
            return
        if isinstance(cell, tuple):
            value, unit = cell
            if value is not None:
                sheet.write_number(row, column, value, self._units[unit])
        elif isinstance(cell, str):
            sheet.write_string(row, column, tidy(cell)[:_LONGEST], self._text)
        elif isinstance(cell, date):
            sheet.write_datetime(row, column, cell, self._day)
        else:
            sheet.write_number(row, column, cell, self._count)


def _shown(amount: Amount, unit: Unit) -> tuple[float | None, Unit]:
    """The value rounded as in every form; none for a share of fewer than ten."""
    if amount.value is None or (unit is Unit.PERCENT and amount.few):
        return (None, unit)
    value = words.rounded(amount.value, unit)
    return (float(value / 100 if unit is Unit.PERCENT else value), unit)


def _amount(amount: Amount, unit: Unit) -> tuple[Cell, ...]:
    return (_shown(amount, unit), amount.number, amount.n, amount.open)


def _summary(sheets: _Sheets, report: MonthlyReport) -> None:
    about: list[Sequence[Cell]] = [
        ("Report", f"{report.org_name}, {report.scope_name}"),
        ("Month", report.month_says),
        ("Verdict", report.verdict),
        ("Known", sentences.known(report)),
        ("Late", sentences.late(report)),
        ("Time zones", sentences.zones(report) or report.zone),
        ("Data", sentences.fingerprint(report)),
        *((f"To do {at}", f"{one.says}. {one.why}") for at, one in enumerate(report.things, 1)),
        *([("Value protected", tables.worth(report))] if tables.worth(report) else []),
    ]
    sheets.add("Summary", ("About", "Says"), about, (18, 110))
    head = (
        *("Figure", "Counts", "Unit", "This month", "Number", "n", "Still open"),
        *("Last month", "Number", "n", "Still open", "A year ago", "Number", "n", "Still open"),
        *("Change on last month", "Change on a year ago", "Target", "In words"),
    )
    rows = [
        (
            *(one.title, one.counts, one.unit.value.replace("_", " ")),
            *_amount(one.now, one.unit),
            *_amount(one.before, one.unit),
            *_amount(one.year_ago, one.unit),
            str(words.on_last_month(one)),
            str(words.on_last_year(one)),
            _shown(Amount(value=one.target, n=FEW), one.unit),
            str(words.said(one.now, one.unit)),
        )
        for one in report.figures
    ]
    widths = (34, 28, 12, *[12] * 12, 24, 24, 12, 34)
    sheets.add("Figures", head, rows, widths)


def _months(sheets: _Sheets, report: MonthlyReport) -> None:
    names = [one.month for one in report.figures[0].months] if report.figures else []
    rows: list[Sequence[Cell]] = []
    for one in report.figures:
        rows.append((one.title, "value", *(_shown(p.amount, one.unit) for p in one.months)))
        rows.append((one.title, "n", *(p.amount.n for p in one.months)))
        rows.append((one.title, "still open", *(p.amount.open for p in one.months)))
    head = ("Figure", "What", *names)
    sheets.add("Figures by month", head, rows, (34, 12, *[13] * len(names)))


def _sources(sheets: _Sheets, report: MonthlyReport) -> None:
    months = [words.earlier(report.month, 11 - at) for at in range(12)]
    head = (
        *("Source", "Kind", "This month", "Last month", "A year ago", "Also sent"),
        *("Tried in 24 h", "Number", "n", "Evaluated", "Number", "n", "Still open"),
        *("Median days to first visit", "n", "State", "Verdict", "Rests on", "Last referral"),
        *("Id", *months),
    )
    rows = [
        (
            *(one.name, words.code(one.kind), one.received, one.before, one.year_ago, one.also),
            *_amount(one.contacted, Unit.PERCENT)[:3],
            *_amount(one.evaluated, Unit.PERCENT),
            _shown(one.days, Unit.DAYS),
            one.days.n,
            words.code(one.state),
            words.code(one.verdict),
            one.verdict_says,
            one.last_on,
            one.source_id,
            *one.twelve,
        )
        for one in report.sources
    ]
    widths = (36, 14, *[11] * 13, 12, 16, 34, 13, 14, *[9] * 12)
    sheets.add("Sources", head, rows, widths)
    these = [*report.silent, *report.returned]
    sheets.add(
        "Relationships",
        ("Source", "State", "Since", "Last referral", "Facts", "Id"),
        [
            (one.name, words.code(one.state), one.since, one.last_on, one.says, one.source_id)
            for one in these
        ],
        (36, 14, 13, 13, 80, 14),
    )


def _way(sheets: _Sheets, report: MonthlyReport) -> None:
    rows: list[Sequence[Cell]] = []
    for step in report.funnel:
        rows.append((step.says, "came this far", step.number))
        rows.append((step.says, "still on the way", step.waiting))
        rows.extend((step.says, f"lost: {why.says}", why.number) for why in step.lost)
    sheets.add("Funnel", ("Step", "What", "Referrals"), rows, (30, 50, 12))
    ages = [(one.says, one.waiting, one.in_care) for one in report.ageing]
    sheets.add("Ageing", ("Age", "Before the first visit", "In care"), ages, (20, 22, 12))


def _channels(sheets: _Sheets, report: MonthlyReport) -> None:
    rows = [(c.says, c.sent, c.delivered, c.failed, c.answered) for c in report.channels]
    head = ("Channel", "Sent", "Delivered", "Failed", "Referrals with an answer")
    sheets.add("Channels", head, rows, (30, 12, 12, 12, 26))
    named = [
        (kind, one.says, one.number)
        for kind, these in (
            ("How patients heard of us", report.heard),
            ("Campaign", report.campaigns),
            ("Data quality", report.oddities),
        )
        for one in these
    ]
    sheets.add("Other counts", ("What", "Which", "Referrals"), named, (28, 44, 12))


def _outcomes(sheets: _Sheets, report: MonthlyReport) -> None:
    rows = [
        (
            *(one.says, one.measure_says, one.days[0], one.days[1], one.n, one.eligible),
            _shown(
                Amount(value=None if one.withheld else one.median_percent, n=one.n), Unit.PERCENT
            ),
            None if one.withheld or one.reached is None else one.reached.number,
            "withheld" if one.withheld else "",
        )
        for one in report.outcomes
    ]
    head = (
        *("Group", "Measure", "From day", "To day", "n", "Eligible", "Median change"),
        *("Reached a meaningful change", "Note"),
    )
    sheets.add("Outcomes", head, rows, (30, 14, 10, 10, 8, 10, 16, 28, 12))


def _clinics(sheets: _Sheets, report: MonthlyReport) -> None:
    tiles = [report.figure(name) for name in report.tiles]
    head = ["Clinic", "Time zone"]
    for tile in tiles:
        head += [tile.title, "Number", "n", "Still open"]
    rows = [
        (
            one.name,
            one.zone,
            *(
                cell
                for amount, tile in zip(one.amounts, tiles, strict=False)
                for cell in _amount(amount, tile.unit)
            ),
        )
        for one in report.clinics
    ]
    sheets.add("Clinics", head, rows, (34, 20, *[14] * (4 * len(tiles))))
