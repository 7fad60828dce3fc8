"""``/faxes``: what came by fax and waits for a person, the page beside what was read of it.

Every act is one form and works without scripts.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from activities.intake import Intake
from models.access import May
from models.attribution import ASKED
from models.errors import BadRequest, Forbidden, LoopError, NotFound
from models.fax_fields import FIELDS
from web.desk.door import Desk, Viewer
from web.desk.fax_acts import FaxActs
from web.desk.fax_show import FaxPages, sorts_all

SAID: Final[dict[str, str]] = {
    "confirm": "Confirmed: the referral goes on, and its sender is thanked.",
    "later": "Noted; it goes on by itself as soon as the record and the engine are back.",
    "kind": "Noted what it is.",
    "attach": "It is with the referral now.",
    "done": "Put away as seen to.",
    "junk": "Put away as advertising.",
    "split": "Divided; look at each part.",
    "upload": "The fax is taken in and being read.",
}


def router(desk: Desk, intake: Intake) -> APIRouter:
    """The routes of ``/faxes``."""
    pages, acts = FaxPages(desk), FaxActs(desk, intake)
    routes = APIRouter(tags=["desk"], include_in_schema=False)

    @routes.get("/faxes")
    async def index(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        return await _index(request, viewer)

    async def _index(request: Request, viewer: Viewer, trouble: str = "") -> Response:
        lines = await asyncio.to_thread(pages.waiting, viewer)
        said = SAID.get(request.query_params.get("said", ""), "")
        told = {
            "lines": lines,
            "said": said,
            "lost": trouble,
            "zones": pages.zones(viewer),
            "accuracy": await asyncio.to_thread(pages.accuracy, viewer),
        }
        return await desk.page(request, viewer, "faxes.html", told, status=400 if trouble else 200)

    @routes.post("/faxes")
    async def upload(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        form = await desk.form(request, viewer)
        if not sorts_all(viewer):
            raise Forbidden("Your role does not take faxes in.", code="not_your_role")
        try:
            fax = await acts.take(viewer, form)
        except BadRequest as error:
            return await _index(request, viewer, error.sentence)
        finally:
            await form.close()
        return RedirectResponse(f"/faxes/{fax.id}?said=upload", status_code=303)

    @routes.get("/faxes/{fax_id}")
    async def one(request: Request, fax_id: str) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        fax = await asyncio.to_thread(pages.find, viewer, fax_id)
        await asyncio.to_thread(desk.seen, viewer, fax.id)
        told = await asyncio.to_thread(pages.shown, viewer, fax)
        told["said"] = SAID.get(request.query_params.get("said", ""), "")
        return await desk.page(request, viewer, "fax.html", told)

    @routes.get("/faxes/{fax_id}/pages/{page}")
    async def picture(request: Request, fax_id: str, page: int) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        fax = await asyncio.to_thread(pages.find, viewer, fax_id)
        png = await pages.picture(fax, page)
        await asyncio.to_thread(desk.seen, viewer, fax.id)
        return Response(png, media_type="image/png")

    @routes.post("/faxes/{fax_id}/parts/{part_id}/{act}")
    async def act(request: Request, fax_id: str, part_id: str, act: str) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        form = await desk.form(request, viewer)
        part = await asyncio.to_thread(pages.part, viewer, fax_id, part_id)
        if act == "confirm" and not viewer.may(May.WORK):
            raise Forbidden("Your role does not decide about referrals.", code="not_your_role")
        said = {name: str(form.get(name, "")).strip()[:300] for name in (*FIELDS, *ASKED)}
        wrong, status = "", 200
        if act != "find":
            try:
                done = await acts.act(viewer, part, act, form, said)
            except LoopError as error:
                if error.http_status >= 500 or isinstance(error, NotFound):
                    raise
                wrong, status = error.sentence, error.http_status
            else:
                stay = act in {"kind", "split"}
                where = f"/faxes/{fax_id}" if stay else "/faxes"
                return RedirectResponse(f"{where}?said={done}", status_code=303)
        fax = await asyncio.to_thread(pages.find, viewer, fax_id)
        await asyncio.to_thread(desk.seen, viewer, fax.id)
        typed = said if act in {"confirm", "find"} else None
        shown = await asyncio.to_thread(
            lambda: pages.shown(viewer, fax, typed=typed, about=part_id, trouble=wrong)
        )
        shown["said"] = ""
        return await desk.page(request, viewer, "fax.html", shown, status=status)

    return routes
