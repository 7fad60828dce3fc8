"""The codec endpoint of the Temporal UI, for development on one machine.

Only in the ``dev`` environment, and only for the UI this process started: a request must name that
UI's origin, which a browser does not let another page forge. Payloads hold ids and dates, never
what is in the store, so this guards a second wall, not the first.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.codec import KeyRing
from engine.codec_http import decode, encode
from models.errors import NotAllowed

HEADERS = ("content-type", "x-namespace", "authorization", "authorization-extras")


def origins(ui_address: str) -> tuple[str, ...]:
    """The origins a browser may have opened the UI under; both names of this machine."""
    other = ui_address.replace("127.0.0.1", "localhost")
    return tuple(dict.fromkeys((ui_address, other)))


def router(keyring: KeyRing, ui_address: str) -> APIRouter:
    """``POST /codec/decode`` and ``/codec/encode``; 401 for any origin but the UI's."""
    codec = APIRouter(prefix="/codec", include_in_schema=False)
    allowed = origins(ui_address)

    def check(request: Request) -> None:
        if request.headers.get("origin") not in allowed:
            raise NotAllowed("Only the Temporal UI of this process may ask here.")

    @codec.post("/decode")
    async def decode_payloads(request: Request) -> Response:
        check(request)
        return Response(await decode(await request.body(), keyring), media_type="application/json")

    @codec.post("/encode")
    async def encode_payloads(request: Request) -> Response:
        check(request)
        return Response(await encode(await request.body(), keyring), media_type="application/json")

    return codec


class CodecCors:
    """Answers the UI's preflight, on the codec's routes alone."""

    def __init__(self, app: ASGIApp, *, ui_address: str) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins(ui_address),
            allow_methods=("POST",),
            allow_headers=HEADERS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything else through untouched."""
        codec = scope["type"] == "http" and scope["path"].startswith("/codec/")
        await (self._cors if codec else self._app)(scope, receive, send)
