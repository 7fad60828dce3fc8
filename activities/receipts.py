"""The vendors' word on what they accepted: told by a callback, or asked for where none came.

Receipts come in wall time, so no workflow timer waits for one; this sweep holds that limit. It
sends nothing: it settles forward and says what it heard. A fax that did not arrive after all is a
fact with the time of its next try, and its referral's workflow sends it again
(``workflows.steps.send_again``); what nobody can say has arrived or not is a person's at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlmodel import Session

from activities import dead_lines, notes
from activities.outcomes import CALLED_ANYWAY
from activities.tenants import Tenants
from activities.turns import Turn, failure, occasion_of, sent_as, who
from integrations.contract import ChannelClient
from integrations.registry import Clients
from models import bundling
from models.contracts import Channel, Receipt, ReceiptState, SendInput
from models.errors import CannotTell, ChannelError, NotFound, Verdict
from models.facts import AnyFact, MessageCameBack, MessageDelivered, TaskOpened
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.sending import retry_at
from models.tasks import SPECS, TaskKind, task_key
from store import contacts, referrals, settling
from store.engine import Store
from store.record import Record
from store.tables import DeliveryRow, DeliveryState, MessageRow, MessageState, SubjectType

_AGAIN = timedelta(hours=1)
_SOON = timedelta(minutes=15)
_LONGEST = timedelta(days=3)  # a text or email without a receipt by then gets none (judgment)
# Nobody knows yet that the vendor has it: the turn at work, or the next one, finds out.
_OURS_STILL = frozenset({DeliveryState.QUEUED, DeliveryState.SENDING})
# The facts a workflow has a signal for; the others are in the record alone.
_SIGNALS = frozenset({"message_delivered", "message_came_back", "message_failed", "task_opened"})
Tell = Callable[[str, str, AnyFact], Awaitable[bool]]


class Heard(NamedTuple):
    """What one question to a vendor came to; ``save`` makes it true in the record."""

    org: str
    referral_id: str
    facts: tuple[AnyFact, ...]
    save: Callable[[], None]


class Receipts:
    """Asks about one delivery at a time; every answer may be heard twice."""

    def __init__(self, store: Store, tenants: Tenants, channels: Clients) -> None:
        self._store = store
        self._tenants = tenants
        self._channels = channels
        self._record = Record(store)

    def due(self, now: datetime) -> list[DeliveryRow]:
        """Deliveries whose receipt should have come by now (wall time); the CRM's are its own."""
        with self._store.read() as session:
            rows = settling.due_receipts(session, now)
            ours = [row for row in rows if row.org in self._tenants]
            return [row for row in ours if row.subject_type == SubjectType.MESSAGE]

    def ask(self, row: DeliveryRow, now: datetime) -> Heard | None:
        """Ask the vendor; None when there is nothing to tell and the next question is put off."""
        try:
            receipt = self._client(row).find(sent_as(row))
        except CannotTell:  # it never will
            return self._no_word(row, None, now)
        except ChannelError:
            return self._no_word(row, now + _SOON, now)
        if receipt is not None and receipt.state is not ReceiptState.ACCEPTED:
            return self._word(row, receipt, now)
        if receipt is None and row.state == DeliveryState.ACCEPTED:
            return self._gone(row, "vendor_forgot", now)
        if receipt is None:  # it never went out; the person who was asked decides
            return self._failed(row, "never_went_out", now)
        return self._no_proof(row, now + _AGAIN, now)

    def told(self, row: DeliveryRow, receipt: Receipt, now: datetime) -> Heard | None:
        """What a vendor's callback means for a delivery; None where it is no news.

        A late ``delivered`` outdoes ``failed``, never the other way round. A failure that comes
        before the answer to our own call is left to that turn, and then to the sweep.
        """
        final = {DeliveryState.DELIVERED, DeliveryState.FAILED}
        if receipt.state is ReceiptState.ACCEPTED or row.state == DeliveryState.DELIVERED:
            return None
        if receipt.state is ReceiptState.FAILED and row.state in final | _OURS_STILL:
            return None
        return self._word(row, receipt, now)

    # --- inside -------------------------------------------------------------------------------

    def _word(self, row: DeliveryRow, receipt: Receipt, now: datetime) -> Heard:
        if receipt.state is ReceiptState.DELIVERED:
            return self._delivered(row, receipt, now)
        code = (receipt.code or "failed")[:60]
        if row.channel == "fax":
            with self._store.read() as session:
                message = self._message(session, row)
                turn = self._turn(session, row, message, now)
                known = self._record.load(session, row.org, turn.given.referral_id)
            if known.knows(f"delivered:{message.key}"):  # by another try: this one needs nobody
                return self._failed(row, code, now)
            if known.sent(message) and not known.dropped(message):
                return self._came_back(row, turn, known, code, receipt.verdict)
        return self._gone(row, code, now)

    def _came_back(
        self, row: DeliveryRow, turn: Turn, known: Referral, code: str, verdict: Verdict
    ) -> Heard:
        """It goes again by the policy's times; once they are used up, by the next channel.

        What was handed over before the vendor took it counts among the tries (policy.md §2
        fax.retry: five in all). ``permanent`` asks for another way at once.
        """
        now, message = turn.at, turn.message
        with self._store.read() as session:
            tries, began = settling.tries(session, row.subject_id, row.channel)
        again_at = retry_at(tries, began or row.created_at, now, turn.rules)
        if verdict is Verdict.PERMANENT:
            again_at = None
        channel = cast(Channel, row.channel)
        back = MessageCameBack(
            at=now,
            as_of=now,
            message=message.key,
            rung=row.rung,
            channel=channel,
            code=code,
            again_at=again_at,
        )
        facts: list[AnyFact] = [back]
        if again_at is None:
            facts.append(failure(turn, row.rung, channel, code))
        key = task_key(TaskKind.STEP_FAILED, f"send-{channel}-{code}")
        if verdict is Verdict.FIX and known.task(key) is None:
            due = turn.rules.calendar.after(now, turn.rules.policy.task.lease)
            facts.append(
                TaskOpened(at=now, as_of=now, task=key, role=Role.ADMIN, due=due, about=message.key)
            )
        shares = bundling.may_wait(message.kind)

        def take_back(session: Session) -> None:
            """The message waits again; a number that keeps failing is marked, and asked about."""
            why, number = (settling.CAME_BACK, row.address_ref) if again_at else (code, None)
            line = number if shares else None
            notes.message(
                session,
                turn,
                "came_back",
                channel=channel,
                reference=row.carrier or row.reference,
                code=code,
            )
            settling.take_back(session, row.subject_id, until=again_at or now, why=why, line=line)
            if again_at is None and verdict is not Verdict.FIX and row.address_ref:
                dead_lines.judge(session, turn, row.address_ref)

        # Another process may have heard the same: whoever moves the delivery takes it back.
        return self._heard(row, DeliveryState.FAILED, now, tuple(facts), code=code, moved=take_back)

    def _delivered(self, row: DeliveryRow, receipt: Receipt, now: datetime) -> Heard:
        with self._store.read() as session:
            message = self._message(session, row)
            to = self._who(session, row, message)
        fact = MessageDelivered(
            at=receipt.at,
            as_of=receipt.at,
            message=message.key,
            message_kind=message.kind,
            channel=row.channel,
            recipient_id=to,
        )

        def arrived(session: Session) -> None:
            """One that came back, and waited for its next try, waits no longer."""
            settling.mark_message(session, row.subject_id, MessageState.SENT, at=now)

        state, vendor_id = DeliveryState.DELIVERED, receipt.vendor_id
        return self._heard(row, state, now, (fact,), vendor_id=vendor_id, moved=arrived)

    def _gone(self, row: DeliveryRow, code: str, now: datetime) -> Heard:
        """It was accepted and did not arrive: the message counts as sent, a person must know."""
        with self._store.read() as session:
            message = self._message(session, row)
            turn = self._turn(session, row, message, now)
            known = self._record.load(session, row.org, turn.given.referral_id)
        facts: list[AnyFact] = [failure(turn, row.rung, cast(Channel, row.channel), code)]
        kind = TaskKind.UNDELIVERABLE
        key = task_key(kind, occasion_of(message))
        if known.task(key) is None and message.kind not in CALLED_ANYWAY:
            call_by = turn.rules.calendar.after(now, turn.rules.policy.fax.call)
            facts.append(
                TaskOpened(at=now, as_of=now, task=key, role=SPECS[kind].role, due=call_by)
            )
        return self._heard(row, DeliveryState.FAILED, now, tuple(facts), code=code)

    def _failed(self, row: DeliveryRow, code: str, now: datetime) -> Heard:
        return self._heard(row, DeliveryState.FAILED, now, (), code=code)

    def _no_word(self, row: DeliveryRow, again: datetime | None, now: datetime) -> Heard | None:
        """The vendor says nothing: the limit of what it took holds all the same."""
        fax_or_never = row.channel == "fax" or again is None
        if row.state == DeliveryState.ACCEPTED and fax_or_never:
            return self._no_proof(row, again, now)
        # What is uncertain is a person's already; a text's vendor will know once it answers.
        return self._put_off(row, again)

    def _no_proof(self, row: DeliveryRow, again: datetime | None, now: datetime) -> Heard | None:
        """Two business days without proof of a fax: a person asks (policy.md §2 poc.no_receipt)."""
        if row.channel != "fax":  # some carriers prove no arrival, ever
            return self._put_off(row, again if now < row.recorded_at + _LONGEST else None)
        with self._store.read() as session:
            clinic = referrals.get(session, row.org, row.referral_id or "").clinic_id
        rules = self._rules(row.org, clinic, now)
        limit = rules.calendar.after(row.recorded_at, rules.policy.poc.no_receipt_call)
        if now < limit:
            return self._put_off(row, again or limit)
        return self._gone(row, "no_receipt", now)

    def _heard(
        self,
        row: DeliveryRow,
        state: DeliveryState,
        now: datetime,
        facts: tuple[AnyFact, ...],
        *,
        vendor_id: str = "",
        code: str = "",
        moved: Callable[[Session], None] | None = None,
    ) -> Heard:
        """``moved`` is done in the same transaction, by whoever's word moved the delivery."""
        referral_id = row.referral_id or ""

        def save() -> None:
            with self._store.write() as session:
                settled = settling.settle(
                    session, row.id, state, at=now, vendor_id=vendor_id, code=code
                )
                if moved is not None and not settled.moved:
                    return
                if moved is not None:
                    moved(session)
                if facts:
                    self._record.write_in(session, row.org, referral_id, *facts, recorded_at=now)

        return Heard(row.org, referral_id, facts, save)

    def _put_off(self, row: DeliveryRow, until: datetime | None) -> Heard | None:
        with self._store.write() as session:
            settling.prove_later(session, row.id, until)
        return None

    def _message(self, session: Session, row: DeliveryRow) -> MessageRef:
        found = session.get_one(MessageRow, row.subject_id)
        return MessageRef.parse(found.key)

    def _turn(self, session: Session, row: DeliveryRow, message: MessageRef, now: datetime) -> Turn:
        referral = referrals.get(session, row.org, row.referral_id or "")
        given = SendInput(
            org=row.org,
            clinic_id=referral.clinic_id,
            referral_id=referral.id,
            kind=message.kind,
            to=message.to,
            occasion=message.occasion,
            rung=row.rung,
        )
        return Turn(given, now, self._rules(row.org, given.clinic_id, now))

    def _rules(self, org: str, clinic: str, now: datetime) -> Rules:
        """Of a clinic that has left the policy file those of the first: its faxes are still out."""
        clinics = [one.id for one in self._tenants.get(org).organization.clinics]
        return self._tenants.rules(org, clinic if clinic in clinics else clinics[0], now)

    def _who(self, session: Session, row: DeliveryRow, message: MessageRef) -> str | None:
        try:
            return who(contacts.contact(session, row.org, row.referral_id or "", message.to))
        except NotFound:
            return None

    def _client(self, row: DeliveryRow) -> ChannelClient:
        channel = cast(Channel, row.channel)
        return self._channels[channel, getattr(self._tenants.get(row.org).channels, channel)]


async def pass_on(heard: Heard, tell: Tell) -> None:
    """Tell the workflow, then write it: one cut off in between tells again, and facts are keyed.

    Raises EngineUnavailable with nothing written, StoreUnavailable.
    """
    for fact in heard.facts:
        if fact.kind in _SIGNALS:
            await tell(heard.org, heard.referral_id, fact)
    await asyncio.to_thread(heard.save)
