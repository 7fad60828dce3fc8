"""A simulator of Telnyx Programmable Fax and of its media storage.

It speaks the documented parts that we use: ``POST /v2/media`` (multipart), ``POST /v2/faxes``,
``GET /v2/faxes`` and ``/v2/faxes/{id}`` with a bearer key, and webhooks signed with Ed25519.
Numbers with a meaning: a fax to one ending in 0002 finds the line busy for ever, 0003 is answered
by a person, 0004 belongs to nobody, and 0005 is busy once and takes the next one. ``busy`` does the
same for any other number.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from demo.vendors.calls import Callbacks, Post
from integrations.fax.telnyx_signature import sign


@dataclass
class Fax:
    """One fax as Telnyx keeps it, and its pages."""

    id: str
    to: str
    sender: str
    direction: str
    content: bytes
    made: datetime
    status: str = "queued"
    client_state: str = ""
    webhook: str = ""
    failure: str = ""
    media_name: str = ""

    @property
    def pages(self) -> int:
        """How many pages a PDF has; 1 where that cannot be said."""
        try:
            return len(PdfReader(BytesIO(self.content)).pages)
        except (PyPdfError, ValueError):
            return 1

    def as_json(self) -> dict[str, Any]:
        """The resource as the API shows it."""
        return {
            "record_type": "fax",
            "id": self.id,
            "to": self.to,
            "from": self.sender,
            "direction": self.direction,
            "status": self.status,
            "client_state": self.client_state,
            "media_name": self.media_name,
            "created_at": self.made.isoformat(),
            "updated_at": self.made.isoformat(),
            **({"failure_reason": self.failure} if self.failure else {}),
        }


class TelnyxServer:
    """The account, its faxes, and the machines at the other end.

    ``webhook`` is where inbound faxes are told, ``…/callbacks/telnyx/<org>/fax``; ``address`` is
    where this server is reached, which the links to received pages begin with. ``delivers`` False
    leaves every fax queued. ``busy`` is how many more faxes find the line of a number busy.
    """

    def __init__(self, clock: Callable[[], datetime], *, webhook: str = "") -> None:
        self._key = Ed25519PrivateKey.generate()
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public_key = base64.b64encode(raw).decode()
        self.api_key = f"KEY{secrets.token_hex(16)}"
        self.connection_id = str(secrets.randbits(60))
        self.webhook = webhook
        self.webhooks: dict[str, str] = {}  # the same for single numbers of ours
        self.address = ""
        self.delivers = True
        self.busy: dict[str, int] = {}
        self.faxes: list[Fax] = []
        self.told = Callbacks()
        self.refuse_next: list[tuple[int, str]] = []  # (HTTP status, Telnyx' code)
        self.lose_next = 0  # takes the fax, and its answer is a 504
        self._clock = clock
        self._media: dict[str, bytes] = {}
        self.app = FastAPI(title="Telnyx simulator, not for production", openapi_url=None)
        self.app.post("/v2/media")(self._store)
        self.app.post("/v2/faxes")(self._create)
        self.app.get("/v2/faxes")(self._list)
        self.app.get("/v2/faxes/{fax_id}")(self._read)
        self.app.post("/v2/faxes/{fax_id}/actions/refresh")(self._refresh)
        self.app.get("/media/{fax_id}")(self._page)

    # --- the machines ---------------------------------------------------------------------------

    async def fax(self, sender: str, to: str, content: bytes, *, fax_id: str | None = None) -> int:
        """Somebody faxes one of our numbers; the status of our answer."""
        known = next((one for one in self.faxes if one.id == fax_id), None)
        made = known or Fax(
            id=fax_id or str(uuid.uuid4()),
            to=to,
            sender=sender,
            direction="inbound",
            content=content,
            made=self._clock(),
            status="received",
        )
        if known is None:
            self.faxes.append(made)
        address = self.webhooks.get(to, self.webhook)
        more = {
            "media_url": f"{self.address}/media/{made.id}",
            "page_count": made.pages,
            "partial_content": False,
        }
        return await self.told.now(self._event(address, made, "fax.received", more))

    async def tell(self, fax: Fax, event: str, **more: Any) -> int:
        """One webhook about a fax of ours; the status of our answer."""
        return await self.told.now(self._event(fax.webhook, fax, event, more))

    # --- the API --------------------------------------------------------------------------------

    async def _store(self, request: Request) -> JSONResponse:
        if refused := self._not_ours(request):
            return refused
        async with request.form() as form:
            page, name = form.get("media"), str(form.get("media_name") or uuid.uuid4())
            if page is None or isinstance(page, str):
                return _error(422, "10015")
            self._media[name] = await page.read()
        return JSONResponse({"data": {"media_name": name}}, 201)

    async def _create(self, request: Request) -> JSONResponse:
        if refused := self._not_ours(request):
            return refused
        asked = await request.json()
        if self.refuse_next:
            return _error(*self.refuse_next.pop(0))
        page = self._media.get(str(asked.get("media_name")))
        if page is None or asked.get("connection_id") != self.connection_id:
            return _error(422, "10015")
        to, sender = str(asked.get("to", "")), str(asked.get("from", ""))
        if not (to.startswith("+") and sender.startswith("+")):
            return _error(422, "10016")
        fax = Fax(
            id=str(uuid.uuid4()),
            to=to,
            sender=sender,
            direction="outbound",
            content=page,
            made=self._clock(),
            client_state=str(asked.get("client_state", "")),
            webhook=str(asked.get("webhook_url", "")),
            media_name=str(asked["media_name"]),
        )
        self.faxes.append(fax)
        if self.lose_next:
            self.lose_next -= 1
            return JSONResponse({}, 504)
        taken = JSONResponse({"data": fax.as_json()}, 202)
        if fax.webhook and self.delivers:
            self.told.soon(
                self._event(fax.webhook, fax, "fax.queued", {}),
                self._event(fax.webhook, fax, "fax.sending.started", {}),
                self._end(fax),
            )
        return taken

    async def _list(self, request: Request) -> JSONResponse:
        if refused := self._not_ours(request):
            return refused
        asked = request.query_params
        since = asked.get("filter[created_at][gte]")
        found = [
            fax.as_json()
            for fax in reversed(self.faxes)
            if asked.get("filter[to][eq]") in (None, fax.to)
            and asked.get("filter[direction][eq]") in (None, fax.direction)
            and (since is None or fax.made >= datetime.fromisoformat(since))
        ]
        size, number = int(asked.get("page[size]", "20")), int(asked.get("page[number]", "1"))
        meta = {
            "page_number": number,
            "page_size": size,
            "total_pages": -(-len(found) // size),
            "total_results": len(found),
        }
        return JSONResponse({"data": found[size * (number - 1) : size * number], "meta": meta})

    async def _read(self, fax_id: str, request: Request) -> JSONResponse:
        if refused := self._not_ours(request):
            return refused
        for fax in self.faxes:
            if fax.id == fax_id:
                shown = fax.as_json()
                if fax.direction == "inbound":
                    shown["media_url"] = f"{self.address}/media/{fax.id}"
                return JSONResponse({"data": shown})
        return _error(404, "10005")

    async def _refresh(self, fax_id: str, request: Request) -> JSONResponse:
        """A new link to the pages of a fax that came in."""
        if refused := self._not_ours(request):
            return refused
        known = any(fax.id == fax_id for fax in self.faxes)
        return JSONResponse({"data": {"result": "ok"}}) if known else _error(404, "10005")

    async def _page(self, fax_id: str) -> Response:
        """A received fax's pages: a link that needs no key, as theirs for ten minutes."""
        for fax in self.faxes:
            if fax.id == fax_id:
                return Response(fax.content, media_type="application/pdf")
        return Response(status_code=404)

    # --- inside ---------------------------------------------------------------------------------

    def _not_ours(self, request: Request) -> JSONResponse | None:
        given = request.headers.get("authorization", "")
        same = hmac.compare_digest(given.encode(), f"Bearer {self.api_key}".encode())
        return None if same else _error(401, "10009")

    def _end(self, fax: Fax) -> Post:
        ending = fax.to[-4:]
        failure = _FAILS.get(ending)
        left = self.busy.setdefault(fax.to, 1 if ending == "0005" else 0)
        if left:
            self.busy[fax.to], failure = left - 1, "user_busy"
        if failure is not None:
            return self._event(fax.webhook, fax, "fax.failed", {"failure_reason": failure})
        return self._event(fax.webhook, fax, "fax.delivered", {"page_count": fax.pages})

    def _event(self, address: str, fax: Fax, event: str, more: dict[str, Any]) -> Post:
        async def post(client: httpx.AsyncClient) -> httpx.Response:
            ends = {"fax.delivered": "delivered", "fax.failed": "failed"}
            if fax.direction == "outbound":
                fax.status = ends.get(event, "sending")
            fax.failure = str(more.get("failure_reason", ""))
            payload = {
                "fax_id": fax.id,
                "connection_id": self.connection_id,
                "direction": fax.direction,
                "from": fax.sender,
                "to": fax.to,
                "status": fax.status,
                "client_state": fax.client_state,
                **more,
            }
            now = self._clock()
            told = {
                "data": {
                    "record_type": "event",
                    "id": str(uuid.uuid4()),
                    "event_type": event,
                    "occurred_at": now.isoformat(),
                    "payload": payload,
                },
                "meta": {"attempt": 1, "delivered_to": address},
            }
            body = json.dumps(told).encode()
            headers = {"content-type": "application/json", **sign(self._key, body, now)}
            return await client.post(address, content=body, headers=headers)

        return post


_FAILS = {
    "0002": "user_busy",
    "0003": "receiver_call_dropped",
    "0004": "receiver_unallocated_number",
}


def _error(status: int, code: str) -> JSONResponse:
    said = {"code": code, "title": "refused", "detail": "see the code"}
    return JSONResponse({"errors": [said]}, status)
