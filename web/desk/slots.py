"""``/slots``: the times a clinic offers on patients' pages; typed in, from a file, withdrawn."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from integrations.emr.slot_file import read_slots
from models.access import May
from models.errors import BadRequest, LoopError, NotFound, Refused, TooLarge, UserError
from models.organization import Clinic
from models.slot_times import moment, times_of_day
from store import slots
from store.slots import Offer, SlotRow, SlotSource
from web.desk.door import Desk, Viewer
from web.pages import day as local_day

MOST_BYTES: Final = 1024 * 1024
FARTHEST: Final = timedelta(days=366)
_LENGTHS: Final = ("30", "45", "60", "75", "90")
_PLACES: Final = tuple(str(number) for number in range(1, 7))


class Typed(NamedTuple):
    """What somebody has typed, kept while it has to be mended."""

    day: str = ""
    times: str = ""
    minutes: str = "60"
    places: str = "1"


_NOTHING: Final = Typed()


def router(desk: Desk) -> APIRouter:
    """The page of one clinic at a time, and its forms."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])

    async def shown(
        request: Request,
        viewer: Viewer,
        clinic: Clinic,
        typed: Typed = _NOTHING,
        trouble: LoopError | None = None,
    ) -> Response:
        rows = await asyncio.to_thread(_upcoming, desk, viewer, clinic)
        now = desk.clock()
        days = groupby(rows, key=lambda one: local_day(one.starts_at, clinic.zone, now))
        told = {
            "clinic": clinic,
            "clinics": desk.clinics(viewer),
            "days": [(day, list(times)) for day, times in days],
            "typed": typed,
            "lengths": _LENGTHS,
            "places": _PLACES,
            "wrong": trouble.sentence if trouble else "",
            "offered": request.query_params.get("offered", ""),
            "withdrawn": "withdrawn" in request.query_params,
        }
        return await desk.page(
            request, viewer, "slots.html", told, status=trouble.http_status if trouble else 200
        )

    @pages.get("/slots")
    async def look(request: Request, clinic: str = "") -> Response:
        viewer = await desk.viewer(request, May.SLOTS)
        return await shown(request, viewer, _clinic(desk, viewer, clinic))

    @pages.post("/slots")
    async def add(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SLOTS)
        form = await desk.form(request, viewer)
        clinic = _clinic(desk, viewer, str(form.get("clinic", "")))
        typed = Typed(*(str(form.get(name, "")) for name in Typed._fields))
        try:
            offers = _typed(typed, clinic, desk.clock())
        except UserError as error:
            return await shown(request, viewer, clinic, typed, error)
        fresh = await asyncio.to_thread(_put, desk, viewer, clinic, SlotSource.DESK, offers)
        return _back(clinic, offered=str(fresh))

    @pages.post("/slots/file")
    async def upload(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SLOTS)
        form = await desk.form(request, viewer)
        clinic = _clinic(desk, viewer, str(form.get("clinic", "")))
        file = form.get("file")
        try:
            content = await file.read(MOST_BYTES + 1) if isinstance(file, UploadFile) else b""
            if len(content) > MOST_BYTES:
                raise TooLarge(f"The file is larger than {MOST_BYTES // 1024} KiB; split it.")
            found = read_slots(content, {clinic.id: clinic.zone})
        except UserError as error:
            return await shown(request, viewer, clinic, trouble=error)
        finally:
            await form.close()
        offers = [Offer(one.external, one.starts_at, one.minutes) for one in found]
        fresh = await asyncio.to_thread(_put, desk, viewer, clinic, SlotSource.FILE, offers)
        return _back(clinic, offered=str(fresh))

    @pages.post("/slots/{slot_id}/withdraw")
    async def withdraw(request: Request, slot_id: str) -> Response:
        viewer = await desk.viewer(request, May.SLOTS)
        await desk.form(request, viewer)
        clinic = await asyncio.to_thread(_withdrawn, desk, viewer, slot_id)
        return _back(clinic, withdrawn="1")

    return pages


def _clinic(desk: Desk, viewer: Viewer, wanted: str) -> Clinic:
    """The clinic asked for, or their first; raises NotFound for one they do not work at."""
    if wanted:
        return desk.clinic(viewer, wanted)
    mine = desk.clinics(viewer)
    if not mine:
        raise NotFound("There is nothing here that you work with.", code="not_yours")
    return mine[0]


def _upcoming(desk: Desk, viewer: Viewer, clinic: Clinic) -> list[SlotRow]:
    with desk.store.read() as session:
        return list(slots.upcoming(session, viewer.org, clinic.id, after=desk.clock()))


def _typed(typed: Typed, clinic: Clinic, now: datetime) -> list[Offer]:
    try:
        day = date.fromisoformat(typed.day)
    except ValueError:
        raise BadRequest("Choose a day.", code="bad_time") from None
    if typed.minutes not in _LENGTHS or typed.places not in _PLACES:
        raise BadRequest("Choose a length and the number of places.", code="bad_time")
    offers = []
    for clock in times_of_day(typed.times):
        at = moment(day, clock, clinic.zone)
        if not now < at < now + FARTHEST:
            raise BadRequest("Offer times from now on, at most a year ahead.", code="bad_time")
        for place in range(1, int(typed.places) + 1):
            offers.append(Offer(f"{at:%Y%m%dT%H%MZ}#{place}", at, int(typed.minutes)))
    return offers


def _put(
    desk: Desk, viewer: Viewer, clinic: Clinic, source: SlotSource, offers: list[Offer]
) -> int:
    with desk.store.write() as session:
        fresh = slots.put(session, viewer.org, clinic.id, source, offers, at=desk.clock())
        desk.note(session, viewer.org, viewer.staff_id, "slots_offered", clinic.id)
        return fresh


def _withdrawn(desk: Desk, viewer: Viewer, slot_id: str) -> Clinic:
    with desk.store.write() as session:
        row = slots.get(session, viewer.org, slot_id)
        if row is None or not viewer.sees(row.clinic_id):
            raise NotFound("There is no such time.", code="not_yours")
        if not slots.withdraw(session, viewer.org, slot_id):
            raise Refused(
                "Somebody has asked for this time just now, or it is gone already. Load the page "
                "again to see.",
                code="slot_in_use",
            )
        desk.note(session, viewer.org, viewer.staff_id, "slot_withdrawn", slot_id)
        return desk.clinic(viewer, row.clinic_id)


def _back(clinic: Clinic, **said: str) -> Response:
    query = urlencode({"clinic": clinic.id, **said})
    return RedirectResponse(f"/slots?{query}", status_code=303)
