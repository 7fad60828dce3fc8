"""A simulator of Twilio's Programmable Messaging and of a call's status callbacks.

It speaks the documented parts that we use: ``POST`` and ``GET …/Messages.json``,
``GET …/Messages/{sid}.json`` with Basic auth, status callbacks and inbound texts as signed forms.
Numbers with a meaning: those ending in 0001 are no numbers (21211), 0004 have opted out (21610),
0009 are landlines (30006, told by callback).
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from demo.vendors.calls import Callbacks, Post
from integrations.sms.twilio_signature import sign

STOP_WORDS = frozenset(
    {"stop", "stopall", "unsubscribe", "end", "quit", "revoke", "optout", "cancel"}
)
START_WORDS = frozenset({"start", "unstop", "yes"})


@dataclass
class Text:
    """One message as Twilio keeps it."""

    sid: str
    to: str
    sender: str
    body: str
    direction: str
    made: datetime
    status: str = "queued"
    error_code: int | None = None
    callback: str = ""
    valid_for: int = 36_000  # seconds; after that it is not handed on any more
    steps: list[str] = field(default_factory=list)
    pictures: int = 0

    def as_json(self) -> dict[str, Any]:
        """The resource as the API shows it."""
        moment = format_datetime(self.made)
        return {
            "sid": self.sid,
            "to": self.to,
            "from": self.sender,
            "body": self.body,
            "direction": self.direction,
            "status": self.status,
            "error_code": self.error_code,
            "num_media": str(self.pictures),
            "date_created": moment,
            "date_updated": moment,
            "date_sent": None if self.status == "queued" else moment,
        }


class TwilioServer:
    """The account, its messages, and the phones at the other end.

    ``callbacks`` is where inbound texts and calls are told: our address for one organization,
    ``…/callbacks/twilio/<org>``. ``app`` is the API. ``delivers`` False leaves every text queued.
    """

    def __init__(
        self, clock: Callable[[], datetime], *, callbacks: str = "", token: str | None = None
    ) -> None:
        self.account_sid = f"AC{secrets.token_hex(16)}"
        self.token = token or secrets.token_hex(16)
        self.callbacks = callbacks
        self.webhooks: dict[str, str] = {}  # the same for single numbers of ours
        self.delivers = True
        self.texts: list[Text] = []
        self.calls: list[dict[str, str]] = []
        self.told = Callbacks()
        self.refuse_next: list[tuple[int, int]] = []  # (HTTP status, Twilio's code)
        self.lags = False  # its list does not show anything yet
        self.lose_next = 0  # takes the text and drops the connection's answer (a 504)
        self._clock = clock
        self._stopped: set[str] = set()
        self.app = FastAPI(title="Twilio simulator, not for production", openapi_url=None)
        base = "/2010-04-01/Accounts/{sid}"
        self.app.post(f"{base}/Messages.json")(self._create)
        self.app.get(f"{base}/Messages.json")(self._list)
        self.app.get(f"{base}/Messages/{{message}}.json")(self._read)

    # --- the phones -----------------------------------------------------------------------------

    async def write(
        self, phone: str, to: str, body: str, *, sid: str | None = None, pictures: int = 0
    ) -> int:
        """A patient texts one of our numbers; the status of our answer."""
        word = body.strip().lower()
        carrier = ""  # what the vendor itself answers; we are not asked, and not told
        if word in STOP_WORDS and phone not in self._stopped:
            self._stopped.add(phone)
            carrier = "You have successfully been unsubscribed. Reply START to resubscribe."
        elif word in START_WORDS:
            self._stopped.discard(phone)
        text = Text(
            sid=sid or f"SM{secrets.token_hex(16)}",
            to=to,
            sender=phone,
            body=body,
            direction="inbound",
            made=self._clock(),
            status="received",
            pictures=pictures,
        )
        if all(known.sid != text.sid for known in self.texts):
            self.texts.append(text)
        if carrier:
            self.texts.append(self._own_reply(phone, to, carrier))
        fields = {
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "AccountSid": self.account_sid,
            "From": phone,
            "To": to,
            "Body": body,
            "NumMedia": str(pictures),
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        return await self.told.now(self._form(f"{self._webhook(to)}/text", fields))

    async def ring(
        self, phone: str, to: str, status: str = "no-answer", *, sid: str | None = None
    ) -> int:
        """Somebody calls one of our numbers and ``status`` came of it; the status of our answer."""
        call = {
            "CallSid": sid or f"CA{secrets.token_hex(16)}",
            "AccountSid": self.account_sid,
            "From": phone,
            "To": to,
            "CallStatus": status,
            "Direction": "inbound",
            "CallDuration": "0",
            "Timestamp": format_datetime(self._clock()),
        }
        self.calls.append(call)
        return await self.told.now(self._form(f"{self._webhook(to)}/voice", call))

    async def tell(self, text: Text, status: str, error_code: int | None = None) -> int:
        """One status callback about a text of ours; the status of our answer."""
        return await self.told.now(self._status(text, status, error_code))

    # --- the API --------------------------------------------------------------------------------

    async def _create(self, sid: str, request: Request) -> JSONResponse:
        if refused := self._not_ours(sid, request):
            return refused
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if self.refuse_next:
            status, code = self.refuse_next.pop(0)
            return _error(status, code)
        for name, code in (("To", 21604), ("From", 21603), ("Body", 21602)):
            if not form.get(name):
                return _error(400, code)
        to = form["To"]
        if to.endswith("0001"):
            return _error(400, 21211)
        if to.endswith("0004") or to in self._stopped:
            return _error(400, 21610)
        text = Text(
            sid=f"SM{secrets.token_hex(16)}",
            to=to,
            sender=form["From"],
            body=form["Body"],
            direction="outbound-api",
            made=self._clock(),
            callback=form.get("StatusCallback", ""),
            valid_for=int(form.get("ValidityPeriod", "36000")),
        )
        self.texts.append(text)
        if self.lose_next:
            self.lose_next -= 1
            return JSONResponse({}, 504)
        taken = JSONResponse(text.as_json(), 201)
        if text.callback and self.delivers:
            last: tuple[str, int | None] = ("delivered", None)
            if to.endswith("0009"):
                last = ("undelivered", 30006)
            self.told.soon(self._status(text, "sent"), self._status(text, *last))
        return taken

    async def _list(self, sid: str, request: Request) -> JSONResponse:
        if refused := self._not_ours(sid, request):
            return refused
        asked = request.query_params
        found = [
            text.as_json()
            for text in reversed([] if self.lags else self.texts)
            if asked.get("To") in (None, text.to)
            and asked.get("From") in (None, text.sender)
            and asked.get("DateSent>", "") <= f"{text.made:%Y-%m-%d}"
        ]
        size, page = int(asked.get("PageSize", "50")), int(asked.get("Page", "0"))
        listed = {
            "messages": found[size * page : size * (page + 1)],
            "page_size": size,
            "page": page,
        }
        if found[size * (page + 1) :]:
            query = urlencode({**asked, "Page": page + 1, "PageToken": f"PA{page + 1}"})
            listed["next_page_uri"] = f"{request.url.path}?{query}"
        return JSONResponse(listed)

    async def _read(self, sid: str, message: str, request: Request) -> JSONResponse:
        if refused := self._not_ours(sid, request):
            return refused
        for text in self.texts:
            if text.sid == message:
                return JSONResponse(text.as_json())
        return _error(404, 20404)

    # --- inside ---------------------------------------------------------------------------------

    def _webhook(self, number: str) -> str:
        return self.webhooks.get(number, self.callbacks)

    def _own_reply(self, phone: str, number: str, body: str) -> Text:
        return Text(
            sid=f"SM{secrets.token_hex(16)}",
            to=phone,
            sender=number,
            body=body,
            direction="outbound-reply",
            made=self._clock(),
            status="delivered",
        )

    def _not_ours(self, sid: str, request: Request) -> JSONResponse | None:
        told = base64.b64encode(f"{self.account_sid}:{self.token}".encode()).decode()
        given = request.headers.get("authorization", "")
        same = hmac.compare_digest(given.encode(), f"Basic {told}".encode())
        return None if same and sid == self.account_sid else _error(401, 20003)

    def _status(self, text: Text, status: str, error_code: int | None = None) -> Post:
        async def post(client: httpx.AsyncClient) -> httpx.Response:
            text.status, text.error_code = status, error_code
            fields = {
                "MessageSid": text.sid,
                "SmsSid": text.sid,
                "MessageStatus": status,
                "SmsStatus": status,
                "AccountSid": self.account_sid,
                "To": text.to,
                "From": text.sender,
                "ApiVersion": "2010-04-01",
            }
            if error_code is not None:
                fields["ErrorCode"] = str(error_code)
            return await self._form(text.callback, fields)(client)

        return post

    def _form(self, address: str, fields: dict[str, str]) -> Post:
        async def post(client: httpx.AsyncClient) -> httpx.Response:
            made = sign(self.token, address, list(fields.items()))
            return await client.post(address, data=fields, headers={"x-twilio-signature": made})

        return post


def _error(status: int, code: int) -> JSONResponse:
    more = f"https://www.twilio.com/docs/errors/{code}"
    said = {"code": code, "message": "refused", "more_info": more, "status": status}
    return JSONResponse(said, status)
