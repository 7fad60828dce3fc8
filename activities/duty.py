"""Tasks that nobody is doing: back to their role when a lease has ended, up when they lie too long.

The chore looks at the wall clock, in the hours of each location. A referral's tasks change through
its facts, those of sources and of the organization in their rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from activities.tenants import Tenants
from models import duty
from models.facts import ReturnedWhy, TaskEscalated
from models.organization import Staff, holders
from models.roles import Role
from models.tasks import SPECS, TaskKind
from store import tasks
from store.engine import Store
from store.record import Record
from store.tables import TaskRow


class Ended(NamedTuple):
    """A lease that is over, and why."""

    task: TaskRow
    why: ReturnedWhy


class Rising(NamedTuple):
    """A task that somebody else must hear of now."""

    task: TaskRow
    to: Role


class Duty:
    """Reads what must move and writes what belongs to no referral."""

    def __init__(self, store: Store, tenants: Tenants) -> None:
        self._store = store
        self._tenants = tenants
        self._record = Record(store)

    def ended(self, now: datetime) -> list[Ended]:
        """Leases that have run out, and those of people who are away or gone (wall time)."""
        found = []
        for org in self._tenants:
            staff = {one.id: one for one in self._tenants.get(org).staff}
            with self._store.read() as session:
                held = list(tasks.held(session, org))
            for task in held:
                why = self._over(task, staff.get(str(task.owner)), now)
                if why is not None:
                    found.append(Ended(task, why))
        return found

    def rising(self, now: datetime) -> list[Rising]:
        """Tasks whose next in line must hear of them by now, in the hours of the location."""
        found = []
        for org in self._tenants:
            with self._store.read() as session:
                late = list(tasks.may_rise(session, org, now, list(self._unheld(org))))
            for task, urgency in late:
                to = self._next(task, urgency, now)
                if to is not None:
                    found.append(Rising(task, to))
        return found

    def give_back(self, ended: Ended) -> None:
        """A task of a source or of the organization is nobody's again."""
        with self._store.write() as session:
            tasks.give_back(session, ended.task.org, ended.task.id)

    def raise_row(self, rising: Rising) -> None:
        """A task of a source or of the organization has gone up."""
        with self._store.write() as session:
            tasks.raise_to(session, rising.task.org, rising.task.id, rising.to)

    def write(self, rising: Rising, fact: TaskEscalated, now: datetime) -> None:
        """A referral's task has gone up, on its timeline and on the board."""
        task = rising.task
        self._record.write(task.org, str(task.referral_id), fact, recorded_at=now)

    # --- inside ---------------------------------------------------------------------------------

    def _over(self, task: TaskRow, who: Staff | None, now: datetime) -> ReturnedWhy | None:
        if who is None:
            return ReturnedWhy.LEFT
        if task.leased_until is not None and task.leased_until <= now:
            return ReturnedWhy.EXPIRED
        calendar = self._tenants.calendar(task.org, now, task.clinic_id)
        since = calendar.local_date(task.taken_at or task.opened_at)
        # Whoever takes a task on a day off is there after all.
        if duty.absent(who, now, calendar) and since < calendar.local_date(now):
            return ReturnedWhy.ABSENT
        return None

    def _next(self, task: TaskRow, urgency: str, now: datetime) -> Role | None:
        """Who hears of it now: at once where nobody holds its role, else once it lies too long."""
        kind, role = TaskKind(task.kind), Role(task.role)
        raised = Role(task.raised_to) if task.raised_to else None
        held = self._held(task.org, task.clinic_id)
        to = duty.next_up(role, raised, held)
        if to is None:
            return None
        if role not in held and raised is None:
            return to
        if SPECS[kind].own_ladder:
            return None
        policy = self._tenants.get(task.org).policy
        calendar = self._tenants.calendar(task.org, now, task.clinic_id)
        pressing = duty.urgent(kind, urgency)
        at = duty.raised_at(task.due, to, policy, calendar, pressing=pressing)
        return to if at <= now else None

    def _held(self, org: str, clinic_id: str | None) -> set[Role]:
        """The roles somebody has: at a clinic, or anywhere for what belongs to every clinic."""
        staff = self._tenants.get(org).staff
        return {one.role for one in staff if clinic_id is None or clinic_id in one.clinics}

    def _unheld(self, org: str) -> Iterator[tuple[Role, str]]:
        tenant = self._tenants.get(org)
        for clinic in tenant.organization.clinics:
            for role in Role:
                if not holders(tenant.staff, role, clinic.id):
                    yield role, clinic.id
