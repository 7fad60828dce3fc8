"""The text of a fax as labels and what stands beside or below them; pure, and knows no field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from models.fax_pages import PageText

CLEAR_FROM: Final = 94  # of 100: a page below was hard to read, whatever single words look like


class Of(StrEnum):
    """Whom a line is about, by the last label that says so."""

    LETTERHEAD = "letterhead"  # nobody has been named yet: it is the sender's paper
    PATIENT = "patient"
    SENDER = "sender"
    US = "us"  # whom the fax is addressed to
    NOTICE = "notice"  # small print


class Cell(NamedTuple):
    """A run of words on one line, apart from its neighbours."""

    page: PageText
    line: int
    column: int
    text: str
    about: Of

    def sure(self, value: str) -> bool:
        """Whether the words of a value were well made out."""
        if self.page.source == "text":
            return True
        words = value.casefold().split()
        return self.page.quality >= CLEAR_FROM and not any(w in self.page.doubtful for w in words)


_HAS_WORDS = re.compile(r"[A-Za-z0-9]")
_GAP = re.compile(r"\s{2,}")
_OF: tuple[tuple[Of, re.Pattern[str]], ...] = (
    (Of.US, re.compile(r"^(to|attn|attention)\s*[:.]", re.I)),
    (Of.NOTICE, re.compile(r"^(confidential|this fax is|if you are not the)", re.I)),
    (
        Of.SENDER,
        re.compile(
            r"^(from|referring|ordering|ordered by|requesting|prescrib\w+|provider|physician|"
            r"electronically|signature|sincerely|practice|clinic|npi|office)\b",
            re.I,
        ),
    ),
    (
        Of.PATIENT,
        re.compile(
            r"^(patient|pt\b|name\s*:|re\s*:|dob\b|date of birth|insurance|primary|member|"
            r"subscriber|policy|home phone|cell|mobile|address)",
            re.I,
        ),
    ),
)


def is_cover(page: PageText) -> bool:
    """Whether a page only says who sends what to whom."""
    text = page.text.casefold()
    named = re.search(r"\b(fax cover|cover sheet|facsimile transmittal|fax transmission)\b", text)
    return named is not None and "date of birth" not in text and "dob" not in text


def cells(pages: Sequence[PageText]) -> list[Cell]:
    """Every cell of the pages that bear the matter, then those of cover sheets."""
    found: list[Cell] = []
    for page in sorted(pages, key=is_cover):
        columns: dict[int, Of] = {}
        about = Of.LETTERHEAD
        for number, line in enumerate(filter(str.strip, page.text.splitlines())):
            parts = [part.strip() for part in _GAP.split(line.strip()) if _HAS_WORDS.search(part)]
            for column, text in enumerate(parts):
                said = next((of for of, label in _OF if label.search(text)), None)
                if said is not None:
                    columns[column] = about = said
                elif len(parts) > 1:
                    about = columns.get(column, about)
                found.append(Cell(page, number, column, text, about))
    return found


def beside(cells: Sequence[Cell], label: str) -> Iterator[tuple[Cell, str]]:
    """What follows a label: in its own cell after a colon or space, or below it.

    *label* is a pattern of the label alone. A label stands at the start of its cell.
    """
    inside = re.compile(rf"^(?:{label})(?:\s*[:#]+\s*|\s+(?=\S))(?P<value>.+)$", re.I)
    alone = re.compile(rf"^(?:{label})\s*[:#.]*$", re.I)
    for place, cell in enumerate(cells):
        found = inside.match(cell.text)
        if alone.match(cell.text):
            below = _below(cells, place)
            if below is not None:
                yield below, below.text
        elif found is not None:
            yield cell, found["value"].strip(" :#")


def _below(cells: Sequence[Cell], place: int) -> Cell | None:
    """The cell that stands to the right of a bare label, or else right under it."""
    cell = cells[place]
    after = cells[place + 1 :]
    row = [one for one in after if one.page is cell.page and one.line == cell.line]
    row += [one for one in cells[:place] if one.page is cell.page and one.line == cell.line]
    under = [one for one in after if one.page is cell.page and one.line == cell.line + 1]
    if len(under) == len(row) + 1:
        return next((one for one in under if one.column == cell.column), None)
    return under[0] if len(under) == 1 and not row else None
