"""Rows of the monthly report's tables: words, and where each number leads.

A number leads to the page of the referrals behind it, as known at the report's own moment; 0 leads
nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from models.monthly import MonthlyReport
from reports import monthly_sentences as sentences


class Link(NamedTuple):
    """Words, and the path they lead to; empty: nowhere."""

    text: str
    to: str = ""


class Row(NamedTuple):
    """The cells, and what the row is of: the name of a figure, or the id of a source.

    ``links`` are the same cells, each in parts that a comma joins.
    """

    cells: tuple[str, ...]
    links: tuple[tuple[Link, ...], ...]
    key: str = ""
    strong: bool = False
    line: tuple[float | None, ...] = ()


class Table(NamedTuple):
    """A table in words; ``empty`` is said instead where it has no rows."""

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: str
    more: int = 0  # rows that are in the spreadsheet alone


def row(
    cells: Sequence[str | Link | Sequence[Link]],
    key: str = "",
    *,
    strong: bool = False,
    line: tuple[float | None, ...] = (),
) -> Row:
    """A row of words, of words that lead somewhere, and of lists of them."""
    links = tuple(_parts(cell) for cell in cells)
    texts = tuple(", ".join(part.text for part in cell) for cell in links)
    return Row(texts, links, key, strong, line)


def _parts(cell: str | Link | Sequence[Link]) -> tuple[Link, ...]:
    if isinstance(cell, str):
        return (Link(cell),)
    return (cell,) if isinstance(cell, Link) else tuple(cell)


def opens(report: MonthlyReport, name: str, text: str, number: float | None, **of: str) -> Link:
    """A number that leads to who is behind it; ``of`` narrows it (store/report/behind.py)."""
    if not number:
        return Link(text)
    asked = "&".join(f"{key}={value}" for key, value in of.items())
    return Link(text, sentences.drill(report, name) + (f"?{asked}" if asked else ""))
