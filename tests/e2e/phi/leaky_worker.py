"""The worker as it would be if everything went wrong with somebody's facts in its hands.

Run in place of ``worker.py``, on the same arguments: first everything is made to fail once, with
text about a patient in the error, in a warning, and in the words of libraries. Then it is the
worker.
"""

from __future__ import annotations

import logging
import threading
import warnings
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlmodel import select

import worker
from engine.client import run_and_exit
from integrations.outbox import Outbox
from models.contracts import Parcel
from models.errors import CannotTell
from store.record import Record
from store.tables import PatientRow, SourceRow

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


send, find, load = Outbox.send, Outbox.find, Record.load


def leaky_send(self: Outbox, parcel: Parcel) -> Any:
    text = f"{parcel.to} {parcel.subject} {parcel.body}"
    if once(f"before {parcel.channel}"):
        gossip(text)
        raise RuntimeError(text)
    accepted = send(self, parcel)
    if once(f"after {parcel.channel}"):
        raise TimeoutError(text)  # it is there, and the answer is lost
    return accepted


def leaky_find(self: Outbox, reference: str) -> Any:
    if once("find"):
        raise CannotTell("The vendor cannot say.")
    return find(self, reference)


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


Outbox.send = leaky_send
Outbox.find = leaky_find
Record.load = leaky_load

if __name__ == "__main__":
    run_and_exit(worker.main())
