"""``/sources/{id}/scorecard``: what became of the patients of a source, and the letter about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from activities.scorecards import Counted, Scorecards
from activities.telling_offices import TellingOffices
from models.access import May
from models.errors import BadRequest, Forbidden, NotFound, Refused
from models.organization import Staff
from models.scorecard import Scorecard, ScorecardLetter
from models.sources import public_name
from reports import scorecard as drawn
from reports import scorecard_words as words
from reports.html import render_html
from store.book import PRIVATE
from store.scorecards import LetterState
from web.desk.door import Desk, Viewer

_NO_STORE = {"cache-control": "no-store"}
WITHHELD = "withheld"
Act = Callable[[TellingOffices, str, str, Staff, datetime], object]
#: What the page's forms ask for; whoever may not, or cannot now, is told why.
ACTS: Final[dict[str, Act]] = {
    "ask": lambda t, org, source, by, now: t.ask(org, source, by=by, now=now),
    "approve": lambda t, org, source, by, now: t.approve(org, source, by=by, now=now),
    "decline": lambda t, org, source, by, now: t.decline(org, source, by=by, now=now),
    "arrived": lambda t, org, source, by, now: t.heard(org, source, arrived=True, by=by, now=now),
    "missing": lambda t, org, source, by, now: t.heard(org, source, arrived=False, by=by, now=now),
    "stop": lambda t, org, source, by, now: t.switch(org, source, wanted=False, by=by, now=now),
    "start": lambda t, org, source, by, now: t.switch(org, source, wanted=True, by=by, now=now),
}
# What an office says is heard by whoever it is told to; the other acts speak for every clinic.
HEARD: Final = frozenset({"arrived", "missing", "stop"})


class Row(NamedTuple):
    """One line of the page; ``leaves``: it may stand in a letter."""

    cells: tuple[str, ...]
    leaves: bool


def router(desk: Desk) -> APIRouter:
    """The page and the letter as it would look."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])
    cards = Scorecards(desk.store, desk.tenants)
    telling = TellingOffices(desk.store, desk.tenants)

    @pages.get("/sources/{source_id}/scorecard")
    async def show(request: Request, source_id: str, whole: bool = False) -> Response:
        viewer = await desk.viewer(request, May.SOURCES)
        return await shown(request, viewer, source_id, whole)

    async def shown(
        request: Request, viewer: Viewer, source_id: str, whole: bool, lost: str = ""
    ) -> Response:
        """The page; *lost* says why what was asked of it could not be done."""
        counted = await asyncio.to_thread(_counted, desk, cards, viewer, source_id, whole)
        card = counted.card
        stands = await asyncio.to_thread(telling.standing, viewer.org, counted.source, desk.clock())
        role = desk.tenants.get(viewer.org).policy.report.scorecard_approved_by
        told = {
            "source": counted.source,
            "called": public_name(counted.source.kind, counted.source.name),
            "people": {one.id: one.name for one in desk.tenants.get(viewer.org).staff},
            "card": card,
            "months": words.months(card),
            "whole": whole,
            "figures": figures(card),
            "outcomes": outcomes(card),
            "columns": words.ON_THE_DESK,
            "outcome_columns": words.OUTCOME_COLUMNS,
            "notes": words.notes(card),
            "lost": lost,
            "stands": stands,
            "everywhere": _everywhere(desk, viewer),
            "approver": role.replace("_", " "),
            "approves": viewer.role is role,
            "here": f"/sources/{counted.source.id}/scorecard",
        }
        status = 409 if lost else 200
        return await desk.page(request, viewer, "scorecard.html", told, status=status)

    @pages.post("/sources/{source_id}/scorecard")
    async def do(request: Request, source_id: str) -> Response:
        viewer = await desk.viewer(request, May.SOURCES)
        form = await desk.form(request, viewer)
        act = ACTS.get(str(form.get("act", "")))
        if act is None:
            raise BadRequest("The form is not one of ours.", code="unknown_act")
        if form.get("act") not in HEARD:
            _check_everywhere(desk, viewer)
        by = desk.staff(viewer.org, viewer.staff_id)
        if by is None:
            raise Forbidden("You have left this organization.", code="not_your_role")
        try:
            await asyncio.to_thread(act, telling, viewer.org, source_id, by, desk.clock())
        except Refused as error:
            return await shown(request, viewer, source_id, True, error.sentence)
        what = f"scorecard_{form.get('act')}"
        await asyncio.to_thread(desk.seen, viewer, source_id, what)
        return RedirectResponse(f"/sources/{source_id}/scorecard?whole=1", status_code=303)

    @pages.get("/sources/{source_id}/scorecard/{name}")
    async def paper(request: Request, source_id: str, name: str) -> Response:
        viewer = await desk.viewer(request, May.SOURCES)
        letter = await asyncio.to_thread(_letter, desk, cards, telling, viewer, source_id)
        if name == "letter.pdf":
            pdf = await asyncio.to_thread(drawn.build, letter)
            headers = {**_NO_STORE, "content-disposition": 'inline; filename="scorecard.pdf"'}
            return Response(pdf, media_type="application/pdf", headers=headers)
        if name == "letter.html":
            page = await asyncio.to_thread(render_html, ScorecardLetter.kind, letter)
            headers = {**_NO_STORE, "content-disposition": 'attachment; filename="scorecard.html"'}
            return Response(page, media_type="text/html; charset=utf-8", headers=headers)
        raise NotFound("There is no such file.")

    return pages


def figures(card: Scorecard) -> list[Row]:
    """Each figure with how many it is of; those on too few patients say that they stay here."""
    return [Row(words.figure_row(one), card.shows(one.amount)) for one in card.figures]


def outcomes(card: Scorecard) -> list[Row]:
    """Each group with somebody who could have been measured; withheld where they are too few."""
    return [
        Row(words.outcome_row(one), True)
        if not one.withheld and one.median_percent is not None
        else Row((*words.outcome_row(one)[:2], WITHHELD, words.outcome_row(one)[3]), False)
        for one in card.outcomes
    ]


def _everywhere(desk: Desk, viewer: Viewer) -> bool:
    """Whether they work at every clinic."""
    return len(desk.clinics(viewer)) == len(desk.tenants.get(viewer.org).organization.clinics)


def _check_everywhere(desk: Desk, viewer: Viewer) -> None:
    if not _everywhere(desk, viewer):
        raise Forbidden(
            "A letter speaks for every clinic: whoever works at all of them asks for it.",
            code="not_your_clinic",
        )


def _counted(desk: Desk, cards: Scorecards, viewer: Viewer, source_id: str, whole: bool) -> Counted:
    """At the clinics the viewer works at."""
    clinics = [one.id for one in desk.clinics(viewer)]
    return cards.card(viewer.org, source_id, clinics, whole=whole, now=desk.clock())


def _letter(
    desk: Desk, cards: Scorecards, telling: TellingOffices, viewer: Viewer, source_id: str
) -> ScorecardLetter:
    """The letter as it waits or went out; as it would be worded now where there is none.

    Of some clinics alone it would be another one than what is faxed: raises Forbidden.
    """
    counted = _counted(desk, cards, viewer, source_id, True)
    if counted.source.kind in PRIVATE:
        raise Refused(
            "Scorecards are for offices that treat the patients they send.", code="not_an_office"
        )
    _check_everywhere(desk, viewer)
    letter = telling.standing(viewer.org, counted.source, desk.clock()).letter
    if letter is not None and letter.state != LetterState.DECLINED:
        told = ScorecardLetter.model_validate(letter.content)
        # Nobody has put their name to it before it is approved: whoever looks sees theirs.
        return told if told.sender else told.model_copy(update={"sender": viewer.name})
    return cards.letter(
        viewer.org, counted, document_id="SC-PREVIEW", sender=viewer.name, now=desk.clock()
    )
