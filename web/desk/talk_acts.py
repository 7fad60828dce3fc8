"""What people do in a talk: write, stop, settle it, say whose it is to answer.

What a person writes is theirs to send once: the form's nonce makes a second press the same text.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import FormData

from activities.intake import Intake
from models.errors import BadRequest, NotFound, Refused
from models.facts import MessageStopped, TaskCompleted
from models.refusals.base import UNCONFIRMED
from models.sending import Hold
from models.tasks import TaskKind
from store import conversations, replies, tasks
from store.tables import ReferralRow, TaskState, ThreadRow
from web.desk.compose import graves, send_at, why_not_then
from web.desk.deeds import texts
from web.desk.door import Desk, Viewer
from web.desk.talk import why_not
from web.desk.talks import vouched_for


class TalkActs:
    """Does what a viewer says in a thread; each act answers the code of what to say."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self.desk = desk
        self._intake = intake
        self._writing = intake.writing

    async def act(self, viewer: Viewer, thread: ThreadRow, act: str, form: FormData) -> str:
        """Do what a form asks for; raises what the acts raise, and NotFound for none of them."""
        if act == "write":
            return await self.write(viewer, thread, form)
        if act == "stop":
            return await self.stop(viewer, thread, form)
        if act == "answered":
            return await self.answered(viewer, thread)
        whom = {"take": viewer.staff_id, "free": None, "hand-over": str(form.get("to", ""))}
        if act not in whom:
            raise NotFound("There is nothing at this address.")
        await asyncio.to_thread(self.assign, viewer, thread, whom[act])
        return {"take": "taken", "free": "free", "hand-over": "handed"}[act]

    async def write(self, viewer: Viewer, thread: ThreadRow, form: FormData) -> str:
        """Send what they wrote; raises BadRequest, Refused."""
        words, nonce = str(form.get("words", "")), str(form.get("nonce", ""))
        on = vouched_for(await asyncio.to_thread(self._on, viewer, thread))
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
