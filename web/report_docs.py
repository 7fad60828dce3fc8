"""The tables of columns and measures in ``docs/integrators/reports.md``, written from the code.

``python -m web.report_docs`` writes them into the page; a test fails while the page differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from models.shared_lines import IdentifiedLine, SharedLine
from store.report.measures import MEASURES
from web.doc_marks import rewrite

PAGE: Final = Path(__file__).parent.parent / "docs" / "integrators" / "reports.md"
_MONTHS: Final = {
    "received_month": "receipt",
    "evaluated_month": "evaluation",
    "discharged_month": "discharge",
    "asked_month": "the question",
    "closed_month": "closing",
}


def columns() -> str:
    """What every token gets of a line; ends with a line break."""
    return _columns(SharedLine.model_fields.items())


def identified_columns() -> str:
    """What a token that says ``identified`` gets beside them; ends with a line break."""
    known = SharedLine.model_fields
    return _columns(
        (n, field) for n, field in IdentifiedLine.model_fields.items() if n not in known
    )


def measures() -> str:
    """Every figure with its footnote; ends with a line break."""
    lines = ["| measure | what it says | unit | month of | definition |", "|---|---|---|---|---|"]
    lines += [
        f"| `{one.name}` | {one.title} | {one.unit} | {_MONTHS[one.month]} | {one.note} |"
        for one in MEASURES.values()
    ]
    return "\n".join(lines) + "\n"


def write(page: str) -> str:
    """The page with its tables written anew; what stands outside the marks is left alone."""
    return rewrite(page, "web.report_docs", TABLES)


def _columns(fields: Iterable[tuple[str, FieldInfo]]) -> str:
    lines = ["| column | what it says |", "|---|---|"]
    lines += [f"| `{name}` | {field.description} |" for name, field in fields]
    return "\n".join(lines) + "\n"


TABLES: Final[dict[str, Callable[[], str]]] = {
    "columns": columns,
    "identified": identified_columns,
    "measures": measures,
}

if __name__ == "__main__":
    PAGE.write_text(write(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
