"""What the staff see when something cannot be done: a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from models.errors import LoopError
from web.desk.account import SIGN_IN
from web.desk.door import Desk, Viewer, wants_fragment
from web.pages import page
from web.problems import Shape, request_id

_HEADINGS = {
    401: "You are signed out",
    403: "Not for your role",
    404: "Nothing here",
    405: "Not from here",
    409: "That did not go through",
    413: "Too large",
    422: "Not one of ours",
    429: "Wait a moment",
    500: "Something went wrong",
    503: "Not reachable just now",
}


def trouble(desk: Desk) -> Shape:
    """Says an error of the desk's pages to the person in front of them."""

    async def said(request: Request, status: int, code: str, sentence: str) -> Response:
        if code == "sign_in_needed":
            return _signed_out(request)
        if code == "foreign_form":
            heading = "Load this page again"
        else:
            heading = _HEADINGS.get(status, "That did not work")
        told = {"heading": heading, "sentence": sentence, "request_id": request_id(request)}
        if wants_fragment(request):
            return _beside(told, status)
        with suppress(LoopError):  # nobody is signed in, or the store is away: without a menu
            viewer = await _who(desk, request)
            return await desk.page(request, viewer, "trouble.html", told, status=status)
        return page("desk/stranger.html", told, status)

    return said


async def _who(desk: Desk, request: Request) -> Viewer:
    """Who looks; asked here where it went wrong before the page had asked."""
    known: Viewer | None = getattr(request.state, "viewer", None)
    return known or await desk.viewer(request, quiet=True)


def _beside(told: Mapping[str, str], status: int) -> Response:
    """On the page that asked, which stays as it is."""
    answer = page("desk/_trouble.html", told, status)
    answer.headers["hx-retarget"] = "#trouble"
    answer.headers["hx-reswap"] = "innerHTML"
    return answer


def _signed_out(request: Request) -> Response:
    """Back to the sign-in page; but what somebody has typed into a form stays in their browser."""
    if wants_fragment(request):
        told = {
            "heading": "You are signed out",
            "sentence": "Sign in again in another tab, then repeat this here; nothing was changed "
            "and nothing you typed is lost.",
            "request_id": request_id(request),
        }
        return _beside(told, 401)
    if request.method in {"GET", "HEAD"}:
        query = f"?{request.url.query}" if request.url.query else ""
        target = urlencode({"next": f"{request.url.path}{query}"})
        return RedirectResponse(f"{SIGN_IN}?{target}", status_code=303)
    told = {
        "heading": "You are signed out",
        "sentence": "Nothing was changed. Sign in again in another tab, come back to this one, and "
        "go one page back: what you typed is still there.",
        "request_id": request_id(request),
    }
    return page("desk/stranger.html", told, 401)
