"""When a source has fallen silent, and how much that matters (policy.md rule 20).

A day here is 24 hours: a source sends to several locations and has no wall clock of its own.
Cooling, which comes earlier and by the source's own rhythm, raises no task and is not judged here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from models.base import Model
from models.facts import UtcDatetime
from models.hours import LENGTHS, Span
from models.people import SourceKind
from models.policy import Policy

Priority = Literal["high", "low"]
_MONTH = timedelta(days=365) / 12


class SourceHistory(Model):
    """What silence is judged by: the moments at which valid referrals were received.

    Duplicates and referrals entered in error are left out; one that the clinic declined counts
    (policy.md rules 14 and 20). ``key`` is the liaison's flag; ``left``: its provider has left and
    nobody has come from them since. The order does not matter.
    """

    kind: SourceKind
    received: tuple[UtcDatetime, ...] = ()
    key: bool = False
    left: bool = False

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


def quiet_at(history: SourceHistory, policy: Policy) -> datetime | None:
    """When the source counts as quiet unless a referral comes first; None: never, too few to say.

    60 days after the last valid referral by its received date: the product's promise. Fewer than
    ``silence.min_referrals`` raise nothing, and some kinds never do (policy.md rule 20); nor does
    a provider who has left.
    """
    if not watched(history.kind) or history.left:
        return None
    last = history.last
    if last is None or len(history.received) < policy.silence.min_referrals:
        return None
    return last + _length(policy.silence.quiet)


def priority(history: SourceHistory, policy: Policy) -> Priority:
    """What the source was worth: high with the key flag, or by its last twelve months of sending.

    The months are counted back from its last referral, so that the answer does not change while
    the silence lasts (policy.md rule 20).
    """
    last = history.last
    if history.key or last is None:
        return "high" if history.key else "low"
    since = last - policy.silence.rhythm_months * _MONTH
    recent = [at for at in history.received if at > since]
    return "high" if len(recent) >= policy.silence.high_referrals else "low"


def _length(span: Span) -> timedelta:
    # Only business days have no length of their own; a source has none, so they are plain days.
    return span.amount * LENGTHS.get(span.unit, timedelta(days=1))
