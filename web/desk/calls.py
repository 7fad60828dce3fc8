"""``/referrals/{id}/call``: the script of a call, and one click for what came of it.

Opening it locks the number for ten minutes, or until the call is logged (policy.md rule 18). What
is logged feeds the cadence like any call; a booking goes in like any event, by the one way in.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from activities.hands import Hands
from activities.intake import Intake
from models.access import May
from models.bookings import TYPED
from models.calling import tries
from models.contracts import RawRequest
from models.errors import BadRequest, LoopError, NotFound, Refused
from models.facts import CallLogged, CallOutcome, CallWhy, TaskCompleted
from models.ids import new_id
from models.people import SourceKind
from models.tasks import TaskKind
from store import calls, contacts, referrals, tasks
from store.tables import CallLockRow, PatientRow, ReferralRow, SourceRow, TaskRow, TaskState
from web.desk.deeds import ahead, texts
from web.desk.door import Desk, Viewer

BOOKED: Final = "booked"
OUTCOMES: Final = {*CallOutcome, BOOKED}
DECLINED: Final[dict[CallWhy, str]] = {
    CallWhy.ELSEWHERE: "goes to another clinic",
    CallWhy.BETTER: "needs no therapy any more",
    CallWhy.COST: "the cost",
    CallWhy.NO_TIME: "has no time",
    CallWhy.TOO_FAR: "too far away",
    CallWhy.UNSAID: "gave no reason",
}
NUMBERS: Final[dict[CallWhy, str]] = {
    CallWhy.STRANGER: "somebody else has this number",
    CallWhy.OUT_OF_SERVICE: "not in service",
}


class Called(NamedTuple):
    """Whom somebody calls, and why."""

    row: ReferralRow
    patient: PatientRow
    to: contacts.Contact
    task: TaskRow | None
    lock: CallLockRow | None
    sender: SourceKind


class CallPages:
    """Opens a call's script and writes what came of the call."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self.desk = desk
        self._intake = intake
        self.hands = Hands(intake)

    def called(self, viewer: Viewer, referral_id: str, task_id: str) -> Called:
        """Whom it is about; raises NotFound for another clinic's as if there were none."""
        now = self.desk.clock()
        with self.desk.store.read() as session:
            row = referrals.get(session, viewer.org, referral_id)
            if not viewer.sees(row.clinic_id):
                raise NotFound("There is no such referral.")
            task = tasks.get(session, viewer.org, task_id) if task_id else None
            if task is not None and task.referral_id != row.id:
                raise NotFound("There is no such task.")
            today = self.desk.tenants.calendar(viewer.org, now, row.clinic_id).local_date(now)
            to = contacts.contact(session, viewer.org, row.id, "patient", on=today)
            patient = contacts.patient_of(session, viewer.org, row.id)
            lock = calls.current(session, viewer.org, to.phone, now) if to.phone else None
            sender = SourceKind(session.get_one(SourceRow, row.source_id).kind)
        return Called(row, patient, to, task, lock, sender)

    def told(self, viewer: Viewer, called: Called) -> dict[str, Any]:
        """What the script shows."""
        now, tenant = self.desk.clock(), self.desk.tenants.get(viewer.org)
        clinic = tenant.organization.clinic(called.row.clinic_id)
        referral = self._intake.record.referral(viewer.org, called.row.id)
        rules = self.desk.tenants.rules(viewer.org, clinic.id, now)
        lock = called.lock
        booked = referral.appointment()
        return {
            "called": called,
            "clinic": clinic,
            "by_doctor": called.sender.treating,
            "kind": called.task.kind if called.task is not None else TaskKind.CALL_PATIENT,
            "mine": lock is not None and lock.by == viewer.staff_id,
            "by": self.name(viewer, lock.by) if lock is not None else "",
            "tries": tries(referral, rules, now),
            "caps": rules.policy.call,
            "booked": booked,
            "asked_for": referral.booking_request(),
            "today": now.astimezone(ZoneInfo(clinic.zone)).date(),
            "declined": DECLINED,
            "numbers": NUMBERS,
            "call_id": new_id("call"),
            "form": {},
            "sorry": "",
        }

    def name(self, viewer: Viewer, staff_id: str) -> str:
        """A colleague's name, or their id once they have left."""
        person = self.desk.staff(viewer.org, staff_id)
        return person.name if person else staff_id

    async def log(self, viewer: Viewer, called: Called, form: FormData) -> str:
        """Write what came of it, once per ``call_id``; answers what to say.

        Raises Refused with the reason, BadRequest for a form that lacks something.
        """
        outcome, call_id = str(form.get("outcome", "")), str(form.get("call_id", ""))
        if outcome not in OUTCOMES or not call_id.startswith("call_"):
            raise BadRequest("Say what came of the call.", code="no_outcome", field="outcome")
        starts = self._starts(viewer, called, form) if outcome == BOOKED else None
        why = self._why(outcome, form)
        referral_id, now = called.row.id, self.desk.clock()
        record = self._intake.record
        known = await asyncio.to_thread(record.referral, viewer.org, referral_id)
        if known.knows(f"call:{call_id}"):  # pressed twice
            return "call"
        reached = CallOutcome.REACHED if outcome == BOOKED else CallOutcome(outcome)
        call = CallLogged(
            at=now, as_of=now, by=viewer.staff_id, call_id=call_id, outcome=reached, why=why
        )
        decided = await self._intake.decide(viewer.org, referral_id, call)
        if starts is not None:
            await self._book(viewer, referral_id, call_id, starts, now)
        if reached.spoken and called.task is not None:
            await self._done(viewer, referral_id, called.task, now)
        if decided.state == "pending":
            return "later"
        return BOOKED if outcome == BOOKED else "call"

    # --- inside -----------------------------------------------------------------------------------

    def _why(self, outcome: str, form: FormData) -> CallWhy | None:
        if outcome == CallOutcome.DECLINED:
            told, known, ask = "why_declined", DECLINED, "Say why the patient declined."
        elif outcome == CallOutcome.WRONG_NUMBER:
            told, known, ask = "why_number", NUMBERS, "Say what is the matter with the number."
        else:
            return None
        why = next((one for one in known if one == str(form.get(told, ""))), None)
        if why is None:
            raise BadRequest(ask, code="no_reason", field=told)
        return why

    def _starts(self, viewer: Viewer, called: Called, form: FormData) -> datetime:
        """The moment of the appointment, typed in the time of its clinic; it lies ahead."""
        zone = self.desk.clinic(viewer, called.row.clinic_id).zone
        return ahead(texts(form), zone, self.desk.clock())

    async def _book(
        self, viewer: Viewer, referral_id: str, call_id: str, starts: datetime, now: datetime
    ) -> None:
        event = {
            "type": "appointment_booked",
            "at": now.isoformat(),
            "referral": {"id": referral_id},
            "data": {
                "appointment_id": call_id.replace("call_", f"{TYPED}_"),
                "starts_at": starts.isoformat(),
                "purpose": "evaluation",
            },
        }
        body = json.dumps(event, sort_keys=True).encode()
        raw = RawRequest(origin="hand", headers={}, body=body, received_at=now)
        row = await asyncio.to_thread(self._intake.accept, viewer.org, raw, call_id)
        await self._intake.dispatch(row.id)

    async def _done(self, viewer: Viewer, referral_id: str, task: TaskRow, now: datetime) -> None:
        """Whoever was spoken to has been called; most such tasks are overtaken by that alone."""

        def left() -> TaskRow:
            with self.desk.store.read() as session:
                return tasks.get(session, viewer.org, task.id)

        if (await asyncio.to_thread(left)).state == TaskState.OPEN:
            done = TaskCompleted(at=now, as_of=now, by=viewer.staff_id, task=task.key)
            with suppress(Refused):  # it asks for more than a call; it stays
                await self._intake.decide(viewer.org, referral_id, done)


def router(desk: Desk, intake: Intake) -> APIRouter:
    """The pages of one call."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])
    pages = CallPages(desk, intake)
    needs = (May.WORK, May.NAMES)

    async def shown(request: Request, viewer: Viewer, called: Called) -> Response:
        told = await asyncio.to_thread(pages.told, viewer, called)
        return await desk.page(request, viewer, "call.html", told)

    async def again(
        request: Request, viewer: Viewer, called: Called, form: FormData, error: LoopError
    ) -> Response:
        """The script as it is now, why the form was refused, and what was chosen still in it."""
        task = called.task.id if called.task is not None else ""
        called = await asyncio.to_thread(pages.called, viewer, called.row.id, task)
        await asyncio.to_thread(desk.seen, viewer, called.row.id)
        told = await asyncio.to_thread(pages.told, viewer, called)
        taken = error.code == "number_locked"  # the page itself says who calls
        told |= {"sorry": "" if taken else error.sentence, "form": texts(form)}
        return await desk.page(request, viewer, "call.html", told, status=error.http_status)

    @routes.get("/referrals/{referral_id}/call")
    async def script(request: Request, referral_id: str, task: str = "") -> Response:
        viewer = await desk.viewer(request, *needs)
        called = await asyncio.to_thread(pages.called, viewer, referral_id, task)
        await asyncio.to_thread(desk.seen, viewer, called.row.id, "opened_call")
        return await shown(request, viewer, called)

    @routes.post("/referrals/{referral_id}/call")
    async def begin(request: Request, referral_id: str) -> Response:
        viewer = await desk.viewer(request, *needs)
        form = await desk.form(request, viewer)
        task = str(form.get("task", ""))
        called = await asyncio.to_thread(pages.called, viewer, referral_id, task)
        try:
            await pages.hands.open_call(viewer.org, called.row.id, viewer.staff_id)
        except Refused as refused:
            return await again(request, viewer, called, form, refused)
        query = f"?task={task}" if called.task is not None else ""
        return RedirectResponse(f"/referrals/{called.row.id}/call{query}", status_code=303)

    @routes.post("/referrals/{referral_id}/call/outcome")
    async def end(request: Request, referral_id: str) -> Response:
        viewer = await desk.viewer(request, *needs)
        form = await desk.form(request, viewer)
        task = str(form.get("task", ""))
        called = await asyncio.to_thread(pages.called, viewer, referral_id, task)
        try:
            said = await pages.log(viewer, called, form)
        except LoopError as error:
            return await again(request, viewer, called, form, error)
        return RedirectResponse(f"/tasks?said={said}", status_code=303)

    return routes
