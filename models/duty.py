"""Whose a task is just now: taken by one person for a while, and raised when it lies too long.

A task belongs to a role; whoever takes it has it for the length of a lease (policy.md §2
task.lease). What lies beyond its due time goes up: from the front desk to its lead, from there to
the director, in the hours of the location. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, time
from typing import TYPE_CHECKING, NamedTuple

from models.clock import Calendar
from models.facts import (
    TaskEscalated,
    TaskHandedOver,
    TaskReturned,
    TaskTaken,
    Urgency,
)
from models.hours import Span
from models.organization import Staff
from models.policy import Policy
from models.roles import Role
from models.tasks import CALLS, SPECS, TaskKind

if TYPE_CHECKING:
    from models.referral import Referral

# Who hears of a task that its own role leaves lying, one after another; judgment.
LADDER: dict[Role, tuple[Role, ...]] = {
    Role.FRONT_DESK: (Role.LEAD, Role.DIRECTOR),
    Role.BILLING: (Role.LEAD, Role.DIRECTOR),
    Role.LEAD: (Role.DIRECTOR,),
    Role.THERAPIST: (Role.DIRECTOR,),
    Role.LIAISON: (Role.DIRECTOR,),
    Role.COMPLIANCE: (Role.DIRECTOR,),
    Role.ADMIN: (Role.DIRECTOR,),
    Role.DIRECTOR: (),
}


class Lease(NamedTuple):
    """One person has a task; ``until`` None: for as long as they want."""

    who: str
    since: datetime
    until: datetime | None

    def stands(self, at: datetime) -> bool:
        """Whether they still have it at this moment."""
        return self.until is None or at < self.until


def lease(r: Referral, task: str) -> Lease | None:
    """Who has a task as last told, whether or not the lease has ended; None once returned."""
    turns: list[tuple[datetime, Lease | None]] = [
        (one.at, Lease(one.by, one.at, one.until)) for one in r.all(TaskTaken) if one.task == task
    ]
    turns += [
        (one.at, Lease(one.to, one.at, one.until))
        for one in r.all(TaskHandedOver)
        if one.task == task
    ]
    turns += [(one.at, None) for one in r.all(TaskReturned) if one.task == task]
    return max(turns, key=lambda turn: turn[0], default=(None, None))[1]


def raised_to(r: Referral, task: str) -> Role | None:
    """How far up a task has gone, or None."""
    raised = [one.to for one in r.all(TaskEscalated) if one.task == task]
    return max(raised, key=_height, default=None)


def urgent(kind: TaskKind, urgency: str) -> bool:
    """Whether a task cannot wait for days: its kind, or a call to a patient who cannot."""
    return SPECS[kind].urgent or (kind in CALLS and urgency != Urgency.ROUTINE)


def lease_ends(
    at: datetime, who: Staff | None, policy: Policy, calendar: Calendar, *, pressing: bool
) -> datetime:
    """When a task taken at this moment returns: the lease, the shift's end or an absence (UTC)."""
    span = policy.task.lease_urgent if pressing else policy.task.lease
    ends = [calendar.after(at, span)]
    if who is not None and who.hours is not None:
        shift = calendar.model_copy(update={"hours": who.hours})
        ends.append(shift.after(at, Span.of("0 bd")))
    today = calendar.local_date(at)
    away = who.away if who is not None else ()
    ends += [calendar.at_local(one.first, time(0)) for one in away if one.first > today]
    return min(ends)


def absent(who: Staff, now: datetime, calendar: Calendar) -> bool:
    """Whether somebody is away on this local day."""
    today = calendar.local_date(now)
    return any(one.first <= today <= one.last for one in who.away)


def next_up(role: Role, raised: Role | None, held: Container[Role]) -> Role | None:
    """Who hears next of a task that lies; roles that nobody holds are passed over."""
    rest = [one for one in LADDER[role] if raised is None or _height(one) > _height(raised)]
    return next((one for one in rest if one in held), None)


def raised_at(
    due: datetime, to: Role, policy: Policy, calendar: Calendar, *, pressing: bool
) -> datetime:
    """When a task due then is raised to a role, in the hours of the location."""
    task = policy.task
    lead = task.lead_after_urgent if pressing else task.lead_after
    director = task.director_after_urgent if pressing else task.director_after
    return calendar.after(due, director if to is Role.DIRECTOR else lead)


def below(role: Role) -> list[Role]:
    """The roles whose tasks may come up to this one."""
    return [one for one, above in LADDER.items() if role in above]


def upwards(role: Role) -> list[Role]:
    """This role and those above it: whoever a task was raised past still sees it."""
    return [role, *LADDER[role]]


def _height(role: Role) -> int:
    return len(LADDER[Role.FRONT_DESK]) - len(LADDER[role])
