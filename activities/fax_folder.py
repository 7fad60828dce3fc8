"""The watched folder: what a scanner or a fax server of the clinic writes becomes a fax.

``<folder>/<organization>/<clinic>/`` is one line of one clinic. A file is taken once it has been
left alone for a moment, and then moved to ``taken/`` beside it; what cannot be taken is moved to
``refused/`` and logged. The record has the original; what lies in ``taken/`` is the clinic's to
clear.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from activities.fax_intake import FaxIntake
from activities.tenants import Tenants
from models.errors import UserError
from models.fax import MAX_FAX_BYTES, FaxArrival
from store import faxes
from telemetry.logs import logger

_LOG = logger(__name__)
_TOO_MUCH = (
    "A file in the watched folder was too large to take in. It lies in the folder named refused "
    "beside the others; upload its pages"
)
LEFT_ALONE: Final = timedelta(seconds=10)  # a file may still be on its way
AT_ONCE: Final = 50
TAKEN, REFUSED = "taken", "refused"


class Found(NamedTuple):
    """One file that may be taken, and the line it came by."""

    path: Path
    org: str
    fax: str
    written_at: datetime


class FaxFolder:
    """Takes files in; twice, or by two processes at once, makes no fax twice."""

    def __init__(self, folder: Path, tenants: Tenants, intake: FaxIntake) -> None:
        self._folder = folder
        self._tenants = tenants
        self._intake = intake

    async def sweep(self, now: datetime) -> int:
        """Take in what lies in the folder; how many files were looked at. Raises StoreUnavailable.

        *now* is wall time.
        """
        found = await asyncio.to_thread(lambda: list(self._found(now)))
        for one in found:
            await self._take(one, now)
        return len(found)

    # --- inside ---------------------------------------------------------------------------------

    def _found(self, now: datetime) -> Iterator[Found]:
        count = 0
        for org in self._tenants:
            for clinic in self._tenants.get(org).organization.clinics:
                line = self._folder / org / clinic.id
                for entry in sorted(_files(line), key=lambda one: one.name):
                    written = _written(entry)
                    if written is None or now - written < LEFT_ALONE or count == AT_ONCE:
                        continue
                    count += 1
                    yield Found(Path(entry.path), org, clinic.fax, written)

    async def _take(self, found: Found, now: datetime) -> None:
        try:
            content = await asyncio.to_thread(_read, found.path)
        except OSError as error:  # another process was faster, or it may not be read
            _LOG.warning("fax_file_left", exc_info=error)
            return
        arrival = FaxArrival(
            vendor="folder",
            vendor_id=f"{found.path.name[:120]}-{found.written_at.timestamp():.6f}",
            content=content,
            received_at=found.written_at,
            to_number=found.fax,
        )
        where = TAKEN
        try:
            await self._intake.take(found.org, arrival)
        except UserError as error:
            _LOG.warning("fax_file_refused", code=error.code)
            where = REFUSED
            name = faxes.content_hash(f"{found.fax}/{found.path.name}".encode())
            await self._intake.ask_for(found.org, name, _TOO_MUCH, now)
        try:
            await asyncio.to_thread(_move, found.path, where)
        except OSError as error:  # it is in the record; taken again it is the same fax
            _LOG.warning("fax_file_left", exc_info=error)


def _files(line: Path) -> Iterator[os.DirEntry[str]]:
    """Plain files of a line, none that hides and none that points elsewhere."""
    try:
        with os.scandir(line) as entries:
            found = [one for one in entries if one.is_file(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:  # such as a folder that may not be read: the others are looked through
        _LOG.warning("fax_folder_away", exc_info=error)
        return
    yield from (one for one in found if not one.name.startswith("."))


def _written(entry: os.DirEntry[str]) -> datetime | None:
    """When a file was written; None for one that another process has taken meanwhile."""
    try:
        return datetime.fromtimestamp(entry.stat().st_mtime, UTC)
    except OSError:
        return None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FAX_BYTES + 1)


def _move(path: Path, where: str) -> None:
    """Out of the way, under a name of its own; nothing that lies there is overwritten."""
    folder = path.parent / where
    folder.mkdir(mode=0o700, exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    try:
        path.rename(target)
    except FileNotFoundError:  # another process was faster
        return
