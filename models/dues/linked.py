"""Further requests that were linked to a referral: each sender is verified and acknowledged.

The clocks are those of the first request: 24 wall hours for an office, the next business day for a
past patient (policy.md rules 2 and 8).
"""

from __future__ import annotations

from collections.abc import Callable

from models.due import Due
from models.dues.asking import SOURCE, DueRule
from models.dues.begin import Asking, acknowledge_by, owed, thank_when, thanks_for, verify_by
from models.facts import CoSourceAdded, OrderReceived
from models.parties import co_source
from models.people import SourceKind
from models.policy import Rules
from models.referral import Referral

__all__ = [
    "acknowledged_of",
    "find",
    "further",
    "left_over",
    "names",
    "owed",
    "promises",
    "thank_you_of",
    "verified_of",
]


def further(r: Referral) -> tuple[Asking, ...]:
    """Every request beside the first: of co-sources, and orders that renew care under way."""
    if not r.is_received():
        return ()
    others = {one.source_id: one for one in r.all(CoSourceAdded)}
    found = []
    for one in others.values():
        message = thanks_for(SourceKind(one.source_kind), one.may_thank, co_source(one.source_id))
        found.append(
            Asking(one.source_id, message, one.at, one.confirmed_at, one.verified, one.key)
        )
    for order in r.all(OrderReceived):
        if order.source_id is None:
            continue
        sender = others.get(order.source_id)
        party = co_source(sender.source_id) if sender else SOURCE
        kind = sender.source_kind if sender else r.received.source_kind
        message = thanks_for(SourceKind(kind), True, party, f"order-{order.order_id}")
        known = sender.verified if sender else r.received.source_verified
        confirmed_at = order.confirmed_at or order.at
        found.append(Asking(order.order_id, message, order.at, confirmed_at, known, None))
    return tuple(found)


def names(r: Referral) -> tuple[str, ...]:
    """The further requests by name, in the order they came."""
    return tuple(asking.name for asking in further(r))


def find(r: Referral, name: str) -> Asking | None:
    """One further request; None where its fact was taken back."""
    return next((asking for asking in further(r) if asking.name == name), None)


def thank_you_of(name: str) -> DueRule:
    """When one further source is thanked."""
    return _of(name, thank_when)


def acknowledged_of(name: str) -> DueRule:
    """When somebody is asked to thank one further source by phone."""
    return _of(name, acknowledge_by)


def verified_of(name: str) -> DueRule:
    """When somebody is asked to confirm one further sender."""
    return _of(name, verify_by)


def left_over(r: Referral, rules: Rules) -> bool:
    """A further source is still owed its acknowledgement, and the referral is not over."""
    return not r.over() and any(owed(r, rules, asking) for asking in further(r))


def promises(r: Referral, rules: Rules) -> list[Due]:
    """Everything promised to further sources at present."""
    found = []
    for asking in further(r):
        for promise in (thank_when, acknowledge_by, verify_by):
            due = promise(r, rules, asking)
            if due is not None:
                found.append(due)
    return found


def _of(name: str, promise: Callable[[Referral, Rules, Asking], Due | None]) -> DueRule:
    def rule(r: Referral, rules: Rules) -> Due | None:
        asking = find(r, name)
        return promise(r, rules, asking) if asking else None

    return rule
