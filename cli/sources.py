"""``sources``: an existing book of sources read from a file; rehearsed first, if wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from activities.tenants import Tenants
from cli.console import out, print_json
from cli.workplace import load_settings, load_tenants, open_record, wall_clock
from models.access import May, holders_of
from models.book import next_touch
from models.book_file import COLUMNS, Told, Wrong, ignored, read, template
from models.errors import BadRequest
from models.sources import length
from store.book_import import BATCH, Came, Import, Result
from store.engine import Store

_SHOWN: Final = 50  # troubles on the screen
_KEPT: Final = 1_000  # troubles in the JSON answer
_SAYS: Final[dict[str, str]] = {
    Came.NEW: "new",
    Came.FILLED: "known; something empty is filled",
    Came.SAME: "known already",
    Came.TWICE: "stands in an earlier row",
    Came.DOUBTFUL: "left out: a person must look",
    "wrong": "left out: cannot be read",
}


class Tally:
    """What the rows of a file came to; of the troubles only so many are kept."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.troubles: list[Wrong] = []
        self.named = 0
        self._wrong = 0  # the last row that could not be read: it may be named for several cells

    def add(self, one: Result | Wrong) -> None:
        """Count one row; in the order of the file."""
        trouble = one if isinstance(one, Wrong) else _trouble(one)
        if not isinstance(one, Wrong):
            self.counts[one.came] += 1
        elif one.row != self._wrong:
            self._wrong = one.row
            self.counts["wrong"] += 1
        if trouble is not None:
            self.named += 1
            self.troubles += [trouble] if len(self.troubles) < _KEPT else []

    @property
    def clean(self) -> bool:
        """Whether every row could be taken."""
        return not (self.counts["wrong"] or self.counts[Came.DOUBTFUL])


def print_template() -> None:
    """Print a file to begin with."""
    out.print(template(), end="", markup=False, highlight=False, soft_wrap=True)


def take_in(file: Path, org: str | None, *, dry_run: bool, strict: bool, as_json: bool) -> int:
    """Read a book of sources; the same file again changes nothing.

    Rows that cannot be taken are named and left out; with *strict* one of them leaves out all.
    Answers 0, or 2 where rows were left out. Raises BadRequest, NotFound, ConfigError,
    StoreUnavailable.
    """
    settings = load_settings()
    tenants = load_tenants(settings)
    known = list(tenants)
    if org is None and len(known) > 1:
        raise BadRequest(f"There are several organizations; choose one with --org: {known}.")
    name = tenants.get(org or known[0]).organization.id
    store = open_record(settings).store
    try:
        write = not dry_run
        tally = None
        if strict and write:
            tally = run(file, store, tenants, name, wall_clock(), write=False)
            write = tally.clean
        if tally is None or write:
            tally = run(file, store, tenants, name, wall_clock(), write=write)
    finally:
        store.close()
    _show(tally, _heading(file), written=write, as_json=as_json)
    return 0 if tally.clean else 2


def run(
    file: Path, store: Store, tenants: Tenants, org: str, now: datetime, *, write: bool
) -> Tally:
    """Take a file in, a batch in a transaction; what it came to. Without *write* nothing changes.

    Memory holds one batch, and a hash and a name of each source seen.
    """
    tenant = tenants.get(org)
    staff = {one.id for one in holders_of(tenant.staff, May.SOURCES)}
    calendar = tenants.calendar(org, now)
    touch = tenant.policy.touch
    days = max(length(touch.next).days, 1)

    def first_touch(told: Told, identity: str) -> datetime:
        """On the day told; else spread over the days, so that not all are due at once."""
        if told.next_touch is not None:
            return calendar.at_local(told.next_touch, time(9))
        if told.key:
            return next_touch(touch, calendar, now, key=True)
        spread = sum(identity.encode()) % days + 1
        return calendar.opening(calendar.local_date(now) + timedelta(days=spread))

    tally, book = Tally(), Import(org, now, first_touch)
    rows = read(_lines(file), country=tenant.organization.country, staff=staff)
    while batch := list(islice(rows, BATCH)):
        told = [one for one in batch if isinstance(one, Told)]
        found = _taken(store, book, told, write=write)
        every: list[Result | Wrong] = [*found, *(one for one in batch if isinstance(one, Wrong))]
        for one in sorted(every, key=lambda one: one.row):
            tally.add(one)
    return tally


def _taken(store: Store, book: Import, told: list[Told], *, write: bool) -> list[Result]:
    if not write:
        with store.read() as session:
            return book.take(session, told, write=False)
    with store.write() as session:
        return book.take(session, told, write=True)


def _trouble(one: Result) -> Wrong | None:
    if not one.says:
        return None
    column, _, says = one.says.partition(": ")
    return Wrong(one.row, column, says)


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            yield from opened
    except OSError as error:
        raise BadRequest(f"The file cannot be read ({type(error).__name__}).") from None
    except UnicodeDecodeError:
        raise BadRequest(
            "The file is not in UTF-8: save it as “CSV UTF-8” in the spreadsheet.", code="no_utf8"
        ) from None


def _heading(file: Path) -> list[str]:
    return ignored(next(_lines(file), ""))


def _show(tally: Tally, strangers: list[str], *, written: bool, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {
            "written": written,
            "rows": {name: tally.counts[name] for name in _SAYS},
            "troubles": [one._asdict() for one in tally.troubles],
            "ignored_columns": strangers,
        }
        print_json(told)
        return
    table = Table("rows", "came to", box=None)
    for name, says in _SAYS.items():
        if tally.counts[name]:
            table.add_row(f"{tally.counts[name]:,}", says)
    out.print(table)
    for one in tally.troubles[:_SHOWN]:
        where = f"row {one.row}, column {one.column}" if one.column else f"row {one.row}"
        out.print(f"{where}: {one.says}", markup=False, highlight=False, soft_wrap=True)
    left = tally.named - _SHOWN
    if left > 0:
        out.print(f"… and {left:,} more; --json names the first {_KEPT:,}.")
    if strangers:
        out.print(
            f"Columns that mean nothing here: {', '.join(strangers)}. Known: {', '.join(COLUMNS)}.",
            markup=False,
            soft_wrap=True,
        )
    if not written:
        out.print("Nothing was written.")
