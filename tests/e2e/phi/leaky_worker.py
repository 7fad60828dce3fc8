"""The worker as it would be if everything went wrong with somebody's facts in its hands.

Run in place of ``worker.py``, on the same arguments: first everything is made to fail once, with
text about a patient in the error, in a warning, and in the words of libraries. Then it is the
worker.
"""

from __future__ import annotations

import logging
import threading
import warnings
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from sqlalchemy.exc import OperationalError
from sqlmodel import select

import worker
from activities.fax_reading import FaxReading
from engine.client import run_and_exit
from integrations.outbox import Outbox
from integrations.sms.twilio import Twilio
from models.contracts import Parcel, Sent
from models.errors import CannotTell
from models.fax import FaxStart
from store.record import Record
from store.tables import FaxRow, PatientRow, SourceRow

failed: set[str] = set()


def once(what: str) -> bool:
    """True the first time."""
    first = what not in failed
    failed.add(what)
    return first


def gossip(text: str) -> None:
    """Everything a library may do with a text that it should not."""
    logging.getLogger("some.vendor").error(f"could not send {text}")
    logging.getLogger("httpx").error("HTTP Request: %s", text)
    logging.getLogger("sqlalchemy.pool").error(f"Exception during reset ({text})", exc_info=True)
    logging.getLogger("asyncio").error(f"Task was destroyed: <Task {text}>\n{text}")
    warnings.warn(text, stacklevel=2)
    thread = threading.Thread(target=int, args=(text,))
    thread.start()
    thread.join()


def leaky(vendor: type[Outbox] | type[Twilio]) -> None:
    """A vendor whose every verb fails with what it was given.

    Before anything was sent an outbox can tell so at once; Twilio only after minutes of real time.
    """
    send, find = vendor.send, vendor.find

    def leaky_send(self: Any, parcel: Parcel) -> Any:
        text = f"{parcel.to} {parcel.subject} {parcel.body}"
        first = once(f"first {parcel.channel}")
        if first:
            gossip(text)
        if first and vendor is Outbox:
            raise RuntimeError(text)
        accepted = send(self, parcel)
        if first or once(f"after {parcel.channel}"):
            raise TimeoutError(text)  # it is there, and the answer is lost
        return accepted

    def leaky_find(self: Any, sent: Sent) -> Any:
        if once("find"):
            raise CannotTell("The vendor cannot say.")
        return find(self, sent)

    vendor.send, vendor.find = leaky_send, leaky_find


load, read = Record.load, FaxReading.read


def leaky_read(self: FaxReading, start: FaxStart) -> Any:
    """A reader that quotes the page."""
    if once("reading"):
        with self._store.read() as session:
            fax = session.get_one(FaxRow, start.fax_id)
            words = PdfReader(BytesIO(fax.content)).pages[0].extract_text()
        gossip(f"{fax.from_number} {words}")
        raise RuntimeError(words)
    return read(self, start)


def leaky_load(self: Record, session: Any, org: str, referral_id: str) -> Any:
    known = load(self, session, org, referral_id)
    for kind in (ValueError, KeyError):
        if once(kind.__name__):
            raise kind(_everything(session))
    if once("driver"):
        text = _everything(session)
        raise OperationalError(f"SELECT '{text}'", {"name": text}, Exception(text))
    return known


def _everything(session: Any) -> str:
    return " ".join(
        str(row) for table in (PatientRow, SourceRow) for row in session.exec(select(table))
    )


leaky(Outbox)
leaky(Twilio)
Record.load = leaky_load
FaxReading.read = leaky_read

if __name__ == "__main__":
    run_and_exit(worker.main())
