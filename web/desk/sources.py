"""``/sources``: the organization's book of sources; ``/sources/round``: whom to see next.

Sources belong to the organization, not to a clinic (policy.md rule 1), so that whoever keeps the
book sees all of them, and nobody a patient: sources that are patients themselves stand without
their name, and are found by it only by those who see patients by name.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from starlette.responses import RedirectResponse, StreamingResponse

from models.access import GRANTS, May
from models.months import month_of, up_to
from models.organization import Staff
from models.people import SourceKind
from models.source_states import SourceState
from models.verdicts import Verdict
from reports.kit.scene_svg import to_hidden_svg
from reports.monthly_charts import sparkline
from store import book, gifts, source_states
from store.book import Listed, Wanted
from store.tables import SourceRow
from web.desk.door import Desk, Viewer

STATES: Final[dict[str, str]] = {
    SourceState.ACTIVE: "sending",
    SourceState.COOLING: "cooling",
    SourceState.QUIET: "quiet",
    SourceState.LAPSED: "lapsed",
    SourceState.RETURNED: "back",
}
VERDICTS: Final[dict[str, str]] = {
    Verdict.GROWING: "growing",
    Verdict.HOLDING: "holding",
    Verdict.FADING: "fading",
    Verdict.TOO_FEW: "too few to say",
}
KINDS: Final[dict[str, str]] = {
    SourceKind.PROVIDER: "Provider",
    SourceKind.PRACTICE: "Practice",
    SourceKind.CASE_MANAGER: "Case manager",
    SourceKind.EMPLOYER: "Employer",
    SourceKind.ATTORNEY: "Attorney",
    SourceKind.SCHOOL: "School",
    SourceKind.PAST_PATIENT: "Past patient",
    SourceKind.SELF: "Self-referral",
}
SORTS: Final[dict[str, str]] = {
    "matter": "What matters",
    "next": "Next touch",
    "name": "Name",
}
MONTHS: Final = 12
_MOST_PAGES: Final = 2_000


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
            "newer": address(wanted._replace(page=wanted.page - 1)),
            "older": address(wanted._replace(page=wanted.page + 1)),
        }

    def round(self, viewer: Viewer) -> dict[str, Any]:
        """Whom the viewer is to be in touch with: tasks and Mondays first, then dates that came."""
        now = self.desk.clock()
        mine = Wanted(owner=viewer.staff_id, due=True, sort="next")
        free = mine._replace(owner="nobody")
        with self.desk.store.read() as session:
            monday = source_states.monday(session, viewer.org, (viewer.staff_id, None))
            rows = [
                one
                for which in (mine, free)
                for one in book.listed(session, viewer.org, which, (), now)[0]
            ]
        asked = {one.source.id for one in monday}
        people = {one.id: one.name for one in self.desk.tenants.get(viewer.org).staff}
        return {
            "asked": [
                (self._line(viewer, Listed(one.source, None, None), people), one.task)
                for one in monday[: book.PAGE]
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
    """The list, its search, the round, and the gifts of a year."""
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
        wanted = Wanted(search=text, sort="name")
        told = await asyncio.to_thread(pages.told, viewer, wanted)
        return await desk.page(request, viewer, "sources.html", told)

    @routes.get("/sources/round")
    async def walk(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SOURCES)
        told = await asyncio.to_thread(pages.round, viewer)
        return await desk.page(request, viewer, "sources_round.html", told)

    @routes.get("/sources/gifts.csv")
    async def export(request: Request, year: int = 0) -> Response:
        viewer = await desk.viewer(request, May.SOURCES)
        wanted = year if 2000 <= year <= 2200 else today_of(desk, viewer).year
        headers = {
            "content-disposition": f'attachment; filename="{viewer.org}-gifts-{wanted}.csv"',
            "cache-control": "no-store",
        }
        await asyncio.to_thread(desk.seen, viewer, f"gifts:{wanted}", "exported")
        lines = _gift_lines(desk, viewer.org, wanted)
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    async def _noted(viewer: Viewer, told: Mapping[str, Any]) -> None:
        if viewer.named and told["wanted"].kind in book.PRIVATE:
            await asyncio.to_thread(desk.seen, viewer, "sources:patients")

    return routes


# --- shared with the page of one source -----------------------------------------------------------


def called(viewer: Viewer, row: SourceRow) -> str:
    """A source by name; one that is a patient only for those who see patients by name."""
    if row.kind in book.PRIVATE and not viewer.named:
        return KINDS[row.kind]
    return row.name


def keepers(desk: Desk, viewer: Viewer) -> Sequence[Staff]:
    """Who may own a relationship: whoever keeps the book."""
    return [one for one in desk.tenants.get(viewer.org).staff if May.SOURCES in GRANTS[one.role]]


def last_months(desk: Desk, viewer: Viewer, number: int = MONTHS) -> tuple[str, ...]:
    """The last months by the clock of the viewer's first clinic, this one last."""
    return up_to(month_of(today_of(desk, viewer)), number)


def today_of(desk: Desk, viewer: Viewer) -> date:
    """Today by the clock of the viewer's first clinic."""
    return desk.clock().astimezone(ZoneInfo(desk.home(viewer).zone)).date()


def spark(months: Sequence[int]) -> Markup:
    """Twelve months as a small line, hidden from readers who have the numbers beside it."""
    return to_hidden_svg(sparkline([float(one) for one in months])) if months else Markup("")


def wanted_of(query: Mapping[str, str], viewer: Viewer) -> Wanted:
    """What an address asks for; a word it does not know leaves the choice open."""
    owner = viewer.staff_id if query.get("mine") == "1" else query.get("owner", "")[:60]
    page = query.get("page", "1")
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


def _gift_lines(desk: Desk, org: str, year: int) -> Iterator[str]:
    head = ("day", "recipient", "npi", "source", "usd", "what", "entry", "takes_back", "by")
    yield _csv([(*head, "recorded_at")])
    with desk.store.read() as session:
        for one in gifts.of_year(session, org, year):
            gift = one.gift
            yield _csv(
                [
                    (
                        date.isoformat(gift.given_on),
                        _plain(one.provider or one.source),
                        one.npi or "",
                        _plain(one.source),
                        f"{gift.cents / 100:.2f}",
                        _plain(gift.what),
                        gift.id,
                        gift.reverses or "",
                        gift.by,
                        gift.recorded_at.isoformat(),
                    )
                ]
            )


def _plain(text: str) -> str:
    """Words that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _csv(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
