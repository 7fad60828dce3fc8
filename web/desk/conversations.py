"""``/conversations``: talks by text, one for each phone number, and what people write in them.

A number never stands in an address: a thread has an id of its own. What a person writes is theirs
to send once: the form's nonce makes a second press the same text.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from activities.intake import Intake
from activities.letters import printed
from models.access import May
from models.coming import coming
from models.errors import BadRequest, LoopError, NotFound, Refused
from models.facts import MessageStopped, TaskCompleted
from models.ids import new_id
from models.refusals.base import UNCONFIRMED
from models.sending import Hold
from models.tasks import TaskKind
from models.texting import LONGEST
from store import consent, contacts, conversations, replies, tasks
from store.tables import ConsentState, PatientRow, ReferralRow, TaskState, ThreadRow
from web.desk.compose import CANNED, LONGEST_WAIT, graves, send_at, why_not_then
from web.desk.deeds import texts
from web.desk.door import Desk, Viewer
from web.desk.moving import today
from web.desk.queue import name_of
from web.desk.talk import bubbles, name, why_not

_SAID: Final[dict[str, str]] = {
    "sent": "Your text is on its way.",
    "held": "Your text goes out when texting hours begin.",
    "chosen": "Your text goes out at the time you chose; it can be stopped until then.",
    "stopped": "Stopped. It does not go out.",
    "later": "It is on its way: the page shows it once the engine is back.",
    "answered": "Marked as answered.",
    "taken": "It is yours to answer.",
    "free": "Anybody may answer it.",
    "handed": "Handed over.",
}


class Talks:
    """Reads threads for a viewer, and does what they say in one."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self.desk = desk
        self._intake = intake
        self._writing = intake.writing

    # --- reading ----------------------------------------------------------------------------------

    def listed(self, viewer: Viewer) -> dict[str, Any]:
        """What the list shows."""
        with self.desk.store.read() as session:
            rows = conversations.threads(session, viewer.org, viewer.clinics)
            phones = [row.phone for row in rows]
            people = conversations.people(session, viewer.org, phones, viewer.clinics)
            newest = conversations.latest(session, viewer.org, phones)
        lines = [
            {
                "thread": row,
                "who": self._who(viewer, people[row.phone]),
                "owner": self._name(viewer, row.owner),
                "unread": conversations.waits(row),
                "last": newest.get(row.phone),
            }
            for row in rows
        ]
        zone = self.desk.home(viewer).zone
        return {"lines": lines, "zone": zone}

    def thread(self, viewer: Viewer, thread_id: str) -> ThreadRow:
        """One thread of the viewer's; raises NotFound as if there were none."""
        with self.desk.store.read() as session:
            return conversations.thread(session, viewer.org, thread_id, viewer.clinics)

    def told(self, viewer: Viewer, thread: ThreadRow) -> dict[str, Any]:
        """What the page of one thread shows."""
        org, now = viewer.org, self.desk.clock()
        tenant = self.desk.tenants.get(org)
        with self.desk.store.read() as session:
            received = replies.thread(session, org, thread.phone)
            sent = conversations.outgoing(session, org, thread.phone)
            found = conversations.people(session, org, [thread.phone], viewer.clinics)
            on = list(conversations.referrals_on(session, org, thread.phone, viewer.clinics))
            wish = consent.current(session, org, thread.phone)
            dead = consent.is_dead(session, org, thread.phone)
        people = found[thread.phone]
        on = _vouched_for(on)
        about = on[0] if on else None
        verdict = self._writing.may_leave(org, about.id, thread.phone) if about else None
        clinics = {one.id: one for one in tenant.organization.clinics}
        clinic = clinics[about.clinic_id] if about else self.desk.home(viewer)
        language = people[0].language if people and people[0].language in CANNED else "en"
        staff = {one.id: one.name for one in tenant.staff}
        colleagues = [
            one
            for one in tenant.staff
            if set(one.clinics) & set(viewer.clinics)
            and one.id not in {viewer.staff_id, thread.owner}
        ]
        return {
            "thread": thread,
            "who": self._who(viewer, people),
            "texts": bubbles(received, sent, staff),
            "referrals": on,
            "about": about,
            "zone": clinic.zone,
            "opted_out": wish
            if wish is not None and wish.state == ConsentState.OPTED_OUT
            else None,
            "opted_in": wish if wish is not None and wish.state == ConsentState.OPTED_IN else None,
            "dead": dead,
            "cannot": why_not(verdict) if verdict is not None else "",
            "vouched": about is not None and about.confirmed,
            "hold": verdict if isinstance(verdict, Hold) else None,
            "waiting": conversations.waits(thread),
            "coming": self._coming(viewer, on),
            "name": name,
            "canned": [
                (title, words.format(phone=printed(clinic.phone), address=clinic.address))
                for title, words in CANNED[language]
            ],
            "language": language,
            "owner": self._name(viewer, thread.owner),
            "mine": thread.owner == viewer.staff_id,
            "colleagues": colleagues,
            "longest": LONGEST,
            "nonce": new_id("txn"),
            "words": "",
            "sure": "",
            "chosen": "",
            "form": {},
            "today": today(now, clinic.zone),
            "last_day": today(now + LONGEST_WAIT, clinic.zone),
            "sorry": "",
            "said": "",
        }

    def of_referral(self, viewer: Viewer, referral_id: str) -> ThreadRow:
        """The thread of a referral's patient, made unless there is one; raises NotFound."""
        now = self.desk.clock()
        with self.desk.store.write() as session:
            row = self._intake.record.card(viewer.org, referral_id)
            if not viewer.sees(row.clinic_id):
                raise NotFound("There is no such referral.")
            today = self.desk.tenants.calendar(viewer.org, now, row.clinic_id).local_date(now)
            to = contacts.contact(session, viewer.org, row.referral_id, "patient", on=today)
            if not to.phone:
                raise NotFound(
                    "There is no number for this patient; correct the referral first.",
                    code="no_number",
                )
            return conversations.thread_of(session, viewer.org, to.phone, now)

    # --- doing ------------------------------------------------------------------------------------

    async def write(self, viewer: Viewer, thread: ThreadRow, form: FormData) -> str:
        """Send what they wrote; raises BadRequest, Refused."""
        words, nonce = str(form.get("words", "")), str(form.get("nonce", ""))
        on = _vouched_for(await asyncio.to_thread(self._on, viewer, thread))
        if not on:
            raise BadRequest("This number is no patient's of yours; nobody can be written to.")
        if not nonce.startswith("txn_"):
            raise BadRequest("This form is not one of ours; load the page again.")
        named = graves(words)
        if named and form.get("sure") != named:
            raise BadRequest(
                f"Look again: this may name a {named}, and anybody can read a text on a locked "
                "phone. Change it, or send it once more if it must stand.",
                code="look_again",
            )
        about = next((one for one in on if one.id == form.get("about")), on[0])
        if not about.confirmed:
            raise Refused(UNCONFIRMED.sentence, code=UNCONFIRMED.code)
        zone = self.desk.clinic(viewer, on[0].clinic_id).zone  # the page's, whatever it is about
        now = self.desk.clock()
        then = send_at(texts(form), zone, now)
        verdict = await asyncio.to_thread(
            self._writing.may_leave, viewer.org, about.id, thread.phone, then
        )
        sorry = why_not_then(verdict, zone, now) if then is not None else why_not(verdict)
        if sorry:
            raise BadRequest(sorry, code="not_to_be_texted")
        await self._writing.write(
            viewer.org,
            about.id,
            thread.phone,
            by=viewer.staff_id,
            words=words,
            nonce=nonce,
            send_at=then,
        )
        await asyncio.to_thread(self._nobodys, viewer, thread)
        if then is not None:
            return "chosen"
        return "held" if isinstance(verdict, Hold) else "sent"

    async def stop(self, viewer: Viewer, thread: ThreadRow, form: FormData) -> str:
        """Stop one message that has not gone out; raises Refused, NotFound."""
        on = await asyncio.to_thread(self._on, viewer, thread)
        about = next((one for one in on if one.id == form.get("referral")), None)
        if about is None:
            raise NotFound("There is no such message.")
        now, message = self.desk.clock(), str(form.get("message", ""))[:150]
        said = MessageStopped(at=now, as_of=now, by=viewer.staff_id, message=message)
        decided = await self._intake.decide(viewer.org, about.id, said)
        return "later" if decided.state == "pending" else "stopped"

    async def answered(self, viewer: Viewer, thread: ThreadRow) -> str:
        """Nothing is to be answered; the tasks that asked for it are done."""

        def mark() -> None:
            self._nobodys(viewer, thread)
            with self.desk.store.write() as session:
                conversations.answered(session, viewer.org, thread.phone, self.desk.clock())
                self.desk.note(session, viewer.org, viewer.staff_id, "text_settled", thread.id)

        on = await asyncio.to_thread(self._on, viewer, thread)
        await self._questions_answered(viewer, on)
        await asyncio.to_thread(mark)
        return "answered"

    def assign(self, viewer: Viewer, thread: ThreadRow, to: str | None) -> None:
        """Whose it is to answer; raises BadRequest for somebody who cannot see it."""
        if to is not None:
            person = self.desk.staff(viewer.org, to)
            if person is None or not set(person.clinics) & set(viewer.clinics):
                raise BadRequest("Choose a colleague of your clinic.", code="unknown_staff")
        with self.desk.store.write() as session:
            conversations.assign(session, thread.id, to)
            self.desk.note(session, viewer.org, viewer.staff_id, "text_assigned", thread.id)

    # --- inside -----------------------------------------------------------------------------------

    async def _questions_answered(self, viewer: Viewer, on: list[ReferralRow]) -> None:
        """The tasks to read and answer; what wants a call stays."""
        now = self.desk.clock()

        def asked() -> list[tuple[str, str]]:
            with self.desk.store.read() as session:
                return [
                    (row.id, task.key)
                    for row in on
                    for task in tasks.of_referral(session, row.id)
                    if task.kind == TaskKind.ANSWER_PATIENT and task.state == TaskState.OPEN
                ]

        for referral_id, task in await asyncio.to_thread(asked):
            done = TaskCompleted(at=now, as_of=now, by=viewer.staff_id, task=task)
            await self._intake.decide(viewer.org, referral_id, done)

    def _nobodys(self, viewer: Viewer, thread: ThreadRow) -> None:
        """The tasks about texts that no open referral had to answer: they are done as well."""
        now, kind = self.desk.clock(), TaskKind.ANSWER_PATIENT
        with self.desk.store.write() as session:
            for task in tasks.open_tasks(session, viewer.org, kind=kind):
                text = replies.get(session, viewer.org, task.key.partition(":")[2])
                if task.referral_id is None and text is not None and text.phone == thread.phone:
                    tasks.complete(session, viewer.org, task.id, by=viewer.staff_id, at=now)

    def _on(self, viewer: Viewer, thread: ThreadRow) -> list[ReferralRow]:
        with self.desk.store.read() as session:
            return list(
                conversations.referrals_on(session, viewer.org, thread.phone, viewer.clinics)
            )

    def _coming(self, viewer: Viewer, on: list[ReferralRow]) -> list[tuple[ReferralRow, Any]]:
        found: list[tuple[ReferralRow, Any]] = []
        for row in on:
            referral = self._intake.record.referral(viewer.org, row.id)
            rules = self._intake.record.rules(viewer.org, row.id)
            found += [(row, one) for one in coming(referral, rules)]
        return found

    def _who(self, viewer: Viewer, people: list[PatientRow]) -> str:
        return ", ".join(dict.fromkeys(name_of(viewer, one) for one in people)) or "Unknown number"

    def _name(self, viewer: Viewer, staff_id: str | None) -> str | None:
        person = self.desk.staff(viewer.org, staff_id) if staff_id else None
        return person.name if person else staff_id


def _vouched_for(on: list[ReferralRow]) -> list[ReferralRow]:
    """By which referrals a number is written to: those a person has confirmed, if any is."""
    return [row for row in on if row.confirmed] or on


def router(desk: Desk, intake: Intake) -> APIRouter:
    """The pages of conversations."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])
    talks = Talks(desk, intake)
    needs = (May.TALK, May.NAMES)

    @routes.get("/conversations")
    async def listed(request: Request) -> Response:
        viewer = await desk.viewer(request, *needs)
        await asyncio.to_thread(desk.seen, viewer, "conversations")
        told = await asyncio.to_thread(talks.listed, viewer)
        return await desk.page(request, viewer, "conversations.html", told)

    @routes.get("/conversations/of/{referral_id}")
    async def of_referral(request: Request, referral_id: str) -> Response:
        viewer = await desk.viewer(request, *needs)
        thread = await asyncio.to_thread(talks.of_referral, viewer, referral_id)
        return RedirectResponse(f"/conversations/{thread.id}", status_code=303)

    @routes.get("/conversations/{thread_id}")
    async def shown(request: Request, thread_id: str) -> Response:
        viewer = await desk.viewer(request, *needs)
        thread = await asyncio.to_thread(talks.thread, viewer, thread_id)
        await asyncio.to_thread(desk.seen, viewer, thread.id)
        told = await asyncio.to_thread(talks.told, viewer, thread)
        said = _SAID.get(request.query_params.get("said", ""), "")
        return await desk.page(request, viewer, "conversation.html", told | {"said": said})

    @routes.post("/conversations/{thread_id}/{act}")
    async def do(request: Request, thread_id: str, act: str) -> Response:
        viewer = await desk.viewer(request, *needs)
        form = await desk.form(request, viewer)
        thread = await asyncio.to_thread(talks.thread, viewer, thread_id)
        try:
            said = await _done(talks, viewer, thread, act, form)
        except LoopError as error:
            if isinstance(error, NotFound):
                raise
            fresh = await asyncio.to_thread(talks.thread, viewer, thread_id)
            await asyncio.to_thread(desk.seen, viewer, thread_id)
            told = await asyncio.to_thread(talks.told, viewer, fresh)
            words = str(form.get("words", ""))
            told |= {"sorry": error.sentence, "words": words, "chosen": str(form.get("about", ""))}
            told["form"] = texts(form)
            told["sure"] = graves(words) if error.code == "look_again" else ""
            return await desk.page(
                request, viewer, "conversation.html", told, status=error.http_status
            )
        return RedirectResponse(f"/conversations/{thread_id}?said={said}#end", status_code=303)

    return routes


async def _done(talks: Talks, viewer: Viewer, thread: ThreadRow, act: str, form: FormData) -> str:
    if act == "write":
        return await talks.write(viewer, thread, form)
    if act == "stop":
        return await talks.stop(viewer, thread, form)
    if act == "answered":
        return await talks.answered(viewer, thread)
    whom = {"take": viewer.staff_id, "free": None, "hand-over": str(form.get("to", ""))}
    if act not in whom:
        raise NotFound("There is nothing at this address.")
    await asyncio.to_thread(talks.assign, viewer, thread, whom[act])
    return {"take": "taken", "free": "free", "hand-over": "handed"}[act]
