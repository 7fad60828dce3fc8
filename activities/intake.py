"""The one way in: hooks, the API, files, faxes and staff forms hand their facts to ``Intake``.

``accept`` commits the row before anybody is answered; ``dispatch`` makes it true in the record and
tells the workflows, at least once: facts are keyed, starts use what runs, so again is harmless.
What is left over is picked up by the ``inbox`` chore.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from activities import confirming, naming, notes
from activities.applied import Applied, Telling, start_of
from activities.apply import Apply, read_row
from activities.arrivals import check_clinic
from activities.confirming import Confirming
from activities.deciding import Deciding
from activities.decisions import read_decision
from activities.loop import Decided, Loop
from activities.missed_calls import MissedCall
from activities.tenants import Tenants
from activities.texts import REPLIED, TextMessage, Texts
from activities.writing import Writing
from integrations.emr.events import RECEIVED
from models.contracts import RawRequest, ReferralStart
from models.errors import (
    Conflict,
    EngineUnavailable,
    NotFound,
    StoreUnavailable,
    UserError,
)
from models.events import Event
from models.facts import AnyDecision, AnyFact, MessageCameBack, RequestConfirmed
from models.tasks import TaskKind
from store import inbox, lookups, referrals
from store.engine import Store
from store.record import Record
from store.tables import InboxRow, InboxState
from telemetry.logs import bound, logger

_LOG = logger(__name__)

LEFT_OVER_AFTER = timedelta(seconds=15)
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=10)
TRIES_OF_A_BUG = 5  # then a person looks; the engine or the store being away never counts
# What a row keeps of its request; neither secrets nor anything about a patient.
KEPT_HEADERS = frozenset({"webhook-id", "webhook-timestamp", "content-type", "user-agent"})
_LONGEST_HEADER = 200


class Intake:
    """Takes in what the world tells; safe to share between tasks and threads."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        tenants: Tenants,
        clock: Callable[[], datetime],
    ) -> None:
        """``clock`` says when something arrived: the wall's, or a driver's virtual one."""
        self.store = store
        self.record = Record(store)
        self.loop = loop
        self.tenants = tenants
        self.clock = clock
        self._apply = Apply(store, self.record, tenants)
        self._deciding = Deciding(store, loop, tenants, clock, self.dispatch)
        self._texts = Texts(tenants)
        self._confirming = Confirming(store, self.accept, self.dispatch)
        self.writing = Writing(store, tenants, self.decide, clock)

    # --- accepting --------------------------------------------------------------------------------

    def accept(self, org: str, request: RawRequest, event_id: str) -> InboxRow:
        """The committed row of one authentic request; the same one however often it is sent.

        Raises NotFound ``unknown_organization``, Conflict ``event_id_reused`` when the id came
        with another body (both kept, a task asks which is meant), UserError when the content is
        the sender's to fix (the row is kept as rejected), StoreUnavailable.
        """
        country = self.tenants.get(org).organization.country
        event, kind, trouble = self._look(org, request, country)
        headers = _kept(request.headers)
        with self.store.write() as session:
            row, fresh = inbox.accept(
                session,
                org=org,
                origin=request.origin,
                event_id=event_id,
                body=request.body,
                received_at=request.received_at,
                headers=headers,
            )
            reused = row.reason == inbox.REUSED
            if fresh and trouble is not None and not reused:
                inbox.mark(
                    session,
                    row.id,
                    InboxState.REJECTED,
                    at=request.received_at,
                    reason=trouble.code,
                )
            if fresh and not reused and event is not None and event.type == REPLIED:
                self._texts.take_in(session, row, event)  # a STOP counts before anybody is answered
        refused = trouble is not None and row.state == InboxState.REJECTED
        outcome = (
            "reused" if reused else "rejected" if refused else "accepted" if fresh else "repeated"
        )
        code = trouble.code if trouble is not None and outcome == "rejected" else None
        notes.taken(row, kind, outcome, code)
        if reused:
            raise Conflict(
                "This event id came before with another body. Give each event an id of its own; "
                "a person has been asked which of the two is meant.",
                code=inbox.REUSED,
                field="webhook-id" if request.origin == "events" else "Idempotency-Key",
            )
        if trouble is not None and refused:
            raise trouble
        return row

    def accept_text(self, org: str, text: TextMessage) -> InboxRow:
        """The committed row of a text that a vendor's callback brought; see ``accept``.

        The vendor must have proved itself by now. Dispatch the row afterwards. The vendor's id is
        the text: it names no time, so ours at the first telling stands, and a second is no other.
        """
        return self._first_told(org, text.reply_id, text.request(self.clock()))

    def accept_call(self, org: str, call: MissedCall) -> InboxRow:
        """The committed row of a call that nobody answered; as ``accept_text``."""
        return self._first_told(org, call.call_id, call.request(self.clock()))

    def _first_told(self, org: str, event_id: str, request: RawRequest) -> InboxRow:
        with self.store.read() as session:
            known = inbox.find(session, org, request.origin, event_id)
        return known or self.accept(org, request, event_id)

    def status(self, org: str, row_id: str) -> InboxRow:
        """What became of an event; raises NotFound."""
        with self.store.read() as session:
            return inbox.get(session, org, row_id)

    # --- dispatching ------------------------------------------------------------------------------

    async def dispatch(self, row_id: str) -> None:
        """Make a row true and tell its workflows; again, or by two at once, is harmless.

        Raises nothing: what cannot be done now stays ``received`` and is tried again, what cannot
        be understood becomes a task with the original attached.
        """
        waiting = [row_id]
        while waiting:
            waiting.extend(await self._dispatch(waiting.pop(0)))

    async def dispatch_left(
        self, now: datetime, older_than: timedelta = LEFT_OVER_AFTER, limit: int = 100
    ) -> int:
        """Dispatch what was left over; how many rows were looked at. For the ``inbox`` chore.

        Rows that waited for their referral too long (90 days, capture.unmatched_wait) become a
        person's. What people wrote and no workflow has taken is handed over. Raises
        StoreUnavailable.
        """
        left, late = await asyncio.to_thread(self._left, now, older_than, limit)
        for row_id in left:
            await self.dispatch(row_id)
        for row_id in late:
            await asyncio.to_thread(
                self._apply.ask, row_id, TaskKind.UNMATCHED_EVENT, "no_referral", now
            )
        written = await self.writing.hand_left(now - older_than)
        return len(left) + len(late) + written

    # --- deciding and telling ---------------------------------------------------------------------

    async def decide(self, org: str, referral_id: str, decision: AnyDecision) -> Decided:
        """Have a staff decision taken by the referral's workflow.

        ``pending`` when no worker is there: it was admitted and will be taken, so it must not be
        shown as failed (engine-traps.md §6). A task of a closed referral is completed in the
        record. Raises Refused with the reason, NotFound, EngineUnavailable.
        """
        if isinstance(decision, RequestConfirmed):
            decision = await self._confirming.made_true(org, referral_id, decision)
        return await self._deciding.decide(org, referral_id, decision)

    def read_decision(self, org: str, referral_id: str, content: Any) -> AnyDecision:
        """A decision as somebody wrote it, checked; blocks.

        Raises BadRequest like ``activities.decisions.read_decision`` and ``naming.resolved``,
        NotFound for an unknown referral, Refused for corrections of a referral that takes none,
        StoreUnavailable.
        """
        tenant, now = self.tenants.get(org), self.clock()
        corrections: Mapping[str, Any] = {}
        if isinstance(content, dict) and content.get("kind") == confirming.KIND:
            content, corrections = confirming.split(content)
        if isinstance(content, dict) and content.get("kind") == naming.KIND:
            with self.store.write() as session:
                referral = self.record.load(session, org, referral_id)
                country = tenant.organization.country
                content = naming.resolved(session, org, referral, content, at=now, country=country)
        decision = read_decision(content, {one.id for one in tenant.staff}, now)
        if isinstance(decision, RequestConfirmed):
            return self._confirming.told(org, referral_id, decision, corrections, now)
        return decision

    async def tell(self, org: str, referral_id: str, fact: AnyFact) -> bool:
        """Signal a fact that the record has or is about to get, such as a receipt.

        False when no workflow runs. A letter that came back is sent again all the same: a referral
        that had ended runs once more for it, with everything the record knows. Raises
        EngineUnavailable: the caller keeps what it has not told.
        """
        if await self.loop.signal(org, referral_id, fact):
            return True
        if not isinstance(fact, MessageCameBack):
            return False
        start = await asyncio.to_thread(self._start_with, org, referral_id, fact)
        await self.loop.resume(start)
        return True

    # --- inside -----------------------------------------------------------------------------------

    def _start_with(self, org: str, referral_id: str, fact: AnyFact) -> ReferralStart:
        with self.record.store.read() as session:
            row = referrals.get(session, org, referral_id)
            referral = self.record.load(session, org, row.id)
            referral.learn(fact)
            return start_of(row, referral)

    def _look(
        self, org: str, request: RawRequest, country: str
    ) -> tuple[Event | None, str, UserError | None]:
        """The event, what kind it is, and why the sender must change the request, or None."""
        kind = "unreadable"
        try:
            event = read_row(request.origin, request.body, request.received_at, country)
            kind = event.type
            if event.type == RECEIVED:
                check_clinic(self.tenants, org, event)
        except UserError as error:
            return None, kind, error
        return event, kind, None

    async def _dispatch(self, row_id: str) -> tuple[str, ...]:
        """One row; answers the rows that waited for what it brought."""
        with bound(row_id=row_id):
            return await self._settle(row_id)

    async def _settle(self, row_id: str) -> tuple[str, ...]:
        now = self.clock()
        try:
            applied = await asyncio.to_thread(self._apply.apply, row_id, now)
            if applied is None:
                return ()
            if applied.waits:
                return await asyncio.to_thread(self._come_meanwhile, row_id)
            await self._tell(applied, now)
            return applied.woken
        except EngineUnavailable as error:
            _LOG.warning("event_put_off", exc_info=error)
            await self._put_off(row_id, "engine_unavailable", now)
        except StoreUnavailable as error:
            _LOG.warning("event_put_off", exc_info=error)
        except Conflict:
            _LOG.info("event_met_another_writer")
            await self._put_off(row_id, "busy", now)
        except NotFound as error:  # such as an organization that is not served for now
            _LOG.warning("event_put_off", exc_info=error)
            await self._put_off(row_id, error.code, now)
        except UserError as error:
            await self._hand_over(row_id, error.code, now)
        except Exception as error:  # a bug of ours must not lose an event
            _LOG.error("event_put_off", exc_info=error)
            await self._put_off(row_id, "internal", now, give_up=True)
        return ()

    async def _tell(self, applied: Applied, now: datetime) -> None:
        for telling in applied.tellings:
            await self._tell_one(applied, telling, now)
        row = applied.row
        if applied.source is not None:
            await self.loop.source_heard(row.org, *applied.source)
        for source_id in applied.changed:
            await self.loop.source_changed(row.org, source_id)
        if row.state in {InboxState.RECEIVED, InboxState.WAITING}:
            await asyncio.to_thread(
                self._apply.settle,
                row.id,
                InboxState.APPLIED,
                now,
                reason=applied.reason,
                referral_id=row.referral_id,
            )

    async def _tell_one(self, applied: Applied, telling: Telling, now: datetime) -> None:
        if telling.reopens:
            await self.loop.reopen(telling.start)
        elif not telling.facts:
            await self.loop.begin(telling.start)
        elif not await self.loop.tell(telling.start, telling.facts):
            again = await asyncio.to_thread(self._apply.after_closing, applied, telling, now)
            if again is not None:
                await self.loop.reopen(again.start)

    async def _put_off(
        self, row_id: str, reason: str, now: datetime, *, give_up: bool = False
    ) -> None:
        try:
            await asyncio.to_thread(self._put_off_now, row_id, reason, now, give_up)
        except (StoreUnavailable, Conflict) as error:
            _LOG.warning("event_left_as_it_is", exc_info=error)

    def _put_off_now(self, row_id: str, reason: str, now: datetime, give_up: bool) -> None:
        with self.store.read() as session:
            row = lookups.row(session, row_id)
        if row is None or row.state not in {InboxState.RECEIVED, InboxState.WAITING}:
            return
        if give_up and row.attempts + 1 >= TRIES_OF_A_BUG:
            self._apply.ask(row_id, TaskKind.UNREADABLE_EVENT, reason, now)
            return
        pause = min(SHORTEST_PAUSE * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
        self._apply.settle(row_id, InboxState.RECEIVED, now, reason=reason, next_try_at=now + pause)

    async def _hand_over(self, row_id: str, reason: str, now: datetime) -> None:
        try:
            await asyncio.to_thread(self._apply.ask, row_id, TaskKind.UNREADABLE_EVENT, reason, now)
        except (StoreUnavailable, Conflict) as error:
            _LOG.warning("event_left_as_it_is", exc_info=error)

    def _come_meanwhile(self, row_id: str) -> tuple[str, ...]:
        """The row itself, if its referral came while it was put among those that wait."""
        with self.store.read() as session:
            return (row_id,) if row_id in lookups.no_longer_waiting(session, row_id) else ()

    def _left(
        self, now: datetime, older_than: timedelta, limit: int
    ) -> tuple[list[str], list[str]]:
        with self.store.read() as session:
            left = [row.id for row in inbox.pending(session, now, older_than, limit)]
            left += lookups.no_longer_waiting(session)
            late = [row.id for row in inbox.waited_too_long(session, now, limit)]
        return left, [row_id for row_id in late if row_id not in left]


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    return {name: value[:_LONGEST_HEADER] for name, value in lower.items() if name in KEPT_HEADERS}
