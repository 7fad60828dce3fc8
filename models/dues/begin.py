"""How a referral begins: the request is known, its sender verified and thanked."""

from __future__ import annotations

from models.due import Due
from models.dues.asking import (
    ASKED_AGAIN,
    SOURCE,
    DueRule,
    asked,
)
from models.hours import Span
from models.kinds import Kind
from models.people import SourceKind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import TaskKind


def request(r: Referral, rules: Rules) -> Due | None:
    """Milestones came, but the request they belong to did not: somebody looks for it."""
    if r.is_received() or not r.facts:
        return None
    at = rules.calendar.after(r.facts[0].at, Span.of("1 bd"))
    due = Due(
        key="request",
        at=at,
        owner=Role.FRONT_DESK,
        task=TaskKind.UNMATCHED_EVENT,
        occasion="request",
        says="Wait for the request that these events belong to",
    )
    return asked(r, rules, due)


def thanks(r: Referral) -> MessageRef | None:
    """The thank-you this referral owes: none to oneself, none where a friend did not allow it."""
    received = r.received
    if received.source_kind == SourceKind.SELF or not received.may_thank:
        return None
    past = received.source_kind == SourceKind.PAST_PATIENT
    return MessageRef(Kind.THANK_YOU_PAST_PATIENT if past else Kind.THANK_YOU, SOURCE, "1")


def thanks_owed(r: Referral, rules: Rules) -> MessageRef | None:
    """The thank-you that is ours to send and still to come."""
    message = thanks(r)
    if message is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    return message


def thank_you(r: Referral, rules: Rules) -> Due | None:
    """When the thank-you goes out: after a moment for duplicates; a past patient next day."""
    message = thanks_owed(r, rules)
    if message is None or not r.received.source_verified:
        return None
    ack, cal = rules.policy.ack, rules.calendar
    if message.kind is Kind.THANK_YOU_PAST_PATIENT:
        day = cal.local_date(cal.after(r.received.confirmed_at, ack.past_patient))
        says = "Wait until the next business day to say thanks"
        return Due(key="thank_you", at=cal.opening(day), says=says)
    at = cal.after(r.received.confirmed_at, ack.wait_for_duplicates)
    return Due(key="thank_you", at=at, says="Wait a moment for a duplicate of this referral")


def acknowledged(r: Referral, rules: Rules) -> Due | None:
    """The source hears within 24 wall hours; the lead is asked while there is still time.

    Product promise; the clock does not stop at night (policy.md rule 8). It is made to sources,
    not to past patients.
    """
    message = thanks_owed(r, rules)
    if message is None or message.kind is Kind.THANK_YOU_PAST_PATIENT:
        return None
    cal, ack = rules.calendar, rules.policy.ack
    due = Due(
        key="acknowledged",
        at=cal.after(r.received.at, ack.warn),
        owner=Role.LEAD,
        task=TaskKind.ACKNOWLEDGE,
        by=cal.after(r.received.at, ack.due),
        says="The source must be thanked within 24 hours",
    )
    return asked(r, rules, due)


def verified(r: Referral, rules: Rules) -> Due | None:
    """An unverified sender is the first task of the next open hour (policy.md rule 7)."""
    if r.received.source_verified or thanks_owed(r, rules) is None:
        return None
    cal = rules.calendar
    due = Due(
        key="verified",
        at=r.received.at,
        owner=Role.FRONT_DESK,
        task=TaskKind.VERIFY_SENDER,
        by=cal.after(cal.next_open(r.received.at), Span.of("1 bh")),
        says="Somebody must confirm who sent this referral",
    )
    return asked(r, rules, due, comes_again=ASKED_AGAIN)


RULES: tuple[DueRule, ...] = (
    thank_you,
    acknowledged,
    verified,
)
