"""Who has to do with a referral as it stands: its sources, its certifier, who hears the reports.

The request names them first; co-sources fill in what it left open (policy.md rule 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from models.facts import CoSourceAdded, ReferralReceived
from models.people import SourceKind

if TYPE_CHECKING:
    from models.referral import Referral

SOURCE, PATIENT, CERTIFIER = "source", "patient", "certifier"


class Sender(NamedTuple):
    """One source of a referral: the party its letters are addressed to, its id and kind."""

    party: str
    source_id: str
    kind: SourceKind


def co_source(source_id: str) -> str:
    """The party name of a source beside the first one."""
    return f"source:{source_id}"


def recipient(provider_id: str) -> str:
    """The party name of one report recipient."""
    return f"recipient:{provider_id}"


def senders(r: Referral) -> tuple[Sender, ...]:
    """Every source of a referral, the first one first."""
    first = r.received
    found = [Sender(SOURCE, first.source_id, SourceKind(first.source_kind))]
    for one in r.all(CoSourceAdded):
        sender = Sender(co_source(one.source_id), one.source_id, SourceKind(one.source_kind))
        if sender.source_id != first.source_id:
            found.append(sender)
    return tuple(found)


def office(r: Referral) -> str | None:
    """The party of the source that treats the patient: asked for a number, told of no-shows."""
    return next((sender.party for sender in senders(r) if sender.kind.treating), None)


def standing(told: ReferralReceived, others: Sequence[CoSourceAdded]) -> ReferralReceived:
    """The request with what its own sender left open filled in by the co-sources."""
    if not others:
        return told
    filled: dict[str, Any] = {}
    named = [one for one in others if one.certifier_id is not None]
    if told.certifier_id is None and named:
        filled["certifier_id"] = named[0].certifier_id
        filled["certifier_may_certify"] = named[0].certifier_may_certify
    paid = [one.payers for one in others if one.payers]
    if not told.payers and paid:
        filled["payers"] = paid[0]
    hears = [*told.recipients, *(one for other in others for one in other.recipients)]
    filled["recipients"] = tuple(dict.fromkeys(hears))
    return told.model_copy(update=filled)
