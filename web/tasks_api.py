"""``/api/v1/tasks``: what people have to do, in whose hands it is, and who calls which number."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from activities.hands import Act, Hands
from activities.intake import Intake
from models.base import StrictModel
from models.facts import Id
from models.roles import Role
from settings import Settings
from web.answers import CallLock, TaskView, task_view
from web.auth import organization_of
from web.openapi import PROBLEMS


class Doing(StrictModel):
    """Who does something with a task; ``to`` is the colleague of a hand-over.

    ``parts`` are the ids of what a call to a practice was about, when it is done: what has joined
    it since it was listed stays open. Without them all of it is done.
    """

    by: Id
    to: Id | None = None
    parts: Annotated[tuple[Id, ...], Field(max_length=1000)] | None = None


class Calling(StrictModel):
    """Who calls."""

    by: Id


def router(settings: Settings, intake: Intake) -> APIRouter:
    """The routes about tasks and calls."""
    api = APIRouter(prefix="/api/v1", tags=["tasks"])
    hands = Hands(intake)

    @api.get("/tasks", response_model=list[TaskView], responses=PROBLEMS, summary="List open tasks")
    async def listed(
        request: Request,
        role: Role | None = None,
        clinic: Id | None = None,
        who: Annotated[Id | None, Query(alias="for")] = None,
    ) -> list[TaskView]:
        """What stands open, soonest first; `for` a staff id: what they have, then what is free."""
        org = organization_of(settings, request.headers.get("authorization"))
        rows = await asyncio.to_thread(hands.open_tasks, org, role=role, clinic_id=clinic, who=who)
        parts = await asyncio.to_thread(hands.parts, org, rows)
        return [task_view(row, parts.get(row.id, ())) for row in rows]

    @api.post(
        "/tasks/{task_id}/{act}",
        response_model=TaskView,
        responses=PROBLEMS,
        summary="Take, return, hand over or finish a task",
    )
    async def do(
        task_id: Annotated[str, Path(max_length=40)], act: Act, doing: Doing, request: Request
    ) -> TaskView:
        """Of two who take one task the first has it; 409 `taken` tells the other who has it."""
        org = organization_of(settings, request.headers.get("authorization"))
        row = await hands.act(org, task_id, act, by=doing.by, to=doing.to, parts=doing.parts)
        return task_view(row)

    @api.post(
        "/referrals/{referral_id}/call",
        response_model=CallLock,
        responses=PROBLEMS,
        summary="Open the call script",
    )
    async def call(referral_id: str, calling: Calling, request: Request) -> CallLock:
        """Lock the patient's number for ten minutes, or until the call is logged.

        409 `number_locked` says who is calling it, for whichever of the patient's referrals.
        """
        org = organization_of(settings, request.headers.get("authorization"))
        lock = await hands.open_call(org, referral_id, calling.by)
        return CallLock(by=lock.by, until=lock.until)

    return api
