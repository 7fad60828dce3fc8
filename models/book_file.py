"""An existing book of sources as a CSV file, read row by row; pure.

A row that cannot be read says which columns and why, and the rows around it are read all the same.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple, TypeVar

from models import shapes
from models.errors import BadRequest
from models.people import Credential, SourceKind, credential

COLUMNS: Final[dict[str, str]] = {
    "kind": "provider, practice, case_manager, employer, attorney or school",
    "name": "as it stands on letters",
    "npi": "ten digits, of a provider",
    "credential": "MD, DO, NP, PA …",
    "practice": "where a provider works",
    "fax": "of the practice",
    "phone": "",
    "email": "",
    "prefers": "fax or email",
    "owner": "a staff id: whose relationship it is",
    "key": "yes: its silence is always urgent",
    "best_hours": "in words: Tuesdays before 9",
    "hears": "what they want to hear",
    "wants_thanks": "no: no thank-yous",
    "next_touch": "YYYY-MM-DD",
}
NEEDED: Final = ("name",)
KINDS: Final = (
    SourceKind.PROVIDER,
    SourceKind.PRACTICE,
    SourceKind.CASE_MANAGER,
    SourceKind.EMPLOYER,
    SourceKind.ATTORNEY,
    SourceKind.SCHOOL,
)
LONGEST: Final = 2_000  # letters of one field
_YES: Final = frozenset({"yes", "y", "1", "true", "x"})
_NO: Final = frozenset({"no", "n", "0", "false"})

T = TypeVar("T")


class Told(NamedTuple):
    """One source as its row tells it, every number checked and in its one form."""

    row: int  # as a spreadsheet counts: the heading is row 1
    kind: SourceKind
    name: str
    npi: str | None
    credential: Credential
    practice: str | None
    fax: str | None
    phone: str | None
    email: str | None
    prefers: str
    owner: str | None
    key: bool
    best_hours: str | None
    hears: str | None
    wants_thanks: bool
    next_touch: date | None


class Wrong(NamedTuple):
    """What is wrong in one cell of a row that cannot be taken as it is; a row may have several."""

    row: int
    column: str
    says: str


def template() -> str:
    """A file to begin with: the heading and two fictional rows."""
    rows = (
        ",".join(COLUMNS),
        "provider,Dr. Pat Sample,1234567893,MD,Sample Orthopedics,518-555-0143,518-555-0144,"
        "office@example.org,fax,,yes,Tuesdays before 9,Post-op shoulders,yes,",
        "employer,Example Mill,,,,,518-555-0145,,email,,,,,,",
    )
    return "\n".join(rows) + "\n"


def read(lines: Iterable[str], *, country: str, staff: Collection[str]) -> Iterator[Told | Wrong]:
    """Every row of a file, one at a time; *staff* are the ids of who may own a relationship.

    Raises BadRequest for a file without its heading, and for one that is no CSV.
    """
    sheet = csv.reader(lines, strict=True)
    heading = [name.strip().lower() for name in _next(sheet, 1) or ()]
    lacking = [name for name in NEEDED if name not in heading]
    if lacking:
        raise BadRequest(
            f"row 1: the heading lacks {', '.join(lacking)}. "
            "'starter.py sources template' prints one.",
            code="no_heading",
        )
    twice = sorted({name for name in heading if name in COLUMNS and heading.count(name) > 1})
    if twice:
        raise BadRequest(f"row 1: {', '.join(twice)} stands there twice.", code="no_heading")
    number = 1
    while True:
        number += 1
        cells = _next(sheet, number)
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(heading):
            yield Wrong(number, "", f"{len(cells)} fields under a heading of {len(heading)}")
            continue
        found = dict(zip(heading, (cell.strip() for cell in cells), strict=False))
        told = _told(number, found, country, staff)
        if isinstance(told, Told):
            yield told
        else:
            yield from told


def ignored(heading: str) -> list[str]:
    """Columns of a heading that mean nothing here."""
    names = next(csv.reader([heading]), [])
    return [name.strip() for name in names if name.strip().lower() not in COLUMNS]


def _next(sheet: Iterator[list[str]], number: int) -> list[str] | None:
    try:
        return next(sheet)
    except StopIteration:
        return None
    except csv.Error as error:
        raise BadRequest(
            f"row {number}: this is no CSV from here on ({error}).", code="no_csv"
        ) from None


class _Row:
    """The cells of one row, each read by itself: what is wrong in one hides nothing of another."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self.cells = cells
        self.wrong: list[tuple[str, str]] = []

    def read(self, column: str, reader: Callable[[str], T], otherwise: T) -> T:
        """What a cell tells; an empty or wrong one is taken for *otherwise*."""
        given = self.cells.get(column, "")
        if not given:
            return otherwise
        try:
            return reader(given)
        except BadRequest as error:
            self.wrong.append((column, error.sentence))
            return otherwise


def _told(
    number: int, cells: Mapping[str, str], country: str, staff: Collection[str]
) -> Told | list[Wrong]:
    row = _Row(cells)
    for name, cell in cells.items():
        if len(cell) > LONGEST:
            row.wrong.append((name, f"longer than {LONGEST} letters"))

    def phone(text: str) -> str:
        return shapes.phone(text, country)

    def owner(text: str) -> str:
        if text not in staff:
            raise BadRequest("nobody who keeps the book has this id")
        return text

    kind = row.read("kind", _kind, SourceKind.PROVIDER)
    told = Told(
        row=number,
        kind=kind,
        name=row.read("name", shapes.clean_name, ""),
        npi=row.read("npi", shapes.npi, None),
        credential=credential(cells.get("credential", "")),
        practice=row.read("practice", shapes.clean_name, None),
        fax=row.read("fax", phone, None),
        phone=row.read("phone", phone, None),
        email=row.read("email", shapes.email, None),
        prefers=row.read("prefers", _channel, "fax"),
        owner=row.read("owner", owner, None),
        key=row.read("key", _flag, False),
        best_hours=cells.get("best_hours") or None,
        hears=cells.get("hears") or None,
        wants_thanks=row.read("wants_thanks", _flag, True),
        next_touch=row.read("next_touch", _day, None),
    )
    if not cells.get("name"):
        row.wrong.append(("name", "is empty"))
    if told.npi is not None and kind is not SourceKind.PROVIDER:
        row.wrong.append(("npi", "only a provider has an NPI"))
    return [Wrong(number, column, says) for column, says in row.wrong] or told


def _kind(text: str) -> SourceKind:
    wanted = text.lower().replace(" ", "_")
    found = next((kind for kind in KINDS if kind == wanted), None)
    if found is None:
        raise BadRequest(f"one of {', '.join(KINDS)}")
    return found


def _channel(text: str) -> str:
    if text.lower() not in {"fax", "email"}:
        raise BadRequest("fax or email")
    return text.lower()


def _flag(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise BadRequest("yes or no")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest("a date, YYYY-MM-DD") from None
