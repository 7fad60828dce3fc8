"""What a source's silence is judged by, whom it concerns, and how much it matters (rule 20).

When it falls silent is models/source_states.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from models.base import Model
from models.facts import UtcDatetime
from models.hours import LENGTHS, Span
from models.organization import Absence
from models.people import SourceKind
from models.policy import Policy

Priority = Literal["high", "low"]
MONTH = timedelta(days=365) / 12
_UNNAMED: dict[str, str] = {
    SourceKind.PAST_PATIENT: "A past patient",
    SourceKind.SELF: "A self-referral",
}


class SourceHistory(Model):
    """What silence is judged by: the moments at which valid referrals were received.

    Duplicates and referrals entered in error are left out; one that the clinic declined counts
    (policy.md rules 14 and 20). ``key`` is the liaison's flag; ``left``: its provider has left and
    nobody has come from them since. ``away``: days on which they were on leave; ``declined``: when
    we last told them no. The order does not matter.
    """

    kind: SourceKind
    received: tuple[UtcDatetime, ...] = ()
    key: bool = False
    left: bool = False
    away: tuple[Absence, ...] = ()
    declined: UtcDatetime | None = None

    @property
    def last(self) -> datetime | None:
        """The latest valid referral."""
        return max(self.received, default=None)


def watched(kind: SourceKind) -> bool:
    """Whether silence of such a source ever means anything, so that its watch is worth running.

    Past patients are never asked for more patients, and nobody stands behind a self-referral
    (policy.md rule 20).
    """
    return kind not in {SourceKind.PAST_PATIENT, SourceKind.SELF}


def public_name(kind: str, name: str) -> str:
    """How a source is called in reports, on scorecards and by the read API.

    One that is, or was, a patient is not named there: their name would be a fact about a patient.
    """
    return _UNNAMED.get(kind, name)


def asked_about(history: SourceHistory, policy: Policy) -> bool:
    """Whether anybody is asked to call once it is silent.

    Not about some kinds, nor a provider who has left, nor who sent fewer than
    ``silence.min_referrals`` in all: an organization may keep one-off senders out (rule 20).
    """
    enough = len(history.received) >= policy.silence.min_referrals
    return watched(history.kind) and not history.left and bool(history.received) and enough


def priority(history: SourceHistory, policy: Policy) -> Priority:
    """What the source was worth: high with the key flag, or by its last twelve months of sending.

    The months are counted back from its last referral, so that the answer does not change while
    the silence lasts (policy.md rule 20).
    """
    last = history.last
    if history.key or last is None:
        return "high" if history.key else "low"
    since = last - policy.silence.rhythm_months * MONTH
    recent = [at for at in history.received if at > since]
    return "high" if len(recent) >= policy.silence.high_referrals else "low"


def length(span: Span) -> timedelta:
    """A span on the clock of a source: 24 hours a day."""
    # Only business days have no length of their own; a source has none, so they are plain days.
    return span.amount * LENGTHS.get(span.unit, timedelta(days=1))
