"""``POST /codec/decode`` and ``/codec/encode``, and which pages may read the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from engine import codec_http
from engine.codec import KeyRing
from models.errors import TooLarge
from telemetry.logs import logger
from web.codec.door import Door

_LOG = logger(__name__)

# What the Temporal UI 2.54 calls with the payloads, and the headers it may send with them; the
# first three by itself, the last one where it passes the tokens of a login on.
ASKED: Final = ("/codec/decode", "/codec/encode", "/codec/download")
HEADERS: Final = ("content-type", "x-namespace", "authorization", "authorization-extras")


def router(door: Door, keyring: KeyRing) -> APIRouter:
    """Decode and encode; every answer that is not 200 is a problem in the one shape.

    Nothing is kept outside the engine, so there is nothing to download: that one is a 404.
    """
    codec = APIRouter(prefix="/codec", include_in_schema=False)

    @codec.post("/decode")
    async def decode(request: Request) -> Response:
        return await _answered(request, door, "decoded", keyring, codec_http.decode)

    @codec.post("/encode")
    async def encode(request: Request) -> Response:
        return await _answered(request, door, "encoded", keyring, codec_http.encode)

    return codec


async def _answered(
    request: Request,
    door: Door,
    done: str,
    keyring: KeyRing,
    work: Callable[[bytes, KeyRing], codec_http.Answer],
) -> Response:
    who = await door.admit(request)  # before a byte of the body is believed
    answer = await asyncio.to_thread(work, await _body(request), keyring)
    _LOG.info("codec_used", reader=who, outcome=done, seen=answer.number)  # never what was seen
    return Response(answer.content, media_type="application/json")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > codec_http.MOST_BYTES:
            raise TooLarge(
                f"Ask for at most {codec_http.MOST_BYTES // 1024**2} MiB of payloads at a time."
            )
    return bytes(body)


class CodecCors:
    """Lets pages of the Temporal UI read the codec's answers; everything else passes untouched.

    Around all other layers, so that a refusal can be read as well: a browser would otherwise call
    it a failed connection, and the UI would try again and again.
    """

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("POST",),
            allow_headers=HEADERS,
            allow_credentials=True,  # the cookie of the sign-in page
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = scope["type"] == "http" and scope["path"] in ASKED
        await (self._cors if asked else self._app)(scope, receive, send)
