"""What the workflow of a fax asks: read it, take further what is certain, ask people the rest.

Nothing here contacts anybody. A new referral goes in by the door of every event, as read by a
machine; a plan that came back pauses its chase by the fact of its return, and a person judges the
page (policy.md rules 4 and 7).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import Session
from temporalio import activity

from activities.fax_events import (
    MACHINE,
    Certain,
    certain_of,
    pictures,
    returned,
    turns_of,
)
from activities.fax_reading import FaxReading
from activities.guard import scrubbed
from activities.tenants import Tenants
from models.contracts import RawRequest
from models.errors import UserError
from models.fax import (
    KINDS,
    FaxKind,
    FaxRead,
    FaxStanding,
    FaxStart,
    PartState,
    Trouble,
    says_of,
    soonest,
)
from models.fax_pages import Reading
from models.tasks import TaskKind, task_key
from store import faxes, inbox, tasks
from store.engine import Store
from store.tables import FaxPartRow, FaxRow, InboxRow, InboxState, TaskRow, TaskState
from telemetry.logs import logger

_LOG = logger(__name__)
SYSTEM = "system"
A_DAY = timedelta(days=1)  # a word that was lost is found within it
SOON = timedelta(seconds=30)  # until a row that met another writer is looked at again


class Inbox(Protocol):
    """The inbox, as faxes need it (``activities.intake.Intake``)."""

    def accept(self, org: str, request: RawRequest, event_id: str) -> InboxRow:
        """The committed row of an event."""
        ...

    def status(self, org: str, row_id: str) -> InboxRow:
        """What became of it."""
        ...

    async def dispatch(self, row_id: str) -> None:
        """Make it true in the record."""
        ...


class Faxes:
    """The activities of one fax; each may be tried again at any point."""

    def __init__(
        self,
        store: Store,
        tenants: Tenants,
        clock: Callable[[], datetime],
        inbox: Inbox,
        reading: FaxReading | None = None,
    ) -> None:
        """``reading`` is another way to read, for tests."""
        self._store = store
        self._clock = clock
        self._inbox = inbox
        self.reading = reading or FaxReading(store, tenants, clock)

    @activity.defn(name="read_fax")
    def read(self, start: FaxStart) -> FaxRead:
        """Read the pages, once; raises StoreUnavailable."""
        with scrubbed():
            return self.reading.read(start)

    @activity.defn(name="give_up_reading")
    def give_up(self, start: FaxStart, trouble: str) -> FaxRead:
        """No attempt at reading came to an end: a person reads."""
        with scrubbed():
            return self.reading.keep(start, Reading(trouble=Trouble(trouble)))

    @activity.defn(name="route_fax")
    async def route(self, start: FaxStart) -> FaxStanding:
        """Where the fax stands at the workflow's own time, once everything certain is done."""
        with scrubbed():
            return await self.look(start, activity.info().started_time)

    # --- the same outside the engine ------------------------------------------------------------

    async def look(self, start: FaxStart, at: datetime) -> FaxStanding:
        """Leads made, returned plans attached, tasks opened, raised and closed at a moment (UTC).

        Again is harmless: events, parts and tasks are keyed.
        """
        for certain in await asyncio.to_thread(self._certain, start):
            await self.put_in(start.org, certain)
        return await asyncio.to_thread(self._standing, start, at)

    async def put_in(self, org: str, certain: Certain, *, by: str | None = None) -> str | None:
        """One event through the inbox, and its part settled; the referral it is about.

        A part has one event: while one of it stands in the inbox that one is carried on, whatever
        is said now. ``by``: who is asking just now, and can put right what the inbox refuses
        (UserError); with nobody there the part says that something is missing. None while the
        record is away, or a person must look first. Raises StoreUnavailable.
        """
        row = await asyncio.to_thread(self._on_its_way, org, certain.part_id)
        if row is None:
            try:
                row = await asyncio.to_thread(self._taken, org, certain)
            except UserError as error:
                _LOG.info("fax_not_taken", code=error.code)
                await asyncio.to_thread(self.unsure, org, certain.part_id)
                if by is not None:
                    raise
                return None
        await self._inbox.dispatch(row.id)
        row = await asyncio.to_thread(self._inbox.status, org, row.id)
        return await asyncio.to_thread(self._settled, org, certain, row)

    def unsure(self, org: str, part_id: str) -> None:
        """What stands on a part makes no referral after all: a person must look."""
        with self._store.write() as session:
            part = faxes.part(session, org, part_id)
            if part.state in {PartState.OPEN, PartState.LEAD}:
                part.trouble = Trouble.MISSING_FIELDS
                faxes.change(session, part)

    # --- inside ---------------------------------------------------------------------------------

    def _certain(self, start: FaxStart) -> list[Certain]:
        found: list[Certain | None] = []
        back: list[tuple[FaxPartRow, int]] = []
        with self._store.read() as session:
            fax = faxes.get(session, start.org, start.fax_id)
            for part in faxes.parts(session, fax.id):
                if part.state != PartState.OPEN:
                    continue
                found.append(certain_of(session, part))
                fresh = part.inbox_id is None and part.trouble is None
                if fresh and part.kind == FaxKind.RETURNED_PLAN and part.code is not None:
                    version = faxes.version_of(session, fax.org, part.code)
                    # An answer on another page of ours, which is no plan, a person reads.
                    back += [(part, version)] if version is not None else []
            turns = turns_of(session, fax.id)
        certain = [one for one in found if one is not None]
        for part, version in back:
            pdf = pictures(fax, part, turns)
            certain.append(returned(fax, part, part.referral_id or "", version, pdf))
        return certain

    def _on_its_way(self, org: str, part_id: str) -> InboxRow | None:
        with self._store.read() as session:
            part = faxes.part(session, org, part_id, lock=False)
            return inbox.get(session, org, part.inbox_id) if part.inbox_id is not None else None

    def _taken(self, org: str, certain: Certain) -> InboxRow:
        """The event in the inbox, and the part with it: from here on it has no other."""
        given = RawRequest(origin="fax", body=certain.body, received_at=certain.received_at)
        row = self._inbox.accept(org, given, certain.event_id)
        with self._store.write() as session:
            part = faxes.part(session, org, certain.part_id)
            if part.state == PartState.OPEN:
                part.inbox_id = part.inbox_id or row.id
                session.add(part)
        return row

    def _settled(self, org: str, certain: Certain, row: InboxRow) -> str | None:
        now = self._clock()
        with self._store.write() as session:
            part = faxes.part(session, org, certain.part_id)
            if part.state != PartState.OPEN:
                return part.referral_id
            done = row.referral_id is not None or row.state != InboxState.RECEIVED
            if not done:
                return None  # the record is away: the next look finds it
            by = SYSTEM if part.kind_by == MACHINE else part.kind_by
            referral_id = row.referral_id or part.referral_id
            faxes.settle(session, part, certain.becomes, by=by, at=now, referral_id=referral_id)
            return referral_id

    def _standing(self, start: FaxStart, at: datetime) -> FaxStanding:
        with self._store.write() as session:
            fax = faxes.get(session, start.org, start.fax_id, lock=True)
            found = faxes.parts(session, fax.id)
            steps = [self._ask(session, fax, part, at) for part in found]
            states = [part.state for part in found]
            return FaxStanding(
                settled=PartState.OPEN not in states,
                open=states.count(PartState.OPEN),
                leads=states.count(PartState.LEAD),
                attached=states.count(PartState.ATTACHED),
                next_at=soonest(steps),
            )

    def _ask(
        self, session: Session, fax: FaxRow, part: FaxPartRow, at: datetime
    ) -> datetime | None:
        """The task of a part in step with it; when somebody above must hear of it."""
        known = tasks.find(session, fax.org, tasks.ORG, task_key(TaskKind.SORT_FAX, part.id))
        if part.state != PartState.OPEN:
            if known is not None and known.state == TaskState.OPEN:
                who = part.settled_by or SYSTEM
                tasks.complete(session, fax.org, known.id, by=who, at=part.settled_at or at)
            return None
        if part.inbox_id is not None:
            return at + SOON  # on its way: the inbox has it
        limits = self.reading.limits(fax, FaxKind(part.kind))
        task = known or self._opened(session, part, at)
        if task.state != TaskState.OPEN:  # ticked off, and the fax still lies there
            task.state, task.done_at, task.done_by, task.outcome = TaskState.OPEN, None, None, None
        task.role, task.due, task.says = part.role, part.due, _says(part)
        session.add(task)
        raised = limits.raised(at)
        if raised is not None and task.raised_to != raised:
            tasks.raise_to(session, fax.org, task.id, raised)
        return limits.next(at) or at + A_DAY

    def _opened(self, session: Session, part: FaxPartRow, at: datetime) -> TaskRow:
        return tasks.open_for_org(
            session,
            part.org,
            TaskKind.SORT_FAX,
            part.id,
            due=part.due,
            at=at,
            role=KINDS[FaxKind(part.kind)].role,
            says=_says(part),
            clinic_id=part.clinic_id,
        )


def _says(part: FaxPartRow) -> str:
    return says_of(FaxKind(part.kind), Trouble(part.trouble) if part.trouble else None)
