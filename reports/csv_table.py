"""Tables as CSV, by one convention for whoever calculates on (docs/integrators/reports.md, CSV).

UTF-8 with a byte order mark, so that spreadsheets read accents; ``true`` and ``false`` as in JSON,
days as YYYY-MM-DD, moments in UTC with a Z, nothing where there is no value. A text that a
spreadsheet would take for a formula is written behind an apostrophe.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Final

from reports.kit.text import tidy

MEDIA: Final = "text/csv; charset=utf-8"
MARK: Final = "\ufeff"  # in front of the first line
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
Cell = str | bool | int | float | Decimal | date | None  # a datetime is a date


def written(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table: one row of names, then the rows."""
    return (MARK + lines([head]) + lines(rows)).encode()


def lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows, each with its line break."""
    out = StringIO(newline="")
    csv.writer(out).writerows([_told(cell) for cell in row] for row in rows)
    return out.getvalue()


def _told(cell: Cell) -> str | int | float | Decimal | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, str):
        text = tidy(cell)
        return f"'{text}" if text.startswith(_FORMULA) else text
    return cell
