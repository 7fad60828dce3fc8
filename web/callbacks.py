"""``/callbacks/{vendor}/{org}/…``: what vendors tell, each signed in its vendor's own way.

The signature is looked at first, over the body as it came. Whatever is kept is committed before the
vendor is answered; telling the workflows comes after. The same told twice, or in another order,
changes nothing. Nothing here is part of our own API, so it is not in the OpenAPI page.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import Response

from activities.callbacks import Callbacks
from activities.fax_intake import FaxIntake
from activities.intake import Intake
from activities.missed_calls import MissedCall
from activities.texts import TextMessage
from integrations.fax import telnyx, telnyx_signature
from integrations.sms import twilio, twilio_signature
from models.errors import BadRequest, NotFound, UserError
from models.fax import FaxArrival
from settings import Settings
from store.engine import Store
from telemetry.logs import logger
from web.dispatcher import Dispatcher

_LOG = logger(__name__)
_UNANSWERED = frozenset({"no-answer", "busy", "failed", "canceled"})
_WINDOW = timedelta(seconds=300)  # what Telnyx' own verifier allows


def router(
    settings: Settings,
    intake: Intake,
    store: Store,
    dispatcher: Dispatcher,
    clock: Callable[[], datetime],
) -> APIRouter:
    """The routes of the vendors; one whose account is not set up does not exist."""
    routes = APIRouter(prefix="/callbacks", include_in_schema=False)
    faxes = FaxIntake(store, intake.loop, intake.tenants, clock)
    told = Callbacks(store, intake, faxes)

    @routes.post("/twilio/{org}/status")
    async def text_status(org: str, request: Request, ref: str = "") -> Response:
        """How far a text of ours has come."""
        form = await _form(settings, intake, org, request)
        receipt = twilio.receipt(
            ref,
            form.get("MessageStatus", ""),
            form.get("ErrorCode", ""),
            vendor_id=form.get("MessageSid", ""),
            at=clock(),
        )
        await told.receipt(org, "sms", receipt, clock())
        return Response(status_code=204)

    @routes.post("/twilio/{org}/text")
    async def text_came(org: str, request: Request) -> Response:
        """A patient's text: kept, and a STOP made true, before Twilio is answered."""
        form = await _form(settings, intake, org, request)
        text = TextMessage(
            reply_id=form.get("MessageSid", ""),
            phone=form.get("From", ""),
            text=twilio.words_of(form.get("Body", ""), form.get("NumMedia", "0")),
            at=intake.clock(),
        )
        try:
            row = await asyncio.to_thread(intake.accept_text, org, text)
        except UserError as error:  # such as a short code; sending it again would change nothing
            _LOG.warning("text_not_taken", code=error.code)
        else:
            dispatcher.soon(row.id)
        return _nothing_more()

    @routes.post("/twilio/{org}/voice")
    async def call_ended(org: str, request: Request) -> Response:
        """What came of a call to a clinic; one that nobody answered is called back."""
        form = await _form(settings, intake, org, request)
        # Behind <Dial> the call itself is "completed", whoever was or was not reached.
        came_to = form.get("DialCallStatus") or form.get("CallStatus", "")
        if came_to in _UNANSWERED and form.get("Direction", "inbound") == "inbound":
            call = MissedCall(
                call_id=form.get("CallSid", ""),
                phone=form.get("From", ""),
                called=form.get("To", ""),
                at=intake.clock(),
            )
            try:
                row = await asyncio.to_thread(intake.accept_call, org, call)
            except UserError as error:  # a number that was withheld: nobody can be called back
                _LOG.warning("call_not_taken", code=error.code)
            else:
                dispatcher.soon(row.id)
        return _nothing_more()

    @routes.post("/telnyx/{org}/fax")
    async def fax_told(org: str, request: Request) -> Response:
        """How far a fax of ours has come, or that one came in."""
        event = await _event(settings, intake, org, request, clock())
        fax = _part(event, "payload")
        what, at = event.get("event_type"), telnyx.moment(event.get("occurred_at")) or clock()
        fax_id = str(fax.get("fax_id") or "")
        if what in {"fax.delivered", "fax.failed"}:
            receipt = telnyx.receipt(
                telnyx.reference_in(fax),
                str(what).removeprefix("fax."),
                str(fax.get("failure_reason") or ""),
                vendor_id=fax_id,
                at=at,
            )
            await told.receipt(org, "fax", receipt, clock())
        elif what == "fax.received" and fax_id:
            called = _number(fax.get("to"))
            await told.fax(org, partial(_arrived, settings, fax, at), fax_id, called, clock())
        return Response(status_code=204)

    return routes


# --- who speaks ---------------------------------------------------------------------------------


async def _form(settings: Settings, intake: Intake, org: str, request: Request) -> dict[str, str]:
    """The fields of an authentic request of Twilio's; raises NotFound, NotAllowed."""
    intake.tenants.get(org)
    account = settings.twilio
    if account is None:
        raise NotFound("No account of Twilio is set up here.")
    body = await request.body()
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    # Twilio signs the address it was told, which behind a proxy is not the one that reaches us.
    address = f"{settings.base_url}{path}{'?' if query else ''}{query}"
    given = request.headers.get(twilio_signature.HEADER, "")
    tokens = [token.get_secret_value() for token in account.tokens]
    twilio_signature.verify(given, address, fields, tokens=tokens)
    return dict(fields)


async def _event(
    settings: Settings, intake: Intake, org: str, request: Request, now: datetime
) -> Mapping[str, Any]:
    """The ``data`` of an authentic webhook of Telnyx'; raises NotFound, NotAllowed, BadRequest."""
    intake.tenants.get(org)
    account = settings.telnyx
    if account is None:
        raise NotFound("No account of Telnyx is set up here.")
    body = await request.body()
    telnyx_signature.verify(
        request.headers, body, public_key=account.public_key, now=now, window=_WINDOW
    )
    try:
        return _part(json.loads(body), "data")
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON in UTF-8.", code="malformed_json") from None


def _nothing_more() -> Response:
    """What Twilio does next with a text or a call: nothing. Our words go out by their own way."""
    return Response('<?xml version="1.0" encoding="UTF-8"?><Response/>', media_type="text/xml")


# --- what it says -------------------------------------------------------------------------------


async def _arrived(settings: Settings, fax: Mapping[str, Any], at: datetime) -> FaxArrival:
    """The fax with its pages, fetched now: the link is dead in ten minutes."""
    account = settings.telnyx
    if account is None:
        raise NotFound("No account of Telnyx is set up here.")
    page = await telnyx.fetched_pages(account, fax)
    count = fax.get("page_count")
    return FaxArrival(
        vendor="telnyx",
        vendor_id=str(fax.get("fax_id")),
        content=page.content,
        content_type=page.content_type[:100],
        received_at=at,
        from_number=_number(fax.get("from")),
        to_number=_number(fax.get("to")),
        pages=count if isinstance(count, int) and count >= 0 else None,
    )


def _number(told: Any) -> str | None:
    return str(told)[:60] if told else None


def _part(told: Any, name: str) -> Mapping[str, Any]:
    found = told.get(name) if isinstance(told, Mapping) else None
    return found if isinstance(found, Mapping) else {}
