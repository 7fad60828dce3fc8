"""The queue of tasks as a page shows it: whose each is, what can be done with it, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from activities.tenants import Tenants
from models import duty
from models.access import May
from models.facts import Urgency
from models.organization import Staff
from models.roles import Role
from models.tasks import CALLS, GATHERED, LETS_GO, SPECS, TaskKind
from store.queue import Item
from store.tables import PatientRow, TaskRow
from web.desk.cards import patient as shown_name
from web.desk.door import Viewer

ROLES: Final[dict[Role, str]] = {
    Role.FRONT_DESK: "front desk",
    Role.LEAD: "desk lead",
    Role.THERAPIST: "therapist",
    Role.DIRECTOR: "director",
    Role.LIAISON: "liaison",
    Role.BILLING: "billing",
    Role.COMPLIANCE: "compliance",
    Role.ADMIN: "admin",
}
URGENCIES: Final[dict[str, str]] = {
    Urgency.URGENT: "urgent",
    Urgency.POST_OP: "after surgery",
}

# Calls to a patient that the script knows; the others are made to offices.
TO_PATIENT: Final = CALLS | {
    TaskKind.ANSWER_PATIENT,
    TaskKind.CALL_BACK,
    TaskKind.RED_FLAG,
    TaskKind.INTAKE_HELP,
    TaskKind.TELL_PATIENT,
    TaskKind.TELL_WAITING,
    TaskKind.UNDER_SCHEDULED,
    TaskKind.NO_NEXT_VISIT,
    TaskKind.DROPOUT,
    TaskKind.LOW_SCORE,
    TaskKind.BOOK_REQUEST,
    TaskKind.EVALUATION_OVERDUE,
    TaskKind.CONFIRM_ATTENDANCE,
}


class Line(NamedTuple):
    """One task on the page."""

    task: TaskRow
    who: str
    zone: str
    clinic: str | None
    role: str
    urgent: str | None
    owner: str | None  # their name, while their lease stands
    mine: bool
    raised: str | None
    may_act: bool
    call: bool  # a script for calling the patient can be opened
    lets_go: bool
    asked_for: datetime | None = None  # the time a patient chose
    parts: tuple[Line, ...] = ()
    gathers: bool = False
    colleagues: tuple[Staff, ...] = ()


class Groups(NamedTuple):
    """The queue of one person: theirs, what is free, and what colleagues have."""

    mine: list[Line]
    free: list[Line]
    colleagues: list[Line]

    @property
    def every(self) -> int:
        """How many there are."""
        return len(self.mine) + len(self.free) + len(self.colleagues)


def name_of(viewer: Viewer, patient: PatientRow) -> str:
    """A patient as this viewer may see them."""
    return shown_name(patient.given_name, patient.family_name, named=viewer.named)


def may_act(viewer: Viewer, task: TaskRow) -> bool:
    """Whether they may do something with it: desk work, or what their own role has been asked."""
    raised = Role(task.raised_to) if task.raised_to else None
    theirs = viewer.role is Role(task.role) or viewer.role in _reached(raised)
    return viewer.may(May.WORK) or theirs or task.owner == viewer.staff_id


def grouped(lines: Sequence[Line]) -> Groups:
    """By who has each just now; the order stays, soonest first."""
    return Groups(
        [one for one in lines if one.mine],
        [one for one in lines if one.owner is None],
        [one for one in lines if one.owner is not None and not one.mine],
    )


class Words:
    """Turns the store's tasks into lines for one viewer at one moment."""

    def __init__(self, tenants: Tenants, viewer: Viewer, now: datetime) -> None:
        tenant = tenants.get(viewer.org)
        self._viewer = viewer
        self._now = now
        self._staff = {one.id: one for one in tenant.staff}
        self._clinics = {one.id: one for one in tenant.organization.clinics}
        own = [one for one in tenant.organization.clinics if one.id in viewer.clinics]
        self._zone = (own or list(tenant.organization.clinics))[0].zone
        self._several = len(own) > 1

    def lines(self, items: Sequence[Item], parts: Mapping[str, Sequence[Item]]) -> list[Line]:
        """Every task, what a practice's gathers under it; one that gathers nothing here is not."""
        found = []
        for item in items:
            gathers = TaskKind(item.task.kind) in GATHERED.values()
            if gathers and not parts.get(item.task.id):
                continue
            below = tuple(self.line(part) for part in parts.get(item.task.id, ()))
            found.append(self.line(item)._replace(parts=below, gathers=gathers))
        return found

    def line(self, item: Item) -> Line:
        """One task."""
        task, kind = item.task, TaskKind(item.task.kind)
        clinic = self._clinics.get(task.clinic_id or "")
        stands = task.leased_until is None or self._now < task.leased_until
        owner = self._staff.get(task.owner or "") if stands else None
        pressing = duty.urgent(kind, item.urgency)
        return Line(
            task=task,
            who=name_of(self._viewer, item.patient) if item.patient else item.about or "",
            zone=clinic.zone if clinic else self._zone,
            clinic=clinic.name if clinic and self._several else None,
            role=ROLES[Role(task.role)],
            urgent=URGENCIES.get(item.urgency) or ("urgent" if pressing else None),
            owner=(owner.name if owner else task.owner) if stands else None,
            mine=stands and task.owner == self._viewer.staff_id,
            raised=ROLES[Role(task.raised_to)] if task.raised_to else None,
            may_act=may_act(self._viewer, task),
            call=task.referral_id is not None and kind in TO_PATIENT and self._calls(),
            lets_go=kind in LETS_GO and self._viewer.may(May.WORK),
            colleagues=self._colleagues(task),
            asked_for=item.asked_for,
        )

    def _calls(self) -> bool:
        return self._viewer.may(May.WORK) and self._viewer.may(May.NAMES)

    def _colleagues(self, task: TaskRow) -> tuple[Staff, ...]:
        """To whom it can be handed: who works at its clinic, and has not got it."""
        there = [task.clinic_id] if task.clinic_id else list(self._viewer.clinics)
        return tuple(
            one
            for one in self._staff.values()
            if one.id not in {task.owner, self._viewer.staff_id} and set(there) & set(one.clinics)
        )


def says(kind: str) -> str:
    """A kind of task in words, as the guide and the figures call it."""
    return SPECS[TaskKind(kind)].says


def _reached(raised: Role | None) -> list[Role]:
    """The roles that have a raised task: the one it went to, and those it was raised past."""
    return [] if raised is None else [one for one in Role if raised in duty.upwards(one)]
