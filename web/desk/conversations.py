"""``/conversations``: talks by text, one for each phone number, and what people write in them.

A number never stands in an address: a thread has an id of its own.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from activities.intake import Intake
from models.access import May
from models.errors import LoopError, NotFound
from web.desk.compose import graves
from web.desk.deeds import texts
from web.desk.door import Desk
from web.desk.talk_acts import TalkActs
from web.desk.talks import Talks

_SAID: Final[dict[str, str]] = {
    "sent": "Your text is on its way.",
    "held": "Your text goes out when texting hours begin.",
    "chosen": "Your text goes out at the time you chose; it can be stopped until then.",
    "stopped": "Stopped. It does not go out.",
    "later": "It is on its way: the page shows it once the engine is back.",
    "answered": "Marked as answered.",
    "taken": "It is yours to answer.",
    "free": "Anybody may answer it.",
    "handed": "Handed over.",
}


def router(desk: Desk, intake: Intake) -> APIRouter:
    """The pages of conversations."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])
    talks, acts = Talks(desk, intake), TalkActs(desk, intake)
    needs = (May.TALK, May.NAMES)

    @routes.get("/conversations")
    async def listed(request: Request) -> Response:
        viewer = await desk.viewer(request, *needs)
        await asyncio.to_thread(desk.seen, viewer, "conversations")
        told = await asyncio.to_thread(talks.listed, viewer)
        return await desk.page(request, viewer, "conversations.html", told)

    @routes.get("/conversations/of/{referral_id}")
    async def of_referral(request: Request, referral_id: str) -> Response:
        viewer = await desk.viewer(request, *needs)
        thread = await asyncio.to_thread(talks.of_referral, viewer, referral_id)
        return RedirectResponse(f"/conversations/{thread.id}", status_code=303)

    @routes.get("/conversations/{thread_id}")
    async def shown(request: Request, thread_id: str) -> Response:
        viewer = await desk.viewer(request, *needs)
        thread = await asyncio.to_thread(talks.thread, viewer, thread_id)
        await asyncio.to_thread(desk.seen, viewer, thread.id)
        told = await asyncio.to_thread(talks.told, viewer, thread)
        said = _SAID.get(request.query_params.get("said", ""), "")
        return await desk.page(request, viewer, "conversation.html", told | {"said": said})

    @routes.post("/conversations/{thread_id}/{act}")
    async def do(request: Request, thread_id: str, act: str) -> Response:
        viewer = await desk.viewer(request, *needs)
        form = await desk.form(request, viewer)
        thread = await asyncio.to_thread(talks.thread, viewer, thread_id)
        try:
            said = await acts.act(viewer, thread, act, form)
        except LoopError as error:
            if isinstance(error, NotFound):
                raise
            fresh = await asyncio.to_thread(talks.thread, viewer, thread_id)
            await asyncio.to_thread(desk.seen, viewer, thread_id)
            told = await asyncio.to_thread(talks.told, viewer, fresh)
            words = str(form.get("words", ""))
            told |= {"sorry": error.sentence, "words": words, "chosen": str(form.get("about", ""))}
            told["form"] = texts(form)
            told["sure"] = graves(words) if error.code == "look_again" else ""
            return await desk.page(
                request, viewer, "conversation.html", told, status=error.http_status
            )
        return RedirectResponse(f"/conversations/{thread_id}?said={said}#end", status_code=303)

    return routes
