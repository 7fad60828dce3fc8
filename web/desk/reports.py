"""``/reports``: each month's report as a page and as files, and who stands behind each figure."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from activities.monthly import Monthly
from models.access import May, masked
from models.errors import BadRequest, Forbidden, NotFound
from models.facts import Id
from models.monthly import ALL_CLINICS, EVERY, from_address, in_address
from models.months import back, first_day, month_of, says
from reports import forms, monthly_html
from reports.kit.text import day
from store import ledger, referrals
from store.report.asks import Measure
from store.report.behind import MOST, Which, behind
from store.report.parts import PARTS
from web.apart import apart
from web.desk.door import Desk, Viewer

SHOWN = 13  # months in the list


class Month(NamedTuple):
    """One line of the list."""

    month: str
    says: str
    closed: bool
    due: bool


class Scope(NamedTuple):
    """One clinic of the viewer's, or all of them."""

    address: str
    name: str


class Line(NamedTuple):
    """One referral behind a figure; ``evaluated_on`` as known at the moment of the report."""

    referral_id: str
    patient: str
    clinic: str
    received_on: date
    evaluated_on: date | None
    stage: str


def router(desk: Desk) -> APIRouter:
    """The list, the reports, their files and what is behind their figures."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])
    monthly = Monthly(desk.store, desk.tenants)

    @pages.get("/reports")
    async def listed(request: Request, scope: str = "") -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        scopes = _scopes(desk, viewer)
        if not scopes:
            return await desk.page(request, viewer, "reports.html", {"scopes": [], "months": []})
        chosen = _allowed(desk, viewer, scope or scopes[0].address)
        months = await asyncio.to_thread(_months, desk, monthly, viewer, chosen)
        told = {"scopes": scopes, "chosen": in_address(chosen), "months": months}
        return await desk.page(request, viewer, "reports.html", told)

    @pages.get("/reports/{scope}/{month}")
    async def report(request: Request, scope: str, month: str) -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        chosen = _allowed(desk, viewer, scope)
        now = desk.clock()
        _begun(desk, viewer, month)
        told = await apart(monthly.report, viewer.org, chosen, month, now=now)
        beside = await asyncio.to_thread(_beside, desk, viewer, month)
        body = await apart(monthly_html.body, told)
        return await desk.page(
            request,
            viewer,
            "report.html",
            {
                "body": body,
                "report": told,
                "scope": in_address(chosen),
                "here": f"/reports/{in_address(chosen)}/{month}",
                "files": list(forms.FORMS),
                "may_close": told.preliminary and now >= monthly.due(viewer.org, chosen, month),
                "beside": beside,
            },
        )

    @pages.post("/reports/{scope}/{month}")
    async def close(request: Request, scope: str, month: str) -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        await desk.form(request, viewer)
        chosen = _allowed(desk, viewer, scope)
        _begun(desk, viewer, month)
        at = await asyncio.to_thread(
            monthly.close, viewer.org, chosen, month, now=desk.clock(), by=viewer.staff_id
        )
        if at is None:
            raise BadRequest("This month is not over yet.", code="month_open")
        what = f"report:{in_address(chosen)}:{month}"
        await asyncio.to_thread(desk.seen, viewer, what, "closed")
        return RedirectResponse(f"/reports/{in_address(chosen)}/{month}", status_code=303)

    @pages.get("/reports/{scope}/{month}/{name}")
    async def part(
        request: Request,
        scope: str,
        month: str,
        name: str,
        which: Which = Which.COUNTED,
        source: Id | None = None,
    ) -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        chosen = _allowed(desk, viewer, scope)
        _begun(desk, viewer, month)
        if name in forms.FORMS:
            return await apart(_file, desk, monthly, viewer, chosen, month, name)
        found = PARTS.get(name)
        if found is None:
            raise NotFound("There is no such figure.", code="no_figure")
        told = await asyncio.to_thread(
            _behind, desk, monthly, viewer, chosen, month, found.measure, which, source
        )
        here = f"/reports/{in_address(chosen)}/{month}"
        return await desk.page(
            request,
            viewer,
            "report_figure.html",
            {
                "measure": found.measure,
                "tabs": found.tabs,
                "rows": told,
                "which": which,
                "here": here,
                "source": source,
                "month": says(month),
                "day": day,
                "most": MOST,
            },
        )

    return pages


def _scopes(desk: Desk, viewer: Viewer) -> list[Scope]:
    clinics = [Scope(one.id, one.short_name) for one in desk.clinics(viewer)]
    everywhere = len(desk.tenants.get(viewer.org).organization.clinics)
    if len(clinics) == everywhere > 1:
        return [Scope(EVERY, f"All {everywhere} clinics"), *clinics]
    return clinics


def _allowed(desk: Desk, viewer: Viewer, scope: str) -> str:
    """The scope an address names; the roll-up is for who works at every clinic.

    Raises NotFound for another's clinic, Forbidden for the roll-up of somebody who does not.
    """
    chosen = from_address(scope)
    if chosen != ALL_CLINICS:
        return desk.clinic(viewer, chosen).id
    if any(one.address == EVERY for one in _scopes(desk, viewer)):
        return chosen
    raise Forbidden(
        "The report of all clinics is for those who work at all of them.", code="not_your_clinic"
    )


def _begun(desk: Desk, viewer: Viewer, month: str) -> None:
    """Raises BadRequest for what is no month, NotFound for one that has not begun."""
    calendar = desk.tenants.calendar(viewer.org, desk.clock())
    if first_day(month) > calendar.local_date(desk.clock()):
        raise NotFound("That month has not begun yet.", code="month_ahead")


def _span(desk: Desk, viewer: Viewer) -> tuple[str, str]:
    """The month of the organization's first referral, and this one."""
    now = desk.clock()
    this = month_of(desk.tenants.calendar(viewer.org, now).local_date(now))
    with desk.store.read() as session:
        return ledger.first_month(session, viewer.org) or this, this


def _beside(desk: Desk, viewer: Viewer, month: str) -> list[tuple[str, str]]:
    """The months before and after, of those there is anything to say about, with their names."""
    first, this = _span(desk, viewer)
    return [(one, says(one)) for one in (back(month, 1), back(month, -1)) if first <= one <= this]


def _months(desk: Desk, monthly: Monthly, viewer: Viewer, scope: str) -> list[Month]:
    """The last months, the newest first; none before the first referral."""
    now = desk.clock()
    first, this = _span(desk, viewer)
    found = []
    with desk.store.read() as session:
        for ago in range(SHOWN):
            month = back(this, ago)
            if month < first:
                break
            closed = ledger.closed_at(session, viewer.org, scope, month) is not None
            due = now >= monthly.due(viewer.org, scope, month)
            found.append(Month(month, says(month), closed, due))
    return found


def _file(
    desk: Desk, monthly: Monthly, viewer: Viewer, scope: str, month: str, name: str
) -> Response:
    told = monthly.report(viewer.org, scope, month, now=desk.clock())
    form = forms.FORMS[name]
    called = f"{viewer.org}-{in_address(scope)}-{month}-{name}"
    return Response(
        forms.make(told, name, desk.settings.base_url),
        media_type=form.media,
        headers={
            "content-disposition": f'attachment; filename="{called}"',
            "cache-control": "no-store",
        },
    )


def _behind(
    desk: Desk,
    monthly: Monthly,
    viewer: Viewer,
    scope: str,
    month: str,
    measure: Measure,
    which: Which,
    source: str | None,
) -> list[Line]:
    period, _ = monthly.period(viewer.org, scope, month, desk.clock())
    clinics = {one.id: one.short_name for one in desk.clinics(viewer)}
    named = viewer.named
    with desk.store.read() as session:
        lines = behind(session, period, measure, which, source_id=source)
        called = referrals.patients_of(session, [one.referral_id for one in lines])
    if named:
        desk.seen(viewer, f"figure:{measure.name}")
    return [
        Line(
            line.referral_id,
            " ".join(called[line.referral_id]) if named else masked(*called[line.referral_id]),
            clinics.get(line.clinic_id, line.clinic_id),
            line.received_on,
            line.evaluated_on,
            line.stage.replace("_", " "),
        )
        for line in lines
    ]
