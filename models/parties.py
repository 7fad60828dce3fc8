"""Who has to do with a referral as it stands: its sources, its certifier, who hears the reports.

The request names them first; co-sources fill in what it left open (policy.md rule 2), and people
come and go in the middle of care.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from models.facts import (
    CertifierNamed,
    CoSourceAdded,
    ProviderLeft,
    ReferralReceived,
    RequestConfirmed,
)
from models.people import SourceKind

if TYPE_CHECKING:
    from models.referral import Referral

SOURCE, PATIENT, CERTIFIER = "source", "patient", "certifier"
SENDER = "sender"  # the office whose fax number the pages came from


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


def hears_no_more(provider_id: str) -> Callable[[Referral], bool]:
    """Whether a recipient gets no reports any more, as a question to a referral."""
    return lambda r: provider_id not in r.received.recipients


def plan_occasion(r: Referral, version: int) -> str:
    """The occasion of the plan's message; a new one for who certifies instead of somebody else."""
    replaced = any(named.instead_of for named in r.all(CertifierNamed))
    who = r.received.certifier_id
    return f"v{version}-{who}" if replaced and who else f"v{version}"


def replaced_at(r: Referral) -> datetime | None:
    """When somebody came to certify, or was missing, instead of somebody else; None if never."""
    return max((n.at for n in r.all(CertifierNamed) if n.instead_of), default=None)


def newest_naming(r: Referral) -> CertifierNamed | None:
    """The last word on who certifies, beside the requests themselves."""
    return max(r.all(CertifierNamed), key=lambda one: (one.as_of, one.key), default=None)


def certifiers(r: Referral) -> tuple[ReferralReceived, ...]:
    """The request as it stood with each of its certifiers, the present one first.

    What one of them has certified stays certified when another takes over.
    """
    stands, before = r.received, [r.told]
    before += [
        r.told.model_copy(update=_certified_by(one.certifier_id, one.certifier_may_certify))
        for one in r.all(CoSourceAdded)
    ]
    before += [
        r.told.model_copy(update=_certified_by(named.provider_id, named.may_certify))
        for named in r.all(CertifierNamed)
    ]
    return (stands, *(one for one in before if one.certifier_id != stands.certifier_id))


def standing(
    told: ReferralReceived,
    others: Sequence[CoSourceAdded],
    named: Sequence[CertifierNamed],
    left: Sequence[ProviderLeft],
    confirmed: RequestConfirmed | None = None,
) -> ReferralReceived:
    """The request as it stands by now: filled in by co-sources, changed by who came and went.

    One that a machine read begins when a person vouches for it and its sender (rule 7).
    """
    if confirmed is not None and not told.confirmed:
        at = max(told.confirmed_at, confirmed.at)
        told = told.model_copy(
            update={"confirmed": True, "confirmed_at": at, "source_verified": True}
        )
    if not (others or named or left):
        return told
    filled = _certifier(told, others, named)
    paid = [one.payers for one in others if one.payers]
    if not told.payers and paid:
        filled["payers"] = paid[0]
    hears = [*told.recipients, *(one for other in others for one in other.recipients)]
    hears += [one.provider_id for one in named if one.provider_id is not None]
    for gone in sorted(left, key=lambda one: one.on):
        instead = [gone.successor_id] if gone.successor_id else []
        hears = [who for one in hears for who in (instead if one == gone.provider_id else [one])]
    filled["recipients"] = tuple(dict.fromkeys(hears))
    return told.model_copy(update=filled)


def _certifier(
    told: ReferralReceived, others: Sequence[CoSourceAdded], named: Sequence[CertifierNamed]
) -> dict[str, Any]:
    """A person's word goes first, then the first request that names somebody."""
    newest = max(named, key=lambda one: (one.as_of, one.key), default=None)
    asked: Sequence[ReferralReceived | CoSourceAdded] = (told, *others)
    if newest is not None:
        if newest.provider_id is not None:
            return _changed(told, newest.provider_id, newest.may_certify)
        asked = [one for one in others if one.as_of > newest.as_of]
    for one in asked:
        if one.certifier_id is not None:
            return _changed(told, one.certifier_id, one.certifier_may_certify)
    return _changed(told, None, True)


def _changed(told: ReferralReceived, who: str | None, may: bool) -> dict[str, Any]:
    return {} if who == told.certifier_id else _certified_by(who, may)


def _certified_by(who: str | None, may: bool) -> dict[str, Any]:
    """The order in the request counts for its own certifier alone (policy.md rule 5)."""
    return {
        "certifier_id": who,
        "certifier_may_certify": may,
        "order_signed_and_dated": False,
        "order_holds_full_plan": False,
    }
