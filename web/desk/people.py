"""``/staff``: who may sign in, and invitations; ``/audit``: who has seen and done what.

Who works here, with which role and at which clinics, is in the policy file; here nobody is made.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from models.access import May
from models.errors import NotFound
from models.organization import Staff
from store import audit, sign_in
from web.desk.cards import words
from web.desk.door import Desk, Viewer, hash_of

INVITED_FOR: Final = timedelta(hours=72)
MOST_LINES: Final = 300


class Colleague(NamedTuple):
    """Somebody of the staff, and whether they can sign in."""

    person: Staff
    has_password: bool
    sessions: int


class Line(NamedTuple):
    """One line of the record of who did what."""

    at: datetime
    who: str
    what: str
    subject: str


def router(desk: Desk) -> APIRouter:
    """Both pages."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])

    @pages.get("/staff")
    async def staff(request: Request) -> Response:
        viewer = await desk.viewer(request, May.STAFF)
        told = {"people": await asyncio.to_thread(_people, desk, viewer), "link": "", "whom": ""}
        return await desk.page(request, viewer, "staff.html", told)

    @pages.post("/staff/{staff_id}/invite")
    async def invite(request: Request, staff_id: str) -> Response:
        viewer = await desk.viewer(request, May.STAFF)
        await desk.form(request, viewer)
        person = _colleague(desk, viewer, staff_id)
        link = await asyncio.to_thread(_invite, desk, viewer, person)
        people = await asyncio.to_thread(_people, desk, viewer)
        told = {"people": people, "link": link, "whom": person.name}
        return await desk.page(request, viewer, "staff.html", told)

    @pages.post("/staff/{staff_id}/sign-out")
    async def sign_out(request: Request, staff_id: str) -> Response:
        viewer = await desk.viewer(request, May.STAFF)
        await desk.form(request, viewer)
        person = _colleague(desk, viewer, staff_id)
        await asyncio.to_thread(_end, desk, viewer, person)
        return RedirectResponse("/staff", status_code=303)

    @pages.get("/audit")
    async def record(request: Request, who: str = "", subject: str = "") -> Response:
        viewer = await desk.viewer(request, May.AUDIT)
        lines = await asyncio.to_thread(_lines, desk, viewer, who.strip(), subject.strip())
        told = {"lines": lines, "who": who, "subject": subject, "most": MOST_LINES}
        zone = desk.home(viewer).zone
        people = _colleagues(desk, viewer)
        return await desk.page(
            request, viewer, "audit.html", {**told, "people": people, "zone": zone}
        )

    return pages


def _colleague(desk: Desk, viewer: Viewer, staff_id: str) -> Staff:
    """Somebody who works at a clinic of the viewer's; for others it is as if there were nobody."""
    for person in _colleagues(desk, viewer):
        if person.id == staff_id:
            return person
    raise NotFound("There is nobody here with whom you work.", code="not_yours")


def _colleagues(desk: Desk, viewer: Viewer) -> list[Staff]:
    """Whoever works at one of the viewer's clinics."""
    staff = desk.tenants.get(viewer.org).staff
    return [one for one in staff if set(one.clinics) & set(viewer.clinics)]


def _people(desk: Desk, viewer: Viewer) -> list[Colleague]:
    mine = _colleagues(desk, viewer)
    with desk.store.read() as session:
        known = sign_in.with_password(session, viewer.org)
        sessions = sign_in.sessions(session, viewer.org, desk.clock())
    return [Colleague(one, one.id in known, sessions.get(one.id, 0)) for one in mine]


def _invite(desk: Desk, viewer: Viewer, person: Staff) -> str:
    token, now = secrets.token_urlsafe(32), desk.clock()
    with desk.store.write() as session:
        sign_in.invite(session, viewer.org, person.id, hash_of(token), now, now + INVITED_FOR)
        desk.note(session, viewer.org, viewer.staff_id, "invited", person.id)
    return f"{desk.settings.base_url}/sign-in/invited/{token}"


def _end(desk: Desk, viewer: Viewer, person: Staff) -> None:
    with desk.store.write() as session:
        sign_in.end_all(session, viewer.org, person.id)
        desk.note(session, viewer.org, viewer.staff_id, "signed_out_everywhere", person.id)


def _lines(desk: Desk, viewer: Viewer, who: str, subject: str) -> list[Line]:
    everybody = desk.tenants.get(viewer.org).staff
    colleagues = {one.id for one in _colleagues(desk, viewer)}
    with desk.store.read() as session:
        rows = audit.latest(
            session,
            viewer.org,
            who=who or None,
            subject=subject or None,
            clinics=viewer.clinics,
            elsewhere=[one.id for one in everybody if one.id not in colleagues],
            limit=MOST_LINES,
        )
    desk.seen(viewer, subject or who or "everybody", "audit_read")
    names = {one.id: one.name for one in everybody}
    return [
        Line(row.recorded_at, names.get(row.who, row.who), words(row.what), row.subject)
        for row in rows
    ]
