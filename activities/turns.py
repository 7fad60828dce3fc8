"""One turn of the crank as values: what is asked, which attempt, what is known of it by now."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from integrations.contract import LONGEST_CALL
from models.contracts import Channel, DropInput, SendInput, Sent
from models.errors import Conflict
from models.facts import AnyFact, MessageFailed, TaskOpened
from models.policy import Rules
from models.referral import MessageRef, Referral
from store.contacts import Contact
from store.tables import DeliveryRow

_LONGEST_OCCASION = 100
# How long after its claim a turn may still be talking to the vendor, on the wall clock: the latest
# start of a call, and the call. Two turns at once are rare (a run that was reset, an engine that
# took a worker for dead), so the second waits them out and only then asks the vendor. A clock that
# is wrong makes it wait longer, or leaves the matter to the engine's own limit, which is no
# shorter (workflows/policies.py SEND_TIMEOUT).
LATEST_START = timedelta(seconds=15)
IN_HAND = LATEST_START + timedelta(seconds=LONGEST_CALL)


class Turn(NamedTuple):
    """One turn of the crank: what is asked, when, and by which live rules."""

    given: SendInput
    at: datetime
    rules: Rules

    @property
    def message(self) -> MessageRef:
        """Which message this is."""
        return self.given.message


class Attempt(NamedTuple):
    """One delivery that was claimed: by this turn, or by an earlier one that was cut off.

    ``reference`` is what the vendor was given; letters that go as one fax share it.
    """

    delivery_id: str
    reference: str
    channel: Channel
    rung: int
    number: int
    address: str
    first_at: datetime
    sent: Sent

    @classmethod
    def of(cls, row: DeliveryRow) -> Attempt:
        """The attempt a row stands at."""
        return cls(
            row.id,
            row.carrier or row.reference,
            cast(Channel, row.channel),
            row.rung,
            row.attempt,
            row.address_ref or "",
            row.created_at,
            sent_as(row),
        )


class Carried(NamedTuple):
    """One message on its way in a parcel, alone or with others."""

    turn: Turn
    message_id: str
    attempt: Attempt


def sent_as(row: DeliveryRow) -> Sent:
    """What its vendor can be asked about a delivery by, after a lost answer too."""
    until = row.in_hand_until
    return Sent(
        reference=row.carrier or row.reference,
        to=row.address_ref or "",
        body=str((row.payload or {}).get("body", "")),
        vendor_id=row.vendor_id or "",
        since=until - IN_HAND if until is not None else None,
    )


def known(referral: Referral, message: MessageRef) -> tuple[AnyFact, ...]:
    """Everything known of one message, and the tasks about it."""
    tail = f":{occasion_of(message)}"
    return tuple(
        fact
        for fact in referral.facts
        if getattr(fact, "message", None) == message.key
        or (isinstance(fact, TaskOpened) and fact.task.endswith(tail))
    )


def nothing_left(referral: Referral, given: SendInput | DropInput) -> bool:
    """Whether a message went out, or is decided not to, as the record knows it.

    A workflow hears of a failed fax before it is written (``activities.receipts.pass_on``): where
    it asks for a try that the record does not owe yet, or wants none any more, Conflict
    ``record_behind`` has it ask again.
    """
    message = given.message
    if referral.owed(message):
        return False
    over = referral.knows(f"delivered:{message.key}") or not referral.sent(message)
    if given.rung > referral.rungs_spent(message) and not (over or referral.dropped(message)):
        raise Conflict(
            "The record is about to hear that this message came back.", code="record_behind"
        )
    return True


def failure(turn: Turn, rung: int, channel: Channel, code: str) -> MessageFailed:
    """The fact that one rung is spent."""
    return MessageFailed(
        at=turn.at,
        as_of=turn.at,
        message=turn.message.key,
        rung=rung,
        channel=channel,
        code=code[:60],
    )


def occasion_of(message: MessageRef) -> str:
    """A task's occasion: the message's own key, or a hash of it where that would be too long."""
    if len(message.key) <= _LONGEST_OCCASION:
        return message.key
    return hashlib.sha256(message.key.encode()).hexdigest()[:32]


def who(to: Contact) -> str | None:
    """The id a receipt names: the provider's own, else the practice's, the patient's, the source's.

    A delivered plan certifies only for that same provider (policy.md rule 5).
    """
    return to.provider_id or to.practice_id or to.patient_id or to.source_id
