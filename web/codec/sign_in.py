"""``/codec/sign-in``: a token typed once, so that the Temporal UI shows payloads in this browser.

The open-source UI without a login of its own has no token to pass on; but it can have the browser
send our cookie along. The cookie comes with requests of the same site only, so UI and codec must
be served under one host name, or under two of the same domain.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from models.errors import TooMany
from telemetry.logs import logger
from web.asking import caller_of, small_form
from web.codec.door import SESSION, Door

_LOG = logger(__name__)

PAGE: Final = "/codec/sign-in"
FORM_COOKIE: Final = "referral-loop-codec-form"
_NONCE = re.compile(r"[A-Za-z0-9_-]{32}")
_TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "web"


def router(door: Door) -> APIRouter:
    """The page, what it posts to, and the way out."""
    pages = APIRouter(prefix="/codec", include_in_schema=False)

    @pages.get("/sign-in")
    async def show(request: Request) -> Response:
        return _page(door, request)

    @pages.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        form = await small_form(request)
        if not door.safe:
            return _page(door, request, status=403)
        if not _ours(request, form):
            return _page(door, request, "This page had been open for too long. Try again.", 403)
        try:
            reader = door.sign_in(form.get("token", "").strip(), caller_of(request))
        except TooMany as error:
            _LOG.warning("codec_refused", outcome="locked_out")
            return _page(door, request, error.sentence, 429)
        if reader is None:
            _LOG.warning("codec_refused", outcome="wrong_token")
            return _page(door, request, "Nobody has this token. Is it complete?", 401)
        _LOG.info("codec_signed_in", reader=reader.name)
        answer = RedirectResponse(PAGE, status_code=303)
        answer.set_cookie(
            door.cookie,
            reader.session(door.clock() + SESSION),
            max_age=int(SESSION.total_seconds()),
            path="/codec",
            secure=door.https,
            httponly=True,
            samesite="strict",
        )
        return answer

    @pages.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        answer = RedirectResponse(PAGE, status_code=303)
        if _ours(request, await small_form(request)):
            answer.delete_cookie(
                door.cookie, path="/codec", secure=door.https, httponly=True, samesite="strict"
            )
        return answer

    return pages


def _page(door: Door, request: Request, trouble: str = "", status: int = 200) -> Response:
    reader = door.signed_in(request)
    known = request.cookies.get(FORM_COOKIE, "")
    nonce = known if _NONCE.fullmatch(known) else secrets.token_urlsafe(24)
    html = _template().render(
        reader=reader.name if reader else "",
        trouble=trouble,
        nonce=nonce,
        ui=door.ui_address,
        safe=door.safe,
        anybody=bool(door.readers),
        hours=int(SESSION.total_seconds() // 3600),
    )
    answer = HTMLResponse(html, status_code=status, headers={"Content-Security-Policy": _policy()})
    answer.set_cookie(
        FORM_COOKIE, nonce, path="/codec", secure=door.https, httponly=True, samesite="strict"
    )
    return answer


def _ours(request: Request, form: dict[str, str]) -> bool:
    """Whether our own page posted this: it alone knows the nonce of the browser's cookie."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    nonce = request.cookies.get(FORM_COOKIE, "")
    return bool(nonce) and hmac.compare_digest(nonce.encode(), form.get("nonce", "").encode())


@cache
def _template() -> Any:
    found = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    return found.get_template("codec_sign_in.html")


@cache
def _policy() -> str:
    """No scripts, no other places, and the page's own style by its hash."""
    source = (_TEMPLATES / "codec_sign_in.html").read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", source, flags=re.DOTALL)
    digest = hashlib.sha256((style[1] if style else "").encode()).digest()
    return (
        f"default-src 'none'; style-src 'sha256-{base64.b64encode(digest).decode()}'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
