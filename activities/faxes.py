"""What the workflow of a fax asks: read it, take further what is certain, ask people the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session
from temporalio import activity

from activities.guard import scrubbed
from activities.tenants import Tenants
from models.fax import (
    KINDS,
    FaxKind,
    FaxRead,
    FaxStanding,
    FaxStart,
    Ladder,
    PartState,
    Trouble,
    ladder,
    says_of,
    soonest,
)
from models.ids import new_id
from models.tasks import TaskKind, task_key
from store import faxes, tasks
from store.engine import Store
from store.tables import FaxPartRow, FaxRow, TaskRow, TaskState

FIRST = 1  # the number of a fax's first part
SYSTEM = "system"


class Faxes:
    """The activities of one fax; each may be tried again at any point."""

    def __init__(self, store: Store, tenants: Tenants, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._tenants = tenants
        self._clock = clock

    @activity.defn(name="read_fax")
    def read(self, start: FaxStart) -> FaxRead:
        """Read the pages, once; raises StoreUnavailable."""
        with scrubbed():
            return self.keep_reading(start, Trouble.NO_READER)

    @activity.defn(name="give_up_reading")
    def give_up(self, start: FaxStart, trouble: str) -> FaxRead:
        """No attempt at reading came to an end: a person reads."""
        with scrubbed():
            return self.keep_reading(start, Trouble(trouble))

    @activity.defn(name="route_fax")
    def route(self, start: FaxStart) -> FaxStanding:
        """Where the fax stands at the workflow's own time, once everything certain is done."""
        with scrubbed():
            return self.look(start, activity.info().started_time)

    # --- the same outside the engine ------------------------------------------------------------

    def keep_reading(self, start: FaxStart, trouble: Trouble) -> FaxRead:
        """Keep that a person must read it all; a reading that is there already stands."""
        now = self._clock()
        with self._store.write() as session:
            fax = faxes.get(session, start.org, start.fax_id, lock=True)
            if faxes.keep_reading(session, fax, (), count=0, trouble=trouble, at=now):
                self._part(session, fax, FIRST, FaxKind.UNCLEAR, trouble)
            found = faxes.parts(session, fax.id)
            faxes.mark(session, fax, now)
            return FaxRead(pages=fax.pages or 0, parts=len(found), trouble=fax.trouble)

    def look(self, start: FaxStart, at: datetime) -> FaxStanding:
        """Tasks opened, raised and closed as the parts stand at a moment (UTC)."""
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

    # --- inside ---------------------------------------------------------------------------------

    def _part(
        self, session: Session, fax: FaxRow, number: int, kind: FaxKind, trouble: Trouble | None
    ) -> FaxPartRow:
        return faxes.add_part(
            session,
            FaxPartRow(
                id=new_id("fxp"),
                org=fax.org,
                clinic_id=fax.clinic_id,
                fax_id=fax.id,
                number=number,
                first_page=1,
                last_page=max(fax.pages or 1, 1),
                kind=kind,
                trouble=trouble,
                role=KINDS[kind].role,
                due=self._ladder(fax, kind).due,
            ),
        )

    def _ladder(self, fax: FaxRow, kind: FaxKind) -> Ladder:
        policy = self._tenants.get(fax.org).policy
        calendar = self._tenants.calendar(fax.org, fax.received_at, fax.clinic_id)
        return ladder(kind, fax.received_at, policy, calendar)

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
        limits = self._ladder(fax, FaxKind(part.kind))
        task = self._opened(session, part, at) if known is None else known
        raised = limits.raised(at)
        if raised is not None and task.raised_to != raised:
            tasks.raise_to(session, fax.org, task.id, raised)
        return limits.next(at)

    def _opened(self, session: Session, part: FaxPartRow, at: datetime) -> TaskRow:
        trouble = Trouble(part.trouble) if part.trouble else None
        kind = FaxKind(part.kind)
        return tasks.open_for_org(
            session,
            part.org,
            TaskKind.SORT_FAX,
            part.id,
            due=part.due,
            at=at,
            role=KINDS[kind].role,
            says=says_of(kind, trouble),
            clinic_id=part.clinic_id,
        )
