"""Around every request: an id, a size limit while the body streams, safe headers, a quiet log.

The log line names the route's template, never the address itself, and an unexpected error is
logged by its type and place: its text may hold facts about a patient.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import TooLarge
from telemetry.logs import bind, clear, logger
from telemetry.meters import HTTP_REQUESTS, HTTP_SECONDS, OTHER, word
from web.problems import Shapes, fault

_LOG = logger(__name__)

DRAIN_BYTES = 16 * 1024 * 1024
DRAIN_SECONDS = 5.0
BODY_SECONDS = 120.0  # 9 MiB on a line of 1 Mbit/s take 75; whoever trickles longer is let go
GONE = 499  # for the log alone: the sender hung up before its answer

# A sender's own id is taken over where it is plainly one: a UUID, or hexadecimal. Anything else
# could be a name or a number, and would stand in our log.
_SAFE_ID = re.compile(r"[0-9a-f]{16,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


class Guard:
    """The outermost layer of ours; answers 500 in the one shape, or as a page: no traceback."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        shapes: Shapes | None = None,
        https: bool = False,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self.app = app
        self.limit = max_body_bytes
        self.shapes = shapes or {}
        self.body_seconds = body_seconds
        self.headers = dict(_HEADERS)
        if https:
            self.headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _Request(self, scope, receive, send)
        started = time.perf_counter()
        try:
            await self.app(scope, request.receive, request.send)
        except ClientDisconnect:  # not our fault, and nobody is left to tell
            request.status = request.status or GONE
        except Exception as error:  # the last net: nothing of it reaches client or log as text
            await request.failed(error)
        finally:
            request.note(time.perf_counter() - started)


class _Request:
    """One request under guard."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        self._guard, self._scope, self._receive, self._send = guard, scope, receive, send
        self._body_by = asyncio.get_running_loop().time() + guard.body_seconds
        given = Headers(scope=scope).get("x-request-id", "")
        self.id = given if _SAFE_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = self.id
        clear()  # a connection's task serves its requests one after another
        bind(request_id=self.id)
        self.read = 0
        self.whole = False
        self.status = 0

    async def receive(self) -> Message:
        """The next piece of the body, while it is within the limits; raises TooLarge.

        A body that is not whole in time is a 408: an open connection costs the sender nothing.
        """
        announced = Headers(scope=self._scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > self._guard.limit:
            raise self._too_large()  # before a byte of it is read
        if self.whole:  # from here on it is the connection that is watched, for as long as it lasts
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._body_by):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        if message["type"] == "http.request":
            self.whole = not message.get("more_body", False)
            self.read += len(message.get("body", b""))
            if self.read > self._guard.limit:
                raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on with our headers; after a 413 see the sender off politely."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.id
            for name, value in self._guard.headers.items():
                headers.setdefault(name, value)
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if last and self.status == 413:
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _drain(self) -> None:
        """Throw away what is still coming, up to a bound: many clients read once they have sent.

        Closing on them at once would reset the connection and lose the answer that says why.
        """
        if "expect" in Headers(scope=self._scope):
            return  # this one waits for our word before it sends
        left = DRAIN_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return

    async def failed(self, error: Exception) -> None:
        """Say that it was our fault, if nothing was said yet."""
        _LOG.error("request_failed", exc_info=error)
        if self.status:
            raise error  # half an answer is out: the connection must break
        answer = await fault(self._guard.shapes, Request(self._scope))
        await answer(self._scope, self._receive, self.send)

    def note(self, seconds: float) -> None:
        """One line and one count for the request, by its route's template."""
        route = getattr(self._scope.get("route"), "path", "-")
        method = self._scope["method"] if self._scope["method"] in _METHODS else OTHER
        code = self._scope["state"].get("code")
        HTTP_REQUESTS.labels(method, route, self.status, word(code or "none")).inc()
        HTTP_SECONDS.labels(route).observe(seconds)
        _LOG.info(
            "request",
            method=method,
            route=route,
            status=self.status,
            code=code,
            duration_ms=round(seconds * 1000),
        )

    def _too_large(self) -> TooLarge:
        kib = self._guard.limit // 1024
        return TooLarge(f"The body is larger than {kib} KiB; send a smaller one.")
