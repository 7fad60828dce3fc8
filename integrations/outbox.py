"""The embedded channel: writes what would be sent into a folder, and calls it delivered.

``<reference>.pdf`` for a fax, ``.txt`` for a text, ``.eml`` for an email; no name and no number in
a file's name. A file appears whole or not at all, so it can be looked up after a crash.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from integrations.contract import Accepted, safe_reference
from integrations.email.envelope import envelope
from models.contracts import Channel, Parcel, Receipt, ReceiptState, Sent
from models.errors import ChannelError, Verdict

_ENDINGS: dict[str, str] = {"fax": ".pdf", "sms": ".txt", "email": ".eml"}


class Outbox:
    """A folder as a vendor for fax, text or email.

    ``busy`` makes the first N sends to an address fail as a busy line would, for demonstrations
    and tests; it is counted in this process.
    """

    def __init__(
        self, folder: Path, channel: Channel, busy: Mapping[str, int] | None = None
    ) -> None:
        self.folder = folder
        self.channel = channel
        self._ending = _ENDINGS[channel]
        self._busy = dict(busy or {})
        self._lock = Lock()

    def send(self, parcel: Parcel) -> Accepted:
        """Write the parcel; a second call with its reference changes nothing.

        Raises ChannelError: ``busy`` (later), ``nothing_to_send`` and ``disk`` (fix).
        """
        target = self._path(parcel.reference)
        if not target.exists():
            self._refuse_if_busy(parcel.to)
            self._write(target, self._content(parcel))
        return Accepted(vendor_id=f"outbox-{parcel.reference}", delivered=True)

    def find(self, sent: Sent) -> Receipt | None:
        """Delivered if the file is there; ``at`` is its time on disk, on the wall clock."""
        target = self._path(sent.reference)
        try:
            written = target.stat().st_mtime
        except FileNotFoundError:
            return None
        return Receipt(
            reference=sent.reference,
            state=ReceiptState.DELIVERED,
            at=datetime.fromtimestamp(written, UTC),
            vendor_id=f"outbox-{sent.reference}",
        )

    def _path(self, reference: str) -> Path:
        return self.folder / f"{safe_reference(reference)}{self._ending}"

    def _content(self, parcel: Parcel) -> bytes:
        if self.channel == "email":
            return envelope(parcel, sender="outbox@example.org").as_bytes()
        if self.channel == "sms":
            return f"To: {parcel.to}\n\n{parcel.body}\n".encode()
        if not parcel.attachments:
            raise ChannelError(
                "nothing_to_send", "A fax needs a document; none was given.", verdict=Verdict.FIX
            )
        return parcel.attachments[0].content

    def _refuse_if_busy(self, address: str) -> None:
        with self._lock:
            left = self._busy.get(address, 0)
            if not left:
                return
            self._busy[address] = left - 1
        raise ChannelError("busy", "The line is busy; it is tried again.", verdict=Verdict.LATER)

    def _write(self, target: Path, content: bytes) -> None:
        half = target.with_suffix(f".{os.getpid()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with half.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            half.replace(target)
        except OSError as error:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            raise ChannelError(
                "disk",
                f"The outbox folder cannot be written ({error.strerror}); make room on its disk, "
                "or let this process write there.",
                verdict=Verdict.FIX,
            ) from None
