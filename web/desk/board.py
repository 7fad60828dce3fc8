"""The board: who needs something now, and where every open referral stands.

What somebody looks for by name never stands in an address; every other filter does.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from starlette.responses import RedirectResponse

from models.access import May
from models.errors import BadRequest
from models.facts import Payer, Urgency
from models.moves import TITLES
from models.referral import Stage
from store import board, board_views
from store.board import Board, Filters, Pile
from web.desk import cards
from web.desk.cards import Face
from web.desk.door import PRIVATE_COOKIE, Desk, Viewer
from web.desk.subject import Subjects
from web.pages import environment

LONGEST_NAME: Final = 80
LONGEST_TITLE: Final = 40
_COLUMNS: Final = {*map(str, Stage), "needs"}


class Column(NamedTuple):
    """One column as the page shows it."""

    stage: str
    title: str
    faces: list[Face]
    total: int
    above: int  # how many of its cards stand in the lane
    more: str  # the address that shows it whole; "" where it is whole


class Boards:
    """Reads a board for somebody and says it in words."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def wanted(self, viewer: Viewer, query: Mapping[str, str], name: str = "") -> Filters:
        """The filters an address asks for; what it says wrongly is left out.

        Raises NotFound for a clinic that is not theirs.
        """
        clinic = query.get("clinic")
        clinics = (self.desk.clinic(viewer, clinic).id,) if clinic else viewer.clinics
        name = " ".join(name.split())[:LONGEST_NAME]
        return Filters(
            clinics=clinics,
            mine=viewer.staff_id if query.get("mine") == "1" else None,
            source_id=query.get("source") or None,
            overdue=query.get("overdue") == "1",
            urgency=_one_of(query.get("urgency"), Urgency),
            payer=_one_of(query.get("payer"), Payer),
            name=name if viewer.may(May.NAMES) else "",
            more=query.get("more") if query.get("more") in _COLUMNS else None,
        )

    def read(self, viewer: Viewer, wanted: Filters) -> Board:
        """The board from the store; two queries."""
        with self.desk.store.read() as session:
            return board.read(
                session, viewer.org, viewer.role, viewer.staff_id, wanted, self.desk.clock()
            )

    def around(self, viewer: Viewer) -> dict[str, Any]:
        """What stands around the cards: sources to filter by, saved views."""
        with self.desk.store.read() as session:
            found = board.sources(session, viewer.org, viewer.clinics)
            views = board_views.of(session, viewer.org, viewer.staff_id)
        return {"sources": found, "views": [(one.id, one.name, one.query) for one in views]}

    def shown(self, viewer: Viewer, wanted: Filters) -> dict[str, Any]:
        """The cards in words, for the templates."""
        found = self.read(viewer, wanted)
        query = canonical(viewer, wanted)
        faces = self._faces(viewer)
        lane = {tile.card.referral_id: tile.card.stage for tile in found.needs.tiles}
        columns = [
            Column(
                stage=stage,
                title=TITLES[stage],
                faces=faces(pile),
                total=pile.total,
                above=sum(one == stage for one in lane.values()),
                more=_more(query, stage, pile, sum(one == stage for one in lane.values())),
            )
            for stage, pile in found.columns.items()
        ]
        needs = Column(
            "needs", "Needs you", faces(found.needs), found.needs.total, 0,
            _more(query, "needs", found.needs, 0),
        )  # fmt: skip
        return {"needs": needs, "columns": columns, "query": query, "wanted": wanted}

    def fragment(self, viewer: Viewer, wanted: Filters) -> tuple[Markup, str, dict[str, Any]]:
        """The cards as HTML, and a token that changes with anything on them."""
        told = self.shown(viewer, wanted)
        may_move = viewer.may(May.WORK)
        html = environment().get_template("desk/_cards.html").render(told | {"moves": may_move})
        have = hashlib.sha256(html.encode()).hexdigest()[:16]
        return Markup(html), have, told  # noqa: S704 - rendered by a template that escapes

    def _faces(self, viewer: Viewer) -> Any:
        now = self.desk.clock()
        zones = {one.id: one.zone for one in self.desk.clinics(viewer)}
        staff = {one.id: one.name for one in self.desk.tenants.get(viewer.org).staff}
        named = viewer.named

        def faces(pile: Pile) -> list[Face]:
            return [
                cards.face(tile, now=now, zone=zones[tile.card.clinic_id], staff=staff, named=named)
                for tile in pile.tiles
            ]

        return faces


def router(desk: Desk) -> APIRouter:
    """The board, its cards alone, and what people set on it."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])
    boards = Boards(desk)

    async def whole(request: Request, viewer: Viewer, name: str = "") -> Response:
        wanted = boards.wanted(viewer, request.query_params, name)
        html, have, told = await asyncio.to_thread(boards.fragment, viewer, wanted)
        told |= await asyncio.to_thread(boards.around, viewer)
        await asyncio.to_thread(desk.seen, viewer, "board")
        moved = await asyncio.to_thread(_moved, desk, viewer, request)
        return await desk.page(
            request,
            viewer,
            "board.html",
            told
            | {
                "cards": html,
                "have": have,
                "private": viewer.private,
                "name": wanted.name,
                "moved": moved,
                "clinics": [(one.id, one.name) for one in desk.clinics(viewer)],
                "payers": [(one.value, cards.payer_words(one)) for one in Payer],
                "urgencies": [(one.value, cards.urgency_words(one)) for one in Urgency],
            },
        )

    @pages.get("/board")
    async def show(request: Request) -> Response:
        return await whole(request, await desk.viewer(request, May.BOARD))

    @pages.post("/board/search")
    async def search(request: Request) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.NAMES)
        form = await desk.form(request, viewer)
        return await whole(request, viewer, str(form.get("name", "")))

    @pages.post("/board/cards")
    async def again(request: Request) -> Response:
        """The cards alone, asked for by the page itself; 204 while nothing on them has changed."""
        person = request.headers.get("x-asked-by") == "person"
        viewer = await desk.viewer(request, May.BOARD, quiet=not person)
        form = await desk.form(request, viewer)
        wanted = boards.wanted(viewer, request.query_params, str(form.get("name", "")))
        html, have, told = await asyncio.to_thread(boards.fragment, viewer, wanted)
        if form.get("have") == have:
            return Response(status_code=204)
        await asyncio.to_thread(desk.seen, viewer, "board")
        return await desk.page(request, viewer, "_board.html", told | {"cards": html, "have": have})

    @pages.post("/board/privacy")
    async def private(request: Request) -> Response:
        viewer = await desk.viewer(request, May.BOARD)
        form = await desk.form(request, viewer)
        answer = RedirectResponse(back(str(form.get("back", ""))), status_code=303)
        if form.get("private") == "1":
            answer.set_cookie(PRIVATE_COOKIE, "1", secure=desk.https, httponly=True, samesite="lax")
        else:
            answer.delete_cookie(PRIVATE_COOKIE, secure=desk.https, httponly=True, samesite="lax")
        return answer

    @pages.post("/board/views")
    async def keep(request: Request) -> Response:
        viewer = await desk.viewer(request, May.BOARD)
        form = await desk.form(request, viewer)
        title = " ".join(str(form.get("title", "")).split())[:LONGEST_TITLE]
        if not title:
            raise BadRequest("Give the view a name.", code="no_name")
        wanted = boards.wanted(viewer, dict(parse_qsl(str(form.get("query", "")))))
        query = canonical(viewer, wanted)

        def save() -> None:
            with desk.store.write() as session:
                now = desk.clock()
                board_views.save(session, viewer.org, viewer.staff_id, title, query, now)

        await asyncio.to_thread(save)
        return RedirectResponse(back(query), status_code=303)

    @pages.post("/board/views/{view_id}/remove")
    async def drop(request: Request, view_id: str) -> Response:
        viewer = await desk.viewer(request, May.BOARD)
        form = await desk.form(request, viewer)

        def remove() -> None:
            with desk.store.write() as session:
                board_views.drop(session, viewer.org, viewer.staff_id, view_id)

        await asyncio.to_thread(remove)
        return RedirectResponse(back(str(form.get("back", ""))), status_code=303)

    return pages


def canonical(viewer: Viewer, wanted: Filters, **changed: str) -> str:
    """Filters as an address has them, without the name."""
    one = wanted.clinics[0] if len(wanted.clinics) == 1 and len(viewer.clinics) > 1 else ""
    told = {
        "clinic": one,
        "mine": "1" if wanted.mine else "",
        "source": wanted.source_id or "",
        "overdue": "1" if wanted.overdue else "",
        "urgency": wanted.urgency or "",
        "payer": wanted.payer or "",
        "more": wanted.more or "",
        **changed,
    }
    return urlencode({name: value for name, value in told.items() if value})


def back(query: str) -> str:
    """The board with these filters; whatever else a form says there is left out."""
    known = ("clinic", "mine", "source", "overdue", "urgency", "payer", "more")
    told = [(name, value) for name, value in parse_qsl(query) if name in known]
    return f"/board?{urlencode(told)}" if told else "/board"


def _more(query: str, stage: str, pile: Pile, above: int) -> str:
    if len(pile.tiles) + above >= pile.total:
        return ""
    told = [(name, value) for name, value in parse_qsl(query) if name != "more"]
    return f"/board?{urlencode([*told, ('more', stage)])}#col-{stage}"


def _one_of(value: str | None, codes: type[Payer] | type[Urgency]) -> str | None:
    return value if value in {one.value for one in codes} else None


def _moved(desk: Desk, viewer: Viewer, request: Request) -> dict[str, str] | None:
    """What was moved just now, said by the page that a form without scripts leads to."""
    referral_id = request.query_params.get("moved")
    if not referral_id:
        return None
    subject = Subjects(desk).find(viewer, referral_id)
    named = viewer.named
    return {
        "referral_id": subject.card.referral_id,
        "name": subject.name(named=named),
        "title": TITLES[Stage(subject.card.stage)],
        "fact": request.query_params.get("fact", ""),
    }
