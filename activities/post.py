"""The one way out: row, judge, claim, vendor, settle (ARCHITECTURE §3).

A turn of the crank may be cut off anywhere and be turned again:

- before the claim is committed, nothing has left; the turn simply starts over;
- after it, the delivery is ``sending``: the vendor is asked by our reference before anything else.
  There → settled. Certainly not there → back in the queue, tried again. Nobody can tell → a
  person's task and the message is dropped as ``uncertain``; never a silent second send;
- after the last transaction, everything is known and is only answered again.

This needs a vendor call to be over when the engine gives the turn to somebody else: a turn hands
nothing over after ``LATEST_START`` (a slow question, a locked store, a machine that slept), a call
ends within ``integrations.contract.LONGEST_CALL``, and an attempt lives longer than both together.
Where two turns meet all the same, the row says how long the first may be at it (``IN_HAND``).

Verdicts: *permanent* spends the rung. *Later* and *fix* hold the message on the retry ladder of
the policy, *fix* with a task for an admin: a wrong password must not lose a plan of care. *Person*
is treated like an answer nobody has.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlmodel import Session
from temporalio import activity

from activities import letters
from activities.claims import (
    LATEST_START,
    Claimed,
    Claims,
    Lost,
    contact,
    in_other_hands,
    rungs_left,
)
from activities.guard import scrubbed
from activities.letters import Letter, NotReady
from activities.outcomes import Outcomes
from activities.tenants import Tenants
from activities.turns import Attempt, Turn, known
from integrations.contract import ChannelClient
from integrations.registry import Clients
from models.contracts import Answer, Channel, DropInput, ReceiptState, SendInput
from models.errors import CannotTell, ChannelError, Conflict, NotFound, Verdict
from models.facts import MessageDropped, TaskOpened
from models.messages import MESSAGES
from models.policy import Rules
from models.roles import Role
from models.sending import retry_at
from models.tasks import TaskKind
from store import documents, post, referrals
from store.engine import Store
from store.record import Record
from store.tables import DeliveryState, MessageState
from telemetry.logs import bound, logger

_LOG = logger(__name__)
_ASK_AGAIN = timedelta(minutes=15)  # when the vendor cannot even be asked
_ROUNDS = 3


class Post:
    """Sends and drops messages; methods block and run in the worker's threads."""

    def __init__(
        self,
        store: Store,
        tenants: Tenants,
        channels: Clients,
        clock: Callable[[], datetime],
    ) -> None:
        """``clock`` is the wall clock, for ``recorded_at`` and receipts; facts use the turn's."""
        self._store = store
        self._tenants = tenants
        self._channels = channels
        self._clock = clock
        self._record = Record(store)
        self._out = Outcomes(self._record, clock)
        self._claims = Claims(self._record, self._out, clock)

    @activity.defn(name="send_message")
    def send(self, given: SendInput) -> Answer:
        """One turn of the crank at the workflow's own time; see ``turn``."""
        with _about(given), scrubbed():
            return self.turn(given, activity.info().started_time)

    @activity.defn(name="drop_message")
    def drop(self, given: DropInput) -> Answer:
        """Stop a message at the workflow's own time; see ``stop``."""
        with _about(given), scrubbed():
            return self.stop(given, activity.info().started_time)

    def turn(self, given: SendInput, at: datetime) -> Answer:
        """Send a message, hold it, spend its rung, or drop it; answers all that is known of it.

        Twice changes nothing. Raises NotFound for an unknown organization or referral,
        StoreUnavailable, and Conflict when another turn has the message in its hands or this one
        took too long to begin.
        """
        began = self._clock()
        turn = Turn(given, at, self._tenants.rules(given.org, given.clinic_id, at))
        clinic = self._tenants.get(given.org).organization.clinic(given.clinic_id)
        letter = self._letter(turn)
        if isinstance(letter, Answer):
            return letter
        for _ in range(_ROUNDS):
            with self._store.write() as session:
                step = self._claims.take(session, turn, clinic, letter)
            if isinstance(step, Claimed):
                self._in_time(step, began)
                return self._deliver(turn, step)
            answer = step if isinstance(step, Answer) else self._ask(turn, step)
            if answer is not None:
                return answer
        raise in_other_hands()

    def stop(self, given: DropInput, at: datetime) -> Answer:
        """Drop a message that events have overtaken, unless it is settled; twice changes nothing.

        Where it was being handed over, the receipts chore finds out what became of it.
        """
        with self._store.write() as session:
            referral = self._record.load(session, given.org, given.referral_id)
            if referral.settled(given.message):
                return Answer(learned=known(referral, given.message))
            row = post.find_message(session, given.referral_id, given.message)
            if row is not None:
                post.mark_message(session, row.id, MessageState.DROPPED, at=at, why=given.why)
                begun = post.delivery_of(session, row.id, referral.rungs_spent(given.message))
                if begun is not None and begun.state == DeliveryState.SENDING:
                    post.settle(
                        session, begun.id, DeliveryState.UNKNOWN, at=at, prove_by=self._clock()
                    )
            fact = MessageDropped(at=at, as_of=at, message=given.message.key, why=given.why[:60])
            written = self._record.write_in(
                session, given.org, given.referral_id, fact, recorded_at=self._clock()
            )
            return Answer(learned=known(written.referral, given.message))

    # --- what it says -------------------------------------------------------------------------

    def _letter(self, turn: Turn) -> Letter | NotReady | Answer:
        """Read in one look and drawn outside it; an answer when nothing is left to do."""
        given = turn.given
        try:
            with self._store.read() as session:
                referral = self._record.load(session, given.org, given.referral_id)
                if referral.settled(turn.message):
                    return Answer(learned=known(referral, turn.message))
                row = referrals.get(session, given.org, given.referral_id)
                papers = MESSAGES[given.kind].document is not None
                case = letters.load(
                    session,
                    given,
                    turn.at,
                    self._tenants.get(given.org).organization.clinic(given.clinic_id),
                    referral,
                    Rules.model_validate(row.rules),
                    tuple(documents.of_referral(session, row.id)) if papers else (),
                )
            return letters.compose(case).drawn()
        except NotReady as missing:
            return missing
        except NotFound as error:
            if error.code != "no_recipient":
                raise
            return NotReady(error.code)  # the judgment drops it for the same reason

    # --- the vendor ---------------------------------------------------------------------------

    def _in_time(self, claimed: Claimed, began: datetime) -> None:
        """Give the claim back where the engine may hand this turn to another before a call ends."""
        if self._clock() - began <= LATEST_START:
            return
        attempt = claimed.attempt
        with self._store.write() as session:
            post.put_off(session, attempt.delivery_id, attempt.number, code="out_of_time")
        raise Conflict("This turn was held up too long to begin a call.", code="out_of_time")

    def _deliver(self, turn: Turn, claimed: Claimed) -> Answer:
        """Hand the parcel over and write what came of it."""
        attempt = claimed.attempt
        try:
            accepted = self._client(turn, attempt.channel).send(claimed.parcel)
        except ChannelError as error:
            return self._refused(turn, claimed.message_id, attempt, error)
        except Exception as error:
            # Whatever broke, the parcel may have gone out: only the vendor can say.
            _LOG.warning(
                "answer_lost", channel=attempt.channel, reference=attempt.reference, exc_info=error
            )
            answer = self._ask(turn, Lost(claimed.message_id, attempt))
            return answer or self._wait(turn, claimed.message_id, attempt, "lost")
        with self._store.write() as session:
            return self._out.accepted(
                session,
                turn,
                claimed.message_id,
                attempt,
                contact(session, turn),
                vendor_id=accepted.vendor_id,
                delivered=accepted.delivered,
            )

    def _ask(self, turn: Turn, lost: Lost) -> Answer | None:
        """After a lost answer: find first. None when it certainly did not go out and may again."""
        message_id, attempt = lost
        try:
            receipt = self._client(turn, attempt.channel).find(attempt.reference)
        except CannotTell:
            with self._store.write() as session:
                return self._out.uncertain(session, turn, message_id, attempt)
        except ChannelError:
            with self._store.write() as session:
                until = turn.at + _ASK_AGAIN
                return self._out.held(session, turn, message_id, until, "asking_vendor")
        with self._store.write() as session:
            if receipt is None:
                post.put_off(session, attempt.delivery_id, attempt.number, code="lost")
                return None
            if receipt.state is ReceiptState.FAILED:
                return self._spent(session, turn, message_id, attempt, receipt.code or "failed")
            return self._out.accepted(
                session,
                turn,
                message_id,
                attempt,
                contact(session, turn),
                vendor_id=receipt.vendor_id,
                delivered=receipt.state is ReceiptState.DELIVERED,
            )

    def _refused(
        self, turn: Turn, message_id: str, attempt: Attempt, error: ChannelError
    ) -> Answer:
        """The vendor certainly did not take it: what its verdict means."""
        with self._store.write() as session:
            if error.verdict is Verdict.PERSON:
                return self._out.uncertain(session, turn, message_id, attempt)
            if error.verdict is Verdict.PERMANENT:
                return self._spent(session, turn, message_id, attempt, error.code)
        return self._wait(turn, message_id, attempt, error.code, error)

    def _wait(
        self,
        turn: Turn,
        message_id: str,
        attempt: Attempt,
        code: str,
        error: ChannelError | None = None,
    ) -> Answer:
        """Back in the queue until its next try; the last try spends the rung."""
        until = retry_at(attempt.number, attempt.first_at, turn.at, turn.rules)
        with self._store.write() as session:
            task = []
            if error is not None and error.verdict is Verdict.FIX:
                occasion = f"send-{attempt.channel}-{code}"
                task = self._out.task(
                    session, turn, TaskKind.STEP_FAILED, role=Role.ADMIN, occasion=occasion
                )
            if until is None:
                return self._spent(session, turn, message_id, attempt, code, *task)
            if error is not None and error.retry_at is not None:
                until = max(until, error.retry_at)
            post.put_off(session, attempt.delivery_id, attempt.number, code=code)
            return self._out.held(session, turn, message_id, until, code[:60], *task)

    def _spent(
        self,
        session: Session,
        turn: Turn,
        message_id: str,
        attempt: Attempt,
        code: str,
        *more: TaskOpened,
    ) -> Answer:
        referral = self._record.load(session, turn.given.org, turn.given.referral_id)
        left = rungs_left(session, turn, referral, contact(session, turn), attempt.channel)
        return self._out.failed(session, turn, message_id, attempt, code, left, *more)

    def _client(self, turn: Turn, channel: Channel) -> ChannelClient:
        provider = getattr(self._tenants.get(turn.given.org).channels, channel)
        return self._channels[channel, provider]


def _about(given: SendInput | DropInput) -> AbstractContextManager[None]:
    """Names the message in every line logged meanwhile, without its occasion."""
    return bound(org=given.org, referral_id=given.referral_id, kind=str(given.kind))
