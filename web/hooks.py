"""``/hooks/{org}/events``: signed events in, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request

from activities.intake import Intake
from integrations.emr.events import EventsReader
from models.contracts import RawRequest
from models.errors import NotFound
from settings import Settings
from web.answers import Accepted, EventStatus, accepted, event_status
from web.auth import organization_of
from web.dispatcher import Dispatcher
from web.openapi import EVENT_BODY, PROBLEMS


def router(
    settings: Settings, intake: Intake, dispatcher: Dispatcher, clock: Callable[[], datetime]
) -> APIRouter:
    """The routes of the hooks."""
    hooks = APIRouter(prefix="/hooks", tags=["events"])

    def reader(org: str) -> EventsReader:
        return EventsReader(settings.hook_secrets(org), settings.replay_window)

    @hooks.post(
        "/{org}/events",
        status_code=202,
        response_model=Accepted,
        responses=PROBLEMS,
        openapi_extra=EVENT_BODY,
        summary="Tell what happened",
    )
    async def tell(org: str, request: Request) -> Accepted:
        """Keep one signed event and apply it right after; the same event again is the same one."""
        intake.tenants.get(org)
        raw = await _raw(request, clock)
        event_id = reader(org).authenticate(raw)
        row = await asyncio.to_thread(intake.accept, org, raw, event_id)
        dispatcher.soon(row.id)
        return accepted(settings.base_url, row)

    @hooks.get(
        "/{org}/events/{event}",
        response_model=EventStatus,
        responses=PROBLEMS,
        summary="Ask what became of it",
    )
    async def ask(org: str, event: str, request: Request) -> EventStatus:
        """The status of one event, for a token of the organization or a signed empty body."""
        intake.tenants.get(org)
        if "webhook-signature" in request.headers:
            reader(org).authenticate(await _raw(request, clock))
        elif organization_of(settings, request.headers.get("authorization")) != org:
            raise NotFound("There is no such event.")
        row = await asyncio.to_thread(intake.status, org, event)
        return event_status(settings.base_url, row)

    return hooks


async def _raw(request: Request, clock: Callable[[], datetime]) -> RawRequest:
    body = await request.body()
    return RawRequest(
        origin="events", headers=dict(request.headers), body=body, received_at=clock()
    )
