"""How a referral begins: the request is known, its sender verified and thanked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from models.due import Due
from models.dues.asking import (
    SENDER,
    SOURCE,
    DueRule,
    asked,
    once,
)
from models.facts import OrderReceived, Urgency, VisitCompleted
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


class Asking(NamedTuple):
    """One request for this patient: the acknowledgement it is owed, and from when.

    ``name`` tells further requests apart; the first one has none. ``verify`` is the occasion of the
    task that confirms the sender, None where another request holds that limit.
    """

    name: str
    message: MessageRef | None
    at: datetime
    confirmed_at: datetime
    verified: bool
    verify: str | None = "1"

    def due_key(self, what: str) -> str:
        """The key of one of its dates."""
        return f"{what}-{self.name}" if self.name else what

    @property
    def occasion(self) -> str:
        """The occasion of the task to thank by phone."""
        return self.message.key if self.name and self.message else "1"


def thanks_for(
    kind: SourceKind, may_thank: bool, party: str, occasion: str = "1"
) -> MessageRef | None:
    """The thank-you owed: none to oneself, none where a friend did not allow it (rule 8)."""
    if not kind.thanked or not may_thank:
        return None
    past = kind is SourceKind.PAST_PATIENT
    return MessageRef(Kind.THANK_YOU_PAST_PATIENT if past else Kind.THANK_YOU, party, occasion)


def first(r: Referral) -> Asking:
    """The request that began this referral."""
    told = r.received
    message = thanks_for(SourceKind(told.source_kind), told.may_thank, SOURCE)
    # What a machine read is acknowledged by the receipt, or by a person's first task (rule 7).
    at = told.at if r.told.confirmed else told.confirmed_at
    return Asking("", message, at, told.confirmed_at, told.source_verified)


def receipt(r: Referral, rules: Rules) -> MessageRef | None:
    """The notice that pages came, owed to the office whose number sent them until confirmed.

    It names no patient and keeps the promise of 24 hours (policy.md rule 7).
    """
    message = MessageRef(Kind.RECEIPT_NOTICE, SENDER, "1")
    owes = r.unconfirmed() and r.received.fax_verified and rules.policy.ours(message.kind)
    return message if owes and not r.settled(message) else None


def call_by(r: Referral, rules: Rules) -> datetime:
    """When the patient will have been called, on a full hour: confirmed in time, then called."""
    cal, reach = rules.calendar, rules.policy.reach
    confirmed = cal.after(r.received.at, rules.policy.capture.confirm_due)
    if r.received.urgency is not Urgency.ROUTINE:
        within = reach.urgent.call_within
    else:
        calls = [step.after for step in reach.cadence if step.day == 0 and "call" in step.do]
        within = calls[0] if calls else Span.of("1 bd")
    at = cal.after(confirmed, within)
    local = cal.local(at)
    spare = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at if not spare else at - spare + timedelta(hours=1)


def unconfirmed(r: Referral, rules: Rules) -> Due | None:
    """A person confirms what a machine read: the desk in 30 business minutes, then those above.

    policy.md §2 capture.confirm_due [E6]; nobody else hears of it before (rule 7).
    """
    if not r.unconfirmed():
        return None
    cal, capture, came = rules.calendar, rules.policy.capture, r.received.at
    desk = Due(
        key="unconfirmed",
        at=came,
        owner=Role.FRONT_DESK,
        task=TaskKind.CONFIRM_REQUEST,
        by=cal.after(came, capture.confirm_due),
        says="A person must confirm what a machine read from a fax",
    )
    above = [
        desk.model_copy(
            update={
                "key": f"unconfirmed:{role}",
                "at": cal.after(came, after),
                "owner": role,
                "occasion": str(role),
                "by": None,
            }
        )
        for role, after in (
            (Role.LEAD, capture.lead_after),
            (Role.DIRECTOR, capture.director_after),
        )
    ]
    return asked(r, rules, desk, *above, comes_again=rules.policy.task.asked_again)


def thanks(r: Referral) -> MessageRef | None:
    """The thank-you this referral owes its source."""
    return first(r).message


def owed(r: Referral, rules: Rules, asking: Asking) -> MessageRef | None:
    """The thank-you that is ours to send and still to come."""
    message = asking.message
    if message is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    return message


def thanks_owed(r: Referral, rules: Rules) -> MessageRef | None:
    """The first source's thank-you that is ours to send and still to come."""
    return owed(r, rules, first(r))


def thank_when(r: Referral, rules: Rules, asking: Asking) -> Due | None:
    """When a thank-you goes out: after a moment for duplicates; a past patient next day."""
    message = owed(r, rules, asking)
    if message is None or not asking.verified:
        return None
    ack, cal, key = rules.policy.ack, rules.calendar, asking.due_key("thank_you")
    if message.kind is Kind.THANK_YOU_PAST_PATIENT:
        day = cal.local_date(cal.after(asking.confirmed_at, ack.past_patient))
        says = "Wait until the next business day to say thanks"
        return Due(key=key, at=cal.opening(day), says=says)
    at = cal.after(asking.confirmed_at, ack.wait_for_duplicates)
    return Due(key=key, at=at, says="Wait a moment for a duplicate of this referral")


def acknowledge_by(r: Referral, rules: Rules, asking: Asking) -> Due | None:
    """A source hears within 24 wall hours; the lead is asked while there is still time.

    Product promise; the clock does not stop at night (policy.md rule 8). It is made to sources,
    not to past patients.
    """
    message = owed(r, rules, asking)
    if message is None or message.kind is Kind.THANK_YOU_PAST_PATIENT:
        return None
    cal, ack = rules.calendar, rules.policy.ack
    due = Due(
        key=asking.due_key("acknowledged"),
        at=cal.after(asking.at, ack.warn),
        owner=Role.LEAD,
        task=TaskKind.ACKNOWLEDGE,
        occasion=asking.occasion,
        by=cal.after(asking.at, ack.due),
        says="The source must be thanked within 24 hours",
    )
    return asked(r, rules, due)


def verify_by(r: Referral, rules: Rules, asking: Asking) -> Due | None:
    """An unverified sender is the first task of the next open hour (policy.md rule 7)."""
    if asking.verified or asking.verify is None or owed(r, rules, asking) is None:
        return None
    cal = rules.calendar
    due = Due(
        key=asking.due_key("verified"),
        at=asking.at,
        owner=Role.FRONT_DESK,
        task=TaskKind.VERIFY_SENDER,
        occasion=asking.verify,
        by=cal.after(cal.next_open(asking.at), Span.of("1 bh")),
        says="Somebody must confirm who sent this referral",
    )
    return asked(r, rules, due, comes_again=rules.policy.task.asked_again)


def thank_you(r: Referral, rules: Rules) -> Due | None:
    """When the first source's thank-you goes out."""
    return thank_when(r, rules, first(r))


def acknowledged(r: Referral, rules: Rules) -> Due | None:
    """When somebody is asked to thank the first source by phone."""
    return acknowledge_by(r, rules, first(r))


def verified(r: Referral, rules: Rules) -> Due | None:
    """When somebody is asked to confirm the first sender."""
    return verify_by(r, rules, first(r))


def order_stale(r: Referral, rules: Rules) -> Due | None:
    """Care that reaches beyond the life of its order: a warning, never a block [G13].

    Asked when a visit took place or is booked after that day, once for each order. Without an order
    on file there is nothing to renew.
    """
    told = [one.at for one in r.all(OrderReceived) if one.signed_and_dated]
    told += [r.told.at] if r.told.order_signed_and_dated else []
    if not told or r.discharged():
        return None
    ends = rules.calendar.after(max(told), rules.policy.order.stale_after)
    beyond = [visit.at for visit in r.all(VisitCompleted) if visit.at >= ends]
    beyond += [one.as_of for one in r.appointments() if one.starts_at >= ends]
    if not beyond:
        return None
    due = Due(
        key="order_stale",
        at=min(beyond),
        owner=Role.FRONT_DESK,
        task=TaskKind.ORDER_STALE,
        occasion=f"of-{max(told):%Y%m%d}",
        says="The order behind this care has grown old",
    )
    return once(r, due)


RULES: tuple[DueRule, ...] = (
    unconfirmed,
    thank_you,
    acknowledged,
    verified,
)
