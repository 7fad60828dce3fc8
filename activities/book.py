"""What a workflow itself has to write: a task on the board, a fact of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session
from temporalio import activity

from activities.guard import scrubbed
from activities.hanging_up import hang_up
from activities.listening import Listening
from activities.loop import Loop
from activities.moving import Moving
from activities.sharing import Sharing
from activities.tenants import Tenants
from models.contracts import Answer, RecordInput, TaskInput
from models.facts import (
    CallLogged,
    ClosedReason,
    Decision,
    ReferralClosed,
    RequestConfirmed,
    TaskHeld,
    TaskOpened,
    Transferred,
)
from models.people import SourceKind
from models.policy import Rules
from models.sources import watched
from models.tasks import TaskKind, task_key
from store import audit, contacts, ledger, referrals, sources, tasks
from store.engine import Store
from store.record import Record
from store.tables import PracticeRow, ReferralRow

_OF_SILENCE = frozenset({ClosedReason.ENTERED_IN_ERROR, ClosedReason.DECLINED_BY_CLINIC})


class Book:
    """Writes and answers what is known; methods block and run in the worker's threads."""

    def __init__(
        self, store: Store, tenants: Tenants, clock: Callable[[], datetime], loop: Loop
    ) -> None:
        """``clock`` is the wall clock, for ``recorded_at``; ``loop`` tells who else must hear."""
        self._store = store
        self._clock = clock
        self._loop = loop
        self._listening = Listening(store, tenants)
        self._record = Record(store)
        self._moving = Moving(self._record, tenants)
        self._sharing = Sharing(self._record)

    @activity.defn(name="open_task")
    def open_task(self, given: TaskInput) -> Answer:
        """Put a task on the board at the workflow's own time; see ``open``."""
        with scrubbed():
            return self.open(given, activity.info().started_time)

    @activity.defn(name="record_facts")
    async def record(self, given: RecordInput) -> Answer:
        """Write facts, then tell whoever else must know; see ``note``.

        Cut off in between, both are done again: facts are keyed, and every telling may be repeated.
        """
        with scrubbed():
            answer = await asyncio.to_thread(self.note, given)
            heard = await asyncio.to_thread(self.source_heard, given)
            if heard is not None:
                await self._loop.source_heard(given.org, *heard)
            changed = await asyncio.to_thread(self.source_changed, given)
            if changed is not None:
                await self._loop.source_changed(given.org, changed)
            return await self._shared(given, answer)

    def open(self, given: TaskInput, at: datetime) -> Answer:
        """The task's row and fact in one transaction; a task that exists is only answered.

        One that infers from absence is put off while the clinic's feed is silent, judged live at
        this moment (policy.md rule 9): then ``task_held`` says until when. Raises NotFound for an
        unknown referral, StoreUnavailable.
        """
        key = task_key(given.kind, given.occasion)
        with self._store.write() as session:
            known = self._record.load(session, given.org, given.referral_id).task(key)
            if known is not None:
                return Answer(learned=(known,))
            row = referrals.get(session, given.org, given.referral_id)
            until = None
            if given.infers:
                until = self._listening.put_off_until(session, given.org, row.clinic_id, at)
            if until is not None:
                return self._put_off(
                    session, given, TaskHeld(at=at, as_of=at, task=key, until=until)
                )
            tasks.open_for_referral(
                session,
                row,
                given.kind,
                given.occasion,
                due=given.due,
                at=at,
                role=given.role,
                says=self._says(session, given, row),
            )
            fact = TaskOpened(at=at, as_of=at, task=key, role=given.role, due=given.due)
            self._record.write_in(
                session, given.org, given.referral_id, fact, recorded_at=self._clock()
            )
            return Answer(learned=(fact,))

    def note(self, given: RecordInput) -> Answer:
        """Write the facts as they are, and who decided; twice changes nothing.

        Raises NotFound, StoreUnavailable.
        """
        now = self._clock()
        with self._store.write() as session:
            written = self._record.write_in(
                session, given.org, given.referral_id, *given.facts, recorded_at=now
            )
            for fact in written.fresh:
                if isinstance(fact, CallLogged):
                    hang_up(session, given.org, given.referral_id, fact, now)
                if isinstance(fact, RequestConfirmed) and not fact.retracted:
                    self._vouched(session, given)
                if isinstance(fact, Decision):
                    audit.note(
                        session,
                        org=given.org,
                        who=fact.by,
                        what=fact.kind,
                        subject=given.referral_id,
                        at=fact.at,
                        recorded_at=now,
                    )
            if any(isinstance(fact, Transferred) for fact in given.facts):
                moved, returned = self._moving.follow(
                    session, given.org, written.referral, given.referral_id, now
                )
                return Answer(learned=(*given.facts, *returned), moved=moved)
        return Answer(learned=given.facts)

    async def _shared(self, given: RecordInput, answer: Answer) -> Answer:
        """The patient's other referrals hear what concerns them; our own learns it by the answer.

        Raises NotFound, StoreUnavailable, EngineUnavailable.
        """
        if not given.facts:
            return answer
        at = max(fact.as_of for fact in given.facts)
        told = await asyncio.to_thread(
            self._sharing.settle, given.org, given.referral_id, given.facts, at, self._clock()
        )
        for one in told:
            if one.start.referral_id == given.referral_id:
                answer = answer.model_copy(update={"learned": (*answer.learned, *one.facts)})
            else:
                await self._loop.tell(one.start, one.facts)
        return answer

    def _says(self, session: Session, given: TaskInput, row: ReferralRow) -> str:
        """A call is made for all the referrals that the patient is reached for (rule 12)."""
        if given.kind is TaskKind.CALL_PATIENT and self._sharing.leads(session, row):
            return f"{given.says}, and that of their other open referral"
        return given.says

    def _put_off(self, session: Session, given: TaskInput, held: TaskHeld) -> Answer:
        now = self._clock()
        self._record.write_in(session, given.org, given.referral_id, held, recorded_at=now)
        return Answer(learned=(held,), held_until=held.until)

    def source_heard(self, given: RecordInput) -> tuple[str, datetime] | None:
        """The source whose watch hears of it now that a person has vouched for its request."""
        told = [fact for fact in given.facts if isinstance(fact, RequestConfirmed)]
        if not told or told[-1].retracted:
            return None
        with self._store.read() as session:
            row = referrals.get(session, given.org, given.referral_id)
            source = ledger.standing(session, row.source_id)
            return (source.id, row.received_at) if watched(SourceKind(source.kind)) else None

    def source_changed(self, given: RecordInput) -> str | None:
        """The source whose silence is another one now: its request was none, or we said no."""
        ended = [fact for fact in given.facts if isinstance(fact, ReferralClosed)]
        if not ended or ended[-1].reason not in _OF_SILENCE:
            return None
        with self._store.read() as session:
            row = referrals.get(session, given.org, given.referral_id)
            source = ledger.standing(session, row.source_id)
            return source.id if watched(SourceKind(source.kind)) else None

    def _vouched(self, session: Session, given: RecordInput) -> None:
        """The sender is who they say, and the number theirs; the source has been heard from."""
        row = referrals.get(session, given.org, given.referral_id)
        source = contacts.source_of(session, given.org, given.referral_id)
        office = session.get(PracticeRow, source.practice_id) if source.practice_id else None
        source.verified = True
        if office is not None and office.fax is not None and office.fax == row.fax_from:
            office.fax_verified = True
            session.add(office)
        sender = ledger.standing(session, source.id)
        day = Rules.model_validate(row.rules).calendar.local_date(row.received_at)
        sources.received(session, sender, row.received_at, on=day)
