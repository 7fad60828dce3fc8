"""``/sources``: the organization's book of sources; ``/sources/round``: whom to see next.

Sources belong to the organization, not to a clinic (policy.md rule 1), so that whoever keeps the
book sees all of them, and nobody a patient: sources that are patients themselves stand without
their name, and are found by it only by those who see patients by name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from starlette.responses import RedirectResponse

from models.access import May
from store import book, source_states
from store.book import Listed, Wanted
from web.desk.door import Desk, Viewer
from web.desk.source_words import (
    KINDS,
    SAID,
    STATES,
    VERDICTS,
    called,
    keepers,
    last_months,
    spark,
    today_of,
)

SORTS: Final[dict[str, str]] = {
    "matter": "What matters",
    "next": "Next touch",
    "name": "Name",
}
_MOST_PAGES, _DIGITS = 2_000, 9


class Line(NamedTuple):
    """One source on the list."""

    id: str
    name: str
    practice: str | None
    kind: str
    state: str | None
    since: Any
    verdict: str | None
    sent: int
    last: int
    spark: Markup
    next_at: Any
    owner: str | None
    key: bool
    left: bool
    away: bool


class SourceList:
    """Reads the list for a viewer."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def told(self, viewer: Viewer, wanted: Wanted) -> dict[str, Any]:
        """What the list shows; two queries."""
        now = self.desk.clock()
        months = last_months(self.desk, viewer)
        if wanted.search and wanted.kind in book.PRIVATE and not viewer.named:
            wanted = wanted._replace(search="")
        with self.desk.store.read() as session:
            rows, more = book.listed(session, viewer.org, wanted, months, now)
        people = {one.id: one.name for one in self.desk.tenants.get(viewer.org).staff}
        return {
            "lines": [self._line(viewer, one, people) for one in rows],
            "more": more,
            "wanted": wanted,
            "states": {"silent": "quiet or lapsed", **STATES},
            "verdicts": VERDICTS,
            "kinds": KINDS,
            "sorts": SORTS,
            "owners": keepers(self.desk, viewer),
            "zone": self.desk.home(viewer).zone,
            "here": address(wanted),
            "to": "",
            "newer": address(wanted._replace(page=wanted.page - 1)),
            "older": address(wanted._replace(page=wanted.page + 1)),
        }

    def round(self, viewer: Viewer) -> dict[str, Any]:
        """Whom the viewer is to be in touch with: tasks and who cools, then dates that came."""
        now = self.desk.clock()
        mine = Wanted(owner=viewer.staff_id, due=True, sort="next")
        free = mine._replace(owner="nobody")
        with self.desk.store.read() as session:
            silent = source_states.slower_or_silent(
                session, viewer.org, (viewer.staff_id, None), book.PAGE
            )
            rows = [
                one
                for which in (mine, free)
                for one in book.listed(session, viewer.org, which, (), now)[0]
            ]
        asked = {one.source.id for one in silent}
        people = {one.id: one.name for one in self.desk.tenants.get(viewer.org).staff}
        return {
            "asked": [
                (self._line(viewer, Listed(one.source, None, None), people), one.task)
                for one in silent
            ],
            "lines": [
                self._line(viewer, one, people) for one in rows if one.source.id not in asked
            ],
            "zone": self.desk.home(viewer).zone,
            "states": STATES,
        }

    def _line(self, viewer: Viewer, one: Listed, people: Mapping[str, str]) -> Line:
        row = one.source
        today = today_of(self.desk, viewer)
        on_leave = row.away_from is not None and row.away_until is not None
        return Line(
            id=row.id,
            name=called(viewer, row),
            practice=one.practice if one.practice != row.name else None,
            kind=KINDS[row.kind],
            state=row.state,
            since=row.state_since,
            verdict=one.verdict,
            sent=one.sent,
            last=one.months[-1] if one.months else 0,
            spark=spark(one.months),
            next_at=row.next_touch_at,
            owner=people.get(row.owner_id, row.owner_id) if row.owner_id else None,
            key=row.key_source,
            left=row.left_on is not None,
            away=bool(
                on_leave
                and row.away_from
                and row.away_until
                and row.away_from <= today <= row.away_until
            ),
        )


def router(desk: Desk) -> APIRouter:
    """The list, its search, and the round."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])
    pages = SourceList(desk)

    @routes.get("/sources")
    async def listed(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SOURCES)
        told = await asyncio.to_thread(pages.told, viewer, wanted_of(request.query_params, viewer))
        await _noted(viewer, told)
        return await desk.page(request, viewer, "sources.html", told)

    @routes.post("/sources/search")
    async def search(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SOURCES)
        form = await desk.form(request, viewer)
        text = str(form.get("search", "")).strip()[:80]
        if not text:
            return RedirectResponse("/sources", status_code=303)
        kind = _among(str(form.get("kind", "")), tuple(KINDS))
        wanted = Wanted(search=text, kind=kind, sort="name")
        told = await asyncio.to_thread(pages.told, viewer, wanted)
        await _noted(viewer, told)
        if form.get("then") == "round":
            told["to"] = "/log"  # on a round one looks for somebody to log a visit
        return await desk.page(request, viewer, "sources.html", told)

    @routes.get("/sources/round")
    async def walk(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SOURCES)
        told = await asyncio.to_thread(pages.round, viewer)
        told["said"] = SAID.get(request.query_params.get("said", ""), "")
        return await desk.page(request, viewer, "sources_round.html", told)

    async def _noted(viewer: Viewer, told: Mapping[str, Any]) -> None:
        if viewer.named and told["wanted"].kind in book.PRIVATE:
            await asyncio.to_thread(desk.seen, viewer, "sources:patients")

    return routes


def wanted_of(query: Mapping[str, str], viewer: Viewer) -> Wanted:
    """What an address asks for; a word it does not know leaves the choice open."""
    owner = viewer.staff_id if query.get("mine") == "1" else query.get("owner", "")[:60]
    page = query.get("page", "1")[:_DIGITS]
    return Wanted(
        state=_among(query.get("state", ""), ("silent", *STATES)),
        verdict=_among(query.get("verdict", ""), tuple(VERDICTS)),
        kind=_among(query.get("kind", ""), tuple(KINDS)),
        owner=owner,
        due=query.get("due") == "1",
        sort=_among(query.get("sort", ""), tuple(SORTS)) or "matter",
        page=min(int(page), _MOST_PAGES) if page.isascii() and page.isdigit() and int(page) else 1,
    )


def address(wanted: Wanted) -> str:
    """The address of a choice; what somebody searched for stands in none."""
    told = {
        "state": wanted.state,
        "verdict": wanted.verdict,
        "kind": wanted.kind,
        "owner": wanted.owner,
        "due": "1" if wanted.due else "",
        "sort": wanted.sort if wanted.sort != "matter" else "",
        "page": str(wanted.page) if wanted.page > 1 else "",
    }
    query = urlencode({name: value for name, value in told.items() if value})
    return f"/sources?{query}" if query else "/sources"


def _among(value: str, choices: Sequence[str]) -> str:
    return value if value in choices else ""
