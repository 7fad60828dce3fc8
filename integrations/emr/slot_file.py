"""Free times as a file: CSV with one row for each time, local to its clinic.

Columns: ``starts`` (``2026-01-12 09:30``, local to the clinic, or with an offset of its own);
``clinic`` (its id; may be left out where there is only one); ``minutes`` (default 60); ``places``
(how many patients can come at that time, default 1); ``id`` (the time's name in the other system;
default: the time itself). A file is read whole before anything is taken.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from models.errors import BadRequest, TooLarge

MOST_ROWS: Final = 5000
COLUMNS: Final = ("starts", "clinic", "minutes", "places", "id")
_CODE: Final = "invalid_slot"


class FreeTime(NamedTuple):
    """One free time; ``external`` names it at the source."""

    clinic_id: str
    external: str
    starts_at: datetime
    minutes: int


def read_slots(content: bytes, zones: Mapping[str, str]) -> list[FreeTime]:
    """Every free time of a CSV file; *zones* are those of the clinics by their ids. Pure.

    Raises BadRequest (``malformed_csv``, ``invalid_slot``) naming row and column, and TooLarge over
    5,000 rows. Rows count as a spreadsheet shows them: the header is row 1.
    """
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip().lower() for name in next(lines, [])]
        _check_header(header)
        found: list[FreeTime] = []
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                raise _wrong(lines.line_num, None, "more cells than headers; check its commas")
            row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            found += _row(row, zones, lines.line_num)
            if len(found) > MOST_ROWS:
                raise TooLarge(f"The file holds more than {MOST_ROWS} times; split it.")
    except UnicodeDecodeError:
        raise BadRequest(
            "The file is not UTF-8 text; save it as CSV UTF-8.", code="malformed_csv"
        ) from None
    except csv.Error:
        raise BadRequest(
            f"row {lines.line_num}: not valid CSV; check its quotation marks.", code="malformed_csv"
        ) from None
    if not found:
        raise BadRequest("The file holds no time.", code=_CODE)
    return found


def _check_header(header: list[str]) -> None:
    unknown = [place for place, name in enumerate(header, start=1) if name not in COLUMNS]
    if unknown or "starts" not in header or len(set(header)) < len(header):
        where = f", column {unknown[0]}" if unknown else ""
        raise BadRequest(
            f"row 1{where}: expected the headers {', '.join(COLUMNS)}, each once; only starts is "
            "needed.",
            code="malformed_csv",
        )


def _row(row: dict[str, str], zones: Mapping[str, str], number: int) -> list[FreeTime]:
    clinic = row.get("clinic") or (next(iter(zones)) if len(zones) == 1 else "")
    if clinic not in zones:
        raise _wrong(number, "clinic", f"expected one of {', '.join(sorted(zones))}")
    starts = _moment(row.get("starts", ""), zones[clinic], number)
    minutes = _count(row.get("minutes") or "60", "minutes", 5, 480, number)
    places = _count(row.get("places") or "1", "places", 1, 20, number)
    name = row.get("id") or f"{starts:%Y%m%dT%H%MZ}"
    if len(name) > 100:
        raise _wrong(number, "id", "at most 100 characters")
    return [
        FreeTime(clinic, name if place == 1 else f"{name}#{place}", starts, minutes)
        for place in range(1, places + 1)
    ]


def _moment(text: str, zone: str, number: int) -> datetime:
    try:
        told = datetime.fromisoformat(text)
        local = told if told.tzinfo is not None else told.replace(tzinfo=ZoneInfo(zone))
        found = local.astimezone(UTC)
    except (ValueError, OverflowError):  # too much: the last day a calendar has
        raise _wrong(number, "starts", "expected a time such as 2026-01-12 09:30") from None
    if found.astimezone(local.tzinfo).replace(tzinfo=None) != told.replace(tzinfo=None):
        raise _wrong(number, "starts", "the clock is put forward at that hour; there is none such")
    return found


def _count(text: str, column: str, least: int, most: int, number: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and least <= int(text) <= most):
        raise _wrong(number, column, f"expected a whole number from {least} to {most}")
    return int(text)


def _wrong(number: int, column: str | None, said: str) -> BadRequest:
    where = f"row {number}" + (f", column {column}" if column else "")
    return BadRequest(f"{where}: {said}.", code=_CODE, field=column)
