"""What every channel can do, whoever provides it: ``send`` one parcel, ``find`` it again.

Calls block; the total time of one stays under ``LONGEST_CALL``, so that a lost answer is met here,
where the message can be looked up, and never by the engine's own time-out.
"""

from __future__ import annotations

import re
from typing import Protocol

from models.base import Model
from models.contracts import Parcel, Receipt, Sent
from models.errors import ChannelError, Verdict

# Seconds. A call begins early enough to be over when its turn is (activities/turns.py LATEST_START,
# workflows/policies.py SEND_TIMEOUT).
LONGEST_CALL = 15.0
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class Accepted(Model):
    """A vendor took a parcel; ``delivered`` where its answer already proves arrival.

    No time: facts carry the sender's own, which under time skipping is not the vendor's.
    """

    vendor_id: str
    delivered: bool = False


class ChannelClient(Protocol):
    """One provider of one channel; safe to share between threads."""

    def send(self, parcel: Parcel) -> Accepted:
        """Give the vendor one parcel.

        Raises ChannelError when it certainly did not take it, CannotTell when the answer was lost.
        Where the vendor knows our reference, a second call with it is no second message.
        """
        ...

    def find(self, sent: Sent) -> Receipt | None:
        """The vendor's word on a parcel; None when it certainly never got it.

        Raises CannotTell when it cannot say, ChannelError when it cannot be asked now.
        """
        ...


def safe_reference(reference: str) -> str:
    """A reference that can be a file name, a header or a query; ours all are.

    Raises ChannelError ``bad_reference`` (fix) for anything else.
    """
    if not _REFERENCE.fullmatch(reference):
        raise ChannelError(
            "bad_reference",
            "A parcel's reference may hold letters, digits, - and _ only.",
            verdict=Verdict.FIX,
        )
    return reference
