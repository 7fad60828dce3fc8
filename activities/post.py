"""The one way out: row, judge, claim, vendor, settle (ARCHITECTURE §3).

A turn of the crank may be cut off anywhere and be turned again:

- before the claim is committed, nothing has left; the turn simply starts over;
- after it, the delivery is ``sending``: the vendor is asked by our reference before anything else.
  There → settled. Certainly not there → back in the queue, tried again. Nobody can tell → a
  person's task and the message is dropped as ``uncertain``; never a silent second send;
- after the last transaction, everything is known and is only answered again.

Letters to one fax line travel together (``activities.fax_line``). Each keeps its own row, delivery
and facts; they are claimed, asked about and settled as one, whosever turn it is.

A fax that its vendor took and reported later as not arrived (``activities.receipts``) is owed once
more: the same pages, as a delivery of its own under a reference of its own, so that whatever a
vendor still says of the first try is said of the first try.

What the vendor said is kept while the record is away, and written again and again for as long as
the turn is ours (``IN_HAND``): a vendor that cannot be asked would otherwise leave a person with a
question that was answered already.

This needs a vendor call to be over when the engine gives the turn to somebody else: a turn hands
nothing over after ``LATEST_START`` (a slow question, a locked store, a machine that slept), a call
ends within ``integrations.contract.LONGEST_CALL``, and an attempt lives longer than both together.
Where two turns meet all the same, the row says how long the first may be at it (``IN_HAND``).

Verdicts: *permanent* spends the rung. *Later* and *fix* hold the message on the retry ladder of
the policy, *fix* with a task for an admin: a wrong password must not lose a plan of care. *Person*
is treated like an answer nobody has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from sqlmodel import Session
from temporalio import activity

from activities import letters, parcels
from activities.claims import Claimed, Claims, Together, in_other_hands
from activities.company import Drawn
from activities.fax_line import line_of
from activities.guard import scrubbed
from activities.judging import contact, rungs_left
from activities.letters import Letter, NotReady
from activities.outcomes import PROVE_WITHIN, Outcomes
from activities.tenants import Tenants
from activities.turns import IN_HAND, LATEST_START, Attempt, Carried, Turn, known, nothing_left
from activities.visit_words import VisitWords
from integrations.contract import ChannelClient
from integrations.registry import Clients
from models.contracts import Answer, DropInput, Receipt, ReceiptState, SendInput
from models.errors import CannotTell, ChannelError, Conflict, NotFound, StoreUnavailable, Verdict
from models.facts import MessageDropped, TaskOpened
from models.links import Pages
from models.messages import MESSAGES
from models.policy import Rules
from models.referral import Referral
from models.roles import Role
from models.sending import retry_at
from models.tasks import TaskKind
from store import documents, post, referrals, sent_letters, settling
from store.engine import Store
from store.record import Record
from store.tables import DeliveryState, MessageState
from telemetry.logs import bound, logger

_LOG = logger(__name__)
_ASK_AGAIN = timedelta(minutes=15)  # when the vendor cannot even be asked
_ROUNDS = 4  # ask about a lost answer, look for company, claim; once more where it moved
# Seconds between two tries to write a vendor's word; IN_HAND ends them before the last is reached.
_PAUSES = (0.5, 1.0, 2.0, *[4.0] * 8)


class Began(NamedTuple):
    """When a turn began: by the wall clock, and by the stopwatch."""

    at: datetime
    ticks: float


class Post:
    """Sends and drops messages; methods block and run in the worker's threads."""

    def __init__(
        self,
        store: Store,
        tenants: Tenants,
        channels: Clients,
        clock: Callable[[], datetime],
        stopwatch: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        pages: Pages | None = None,
    ) -> None:
        """``clock`` is the wall clock, for ``recorded_at`` and receipts; facts use the turn's.

        ``stopwatch`` counts seconds and is never put right, as a clock is. ``pause`` lets seconds
        pass between two tries to write what a vendor said. ``pages`` is where the links in texts
        lead for clinics that use our pages.
        """
        self._store = store
        self._tenants = tenants
        self._channels = channels
        self._clock = clock
        self._stopwatch = stopwatch
        self._pause = pause
        self._pages = pages
        self._record = Record(store)
        self._out = Outcomes(self._record, clock)
        self._claims = Claims(self._record, tenants, self._out, clock)
        self._visits = VisitWords(self._record, tenants)

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
        began = Began(self._clock(), self._stopwatch())
        turn = Turn(given, at, self._tenants.rules(given.org, given.clinic_id, at))
        letter = self._letter(turn)
        if isinstance(letter, Answer):
            return letter
        company: list[Drawn] | None = None
        for _ in range(_ROUNDS):
            with self._store.write() as session:
                step = self._claims.take(session, turn, letter, company)
            if isinstance(step, Claimed):
                self._in_time(step, began)
                return self._deliver(step, began)
            if isinstance(step, Together):
                company = self._company(step)
                continue
            answer = step if isinstance(step, Answer) else self._ask(step.carried)
            if answer is not None:
                return answer
        raise in_other_hands()

    def stop(self, given: DropInput, at: datetime) -> Answer:
        """Drop a message that events have overtaken, unless it is settled; twice changes nothing.

        Where it was being handed over, the receipts chore finds out what became of it. Raises
        NotFound, StoreUnavailable, and Conflict ``record_behind``.
        """
        with self._store.write() as session:
            referral = self._record.load(session, given.org, given.referral_id)
            if nothing_left(referral, given):
                return Answer(learned=known(referral, given.message))
            row = post.find_message(session, given.referral_id, given.message)
            if row is not None:
                settling.mark_message(session, row.id, MessageState.DROPPED, at=at, why=given.why)
                begun = post.delivery_of(session, row.id, referral.rungs_spent(given.message))
                if begun is not None and begun.state == DeliveryState.SENDING:
                    settling.settle(
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
                if nothing_left(referral, given):
                    return Answer(learned=known(referral, turn.message))
                as_it_was = self._as_it_was(session, turn, referral)
                row = referrals.get(session, given.org, given.referral_id)
                papers = MESSAGES[given.kind].document is not None
                case = letters.load(
                    session,
                    given,
                    turn.at,
                    self._tenants.get(given.org).organization,
                    referral,
                    Rules.model_validate(row.rules),
                    tuple(documents.of_referral(session, row.id)) if papers else (),
                    self._visits.also(session, given, turn.at),
                    self._pages,
                )
            if as_it_was is not None:
                return letters.compose(case).with_page(as_it_was)
            return letters.compose(case).drawn()
        except NotReady as missing:
            return missing
        except NotFound as error:
            if error.code != "no_recipient":
                raise
            return NotReady(error.code)  # the judgment drops it for the same reason

    def _as_it_was(self, session: Session, turn: Turn, referral: Referral) -> bytes | None:
        """The very pages that came back, to be sent again; None where they are drawn anew.

        Nobody is to hold two different letters of one name. To a number corrected since, the page
        is addressed anew.
        """
        back = referral.came_back(turn.message)
        row = post.find_message(session, turn.given.referral_id, turn.message) if back else None
        before = post.delivery_of(session, row.id, back.rung) if row and back else None
        if before is None or contact(session, turn).address.get("fax") != before.address_ref:
            return None
        return sent_letters.find(session, before.id)

    def _company(self, together: Together) -> list[Drawn]:
        """The letters that wait for the same line, drawn; what is not ready stays for its turn."""
        drawn = ((turn, self._letter(turn)) for turn in together.company)
        return [Drawn(turn, letter) for turn, letter in drawn if isinstance(letter, Letter)]

    # --- the vendor ---------------------------------------------------------------------------

    def _in_time(self, claimed: Claimed, began: Began) -> None:
        """Give the claim back where the engine may hand this turn to another before a call ends."""
        if self._lasted(began) <= LATEST_START:
            return
        self._put_off(claimed.carried, "out_of_time")
        raise Conflict("This turn was held up too long to begin a call.", code="out_of_time")

    def _lasted(self, began: Began) -> timedelta:
        """How long this turn has been at it.

        By two clocks, whichever says later: the wall's goes on while the machine sleeps, the
        stopwatch while somebody sets the wall's back.
        """
        counted = timedelta(seconds=self._stopwatch() - began.ticks)
        return max(self._clock() - began.at, counted)

    def _deliver(self, claimed: Claimed, began: Began) -> Answer:
        """Hand the parcel over and write what came of it."""
        carried = claimed.carried
        attempt = carried[0].attempt
        try:
            parcel = parcels.bound(claimed.parcel, claimed.sheets)
            accepted = self._client(carried[0]).send(parcel)
        except ChannelError as error:
            return self._kept(partial(self._refused, carried, error), attempt, began)
        except Exception as error:
            # Whatever broke, the parcel may have gone out: only the vendor can say.
            _LOG.warning(
                "answer_lost", channel=attempt.channel, reference=attempt.reference, exc_info=error
            )
            return self._ask(carried) or self._wait(carried, "lost")
        write = partial(self._accepted, carried, accepted.vendor_id, delivered=accepted.delivered)
        return self._kept(write, attempt, began)

    def _kept(self, write: Callable[[], Answer], attempt: Attempt, began: Began) -> Answer:
        """Write what the vendor said, again while the record is away and the turn is ours.

        Later another turn may have asked the vendor, and what it was told counts. Raises
        StoreUnavailable then.
        """
        for seconds in _PAUSES:
            try:
                return write()
            except StoreUnavailable as error:
                if self._lasted(began) + timedelta(seconds=seconds) > IN_HAND:
                    raise
                _LOG.warning(
                    "answer_kept",
                    channel=attempt.channel,
                    reference=attempt.reference,
                    exc_info=error,
                )
            self._pause(seconds)
        return write()

    def _ask(self, carried: Sequence[Carried]) -> Answer | None:
        """After a lost answer: find first. None when it certainly did not go out and may again."""
        first = carried[0]
        try:
            receipt = self._client(first).find(first.attempt.sent)
        except CannotTell:
            return self._each(carried, self._out.uncertain)
        except ChannelError:
            until = first.turn.at + _ASK_AGAIN
            with self._store.write() as session:
                return self._out.held(session, first.turn, first.message_id, until, "asking_vendor")
        if receipt is None:
            self._put_off(carried, "lost")
            return None
        if _goes_again(first, receipt):  # it was taken; what came of it is for the receipts to say
            return self._accepted(carried, receipt.vendor_id, delivered=False, ask_now=True)
        if receipt.state is ReceiptState.FAILED:
            code = receipt.code or "failed"
            return self._each(carried, lambda session, one: self._spent(session, one, code))
        delivered = receipt.state is ReceiptState.DELIVERED
        return self._accepted(carried, receipt.vendor_id, delivered=delivered)

    def _accepted(
        self,
        carried: Sequence[Carried],
        vendor_id: str,
        *,
        delivered: bool,
        ask_now: bool = False,
    ) -> Answer:
        within = timedelta(0) if ask_now else PROVE_WITHIN

        def settle(session: Session, one: Carried) -> Answer:
            to = contact(session, one.turn)
            return self._out.accepted(
                session, one, to, vendor_id=vendor_id, delivered=delivered, proof_within=within
            )

        return self._each(carried, settle)

    def _refused(self, carried: Sequence[Carried], error: ChannelError) -> Answer:
        """The vendor certainly did not take it: what its verdict means."""
        if error.verdict is Verdict.PERSON:
            return self._each(carried, self._out.uncertain)
        if error.verdict is Verdict.PERMANENT:
            return self._each(carried, lambda session, one: self._spent(session, one, error.code))
        return self._wait(carried, error.code, error)

    def _wait(
        self, carried: Sequence[Carried], code: str, error: ChannelError | None = None
    ) -> Answer:
        """Back in the queue until its next try; the last try spends the rung."""

        def wait(session: Session, one: Carried) -> Answer:
            turn, message_id, attempt = one
            tries, began = settling.tries(session, message_id, attempt.channel)
            until = retry_at(tries, began or attempt.first_at, turn.at, turn.rules)
            task = []
            if error is not None and error.verdict is Verdict.FIX:
                occasion = f"send-{attempt.channel}-{code}"
                task = self._out.task(
                    session, turn, TaskKind.STEP_FAILED, role=Role.ADMIN, occasion=occasion
                )
            if until is None:
                return self._spent(session, one, code, *task)
            if error is not None and error.retry_at is not None:
                until = max(until, error.retry_at)
            settling.put_off(session, attempt.delivery_id, attempt.number, code=code)
            number = line_of(one)
            return self._out.held(session, turn, message_id, until, code[:60], *task, line=number)

        return self._each(carried, wait)

    def _spent(self, session: Session, one: Carried, code: str, *more: TaskOpened) -> Answer:
        turn = one.turn
        referral = self._record.load(session, turn.given.org, turn.given.referral_id)
        to = contact(session, turn)
        left = rungs_left(session, turn, referral, to, one.attempt.channel)
        return self._out.failed(session, one, code, left, *more)

    def _put_off(self, carried: Sequence[Carried], code: str) -> None:
        with self._store.write() as session:
            for one in carried:
                attempt = one.attempt
                settling.put_off(session, attempt.delivery_id, attempt.number, code=code)

    def _each(
        self, carried: Sequence[Carried], settle: Callable[[Session, Carried], Answer]
    ) -> Answer:
        """Every message of a parcel in one transaction; answers for the turn's own, the first.

        Referrals are locked in one order, so that two parcels never wait for each other.
        """
        first = carried[0]
        with self._store.write() as session:
            answers = {
                one.message_id: settle(session, one)
                for one in sorted(carried, key=lambda one: one.turn.given.referral_id)
            }
        return answers[first.message_id]

    def _client(self, one: Carried) -> ChannelClient:
        channel = one.attempt.channel
        provider = getattr(self._tenants.get(one.turn.given.org).channels, channel)
        return self._channels[channel, provider]


def _goes_again(one: Carried, receipt: Receipt) -> bool:
    """A fax that failed for a passing reason; see ``activities.receipts``."""
    passing = receipt.verdict is not Verdict.PERMANENT
    return one.attempt.channel == "fax" and receipt.state is ReceiptState.FAILED and passing


def _about(given: SendInput | DropInput) -> AbstractContextManager[None]:
    """Names the message in every line logged meanwhile, without its occasion."""
    return bound(org=given.org, referral_id=given.referral_id, kind=str(given.kind))
