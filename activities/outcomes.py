"""What came of a message, written once: its row, its delivery, its facts and tasks together.

Every function runs inside the caller's transaction and answers what the workflow may learn.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from activities import dead_lines, notes
from activities.turns import Carried, Turn, failure, known, occasion_of, who
from models.contracts import Answer, Channel
from models.facts import (
    AnyFact,
    MessageDelivered,
    MessageDropped,
    MessageFailed,
    MessageHeld,
    MessageSent,
    MessageSentAgain,
    TaskOpened,
)
from models.kinds import Kind
from models.parties import SENDER
from models.roles import Role
from models.tasks import SPECS, TaskKind, task_key
from store import consent, contacts, post, referrals, settling, sources
from store.contacts import Contact
from store.record import Record
from store.tables import ConsentState, DeliveryState, MessageState, SubjectType

PROVE_WITHIN = timedelta(hours=1)  # wall time; then the receipts chore asks
_THANKS = frozenset({Kind.RECEIPT_NOTICE, Kind.THANK_YOU, Kind.THANK_YOU_PAST_PATIENT})
CALLED_ANYWAY = frozenset({Kind.MISSED_CALL})  # beside a call that is on the board already
OPTED_OUT = "opted_out"  # by our own record, or by the vendor's
_NO_TASK = frozenset({OPTED_OUT, "no_consent"})  # their own no; calls stand on the board anyway


class Outcomes:
    """The writing half of ``Post``."""

    def __init__(self, record: Record, clock: Callable[[], datetime]) -> None:
        self._record = record
        self._clock = clock

    # --- it may not leave, or not now ---------------------------------------------------------

    def held(
        self,
        session: Session,
        turn: Turn,
        message_id: str,
        until: datetime | None,
        why: str,
        *more: AnyFact,
        line: str | None = None,
    ) -> Answer:
        """It waits until a moment, or (None) for a person; ``line`` where others may go along."""
        settling.mark_message(
            session, message_id, MessageState.HELD, at=turn.at, until=until, why=why, line=line
        )
        notes.message(session, turn, "held", code=why)
        fact = MessageHeld(
            at=turn.at, as_of=turn.at, message=turn.message.key, until=until, why=why
        )
        return self._write(session, turn, *more, fact, until=until)

    def dropped(
        self, session: Session, turn: Turn, message_id: str, why: str, *more: AnyFact
    ) -> Answer:
        """It will not go; nothing is sent for it any more."""
        settling.mark_message(session, message_id, MessageState.DROPPED, at=turn.at, why=why)
        notes.message(session, turn, "dropped", code=why)
        fact = MessageDropped(at=turn.at, as_of=turn.at, message=turn.message.key, why=why)
        return self._write(session, turn, *more, fact)

    def exhausted(
        self,
        session: Session,
        turn: Turn,
        message_id: str,
        failed: list[MessageFailed],
        *more: TaskOpened,
    ) -> Answer:
        """No channel is left: a person's task, unless the recipient wants none of them."""
        referral = self._record.load(session, turn.given.org, turn.given.referral_id)
        before = [f for f in referral.all(MessageFailed) if f.message == turn.message.key]
        codes = {one.code for one in [*before, *failed]} or {"no_consent"}
        if codes <= _NO_TASK or turn.given.kind in CALLED_ANYWAY:
            return self.dropped(session, turn, message_id, sorted(codes)[-1], *failed, *more)
        call_by = turn.rules.calendar.after(turn.at, turn.rules.policy.fax.call)
        task = self.task(session, turn, TaskKind.UNDELIVERABLE, due=call_by)
        return self.dropped(session, turn, message_id, "undeliverable", *failed, *more, *task)

    # --- the vendor has spoken ----------------------------------------------------------------

    def accepted(
        self,
        session: Session,
        one: Carried,
        to: Contact,
        *,
        vendor_id: str,
        delivered: bool,
        proof_within: timedelta = PROVE_WITHIN,
    ) -> Answer:
        """A vendor has it; facts, receipt, CRM touch and the source's next touch in one go."""
        turn, message_id, attempt = one
        state = DeliveryState.DELIVERED if delivered else DeliveryState.ACCEPTED
        settling.settle(
            session,
            attempt.delivery_id,
            state,
            at=turn.at,
            vendor_id=vendor_id,
            prove_by=None if delivered else self._clock() + proof_within,
        )
        settling.mark_message(session, message_id, MessageState.SENT, at=turn.at)
        about = {
            "at": turn.at,
            "as_of": turn.at,
            "message": turn.message.key,
            "message_kind": turn.given.kind,
            "channel": attempt.channel,
        }
        # The time it really named, not the one that is known by now.
        names = {"starts_at": post.kept(session, attempt.delivery_id).get("starts_at")}
        again = self._record.load(session, turn.given.org, turn.given.referral_id).sent(
            turn.message
        )
        facts: list[AnyFact] = [
            MessageSentAgain.model_validate(about | {"rung": attempt.rung})
            if again
            else MessageSent.model_validate(about | names)
        ]
        if delivered:
            facts.append(MessageDelivered.model_validate(about | {"recipient_id": who(to)}))
        self._tell_crm(session, turn, attempt.channel, to)
        notes.message(session, turn, "sent", channel=attempt.channel, reference=attempt.reference)
        if turn.given.kind in _THANKS and not again:
            row = referrals.get(session, turn.given.org, turn.given.referral_id)
            notes.acknowledged(session, turn.given.org, turn.at - row.received_at)
        return self._write(session, turn, *facts)

    def failed(
        self, session: Session, one: Carried, code: str, left: list[Channel], *more: TaskOpened
    ) -> Answer:
        """This rung is spent; the last one makes it a person's task in the same breath."""
        turn, message_id, attempt = one
        org = turn.given.org
        settling.settle(session, attempt.delivery_id, DeliveryState.FAILED, at=turn.at, code=code)
        if attempt.channel == "fax":
            dead_lines.judge(session, turn, attempt.address)
        notes.message(
            session,
            turn,
            "failed",
            channel=attempt.channel,
            reference=attempt.reference,
            code=code,
        )
        if code == OPTED_OUT:  # they told the carrier, not us: it counts all the same
            consent.record(
                session,
                org=org,
                address=attempt.address,
                state=ConsentState.OPTED_OUT,
                at=turn.at,
                why="carrier_stop",
                recorded_at=self._clock(),
            )
        fact = failure(turn, attempt.rung, attempt.channel, code)
        if not left:
            return self.exhausted(session, turn, message_id, [fact], *more)
        return self._write(session, turn, *more, fact)

    def uncertain(self, session: Session, one: Carried) -> Answer:
        """Nobody can tell whether it went out: a person asks, nothing is sent a second time."""
        turn, message_id, attempt = one
        settling.settle(
            session,
            attempt.delivery_id,
            DeliveryState.UNKNOWN,
            at=turn.at,
            code="uncertain",
            prove_by=self._clock() + PROVE_WITHIN,
        )
        task = self.task(session, turn, TaskKind.UNCERTAIN_DELIVERY)
        return self.dropped(session, turn, message_id, "uncertain", *task)

    def note(self, session: Session, turn: Turn, failed: list[MessageFailed]) -> None:
        """Rungs that were spent on the way to one that may take it."""
        if failed:
            self._write(session, turn, *failed)

    # --- tasks --------------------------------------------------------------------------------

    def task(
        self,
        session: Session,
        turn: Turn,
        kind: TaskKind,
        *,
        role: Role | None = None,
        due: datetime | None = None,
        occasion: str | None = None,
    ) -> list[TaskOpened]:
        """The fact of a task about this message; none when it was opened before."""
        key = task_key(kind, occasion or occasion_of(turn.message))
        referral = self._record.load(session, turn.given.org, turn.given.referral_id)
        if referral.task(key) is not None:
            return []
        lease = turn.rules.calendar.after(turn.at, turn.rules.policy.task.lease)
        return [
            TaskOpened(
                at=turn.at,
                as_of=turn.at,
                task=key,
                role=role or SPECS[kind].role,
                due=due or lease,
                about=turn.message.key,
            )
        ]

    # --- inside -------------------------------------------------------------------------------

    def _write(
        self, session: Session, turn: Turn, *facts: AnyFact, until: datetime | None = None
    ) -> Answer:
        written = self._record.write_in(
            session,
            turn.given.org,
            turn.given.referral_id,
            *facts,
            recorded_at=self._clock(),
        )
        about = known(written.referral, turn.message)
        news = tuple(fact for fact in written.fresh if fact not in about)
        return Answer(learned=(*about, *news), held_until=until)

    def _tell_crm(self, session: Session, turn: Turn, channel: Channel, to: Contact) -> None:
        """A touch with the source, by its id alone; a patient's is never told (rule 23)."""
        given = turn.given
        source = contacts.touched(session, given.org, given.referral_id, to)
        if source is None or given.to == SENDER:  # nobody has vouched for that request yet (7)
            return
        post.queue_crm(
            session,
            org=given.org,
            subject_type=SubjectType.FACT,
            subject_id=f"{given.referral_id}/sent:{turn.message.key}",
            referral_id=given.referral_id,
            payload={
                "type": "touch",
                "kind": given.kind,
                "channel": channel,
                "source_id": source.id,
                "at": turn.at.isoformat(),
            },
            at=turn.at,
            recorded_at=self._clock(),
        )
        next_touch = _next_touch(turn)
        if given.kind is Kind.DISCHARGE_SUMMARY or (
            source.next_touch_at is None or source.next_touch_at <= turn.at
        ):
            sources.set_next_touch(session, source, next_touch)


def _next_touch(turn: Turn) -> datetime:
    """Two weeks on, at the opening of a business day (judgment; policy.md rules 23 and 24)."""
    calendar = turn.rules.calendar
    later = calendar.after(turn.at, turn.rules.policy.silence.cooling_min_gap)
    return calendar.opening(calendar.local_date(later))
