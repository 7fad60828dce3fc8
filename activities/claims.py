"""The first transaction of a turn: the message's row, the judgment, the claim on a delivery."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from activities import parcels
from activities.judging import channels_left, outgoing, recipient
from activities.letters import Letter, NotReady
from activities.outcomes import Outcomes
from activities.turns import Attempt, Turn, failure, known
from integrations.contract import LONGEST_CALL
from models import releases
from models.contracts import Answer, Channel, Parcel
from models.errors import Conflict, NotFound
from models.facts import MessageFailed, TaskOpened
from models.organization import Clinic
from models.referral import Referral
from models.roles import Role
from models.sending import NO_GUARDIAN, REPLIES, Hold, Never, may_send
from models.tasks import TaskKind, again, task_key
from store import contacts, post, replies
from store.contacts import Contact
from store.record import Record
from store.tables import DeliveryRow, DeliveryState, MessageRow

# How long after its claim a turn may still be talking to the vendor, on the wall clock: the latest
# start of a call, and the call. Two turns at once are rare (a run that was reset, an engine that
# took a worker for dead), so the second waits them out and only then asks the vendor. A clock that
# is wrong makes it wait longer, or leaves the matter to the engine's own limit, which is no
# shorter (workflows/policies.py SEND_TIMEOUT).
LATEST_START = timedelta(seconds=15)
IN_HAND = LATEST_START + timedelta(seconds=LONGEST_CALL)

_OVER = frozenset({DeliveryState.ACCEPTED, DeliveryState.DELIVERED})
# What no document can mend: the message is dropped.
_HOPELESS = frozenset({"appointment_missing", "changed_by_provider"})


class Claimed(NamedTuple):
    """A delivery that is ours to make, and what goes out by it."""

    message_id: str
    attempt: Attempt
    parcel: Parcel


class Lost(NamedTuple):
    """A delivery an earlier turn had claimed and never settled."""

    message_id: str
    attempt: Attempt


class Claims:
    """The judging half of ``Post``; every method runs inside the caller's transaction."""

    def __init__(self, record: Record, outcomes: Outcomes, clock: Callable[[], datetime]) -> None:
        self._record = record
        self._out = outcomes
        self._clock = clock

    def take(
        self, session: Session, turn: Turn, clinic: Clinic, letter: Letter | NotReady
    ) -> Answer | Claimed | Lost:
        """Claim what may leave now; an answer where nothing may, or nothing is left to do.

        Raises Conflict ``claimed_elsewhere`` when another turn was faster and may be at it still.
        """
        given = turn.given
        referral = self._record.load(session, given.org, given.referral_id)
        if referral.settled(turn.message):
            return Answer(learned=known(referral, turn.message))
        row, _ = post.queue_message(
            session,
            org=given.org,
            referral_id=given.referral_id,
            message=turn.message,
            at=turn.at,
            recorded_at=self._clock(),
        )
        try:
            to = contact(session, turn)
        except NotFound:
            task = self._out.task(session, turn, TaskKind.UNDELIVERABLE)
            return self._out.dropped(session, turn, row.id, "no_recipient", *task)
        rung = referral.rungs_spent(turn.message)
        earlier = post.delivery_of(session, row.id, rung)
        if earlier is not None and earlier.state != DeliveryState.QUEUED:
            return self._earlier(session, turn, referral, row, earlier, to)
        return self._judge(session, turn, referral, row, clinic, to, letter)

    def _earlier(
        self,
        session: Session,
        turn: Turn,
        referral: Referral,
        row: MessageRow,
        earlier: DeliveryRow,
        to: Contact,
    ) -> Answer | Lost:
        """A delivery that has begun on this rung: somebody's receipt may have been faster."""
        attempt = Attempt.of(earlier)
        if earlier.state == DeliveryState.SENDING:
            if earlier.in_hand_until is not None and self._clock() < earlier.in_hand_until:
                raise in_other_hands()
            return Lost(row.id, attempt)
        if earlier.state in _OVER:
            return self._out.accepted(
                session,
                turn,
                row.id,
                attempt,
                to,
                vendor_id=earlier.vendor_id or "",
                delivered=earlier.state == DeliveryState.DELIVERED,
            )
        if earlier.state == DeliveryState.FAILED:
            left = rungs_left(session, turn, referral, to, attempt.channel)
            return self._out.failed(session, turn, row.id, attempt, earlier.code or "failed", left)
        return self._out.uncertain(session, turn, row.id, attempt)

    def _judge(
        self,
        session: Session,
        turn: Turn,
        referral: Referral,
        row: MessageRow,
        clinic: Clinic,
        to: Contact,
        letter: Letter | NotReady,
    ) -> Answer | Claimed:
        """The first channel that may take it now; those that never can are spent on the way."""
        message = outgoing(turn.given, referral, turn.at, turn.rules)
        failed: list[MessageFailed] = []
        for channel in channels_left(session, turn.given, referral, to):
            rung = referral.rungs_spent(turn.message) + len(failed)
            reached = recipient(session, turn.given, referral, to, channel, clinic, turn.at)
            verdict = may_send(message, reached, turn.at, turn.rules)
            if isinstance(verdict, Never) and verdict.only_here:
                failed.append(failure(turn, rung, channel, verdict.why))
            elif isinstance(verdict, Never):
                return self._never(session, turn, row.id, verdict.why, failed)
            elif isinstance(verdict, Hold):
                return self._hold(session, turn, row.id, verdict, failed)
            elif isinstance(letter, NotReady):
                return self._not_ready(session, turn, row.id, letter.why, failed)
            else:
                self._out.note(session, turn, failed)
                return self._claim(
                    session, turn, row, rung, channel, reached.address or "", to, clinic, letter
                )
        return self._out.exhausted(session, turn, row.id, failed)

    def _claim(
        self,
        session: Session,
        turn: Turn,
        row: MessageRow,
        rung: int,
        channel: Channel,
        address: str,
        to: Contact,
        clinic: Clinic,
        letter: Letter,
    ) -> Claimed:
        words = parcels.words_for(turn.given.kind, channel, to.language, letter)
        delivery, _ = post.queue_delivery(
            session,
            row,
            channel=channel,
            rung=rung,
            address=address,
            at=turn.at,
            recorded_at=self._clock(),
            payload=parcels.kept(words, letter),
        )
        if delivery.address_ref != address:  # corrected since the line was busy
            delivery.address_ref = address
            session.add(delivery)
        until = self._clock() + IN_HAND
        if not post.claim(session, delivery.id, delivery.attempt, at=turn.at, until=until):
            raise in_other_hands()
        parcel = parcels.parcel(delivery.reference, channel, address, clinic, words, letter)
        return Claimed(row.id, Attempt.of(delivery), parcel)

    # --- why not ------------------------------------------------------------------------------

    def _never(
        self, session: Session, turn: Turn, message_id: str, why: str, failed: list[MessageFailed]
    ) -> Answer:
        """Not at all; where a person must know instead, they get a task."""
        asks = {
            "not_treating": TaskKind.UNDELIVERABLE,
        }
        kind = asks.get(why)
        task = self._out.task(session, turn, kind) if kind else []
        return self._out.dropped(session, turn, message_id, why, *failed, *task)

    def _hold(
        self, session: Session, turn: Turn, message_id: str, hold: Hold, failed: list[MessageFailed]
    ) -> Answer:
        task = []
        if hold.why == "approval":
            role = turn.rules.policy.approve.get(turn.given.kind, Role.LEAD)
            task = self._out.task(session, turn, TaskKind.APPROVE_MESSAGE, role=role)
        elif hold.why == releases.HELD:
            task = self._out.task(session, turn, TaskKind.RELEASE_MESSAGE)
        elif hold.why == NO_GUARDIAN:
            task = self._name_guardian(session, turn)
        return self._out.held(session, turn, message_id, hold.until, hold.why, *failed, *task)

    def _name_guardian(self, session: Session, turn: Turn) -> list[TaskOpened]:
        """One task for all that waits; another one where the first was done in vain."""
        referral = self._record.load(session, turn.given.org, turn.given.referral_id)
        kind, times, occasion = TaskKind.NAME_GUARDIAN, 0, "1"
        while referral.task_done(task_key(kind, occasion)):
            times += 1
            occasion = again("1", times)
        return self._out.task(session, turn, kind, occasion=occasion)

    def _not_ready(
        self, session: Session, turn: Turn, message_id: str, why: str, failed: list[MessageFailed]
    ) -> Answer:
        """No letter with holes leaves: a person attaches the document, we look again next day."""
        if why in _HOPELESS:
            return self._out.dropped(session, turn, message_id, why, *failed)
        calendar = turn.rules.calendar
        until = calendar.opening(calendar.next_business_day(calendar.local_date(turn.at)))
        task = self._out.task(session, turn, TaskKind.ATTACH_DOCUMENT)
        return self._out.held(session, turn, message_id, until, "document_missing", *failed, *task)


def in_other_hands() -> Conflict:
    """Somebody else is at it; the engine tries again and finds what came of it."""
    return Conflict("Another turn has this message in its hands.", code="claimed_elsewhere")


def contact(session: Session, turn: Turn) -> Contact:
    """The party as it can be reached today; raises NotFound ``no_recipient``."""
    given = turn.given
    today = turn.rules.calendar.local_date(turn.at)
    to = contacts.contact(session, given.org, given.referral_id, given.to, on=today)
    if given.kind in REPLIES:  # to the number the text came from, whoever else is on record
        text = replies.get(session, given.org, given.occasion)
        to = to._replace(phone=text.phone) if text is not None and text.phone else to
    return to


def rungs_left(
    session: Session, turn: Turn, referral: Referral, to: Contact, now_spent: Channel
) -> list[Channel]:
    """The channels that remain once this one is spent and for which there is an address."""
    left = channels_left(session, turn.given, referral, to)
    return [channel for channel in left if channel != now_spent and channel in to.address]
