"""``/sources/gifts.csv``: the gifts of a year, as a compliance officer reads them."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from models.access import May
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
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    return routes


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
