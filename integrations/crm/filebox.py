"""The embedded CRM: one file of JSON lines per organization, appended and synced.

Each line is one touch with a source or one task about one; a real CRM gets the same payloads.
Patients never come near it (policy.md rule 23): whoever queues a payload puts source ids in it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from integrations.contract import Accepted, safe_reference
from models.contracts import Parcel, Receipt, ReceiptState, Sent
from models.errors import ChannelError, Verdict
from models.ids import SLUG


class Filebox:
    """Appends each parcel as one line to ``<organization>.jsonl``; ``parcel.to`` names the file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()  # flock holds between processes, this between threads

    def send(self, parcel: Parcel) -> Accepted:
        """Append the payload in ``parcel.body`` (a JSON object); a known reference changes nothing.

        Raises ChannelError: ``bad_payload``, ``bad_address`` and ``disk`` (fix).
        """
        line = json.dumps(
            {"reference": safe_reference(parcel.reference), **_payload(parcel.body)},
            ensure_ascii=False,
        )
        if not SLUG.fullmatch(parcel.to):
            raise ChannelError("bad_address", "The CRM needs an organization.", verdict=Verdict.FIX)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._lock, (self.folder / f"{parcel.to}.jsonl").open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if parcel.reference not in _references(file):
                    _append(file, line)
        except OSError as error:
            raise ChannelError(
                "disk",
                f"The CRM file cannot be written ({error.strerror}); make room on its disk, or let "
                "this process write there.",
                verdict=Verdict.FIX,
            ) from None
        return Accepted(vendor_id=f"crm-{parcel.reference}", delivered=True)

    def find(self, sent: Sent) -> Receipt | None:
        """Delivered if some organization's file has the line; ``at`` is that file's time."""
        for path in sorted(self.folder.glob("*.jsonl")):
            with path.open("rb") as file:
                if safe_reference(sent.reference) in _references(file):
                    return Receipt(
                        reference=sent.reference,
                        state=ReceiptState.DELIVERED,
                        at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
                        vendor_id=f"crm-{sent.reference}",
                    )
        return None


def read(folder: Path, org: str) -> list[dict[str, Any]]:
    """Every whole line of an organization's file, oldest first; none when there is no file."""
    path = folder / f"{org}.jsonl"
    if not path.exists():
        return []
    with path.open("rb") as file:
        return list(_lines(file))


def _payload(body: str) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise ChannelError("bad_payload", "A CRM entry is a JSON object.", verdict=Verdict.FIX)
    return payload


def _references(file: BinaryIO) -> set[str]:
    return {str(line.get("reference")) for line in _lines(file)}


def _lines(file: BinaryIO) -> Iterator[dict[str, Any]]:
    file.seek(0)
    for line in file:
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # torn by a crash; its delivery was not settled and comes again
        if isinstance(entry, dict):
            yield entry


def _append(file: BinaryIO, line: str) -> None:
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        torn = file.read(1) != b"\n"
    else:
        torn = False
    file.write((b"\n" if torn else b"") + line.encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())
