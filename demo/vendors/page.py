"""One page that plays both other ends: a patient's phone and a physician's fax machine.

It stands on the simulators and on nothing of ours, so what it shows is what a vendor would have
sent. Everything is kept in memory and is gone with the process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from demo.vendors.pen import Answer, page_to_sign, picture, returned
from demo.vendors.telnyx import Fax, TelnyxServer
from demo.vendors.twilio import Text, TwilioServer
from models import shapes
from models.errors import BadRequest
from web.pages import Files, page

LARGEST = 25 * 1024 * 1024
CALLED = "no-answer"
_SAYS = {
    "text": "The text was told to the clinic",
    "call": "The missed call was told to the clinic",
    "fax": "The fax was told to the clinic",
}


class Line(NamedTuple):
    """A clinic's numbers, as the page offers them."""

    org: str
    clinic: str
    phone: str
    fax: str
    zone: str


class Phone(NamedTuple):
    """One patient's number and everything that went over it; ``id`` stands in addresses."""

    id: str
    number: str
    texts: list[Text]


def simulator(
    twilio: TwilioServer,
    telnyx: TelnyxServer,
    lines: tuple[Line, ...],
    clock: Callable[[], datetime],
) -> FastAPI:
    """The page, and both vendors' APIs below ``/twilio`` and ``/telnyx``."""
    app = FastAPI(title="Vendor simulator, not for production", openapi_url=None)
    app.mount("/twilio", twilio.app)
    app.mount("/telnyx", telnyx.app)
    app.mount("/static", Files())
    known: dict[str, str] = {}  # numbers somebody opened, by their id

    def phones() -> list[Phone]:
        for text in twilio.texts:
            number = text.sender if text.direction == "inbound" else text.to
            known.setdefault(_id(number), number)
        found = [
            Phone(key, number, [t for t in twilio.texts if number in (t.to, t.sender)])
            for key, number in known.items()
        ]
        return sorted(found, key=lambda one: one.texts[-1].made if one.texts else clock())[::-1]

    @app.get("/")
    async def show(phone: str = "", said: str = "", answer: int = 0, wrong: str = "") -> Response:
        everybody = phones()
        chosen = next((one for one in everybody if one.id == phone), None)
        context = {
            "now": clock(),
            "phones": everybody,
            "chosen": chosen or (everybody[0] if everybody else None),
            "faxes": _faxes(telnyx),
            "lines": lines,
            "zone": lines[0].zone if lines else "UTC",
            "said": _SAYS.get(said, ""),
            "answer": answer,
            "wrong": "That is no phone number: write it with its area code." if wrong else "",
            "answers": list(Answer),
        }
        return page("simulator.html", context)

    @app.get("/thread")
    async def thread(phone: str = "") -> Response:
        """The texts of one number alone, asked for again and again by the page."""
        chosen = next((one for one in phones() if one.id == phone), None)
        zone = lines[0].zone if lines else "UTC"
        return page("simulator_thread.html", {"chosen": chosen, "zone": zone, "now": clock()})

    @app.post("/phones")
    async def open_phone(request: Request) -> Response:
        """Somebody else's phone."""
        async with request.form() as form:
            number = _number(form)
        if number is None:
            return _back("", wrong="1")
        known[_id(number)] = number
        return _back(_id(number))

    @app.post("/phones/{phone}/texts")
    async def write(phone: str, request: Request) -> Response:
        """The patient texts a clinic."""
        async with request.form() as form:
            to, body = str(form.get("to", "")), str(form.get("body", ""))
        return await _told(phone, "text", lambda number: twilio.write(number, to, body))

    @app.post("/phones/{phone}/calls")
    async def ring(phone: str, request: Request) -> Response:
        """The patient calls a clinic, and nobody answers."""
        async with request.form() as form:
            to = str(form.get("to", ""))
        return await _told(phone, "call", lambda number: twilio.ring(number, to, CALLED))

    async def _told(phone: str, what: str, tell: Callable[[str], Awaitable[int]]) -> Response:
        number = known.get(phone)
        if number is None:
            return _back("", wrong="1")
        return _back(phone, said=what, answer=str(await tell(number)))

    @app.post("/faxes")
    async def send_fax(request: Request) -> Response:
        """A physician's office faxes a clinic."""
        async with request.form(max_part_size=LARGEST) as form:
            number, to, file = _number(form), str(form.get("to", "")), form.get("file")
            content = await file.read() if isinstance(file, UploadFile) else b""
        if number is None or not content:
            return _back("", wrong="1")
        return _back("", said="fax", answer=str(await telnyx.fax(number, to, content)))

    @app.post("/faxes/{fax_id}/return")
    async def send_back(fax_id: str, request: Request) -> Response:
        """The page with the signature box goes back to the number it came from."""
        async with request.form() as form:
            answer = Answer(str(form.get("answer", Answer.SIGNED)))
            name = str(form.get("name", ""))[:60] or "A. Physician, MD"
        fax = _fax(telnyx, fax_id)
        if fax is None:
            return Response(status_code=404)
        content = returned(fax.content, answer, name, clock().date())
        return _back("", said="fax", answer=str(await telnyx.fax(fax.to, fax.sender, content)))

    @app.get("/faxes/{fax_id}/fax.pdf")
    async def as_pdf(fax_id: str) -> Response:
        fax = _fax(telnyx, fax_id)
        if fax is None:
            return Response(status_code=404)
        return Response(fax.content, media_type="application/pdf")

    @app.get("/faxes/{fax_id}/{number}.png")
    async def as_picture(fax_id: str, number: int) -> Response:
        fax = _fax(telnyx, fax_id)
        drawn = picture(fax.content, number - 1) if fax is not None else None
        if drawn is None:
            return Response(status_code=404)
        return Response(drawn, media_type="image/png")

    return app


class Paper(NamedTuple):
    """A fax as the page shows it; ``sign`` when it has a box for a signature."""

    fax: Fax
    came: bool  # to the physician; else they sent it
    sign: bool
    pdf: bool  # as it is; what is none is shown as pictures


def _faxes(telnyx: TelnyxServer) -> list[Paper]:
    newest = sorted(telnyx.faxes, key=lambda fax: fax.made, reverse=True)
    papers = [(fax, fax.direction == "outbound") for fax in newest[:50]]
    return [
        Paper(
            fax,
            came,
            sign=came and page_to_sign(fax.content) is not None,
            pdf=fax.content.startswith(b"%PDF"),
        )
        for fax, came in papers
    ]


def _fax(telnyx: TelnyxServer, fax_id: str) -> Fax | None:
    return next((fax for fax in telnyx.faxes if fax.id == fax_id), None)


def _number(form: FormData) -> str | None:
    """A number as somebody typed it, in E.164; None when it is none."""
    try:
        return shapes.phone(str(form.get("number", "")), "US")
    except BadRequest:
        return None


def _id(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()[:10]


def _back(phone: str, **told: str) -> Response:
    asked = urlencode({name: value for name, value in {"phone": phone, **told}.items() if value})
    return RedirectResponse(f"/?{asked}", status_code=303)
