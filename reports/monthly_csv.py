"""The figures and the sources as CSV, one row for each; percentages are numbers from 0 to 100."""

from __future__ import annotations

from decimal import Decimal

from models.monthly import Amount, MonthlyReport, Unit
from reports import monthly_words as words
from reports.csv_table import Cell, written


def figures(report: MonthlyReport, _desk: str | None = None) -> bytes:
    """Every figure in every month: name, title, unit, month, value, of how many, still open."""
    head = ("figure", "title", "unit", "month", "value", "number", "n", "open", "target")
    rows = [
        (
            *(one.name, one.title, one.unit.value, point.month),
            *_amount(point.amount, one.unit),
            one.target,
        )
        for one in report.figures
        for point in one.months
    ]
    return written(head, rows)


def sources(report: MonthlyReport, _desk: str | None = None) -> bytes:
    """Every source with its twelve months, oldest first."""
    months = [words.earlier(report.month, 11 - at) for at in range(12)]
    head = (
        *("source_id", "name", "kind", "received", "last_month", "a_year_ago", "also_sent"),
        *("tried_24h", "tried_24h_of", "evaluated", "evaluated_of", "evaluated_open"),
        *("median_days", "median_days_of", "state", "verdict", "last_on"),
        *months,
    )
    rows = [
        (
            *(one.source_id, one.name, one.kind, one.received, one.before, one.year_ago, one.also),
            *(one.contacted.number, one.contacted.n),
            *(one.evaluated.number, one.evaluated.n, one.evaluated.open),
            *(_shown(one.days, Unit.DAYS), one.days.n, one.state, one.verdict),
            one.last_on,
            *one.twelve,
        )
        for one in report.sources
    ]
    return written(head, rows)


def _amount(amount: Amount, unit: Unit) -> tuple[Cell, ...]:
    return (_shown(amount, unit), amount.number, amount.n, amount.open)


def _shown(amount: Amount, unit: Unit) -> Decimal | None:
    """The value as every form shows it: rounded, and none for a share of fewer than ten."""
    hidden = unit is Unit.PERCENT and amount.few
    return None if amount.value is None or hidden else words.rounded(amount.value, unit)
