"""``/tasks``: what people have to do, in whose hands it is, and what becomes of it.

Each act is one form; a page with scripts replaces the queue alone. What cannot be done is said
beside the task, and the queue is shown as it then is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple, cast

from fastapi import APIRouter, Path, Request, Response
from starlette.datastructures import FormData, QueryParams
from starlette.responses import RedirectResponse

from activities.hands import ACTS, Act, Hands
from activities.intake import Intake
from models.access import May
from models.errors import BadRequest, LoopError, NotFound
from models.facts import MessageApproved
from models.handoffs import FEWEST, WINDOW, HandOff, pace
from models.roles import Role
from models.tasks import GATHERED, LETS_GO, TaskKind
from store import gathering, queue, tasks
from store.tables import TaskRow, TaskState
from web.desk.door import Desk, Viewer, wants_fragment
from web.desk.queue import ROLES, Words, grouped, may_act, says

_SAID: Final[dict[str, str]] = {
    "take": "It is yours now.",
    "return": "It is free for everybody of its role again.",
    "hand-over": "Handed over.",
    "done": "Done.",
    "dismiss": "Dismissed.",
    "approve": "The message may go out.",
    "call": "The call is logged.",
    "booked": "The call is logged, and the appointment with it.",
    "later": "It is on its way: the page shows it once the engine is back.",
}
EVERY: Final = "all"


class View(NamedTuple):
    """Which part of the queue somebody looks at; it stands in the address."""

    role: str
    clinic: str

    @classmethod
    def of(cls, told: QueryParams | FormData, viewer: Viewer) -> View:
        """As the address or a form says, within what they may see."""
        role, clinic = str(told.get("role", "")), str(told.get("clinic", ""))
        if not viewer.may(May.WORK) or role not in {EVERY, *Role}:
            role = viewer.role
        return cls(role, clinic if clinic in viewer.clinics else "")

    def clinics(self, viewer: Viewer) -> tuple[str, ...]:
        """The clinics it is about."""
        return (self.clinic,) if self.clinic else viewer.clinics


class TaskPages:
    """Reads the queue for a viewer and does what they say with a task of it."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self.desk = desk
        self._intake = intake
        self._hands = Hands(intake)

    def read(self, viewer: Viewer, view: View) -> dict[str, object]:
        """What the queue's template shows."""
        role = None if view.role == EVERY else Role(view.role)
        clinics = view.clinics(viewer)
        with self.desk.store.read() as session:
            items = queue.open_items(session, viewer.org, clinics, role=role, who=viewer.staff_id)
            whole = [one.task.id for one in items if TaskKind(one.task.kind) in GATHERED.values()]
            parts = queue.parts(session, viewer.org, clinics, whole) if whole else {}
        words = Words(self.desk.tenants, viewer, self.desk.clock())
        groups = grouped(words.lines(items, parts))
        return {
            "groups": (
                ("mine", "Yours", groups.mine),
                ("free", "Free to take", groups.free),
                ("colleagues", "With colleagues", groups.colleagues),
            ),
            "count": groups.every,
            "more": len(items) == queue.LONGEST,
            "view": view,
            "roles": ROLES,
            "clinics": self.desk.clinics(viewer),
            "trouble": {},
            "said": "",
            "focus": "",
        }

    def task(self, viewer: Viewer, task_id: str) -> TaskRow:
        """One task of the viewer's clinics; raises NotFound as if there were none."""
        with self.desk.store.read() as session:
            row = tasks.get(session, viewer.org, task_id)
        if not viewer.sees(row.clinic_id) or not may_act(viewer, row):
            raise NotFound("There is no such task.")
        return row

    async def act(self, viewer: Viewer, task: TaskRow, act: str, form: FormData) -> str:
        """Do it; answers the code of what to say. Raises Refused, BadRequest, EngineUnavailable."""
        if act == "approve":
            return await self._approve(viewer, task)
        if act in {"done", "dismiss"} and task.state != TaskState.OPEN:
            raise BadRequest("Somebody has done this already, or it is overtaken.", code="over")
        to = str(form.get("to", "")) or None
        if act == "hand-over" and to is None:
            raise BadRequest("Say to whom you hand it over.", code="unknown_staff", field="to")
        shown = [str(one) for one in form.getlist("part")]
        parts = await asyncio.to_thread(self._parts, viewer, task, shown)
        did = await self._hands.act(
            viewer.org, task.id, cast(Act, act), by=viewer.staff_id, to=to, parts=parts
        )
        return act if _happened(did, act, viewer.staff_id, to) else "later"

    async def _approve(self, viewer: Viewer, task: TaskRow) -> str:
        """The message a task is about may go; the task is overtaken by that."""
        if TaskKind(task.kind) not in LETS_GO or task.referral_id is None:
            raise BadRequest("No message waits for this task.", code="no_message")
        now = self.desk.clock()
        message = task.key.partition(":")[2]
        said = MessageApproved(at=now, as_of=now, by=viewer.staff_id, message=message)
        decided = await self._intake.decide(viewer.org, task.referral_id, said)
        return "later" if decided.state == "pending" else "approve"

    def _parts(self, viewer: Viewer, task: TaskRow, shown: list[str]) -> list[str] | None:
        """What a call to a practice was about: what stood on the page, at their own clinics."""
        if TaskKind(task.kind) not in GATHERED.values():
            return None
        with self.desk.store.read() as session:
            below = gathering.gathered(session, task.id)
        return [one.id for one in below if one.id in shown and viewer.sees(one.clinic_id)]


def router(desk: Desk, intake: Intake) -> APIRouter:
    """The pages about tasks."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])
    pages = TaskPages(desk, intake)

    async def shown(
        request: Request, viewer: Viewer, view: View, more: Mapping[str, object], status: int = 200
    ) -> Response:
        await asyncio.to_thread(desk.seen, viewer, "tasks")
        told = await asyncio.to_thread(pages.read, viewer, view) | dict(more)
        told["lost"] = _lost(told)
        template = "_queue.html" if wants_fragment(request) else "tasks.html"
        return await desk.page(request, viewer, template, told, status=status)

    @routes.get("/tasks")
    async def listed(request: Request) -> Response:
        viewer = await desk.viewer(request, May.BOARD)
        said = _SAID.get(request.query_params.get("said", ""), "")
        return await shown(request, viewer, View.of(request.query_params, viewer), {"said": said})

    @routes.get("/tasks/times")
    async def times(request: Request) -> Response:
        viewer = await desk.viewer(request, May.BOARD)

        def read() -> list[HandOff]:
            with desk.store.read() as session:
                since = desk.clock() - WINDOW
                return list(queue.handoffs(session, viewer.org, viewer.clinics, since))

        told = {"pace": pace(await asyncio.to_thread(read)), "says": says, "fewest": FEWEST}
        return await desk.page(request, viewer, "task_times.html", told)

    @routes.post("/tasks/{task_id}/{act}")
    async def do(
        request: Request, task_id: Annotated[str, Path(max_length=40)], act: str
    ) -> Response:
        viewer = await desk.viewer(request, May.BOARD)
        form = await desk.form(request, viewer)
        if act not in {*ACTS, "approve"}:
            raise NotFound("There is nothing at this address.")
        view = View.of(form, viewer)
        task = await asyncio.to_thread(pages.task, viewer, task_id)
        try:
            said = await pages.act(viewer, task, act, form)
        except LoopError as error:
            trouble = {"trouble": {task_id: error.sentence}, "focus": task_id}
            return await shown(request, viewer, view, trouble, error.http_status)
        if wants_fragment(request):
            return await shown(request, viewer, view, {"said": _SAID[said], "focus": task_id})
        query = f"?role={view.role}&clinic={view.clinic}&said={said}"
        return RedirectResponse(f"/tasks{query}", status_code=303)

    return routes


def _lost(told: Mapping[str, Any]) -> str:
    """What could not be done with a task that the page does not show any more."""
    lines = [line for _, _, group in told["groups"] for line in group]
    shown = {one.task.id for line in lines for one in (line, *line.parts)}
    return next((says for task, says in told["trouble"].items() if task not in shown), "")


def _happened(task: TaskRow, act: str, by: str, to: str | None) -> bool:
    """Whether the row shows it; else it is admitted and done once a worker is there."""
    if act == "take":
        return task.owner == by
    if act == "hand-over":
        return task.owner == to
    if act == "return":
        return task.owner is None
    return task.state != TaskState.OPEN or TaskKind(task.kind) in GATHERED.values()
