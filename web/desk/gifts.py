"""``/sources/gifts.csv``: the gifts of a year, as a compliance officer reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from models.access import May
from reports import csv_table
from reports.csv_table import Cell
from store import gifts
from web.desk.door import Desk
from web.desk.source_words import today_of


def router(desk: Desk) -> APIRouter:
    """The export."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])

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
        return StreamingResponse(lines, media_type=csv_table.MEDIA, headers=headers)

    return routes


def _gift_lines(desk: Desk, org: str, year: int) -> Iterator[str]:
    head = ("day", "recipient", "npi", "source", "usd", "what", "entry", "takes_back", "by")
    yield csv_table.MARK + csv_table.lines([(*head, "recorded_at")])
    with desk.store.read() as session:
        for one in gifts.of_year(session, org, year):
            gift = one.gift
            row: tuple[Cell, ...] = (
                gift.given_on,
                one.provider or one.source,
                one.npi,
                one.source,
                Decimal(gift.cents).scaleb(-2),
                gift.what,
                gift.id,
                gift.reverses,
                gift.by,
                gift.recorded_at,
            )
            yield csv_table.lines([row])
