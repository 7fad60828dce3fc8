"""Tasks in people's hands: listed, taken, put back, handed over, done; and the number they call.

A referral's task changes by a decision of its workflow, any other one in its row. Both say the same
to who asks: of two who take one task the first has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Literal, cast

from sqlmodel import Session

from activities.deciding import lease_ends
from activities.intake import Intake
from models.errors import BadRequest, EngineUnavailable, Refused
from models.facts import (
    AnyDecision,
    TaskCompleted,
    TaskHandedOver,
    TaskReturned,
    TaskTaken,
    Urgency,
)
from models.organization import Staff
from models.refusals.base import UNCONFIRMED
from models.roles import Role
from models.tasks import GATHERED, TaskKind
from store import audit, calls, contacts, gathering, tasks
from store.tables import CallLockRow, TaskRow, TaskState

Act = Literal["take", "return", "hand-over", "done", "dismiss"]
ACTS: Final[tuple[Act, ...]] = ("take", "return", "hand-over", "done", "dismiss")
_ENDS: Final = frozenset({"done", "dismiss"})


class Hands:
    """What staff do with tasks, by the API, the board or the command line."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._store = intake.store
        self._tenants = intake.tenants

    def open_tasks(
        self,
        org: str,
        *,
        role: Role | None = None,
        clinic_id: str | None = None,
        who: str | None = None,
    ) -> Sequence[TaskRow]:
        """What stands open, soonest first; with *who* what that person has or may take.

        Raises BadRequest ``unknown_staff``.
        """
        person = self._staff(org, who, "for") if who is not None else None
        with self._store.read() as session:
            rows = tasks.open_tasks(
                session, org, role=person.role if person else role, clinic_id=clinic_id
            )
            if person is None:
                return rows
            theirs = [row for row in rows if _for(person, row, self._intake.clock())]
            held = [row for row in tasks.held(session, org) if row.owner == person.id]
        mine = {row.id for row in held}
        return [*held, *(row for row in theirs if row.id not in mine)]

    async def act(
        self,
        org: str,
        task_id: str,
        act: Act,
        *,
        by: str,
        to: str | None = None,
        parts: Collection[str] | None = None,
    ) -> TaskRow:
        """Do something with a task; answers it as it then is.

        ``parts`` are the tasks that a call to a practice was about, where it ends; what has joined
        it since then stays, and with it the call. None: all of them. The same again changes
        nothing. Raises Refused (``taken``, ``task_over``), NotFound,
        BadRequest ``unknown_staff``, EngineUnavailable.
        """
        self._staff(org, by, "by")
        if act == "hand-over":
            self._staff(org, to, "to")
        now = self._intake.clock()
        row = await asyncio.to_thread(self._row, org, task_id)
        if act in _ENDS and row.kind in GATHERED.values():
            return await self._end_each(row, act, by, now, parts)
        if row.referral_id is None:
            done = await asyncio.to_thread(self._act, row, act, by, to, now)
            if act in _ENDS and row.source_id is not None:
                await self._watch(row.org, row.source_id)
            return done
        decision = _decision(row.key, act, by, to, now)
        await self._intake.decide(org, row.referral_id, decision)
        return await asyncio.to_thread(self._row, org, task_id)

    async def open_call(self, org: str, referral_id: str, by: str) -> CallLockRow:
        """Somebody opens the call script: the number is theirs for ten minutes (rule 18).

        It is free again when the call is logged. Raises Refused ``number_locked``, ``no_number`` or
        ``unconfirmed``, NotFound, BadRequest ``unknown_staff``.
        """
        self._staff(org, by, "by")
        return await asyncio.to_thread(self._lock, org, referral_id, by, self._intake.clock())

    def parts(self, org: str, rows: Sequence[TaskRow]) -> dict[str, Sequence[TaskRow]]:
        """What each task of a practice gathers, by its id; soonest first."""
        whole = [row for row in rows if row.org == org and row.kind in GATHERED.values()]
        with self._store.read() as session:
            return {row.id: gathering.gathered(session, row.id) for row in whole}

    # --- inside ---------------------------------------------------------------------------------

    async def _end_each(
        self, row: TaskRow, act: Act, by: str, now: datetime, only: Collection[str] | None
    ) -> TaskRow:
        """One call answers every task it was about; one that is refused stays, and with it this."""
        refused: Refused | None = None
        gathered = await asyncio.to_thread(self.parts, row.org, [row])
        for part in gathered[row.id]:
            if only is not None and part.id not in only:
                continue
            try:
                await self.act(row.org, part.id, act, by=by)
            except Refused as error:
                refused = error
        if refused is not None:
            raise refused
        return await asyncio.to_thread(self._end, row, act, by, now)

    def _end(self, row: TaskRow, act: Act, by: str, now: datetime) -> TaskRow:
        with self._store.write() as session:
            done = tasks.finish_gathered(
                session, row.org, row.id, by=by, at=now, outcome=_outcome(act)
            )
            if done.state != TaskState.OPEN:
                self._note(session, row, act, by, now)
            return done

    async def _watch(self, org: str, source_id: str) -> None:
        """Its watch looks whether somebody is to be asked again, and when."""
        try:
            await self._intake.loop.source_changed(org, source_id)
        except EngineUnavailable:
            return  # it looks by itself with the next referral, or when its state changes

    def _row(self, org: str, task_id: str) -> TaskRow:
        with self._store.read() as session:
            return tasks.get(session, org, task_id)

    def _act(self, row: TaskRow, act: Act, by: str, to: str | None, now: datetime) -> TaskRow:
        def until(who: str) -> datetime:
            kind = TaskKind(row.kind)
            return lease_ends(
                self._tenants, row.org, row.clinic_id, who, kind, Urgency.ROUTINE, now
            )

        with self._store.write() as session:
            if act == "take":
                done = tasks.take(session, row.org, row.id, by=by, at=now, until=until(by))
            elif act == "hand-over":
                whom = cast(str, to)
                done = tasks.hand_over(session, row.org, row.id, to=whom, at=now, until=until(whom))
            elif act == "return":
                done = tasks.give_back(session, row.org, row.id)
            else:
                done = tasks.complete(
                    session, row.org, row.id, by=by, at=now, outcome=_outcome(act)
                )
            self._note(session, row, act, by, now)
            return done

    def _note(self, session: Session, row: TaskRow, act: Act, by: str, now: datetime) -> None:
        what = f"task_{act.replace('-', '_')}"
        audit.note(session, org=row.org, who=by, what=what, subject=row.id, at=now, recorded_at=now)

    def _lock(self, org: str, referral_id: str, by: str, now: datetime) -> CallLockRow:
        tenant = self._tenants.get(org)
        with self._store.write() as session:
            card = self._intake.record.card(org, referral_id)
            if not card.confirmed:
                raise Refused(UNCONFIRMED.sentence, code=UNCONFIRMED.code)
            calendar = self._tenants.calendar(org, now, card.clinic_id)
            to = contacts.contact(session, org, referral_id, "patient", on=calendar.local_date(now))
            if not to.phone:
                raise Refused("There is no number for this patient.", code="no_number")
            until = calendar.after(now, tenant.policy.call.lock)
            return calls.lock(session, org, to.phone, by=by, at=now, until=until)

    def _staff(self, org: str, who: str | None, field: str) -> Staff:
        staff = {one.id: one for one in self._tenants.get(org).staff}
        if who is None or who not in staff:
            raise BadRequest(
                f"{field}: nobody of the staff has this id; see [[staff]] of the policy file.",
                code="unknown_staff",
                field=field,
            )
        return staff[who]


def _for(person: Staff, row: TaskRow, now: datetime) -> bool:
    """Whether somebody may take it: at their clinic, and no colleague has it."""
    ended = row.leased_until is not None and row.leased_until <= now
    free = row.owner in {None, person.id} or ended
    return free and (row.clinic_id is None or row.clinic_id in person.clinics)


def _decision(task: str, act: Act, by: str, to: str | None, now: datetime) -> AnyDecision:
    if act == "take":
        return TaskTaken(at=now, as_of=now, by=by, task=task)
    if act == "return":
        return TaskReturned(at=now, as_of=now, by=by, task=task)
    if act == "hand-over":
        return TaskHandedOver(at=now, as_of=now, by=by, task=task, to=cast(str, to))
    return TaskCompleted(at=now, as_of=now, by=by, task=task, outcome=_outcome(act))


def _outcome(act: Act) -> Literal["done", "dismissed"]:
    return "dismissed" if act == "dismiss" else "done"
