"""Documents of a referral on screen: as pictures of their pages, or handed out as a file.

A PDF from outside is never given to the browser to run: pages are drawn here, and the file itself
is only ever saved.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from integrations.reading.pages import SHOWN_DPI, Opened, Unopened, png
from integrations.reading.tools import Slow
from models.access import May
from models.errors import NotFound
from models.fax import Media
from store import documents
from store.tables import DocumentRow
from web.desk.cards import words
from web.desk.door import Desk, Viewer
from web.desk.subject import Subjects

MOST_SHOWN: Final = 40


class Papers:
    """Finds documents for people of the staff, and draws them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.subjects = Subjects(desk)
        self._turns = asyncio.Semaphore(2)  # each page is a program of its own for a moment

    def find(self, viewer: Viewer, referral_id: str, document_id: str) -> DocumentRow:
        """One document of one referral; raises NotFound for any other."""
        known = self.subjects.find(viewer, referral_id).card.referral_id
        with self._desk.store.read() as session:
            row = documents.get(session, viewer.org, document_id)
        if row.referral_id != known:
            raise NotFound("There is no such document.")
        return row

    async def pages(self, pdf: bytes | None) -> int:
        """How many pages can be shown; 0 where none can be drawn here."""
        if pdf is None:
            return 0
        async with self._turns:
            return await asyncio.to_thread(_count, pdf)

    async def picture(self, pdf: bytes | None, page: int) -> bytes:
        """One page as PNG; raises NotFound for one there is not."""
        if pdf is None:
            raise NotFound("There is no such page.")
        async with self._turns:
            return await asyncio.to_thread(_drawn, pdf, page)


def router(desk: Desk, papers: Papers) -> APIRouter:
    """A document's page on screen, its pictures, and the file."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])

    async def found(request: Request, referral_id: str, document_id: str) -> DocumentRow:
        viewer = await desk.viewer(request, May.BOARD, May.CHART)
        row = await asyncio.to_thread(papers.find, viewer, referral_id, document_id)
        await asyncio.to_thread(desk.seen, viewer, row.referral_id or row.id)
        return row

    @routes.get("/referrals/{referral_id}/documents/{document_id}")
    async def show(request: Request, referral_id: str, document_id: str) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.CHART)
        row = await found(request, referral_id, document_id)
        subject = await asyncio.to_thread(papers.subjects.find, viewer, referral_id)
        count = await papers.pages(row.pdf)
        told = {
            "referral_id": subject.card.referral_id,
            "document_id": row.id,
            "name": subject.name(named=viewer.named),
            "kind": words(row.kind),
            "pages": list(range(1, min(count, MOST_SHOWN) + 1)),
            "count": count,
            "has_pdf": row.pdf is not None,
            "fields": flat(row.content or {}),
        }
        return await desk.page(request, viewer, "document.html", told)

    @routes.get("/referrals/{referral_id}/documents/{document_id}/pages/{page}")
    async def picture(request: Request, referral_id: str, document_id: str, page: int) -> Response:
        row = await found(request, referral_id, document_id)
        return Response(await papers.picture(row.pdf, page), media_type="image/png")

    @routes.get("/referrals/{referral_id}/documents/{document_id}/file")
    async def file(request: Request, referral_id: str, document_id: str) -> Response:
        row = await found(request, referral_id, document_id)
        if row.pdf is None:
            raise NotFound("There is no file, only fields.")
        return Response(
            row.pdf,
            media_type="application/pdf",
            headers={
                "content-disposition": f'attachment; filename="{row.id}.pdf"',
                "content-security-policy": "sandbox; default-src 'none'",
            },
        )

    return routes


def flat(content: object, above: str = "") -> list[tuple[str, str]]:
    """Fields as lines: what each is called, through all levels, and what it says."""
    if isinstance(content, dict):
        lines = []
        for name, value in content.items():
            label = f"{above}, {words(str(name))}" if above else words(str(name)).capitalize()
            lines += flat(value, label)
        return lines
    if isinstance(content, list):
        return [line for value in content for line in flat(value, above)]
    return [(above, str(content))] if content not in (None, "") else []


def _count(pdf: bytes) -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return Opened(pdf, Media.PDF, Path(folder)).count
        except Unopened:
            return 0


def _drawn(pdf: bytes, page: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        try:
            opened = Opened(pdf, Media.PDF, Path(folder))
            if not 1 <= page <= min(opened.count, MOST_SHOWN):
                raise NotFound("There is no such page.")
            return png(opened.picture(page, SHOWN_DPI))
        except (Unopened, Slow):
            raise NotFound("This page cannot be drawn; save the file instead.") from None
