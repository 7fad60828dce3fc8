"""What a further request about a known patient is: a duplicate, a co-source, a renewal, or new.

policy.md rules 2 and 12. Linked, not created: one patient is contacted once, everybody who sent
them is acknowledged, and nothing is asked for that another request has brought already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from models.base import Model
from models.facts import ClosedReason, CoSourceAdded, UtcDatetime
from models.people import SourceKind
from models.referral import Referral
from models.regions import Region


class Link(StrEnum):
    """What a request comes to; the linked kinds are rows that point to the first referral."""

    NEW = "new"
    DUPLICATE = "duplicate"  # the same source asked the same
    CO_SOURCE = "co_source"  # another source asks for the same patient
    RENEWAL = "renewal"  # an order for care that is under way: no new referral


class Request(Model):
    """A request as far as linking depends on it."""

    source_id: str
    kind: SourceKind
    received_at: UtcDatetime
    region: Region | None = None


class Earlier(Model):
    """A referral of the same patient that is on record.

    ``asked`` holds when each of its sources asked, the first one included; ``ended_at`` when care,
    or the wish for it, ended.
    """

    asked: Mapping[str, UtcDatetime]
    received_at: UtcDatetime
    region: Region | None = None
    in_care: bool = False
    ended_at: UtcDatetime | None = None

    @classmethod
    def of(cls, referral: Referral, region: Region | None) -> Earlier:
        """What a referral's facts say; it must be received."""
        received = referral.received
        asked = {received.source_id: received.at}
        asked |= {one.source_id: one.at for one in referral.all(CoSourceAdded)}
        ended = ended_at(referral)
        return cls(
            asked=asked,
            received_at=received.at,
            region=region,
            in_care=referral.evaluated() and ended is None,
            ended_at=ended,
        )


def link(request: Request, earlier: Earlier, window: timedelta) -> Link:
    """What a request is beside one earlier referral of the same patient.

    A region that one of the two leaves out matches any. After the end only what was sent before it
    is the same request, told late; whatever is sent later begins anew, so that nobody who asks
    again goes unheard. ``window`` is capture.dedupe_window.
    """
    if request.region and earlier.region and request.region is not earlier.region:
        return Link.NEW
    asked = earlier.asked.get(request.source_id)
    same = asked is not None and abs(request.received_at - asked) <= window
    if earlier.ended_at is not None:
        late = request.received_at <= earlier.ended_at
        return Link.DUPLICATE if same and late else Link.NEW
    if same:
        return Link.DUPLICATE
    if earlier.in_care and asked is not None:
        return Link.RENEWAL if request.kind.treating else Link.DUPLICATE
    near = abs(request.received_at - earlier.received_at) <= window
    if asked is None and (earlier.in_care or near):
        return Link.CO_SOURCE
    return Link.NEW


def ended_at(r: Referral) -> datetime | None:
    """When the referral ended for whoever sends the patient again; None while it is open."""
    closing = r.closing()
    ends = [closing.at] if closing else []
    if r.discharged_at is not None:  # or withdrawn
        ends.append(r.discharged_at)
    return min(ends, default=None)


def never_was(r: Referral) -> bool:
    """Entered in error or taken back: nothing is a duplicate of it (policy.md rule 12)."""
    closing = r.closing()
    error = closing is not None and closing.reason is ClosedReason.ENTERED_IN_ERROR
    return error or r.taken_back() or not r.is_received()
