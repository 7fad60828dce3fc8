"""The monthly report as files: one value in, five forms of it out, which agree.

The PDF is for a meeting, the HTML page for everybody (a screen reader among them), the spreadsheet
and the two CSV files for whoever calculates on, and the JSON is the value itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from models.monthly import MonthlyReport
from reports import (
    csv_table,
    monthly_csv,
    monthly_html,
    monthly_report,
    monthly_sentences,
    monthly_xlsx,
)


def to_json(report: MonthlyReport, _desk: str | None = None) -> bytes:
    """The value itself, as ``MonthlyReport.model_validate_json`` reads it, and its fingerprint."""
    told = {"data": monthly_sentences.fingerprint(report), **report.model_dump(mode="json")}
    return json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n"


class Form(NamedTuple):
    """One file: what it is called, its media type, and what makes it.

    ``make`` takes the report and the address of the desk, before which our paths are put
    (``https://desk.example.org``); without one, links are words only.
    """

    name: str
    media: str
    make: Callable[[MonthlyReport, str | None], bytes]


_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: Final = {
    form.name: form
    for form in (
        Form("report.pdf", "application/pdf", monthly_report.build),
        Form("report.html", "text/html; charset=utf-8", monthly_html.build),
        Form("report.xlsx", _XLSX, monthly_xlsx.build),
        Form("report.json", "application/json", to_json),
        Form("figures.csv", csv_table.MEDIA, monthly_csv.figures),
        Form("sources.csv", csv_table.MEDIA, monthly_csv.sources),
    )
}


def make(report: MonthlyReport, name: str, desk: str | None = None) -> bytes:
    """One form by the name of its file; the same report gives the same bytes.

    Raises KeyError for a name that is not in ``FORMS``.
    """
    return FORMS[name].make(report, desk)


def write(report: MonthlyReport, folder: Path, desk: str | None = None) -> dict[str, Path]:
    """All forms into a folder, which is made where it is missing; their paths by name.

    Run twice it writes the same bytes again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name in FORMS:
        paths[name] = folder / name
        paths[name].write_bytes(make(report, name, desk))
    return paths
