"""``/today``: the director's strip, and the referrals behind each of its figures."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from models.access import May
from models.errors import NotFound
from models.monthly import Aged
from store import today
from store.today import Figure, Late, Measure, Scope
from web.desk.door import Desk, Viewer
from web.desk.queue import name_of

ONE_DAY = timedelta(days=1)


class Strip(NamedTuple):
    """Everything the page says."""

    figures: list[Figure]
    ages: tuple[Aged, ...]
    late: list[Late]


class Behind(NamedTuple):
    """One referral behind a figure."""

    referral_id: str
    patient: str
    clinic: str
    zone: str
    received_at: datetime
    evaluation_at: datetime | None
    stage: str


def router(desk: Desk) -> APIRouter:
    """The strip and its drill-downs."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])

    @pages.get("/today")
    async def strip(request: Request, clinic: str = "") -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        told = await asyncio.to_thread(_strip, desk, _scope(desk, viewer, clinic))
        every = desk.clinics(viewer)
        return await desk.page(
            request,
            viewer,
            "figures.html",
            {**told._asdict(), "clinics": every, "chosen": clinic, "note": today.COHORT_NOTE},
        )

    @pages.get("/today/{name}")
    async def behind(
        request: Request, name: str, clinic: str = "", others: bool = False
    ) -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        measure = today.FIGURES.get(name)
        if measure is None:
            raise NotFound("There is no such figure.", code="no_figure")
        scope = _scope(desk, viewer, clinic)
        rows = await asyncio.to_thread(_behind, desk, viewer, scope, measure, others)
        told = {"measure": measure, "rows": rows, "others": others, "chosen": clinic}
        return await desk.page(request, viewer, "figure.html", {**told, "most": today.MOST_SHOWN})

    return pages


def _scope(desk: Desk, viewer: Viewer, clinic: str) -> Scope:
    """The clinics of the viewer, or the one chosen among them; raises NotFound for another's."""
    chosen = (desk.clinic(viewer, clinic).id,) if clinic else viewer.clinics
    now = desk.clock()
    days = []
    for one in chosen:
        calendar = desk.tenants.calendar(viewer.org, now, one)
        midnight = calendar.local(now).replace(hour=0, minute=0, second=0, microsecond=0)
        day = midnight.date()
        begins = calendar.at_local(day, midnight.time())
        ends = calendar.at_local(day + ONE_DAY, midnight.time())
        days.append((one, begins, ends))
    return Scope(viewer.org, chosen, now, tuple(days))


def _strip(desk: Desk, scope: Scope) -> Strip:
    with desk.store.read() as session:
        return Strip(
            today.figures(session, scope),
            today.open_by_age(session, scope),
            today.late_tasks(session, scope),
        )


def _behind(
    desk: Desk, viewer: Viewer, scope: Scope, measure: Measure, others: bool
) -> list[Behind]:
    clinics = {one.id: one for one in desk.clinics(viewer)}
    with desk.store.read() as session:
        found = today.behind(session, scope, measure, counting=not others)
    if viewer.named:
        desk.seen(viewer, f"figure:{measure.name}")
    return [
        Behind(
            referral.id,
            name_of(viewer, patient),
            clinics[referral.clinic_id].short_name,
            clinics[referral.clinic_id].zone,
            referral.received_at,
            referral.evaluation_at,
            referral.stage.replace("_", " "),
        )
        for referral, patient in found
    ]
