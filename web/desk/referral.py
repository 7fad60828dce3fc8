"""``/referrals/{id}``: what happened, what happens next and why, and everything a person can do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from activities.by_hand import ByHand
from models.access import May
from models.errors import Forbidden, LoopError
from models.moves import Seen
from store import notes
from web.desk import acts
from web.desk.deeds import texts
from web.desk.door import Desk, Viewer
from web.desk.moving import Mover
from web.desk.referral_show import Pages, on_file

# Who may do what is not the front desk's alone.
_OF_HOLDS = frozenset({"hold", "lift"})


def router(desk: Desk, by_hand: ByHand) -> APIRouter:
    """The page, its notes, and its forms."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])
    mover = Mover(desk, by_hand)
    pages = Pages(desk, mover)

    @routes.get("/referrals/{referral_id}")
    async def show(request: Request, referral_id: str) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.CHART)
        told = await asyncio.to_thread(pages.show, viewer, referral_id, request.query_params)
        await asyncio.to_thread(desk.seen, viewer, told["referral_id"])
        return await desk.page(request, viewer, "referral.html", told)

    @routes.post("/referrals/{referral_id}/notes")
    async def note(request: Request, referral_id: str) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.CHART)
        form = texts(await desk.form(request, viewer))
        subject = await asyncio.to_thread(mover.subjects.find, viewer, referral_id)
        known = subject.card.referral_id

        def keep() -> None:
            with desk.store.write() as session:
                text, now = form.get("text", ""), desk.clock()
                notes.add(session, viewer.org, known, by=viewer.staff_id, text=text, at=now)
                desk.note(session, viewer.org, viewer.staff_id, "note_added", known)

        try:
            await asyncio.to_thread(keep)
        except LoopError as error:
            return await refused(request, viewer, known, "note", form, error)
        return RedirectResponse(f"/referrals/{known}#timeline", status_code=303)

    @routes.post("/referrals/{referral_id}/act/{name}")
    async def act(request: Request, referral_id: str, name: str) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.CHART)
        if not viewer.may(May.WAIT if name in _OF_HOLDS else May.WORK):
            raise Forbidden("Your role does not decide this.", code="not_your_role")
        form = texts(await desk.form(request, viewer))
        subject = await asyncio.to_thread(mover.subjects.find, viewer, referral_id)
        known, seen = subject.card.referral_id, Seen.parse(form.get("seen", ""))
        try:
            told = acts.act(
                name,
                form,
                by=viewer.staff_id,
                zone=subject.zone,
                now=desk.clock(),
                known=on_file(subject),
            )
            fact = await mover.tell(viewer, subject, told, seen)
        except LoopError as error:
            return await refused(request, viewer, known, name, form, error)
        query = urlencode({"fact": fact})
        return RedirectResponse(f"/referrals/{known}?{query}", status_code=303)

    async def refused(
        request: Request,
        viewer: Viewer,
        referral_id: str,
        name: str,
        form: Mapping[str, str],
        error: LoopError,
    ) -> Response:
        """The page as it is now, the reason beside the form, and what was typed still in it."""
        told = await asyncio.to_thread(pages.show, viewer, referral_id, {})
        await asyncio.to_thread(desk.seen, viewer, referral_id)
        told |= {"trouble_at": name, "trouble": error.sentence, "form": form}
        return await desk.page(request, viewer, "referral.html", told, status=error.http_status)

    return routes
