"""Faxes by Telnyx Programmable Fax (``POST /v2/faxes``; integrations.md §2.1).

A fax goes in two calls, because only the JSON form carries our reference: the page is uploaded to
their media storage, kept there for a day, then the fax names it. ``client_state`` is our reference
and comes back in every event and every list, so a lost answer is looked up by it. A fax that is not
listed yet may be on its way there: it counts as never taken only after ``SETTLES``.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import Field, SecretStr

from integrations.contract import LONGEST_CALL, Accepted, safe_reference
from integrations.http import Answer, Api, fetched, for_find
from models.base import Model
from models.contracts import Parcel, Receipt, ReceiptState, Sent
from models.errors import CannotTell, ChannelError, Verdict

ADDRESS: Final = "https://api.telnyx.com"
SETTLES: Final = timedelta(minutes=5)
LARGEST_PAGE: Final = 20 * 1024 * 1024  # what their media storage takes
_KEPT: Final = 86_400  # seconds until they delete the page
_SKEW: Final = timedelta(minutes=2)
_PAGE: Final = 100
_MOST_PAGES: Final = 50  # of a list: far more than one account faxes in the days that are asked for
_FETCHING: Final = 25.0  # seconds for the pages of a fax; the vendor waits for our answer

_P, _L, _F = Verdict.PERMANENT, Verdict.LATER, Verdict.FIX
# Telnyx' own error numbers; every other refusal is ours to mend.
CODES: Final[Mapping[str, tuple[str, Verdict]]] = {
    "10002": ("bad_number", _P),
    "10009": ("login_refused", _F),
    "10011": ("put_off", _L),
    "10016": ("bad_number", _P),
}
# Why a fax that was queued failed in the end (``failure_reason``): these numbers take none, and
# these are for us or an administrator to mend; every other reason is the line's and passes.
NO_SUCH_LINE: Final = frozenset(
    {
        "destination_invalid",
        "receiver_incompatible_destination",
        "receiver_invalid_number_format",
        "receiver_unallocated_number",
    }
)
OURS_TO_MEND: Final = frozenset(
    {
        "account_disabled",
        "destination_not_in_countries_whitelist",
        "destination_not_in_service_plan",
        "file_download_failed",
        "file_format_invalid",
        "file_size_limit_exceeded",
        "media_processing_exception",
        "no_outbound_profile",
        "outbound_profile_daily_spend_limit_exceeded",
        "page_count_limit_exceeded",
        "unverified_destination_not_allowed",
        "unverified_origination_number",
    }
)


class Page(NamedTuple):
    """A document as it was fetched, and what its server calls it."""

    content: bytes
    content_type: str


class HeardFax(NamedTuple):
    """A fax that came to one of our numbers, as Telnyx lists it."""

    id: str
    sender: str
    to: str
    at: datetime


class TelnyxSettings(Model):
    """One account; every organization of this installation faxes with it, from its own numbers.

    ``public_key`` is the account's, base64: its webhooks are signed with the other half.
    ``callbacks`` is our public address, without a slash at its end. ``plain``: links to pages may
    be http, as the simulator's are.
    """

    api_key: SecretStr
    connection_id: str  # the Programmable Fax Application
    public_key: str
    callbacks: str
    address: str = ADDRESS
    plain: bool = False
    timeout: float = Field(default=LONGEST_CALL - 1, gt=0, le=LONGEST_CALL)


async def fetched_pages(settings: TelnyxSettings, fax: Mapping[str, Any]) -> Page:
    """The pages of a fax that came in, from the link of its event, else from a new one.

    A link needs no key and lives ten minutes; a new one is asked for. Raises ChannelError
    ``fax_not_there`` (later).
    """
    key = settings.api_key.get_secret_value()
    api = Api(f"{settings.address}/v2", headers={"authorization": f"Bearer {key}"})
    trouble = "no link"
    try:
        if page := await _page(str(fax.get("media_url") or ""), plain=settings.plain):
            return page
        named = f"/faxes/{fax.get('fax_id')}"
        await api.ask("POST", f"{named}/actions/refresh", seconds=_FETCHING)
        answer = await api.ask("GET", named, seconds=_FETCHING)
        if page := await _page(str(_data(answer).get("media_url") or ""), plain=settings.plain):
            return page
    except (ChannelError, CannotTell) as error:
        trouble = error.code
    raise ChannelError(
        "fax_not_there", f"The pages of a fax could not be fetched ({trouble}).", verdict=_L
    )


async def _page(address: str, *, plain: bool) -> Page | None:
    if not address.startswith("https://") and not (plain and address.startswith("http://")):
        return None
    answer = await fetched(address, seconds=_FETCHING)
    if answer.status != 200 or not answer.content:
        return None
    return Page(answer.content, answer.headers.get("content-type", "").partition(";")[0].strip())


def webhook(base_url: str, org: str) -> str:
    """Where Telnyx tells what becomes of a fax, and that one came in."""
    return f"{base_url}/callbacks/telnyx/{org}/fax"


class Telnyx:
    """Faxes from a clinic's own number; ``clock`` is the wall's."""

    def __init__(self, settings: TelnyxSettings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        key = settings.api_key.get_secret_value()
        self._api = Api(f"{settings.address}/v2", headers={"authorization": f"Bearer {key}"})

    def send(self, parcel: Parcel) -> Accepted:
        """Upload the page and have it faxed; accepted is not delivered.

        Raises ChannelError: ``nothing_to_send``, ``too_large`` (fix) and those of ``CODES``;
        CannotTell when the second answer was lost or is a 5xx.
        """
        ends = time.monotonic() + self._settings.timeout
        reference = safe_reference(parcel.reference)
        media = self._upload(parcel, f"{reference}_{secrets.token_hex(4)}", ends)
        fax = {
            "connection_id": self._settings.connection_id,
            "from": parcel.sender,
            "to": parcel.to,
            "media_name": media,
            "client_state": base64.b64encode(reference.encode()).decode(),
            "webhook_url": webhook(self._settings.callbacks, parcel.org),
        }
        answer = self._api.call("POST", "/faxes", seconds=_left(ends), json=fax)
        if answer.status in {200, 201, 202}:
            return Accepted(vendor_id=str(_data(answer).get("id", "")))
        raise self._refusal(answer, sending=True)

    def find(self, sent: Sent) -> Receipt | None:
        """Telnyx' word on a fax, by its id, else by our reference among those to the number.

        Raises ChannelError ``still_settling`` (later) while it may be on its way into the list.
        """
        try:
            return self._read(sent) if sent.vendor_id else self._look_through(sent)
        except CannotTell as error:
            raise for_find(error) from None

    def heard(self, since: datetime) -> list[HeardFax]:
        """The faxes that came in since a moment, each once.

        Raises ChannelError, CannotTell: of a list that could not be read to its end nothing is
        told, and the next look asks for all of it again.
        """
        asked = {
            "filter[direction][eq]": "inbound",
            "filter[created_at][gte]": since.isoformat(),
        }
        listed = [_heard(fax) for fax in self._listed(asked)]
        # One that came while the pages were turned moves others to the next page.
        return list({fax.id: fax for fax in listed if fax is not None}.values())

    async def pages(self, fax_id: str) -> Page:
        """The pages of one that came in; raises ChannelError ``fax_not_there`` (later)."""
        return await fetched_pages(self._settings, {"fax_id": fax_id})

    # --- inside ---------------------------------------------------------------------------------

    def _upload(self, parcel: Parcel, name: str, ends: float) -> str:
        """Nothing has been faxed yet: whatever fails here may be tried again."""
        if not parcel.attachments:
            raise ChannelError(
                "nothing_to_send", "A fax needs a document; none was given.", verdict=_F
            )
        page = parcel.attachments[0]
        if len(page.content) > LARGEST_PAGE:
            raise ChannelError("too_large", "Telnyx takes a document of 20 MB.", verdict=_F)
        try:
            answer = self._api.call(
                "POST",
                "/media",
                seconds=_left(ends),
                data={"media_name": name, "ttl_secs": str(_KEPT)},
                files={"media": (f"{name}.pdf", page.content, page.media_type)},
            )
        except CannotTell as error:
            raise for_find(error) from None
        if answer.status not in {200, 201}:
            raise self._refusal(answer, sending=False)
        return str(_data(answer).get("media_name") or name)

    def _read(self, sent: Sent) -> Receipt | None:
        answer = self._api.call("GET", f"/faxes/{sent.vendor_id}", seconds=self._settings.timeout)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._refusal(answer, sending=False)
        return self._receipt(sent.reference, _data(answer))

    def _look_through(self, sent: Sent) -> Receipt | None:
        since = sent.since or self._clock() - timedelta(days=2)
        asked = {
            "filter[direction][eq]": "outbound",
            "filter[created_at][gte]": (since - _SKEW).isoformat(),
        }
        if sent.to:
            asked["filter[to][eq]"] = sent.to
        for fax in self._listed(asked):
            if reference_in(fax) == sent.reference:
                return self._receipt(sent.reference, fax)
        if sent.since and self._clock() - sent.since < SETTLES:
            raise ChannelError(
                "still_settling", "Telnyx may not list it yet; it is asked again.", verdict=_L
            )
        return None

    def _listed(self, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """The faxes of a list, page after page, within the time of one call.

        Raises ChannelError, CannotTell; ``list_too_long`` rather than leaving any out, because a
        fax that is not found is sent again.
        """
        ends = time.monotonic() + self._settings.timeout
        for number in range(1, _MOST_PAGES + 1):
            page = {**asked, "page[number]": str(number), "page[size]": str(_PAGE)}
            answer = self._api.call("GET", "/faxes", seconds=_left(ends), params=page)
            if answer.status != 200:
                raise self._refusal(answer, sending=False)
            found = answer.json.get("data")
            faxes = found if isinstance(found, list) else []
            yield from (fax for fax in faxes if isinstance(fax, Mapping))
            told = answer.json.get("meta")
            last = told.get("total_pages") if isinstance(told, Mapping) else None
            if number >= last if isinstance(last, int) else len(faxes) < _PAGE:
                return
        raise ChannelError(
            "list_too_long", "Telnyx lists more faxes than can be looked through.", verdict=_L
        )

    def _receipt(self, reference: str, fax: Mapping[str, Any]) -> Receipt:
        return receipt(
            reference,
            str(fax.get("status", "")),
            str(fax.get("failure_reason") or ""),
            vendor_id=str(fax.get("id", "")),
            at=moment(fax.get("updated_at")) or self._clock(),
        )

    def _refusal(self, answer: Answer, *, sending: bool) -> Exception:
        """Its no as one of ours; its own words may quote the number and are left out."""
        errors = answer.json.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else {}
        number = str(first.get("code", "")) if isinstance(first, Mapping) else ""
        if answer.status >= 500 and sending:
            return CannotTell(f"Telnyx answered {answer.status}; it may have the fax.")
        if answer.status == 429 or answer.status >= 500:
            name, verdict = "put_off", _L
        elif answer.status in {401, 403}:
            name, verdict = "login_refused", _F
        else:
            name, verdict = CODES.get(number, (f"telnyx_{number or answer.status}", _F))
        return ChannelError(
            name,
            f"Telnyx answered {answer.status}{f', code {number}' if number.isdecimal() else ''}; "
            "docs/integrators/telnyx.md says what to do.",
            verdict=verdict,
            retry_at=answer.retry_at(self._clock()) if verdict is _L else None,
        )


def receipt(reference: str, status: str, reason: str, *, vendor_id: str, at: datetime) -> Receipt:
    """What a status of Telnyx' means; every one before the end is ``accepted``."""
    states = {"delivered": ReceiptState.DELIVERED, "failed": ReceiptState.FAILED}
    state = states.get(status, ReceiptState.ACCEPTED)
    code = (reason or "failed")[:60] if state is ReceiptState.FAILED else ""
    verdict = _P if code in NO_SUCH_LINE else _F if code in OURS_TO_MEND else _L
    return Receipt(
        reference=reference, state=state, at=at, vendor_id=vendor_id, code=code, verdict=verdict
    )


def reference_in(fax: Mapping[str, Any]) -> str:
    """Our reference in a fax or its event; empty when it is not one of ours."""
    try:
        return base64.b64decode(str(fax.get("client_state") or ""), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _heard(fax: Mapping[str, Any]) -> HeardFax | None:
    """One that is here whole; what is still coming is told later, or found by the next look."""
    if fax.get("status") != "received":
        return None
    at, id = moment(fax.get("created_at")), str(fax.get("id") or "")
    sender, to = str(fax.get("from") or ""), str(fax.get("to") or "")
    return HeardFax(id, sender, to, at) if at and id else None


def moment(told: Any) -> datetime | None:
    """A date by ISO 8601, as this API writes them; UTC where it names no zone."""
    try:
        read = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)


def _data(answer: Answer) -> Mapping[str, Any]:
    found = answer.json.get("data")
    return found if isinstance(found, Mapping) else {}


def _left(ends: float) -> float:
    return max(0.1, ends - time.monotonic())
