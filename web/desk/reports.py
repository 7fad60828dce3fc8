"""``/reports``: each month's report as a page and as files, and who stands behind each figure."""

from __future__ import annotations

import asyncio
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from activities.monthly import Monthly
from models.access import May
from models.errors import BadRequest, Forbidden, NotFound
from models.facts import Id
from models.monthly import ALL_CLINICS, EVERY, from_address, in_address
from models.months import back, first_day, month_of, says
from reports import forms, monthly_html
from store import ledger
from store.report.behind import Narrow, Which
from store.report.parts import part as part_of
from web.apart import apart
from web.desk.behind import SOURCES, Page, referrals_behind
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


def router(desk: Desk) -> APIRouter:
    """The list, the reports, their files and what is behind their figures."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])
    monthly = Monthly(desk.store, desk.tenants)

    @pages.get("/reports")
    async def listed(request: Request, scope: str = "") -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        scopes = await asyncio.to_thread(_scopes, desk, monthly, viewer)
        if not scopes:
            return await desk.page(request, viewer, "reports.html", {"scopes": [], "months": []})
        chosen = await asyncio.to_thread(
            _allowed, desk, monthly, viewer, scope or scopes[0].address
        )
        months = await asyncio.to_thread(_months, desk, monthly, viewer, chosen)
        told = {"scopes": scopes, "chosen": in_address(chosen), "months": months}
        return await desk.page(request, viewer, "reports.html", told)

    @pages.get("/reports/{scope}/{month}")
    async def report(request: Request, scope: str, month: str) -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        chosen = await asyncio.to_thread(_allowed, desk, monthly, viewer, scope)
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
        chosen = await asyncio.to_thread(_allowed, desk, monthly, viewer, scope)
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
        clinic: Id | None = None,
        of: Annotated[str | None, Query(max_length=7)] = None,
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        chosen = await asyncio.to_thread(_allowed, desk, monthly, viewer, scope)
        _begun(desk, viewer, month)
        if name in forms.FORMS:
            return await apart(_file, desk, monthly, viewer, chosen, month, name)
        here = {"here": f"/reports/{in_address(chosen)}/{month}", "month": says(month)}
        now = desk.clock()
        if name in SOURCES:
            report = await apart(monthly.report, viewer.org, chosen, month, now=now)
            listed = {"title": SOURCES[name].title, "rows": SOURCES[name].of(report)}
            return await desk.page(request, viewer, "report_sources.html", {**listed, **here})
        found, narrow = part_of(name), Narrow(source, clinic, of)

        def behind() -> Page:
            period, _ = monthly.period(viewer.org, chosen, month, now)
            place = f"{in_address(chosen)}:{month}"
            return referrals_behind(desk, viewer, period, found, which, narrow, page, place)

        told = await asyncio.to_thread(behind)
        shown = {**told._asdict(), "name": name, **here}
        return await desk.page(request, viewer, "report_figure.html", shown)

    return pages


def _scopes(desk: Desk, monthly: Monthly, viewer: Viewer) -> list[Scope]:
    """The viewer's clinics, and all of them for who works at each, those that left among them."""
    clinics = [Scope(one.id, one.short_name) for one in desk.clinics(viewer)]
    everywhere = len(desk.tenants.get(viewer.org).organization.clinics)
    if len(clinics) < everywhere or monthly.meant(viewer.org, ALL_CLINICS) != ALL_CLINICS:
        return clinics
    all_ = f"All {everywhere} clinics" if everywhere > 1 else "With the clinics that have left"
    return [Scope(EVERY, all_), *clinics]


def _allowed(desk: Desk, monthly: Monthly, viewer: Viewer, scope: str) -> str:
    """The scope an address names; the roll-up is for who works at every clinic.

    Raises NotFound for another's clinic, Forbidden for the roll-up of somebody who does not.
    """
    chosen = from_address(scope)
    if chosen != ALL_CLINICS:
        return desk.clinic(viewer, chosen).id
    if any(one.address == EVERY for one in _scopes(desk, monthly, viewer)):
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
