"""The first transaction of a turn: the message's row, the judgment, the claim on a delivery.

A fax takes along what waits for the same line (``activities.fax_line``), the confirmation of a
booking that of the patient's other one (``activities.visit_words``): every message is claimed by a
delivery of its own, and all of them travel under one reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from activities import parcels
from activities.company import Drawn, Going
from activities.fax_line import SHARED, FaxLine
from activities.judging import channels_left, contact, judged, rungs_left, turn_of
from activities.letters import Letter, NotReady
from activities.outcomes import Outcomes
from activities.paper import plan_version
from activities.tenants import Tenants
from activities.turns import IN_HAND, Attempt, Carried, Turn, failure, known, nothing_left
from activities.visit_words import VisitWords
from models import releases
from models.contracts import Answer, Parcel
from models.errors import Conflict, NotFound
from models.facts import MessageFailed, TaskOpened
from models.kinds import Kind
from models.referral import Referral
from models.roles import Role
from models.sending import NO_GUARDIAN, Go, Hold, Never
from models.tasks import TaskKind, again, task_key
from store import faxes, post, sent_letters, settling
from store.contacts import Contact
from store.record import Record
from store.tables import DeliveryRow, DeliveryState, MessageRow

_OVER = frozenset({DeliveryState.ACCEPTED, DeliveryState.DELIVERED})
# What no document can mend: the message is dropped.
_HOPELESS = frozenset({"appointment_missing", "changed_by_provider", "reason_missing"})


class Claimed(NamedTuple):
    """What is ours to hand over, and the messages it carries; the turn's own comes first."""

    carried: tuple[Carried, ...]
    sheets: tuple[parcels.Sheet, ...]
    parcel: Parcel


class Lost(NamedTuple):
    """What an earlier turn had claimed and never settled; the turn's own message comes first."""

    carried: tuple[Carried, ...]


class Together(NamedTuple):
    """Letters that wait for the same line: draw them, then claim again."""

    company: tuple[Turn, ...]


class Claims:
    """The judging half of ``Post``; every method runs inside the caller's transaction."""

    def __init__(
        self,
        record: Record,
        tenants: Tenants,
        outcomes: Outcomes,
        clock: Callable[[], datetime],
    ) -> None:
        self._record = record
        self._tenants = tenants
        self._line = FaxLine(record, tenants)
        self._visits = VisitWords(record, tenants)
        self._out = outcomes
        self._clock = clock

    def take(
        self,
        session: Session,
        turn: Turn,
        letter: Letter | NotReady,
        company: Sequence[Drawn] | None = None,
    ) -> Answer | Claimed | Lost | Together:
        """Claim what may leave now; an answer where nothing may, or nothing is left to do.

        Without ``company`` it asks for the letters that wait for the same line, if there are any.
        Raises Conflict ``claimed_elsewhere`` when another turn was faster and may be at it still.
        """
        given = turn.given
        referral = self._record.load(session, given.org, given.referral_id)
        if nothing_left(referral, given):
            return Answer(learned=known(referral, turn.message))
        back = referral.came_back(turn.message)
        if back is not None and back.again_at is not None and turn.at < back.again_at:
            about = known(referral, turn.message)
            return Answer(learned=about, held_until=back.again_at)  # never before its time
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
        return self._judge(session, turn, referral, row, to, letter, company)

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
        one = Carried(turn, row.id, Attempt.of(earlier))
        if earlier.state == DeliveryState.SENDING:
            if earlier.in_hand_until is not None and self._clock() < earlier.in_hand_until:
                raise in_other_hands()
            return Lost((one, *self._beside(session, one)))
        if earlier.state in _OVER:
            return self._out.accepted(
                session,
                one,
                to,
                vendor_id=earlier.vendor_id or "",
                delivered=earlier.state == DeliveryState.DELIVERED,
            )
        if earlier.state == DeliveryState.FAILED:
            left = rungs_left(session, turn, referral, to, one.attempt.channel)
            return self._out.failed(session, one, earlier.code or "failed", left)
        return self._out.uncertain(session, one)

    def _beside(self, session: Session, one: Carried) -> list[Carried]:
        """The other messages of a parcel whose answer was lost."""
        rows = settling.carried_by(session, one.attempt.reference)
        return [
            Carried(
                turn_of(session, self._tenants, message, one.turn.at), message.id, Attempt.of(row)
            )
            for row in rows
            if row.state == DeliveryState.SENDING and row.subject_id != one.message_id
            for message in [session.get_one(MessageRow, row.subject_id)]
        ]

    def _judge(
        self,
        session: Session,
        turn: Turn,
        referral: Referral,
        row: MessageRow,
        to: Contact,
        letter: Letter | NotReady,
        company: Sequence[Drawn] | None,
    ) -> Answer | Claimed | Together:
        """The first channel that may take it now; those that never can are spent on the way."""
        failed: list[MessageFailed] = []
        for channel in channels_left(session, turn.given, referral, to):
            rung = referral.rungs_spent(turn.message) + len(failed)
            address = to.address.get(channel) or ""
            verdict = judged(session, self._tenants, turn, referral, to, channel)
            if isinstance(verdict, Go) and isinstance(letter, NotReady):
                return self._not_ready(session, turn, row.id, letter.why, failed)
            if isinstance(verdict, Go) and isinstance(letter, Letter):
                begun = post.delivery_of(session, row.id, rung) is not None
                begun = begun or referral.came_back(turn.message) is not None
                if channel == "fax":
                    verdict = self._line.judge(
                        session, turn, referral, row, to, letter, begun=begun
                    )
                else:
                    verdict = self._visits.judge(session, turn, referral, row, begun=begun)
            if isinstance(verdict, Never) and verdict.only_here:
                failed.append(failure(turn, rung, channel, verdict.why))
            elif isinstance(verdict, Never):
                return self._never(session, turn, row.id, verdict.why, failed)
            elif isinstance(verdict, Hold):
                return self._hold(session, turn, row.id, verdict, failed, address)
            elif isinstance(letter, Letter):
                self._out.note(session, turn, failed)
                going = Going(turn, row, rung, channel, address, to, letter)
                return self._claim(session, going, company)
        return self._out.exhausted(session, turn, row.id, failed)

    # --- the claim ----------------------------------------------------------------------------

    def _claim(
        self, session: Session, first: Going, company: Sequence[Drawn] | None
    ) -> Claimed | Together:
        turn = first.turn
        beside = self._line if first.channel == "fax" else self._visits
        if company is None and (others := beside.others(session, first)):
            return Together(others)
        joining = beside.joining(session, first, company or ())
        # Two turns that take the same letters meet them in one order, and none waits for ever.
        everyone = sorted([first, *joining], key=lambda going: going.row.id)
        words = self._words(_spokesman(first, joining))
        queued = {going.row.id: self._queued(session, going, words) for going in everyone}
        carrier = queued[first.row.id].reference
        claimed = [
            going
            for going in everyone
            if self._claimed(session, queued[going.row.id], turn.at, carrier)
        ]
        if first not in claimed:
            raise in_other_hands()
        claimed.sort(key=lambda going: going is not first)
        return Claimed(
            tuple(
                Carried(going.turn, going.row.id, Attempt.of(queued[going.row.id]))
                for going in claimed
            ),
            tuple(parcels.Sheet(going.to, going.letter) for going in claimed),
            self._parcel(first, carrier, words),
        )

    def _claimed(self, session: Session, delivery: DeliveryRow, at: datetime, carrier: str) -> bool:
        until = self._clock() + IN_HAND
        return settling.claim(
            session, delivery.id, delivery.attempt, at=at, until=until, carrier=carrier
        )

    def _queued(self, session: Session, going: Going, words: parcels.Words) -> DeliveryRow:
        delivery, _ = post.queue_delivery(
            session,
            going.row,
            channel=going.channel,
            rung=going.rung,
            address=going.address,
            at=going.turn.at,
            recorded_at=self._clock(),
            payload=parcels.kept(words, going.letter),
        )
        if code := going.letter.return_code:
            kept = (going.turn.given.org, code, going.turn.given.referral_id)
            version = plan_version(going.turn.given.kind, going.turn.given.occasion)
            faxes.keep_code(session, *kept, version, self._clock())
        delivery.address_ref = going.address  # corrected since the line was busy
        delivery.pages = going.letter.pages if going.channel == "fax" else None
        session.add(delivery)
        if going.letter.pdf is not None and going.channel in {"fax", "email"}:
            sent_letters.keep(session, delivery.id, going.letter.pdf)
        return delivery

    def _words(self, going: Going) -> parcels.Words:
        return parcels.words_for(
            going.turn.given.kind, going.channel, going.to.language, going.letter
        )

    def _parcel(self, first: Going, reference: str, words: parcels.Words) -> Parcel:
        given = first.turn.given
        clinic = self._tenants.get(given.org).organization.clinic(given.clinic_id)
        return parcels.parcel(
            given.org, reference, first.channel, first.address, clinic, words, first.letter
        )

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
        self,
        session: Session,
        turn: Turn,
        message_id: str,
        hold: Hold,
        failed: list[MessageFailed],
        address: str,
    ) -> Answer:
        task = []
        if hold.why == "approval":
            role = turn.rules.policy.approve.get(turn.given.kind, Role.LEAD)
            task = self._out.task(session, turn, TaskKind.APPROVE_MESSAGE, role=role)
        elif hold.why == releases.HELD:
            task = self._out.task(session, turn, TaskKind.RELEASE_MESSAGE)
        elif hold.why == NO_GUARDIAN:
            task = self._name_guardian(session, turn)
        number = address if hold.why in SHARED else None
        return self._out.held(
            session, turn, message_id, hold.until, hold.why, *failed, *task, line=number
        )

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


def _spokesman(first: Going, joining: Sequence[Going]) -> Going:
    """In whose words all of them go: forms that one of them asks for are not left out."""
    forms = [one for one in (first, *joining) if one.turn.given.kind is Kind.INTAKE]
    return forms[0] if forms else first


def in_other_hands() -> Conflict:
    """Somebody else is at it; the engine tries again and finds what came of it."""
    return Conflict("Another turn has this message in its hands.", code="claimed_elsewhere")
