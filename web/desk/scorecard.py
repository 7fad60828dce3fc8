"""``/sources/{id}/scorecard``: what became of the patients of a source, and the letter about it."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from activities.scorecards import Counted, Scorecards
from models.access import May
from models.errors import NotFound, Refused
from models.scorecard import Scorecard, ScorecardLetter
from reports import scorecard as drawn
from reports import scorecard_words as words
from reports.html import render_html
from web.desk.door import Desk, Viewer

_NO_STORE = {"cache-control": "no-store"}
WITHHELD = "withheld"


class Row(NamedTuple):
    """One line of the page; ``leaves``: it may stand in a letter."""

    cells: tuple[str, ...]
    leaves: bool


def router(desk: Desk) -> APIRouter:
    """The page and the letter as it would look."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])
    cards = Scorecards(desk.store, desk.tenants)

    @pages.get("/sources/{source_id}/scorecard")
    async def show(request: Request, source_id: str, whole: bool = False) -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        counted = await asyncio.to_thread(_counted, desk, cards, viewer, source_id, whole)
        card = counted.card
        told = {
            "source": counted.source,
            "card": card,
            "months": words.months(card),
            "whole": whole,
            "figures": figures(card),
            "outcomes": outcomes(card),
            "columns": words.COLUMNS,
            "outcome_columns": words.OUTCOME_COLUMNS,
            "notes": words.notes(card),
            "refused": _refused(card),
            "here": f"/sources/{counted.source.id}/scorecard",
        }
        return await desk.page(request, viewer, "scorecard.html", told)

    @pages.get("/sources/{source_id}/scorecard/{name}")
    async def paper(request: Request, source_id: str, name: str, whole: bool = False) -> Response:
        viewer = await desk.viewer(request, May.NUMBERS)
        letter = await asyncio.to_thread(_letter, desk, cards, viewer, source_id, whole)
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


def _refused(card: Scorecard) -> str | None:
    """Why there is no letter, if there is none."""
    try:
        card.told()
    except Refused as error:
        return error.sentence
    return None


def _counted(desk: Desk, cards: Scorecards, viewer: Viewer, source_id: str, whole: bool) -> Counted:
    """At the clinics the viewer works at."""
    clinics = [one.id for one in desk.clinics(viewer)]
    return cards.card(viewer.org, source_id, clinics, whole=whole, now=desk.clock())


def _letter(
    desk: Desk, cards: Scorecards, viewer: Viewer, source_id: str, whole: bool
) -> ScorecardLetter:
    counted = _counted(desk, cards, viewer, source_id, whole)
    return cards.letter(
        viewer.org, counted, document_id="SC-PREVIEW", sender=viewer.name, now=desk.clock()
    )
