"""Texts by Twilio's Programmable Messaging (form POST to ``Messages.json``; integrations.md §2.2).

Twilio knows no idempotency key and does not give our reference back. So after a lost answer the
newest messages to the number are looked through for our words since the claim; one that is not
there may still be on its way into that list, so it counts as never taken only after ``SETTLES``.
The reference travels in the query of the status callback (``web.callbacks``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field, SecretStr

from integrations.contract import LONGEST_CALL, Accepted, safe_reference
from integrations.http import Answer, Api, for_find
from models.base import Model
from models.contracts import Parcel, Receipt, ReceiptState, Sent
from models.errors import CannotTell, ChannelError, Verdict

ADDRESS: Final = "https://api.twilio.com"
SETTLES: Final = timedelta(minutes=5)
_SKEW: Final = timedelta(minutes=2)  # between our clock and theirs
# Twilio keeps a text it cannot hand on for ten hours unless told otherwise: into the night.
_VALID: Final = timedelta(hours=1)
_PAGE: Final = 100  # messages to one patient's number; caps allow a handful a week
_MOST_PAGES: Final = 50  # of texts to one number of ours
_DELIVERED: Final = frozenset({"delivered", "read"})
_FAILED: Final = frozenset({"undelivered", "failed", "canceled"})

_P, _L, _F = Verdict.PERMANENT, Verdict.LATER, Verdict.FIX
# Twilio's numbers, with a name of ours and what they mean for the next step (integrations.md §2.2).
CODES: Final[Mapping[int, tuple[str, Verdict]]] = {
    20003: ("login_refused", _F),
    20429: ("put_off", _L),
    21211: ("bad_number", _P),
    21214: ("bad_number", _P),
    21217: ("bad_number", _P),
    21408: ("region_not_served", _P),
    21606: ("sender_refused", _F),
    21610: ("opted_out", _P),
    21611: ("put_off", _L),  # the sender's queue is full
    21612: ("not_reachable_from_here", _P),
    21614: ("not_a_mobile", _P),
    21659: ("sender_refused", _F),
    21660: ("sender_refused", _F),
    30001: ("put_off", _L),
    30002: ("account_suspended", _F),
    30003: ("handset_unreachable", _L),
    30004: ("blocked", _P),
    30005: ("unknown_handset", _P),
    30006: ("landline", _P),
    30007: ("filtered", _F),
    30008: ("carrier_error", _L),
    30034: ("sender_not_registered", _F),
    30036: ("expired", _L),
}


class TwilioSettings(Model):
    """One account; every organization of this installation texts with it, from its own numbers.

    ``tokens`` are Auth Tokens: the first one sends, each may have signed a callback. ``callbacks``
    is our public address, without a slash at its end.
    """

    account_sid: str
    tokens: tuple[SecretStr, ...] = Field(min_length=1)
    callbacks: str
    address: str = ADDRESS
    timeout: float = Field(default=LONGEST_CALL - 1, gt=0, le=LONGEST_CALL)


class HeardText(NamedTuple):
    """A text that came to one of our numbers, as Twilio lists it."""

    id: str
    sender: str
    body: str
    at: datetime


def status_callback(base_url: str, org: str, reference: str) -> str:
    """Where Twilio tells what became of a text; the reference is ours and says nothing."""
    return f"{base_url}/callbacks/twilio/{org}/status?{urlencode({'ref': reference})}"


class Twilio:
    """Texts from a clinic's own number; ``clock`` is the wall's."""

    def __init__(self, settings: TwilioSettings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        token = settings.tokens[0].get_secret_value()
        account = f"/2010-04-01/Accounts/{settings.account_sid}"
        self._api = Api(settings.address + account, auth=(settings.account_sid, token))

    def send(self, parcel: Parcel) -> Accepted:
        """Hand one text over; accepted is not delivered.

        Raises ChannelError by ``CODES``, CannotTell when the answer was lost or is a 5xx.
        """
        reference = safe_reference(parcel.reference)
        form = {
            "To": parcel.to,
            "From": parcel.sender,
            "Body": parcel.body,
            "ValidityPeriod": str(int(_VALID.total_seconds())),
            "StatusCallback": status_callback(self._settings.callbacks, parcel.org, reference),
        }
        answer = self._api.call("POST", "/Messages.json", seconds=self._settings.timeout, data=form)
        if answer.status in {200, 201}:
            return Accepted(vendor_id=str(answer.json.get("sid", "")))
        raise self._refusal(answer)

    def find(self, sent: Sent) -> Receipt | None:
        """Twilio's word on a text, by its id, else by the number, the words and the time.

        Raises ChannelError ``still_settling`` (later) while it may be on its way into the list.
        """
        try:
            if sent.vendor_id:
                return self._read(sent)
            return self._look_through(sent)
        except CannotTell as error:
            if sent.vendor_id or (sent.body and sent.since):
                raise for_find(error) from None
            raise

    def heard(self, number: str, since: datetime) -> list[HeardText]:
        """The texts that came to a number since a moment, page after page of the list.

        Raises ChannelError, CannotTell: the next look asks for all of them again.
        """
        asked = {"To": number, "PageSize": str(_PAGE), "DateSent>": f"{since:%Y-%m-%d}"}
        listed: list[HeardText | None] = []
        for _ in range(_MOST_PAGES):
            answer = self._api.call(
                "GET", "/Messages.json", seconds=self._settings.timeout, params=asked
            )
            if answer.status != 200:
                raise self._refusal(answer, asking=True)
            listed += [_heard(one) for one in answer.json.get("messages", [])]
            following = answer.json.get("next_page_uri")
            if not isinstance(following, str):
                break
            asked = dict(parse_qsl(urlsplit(following).query))
        return [text for text in listed if text is not None and text.at >= since]

    # --- inside ---------------------------------------------------------------------------------

    def _read(self, sent: Sent) -> Receipt | None:
        answer = self._api.call(
            "GET", f"/Messages/{sent.vendor_id}.json", seconds=self._settings.timeout
        )
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._refusal(answer, asking=True)
        return self._receipt(sent.reference, answer.json)

    def _look_through(self, sent: Sent) -> Receipt | None:
        if not (sent.to and sent.body and sent.since):
            raise CannotTell("Nothing is left by which Twilio could find this text.")
        asked = {"To": sent.to, "PageSize": str(_PAGE)}
        answer = self._api.call(
            "GET", "/Messages.json", seconds=self._settings.timeout, params=asked
        )
        if answer.status != 200:
            raise self._refusal(answer, asking=True)
        ours = [
            one
            for one in answer.json.get("messages", [])
            if _is_this(one, sent.body, sent.since - _SKEW)
        ]
        if ours:
            return self._receipt(sent.reference, ours[0])
        if self._clock() - sent.since < SETTLES:
            raise ChannelError(
                "still_settling",
                "Twilio may not list it yet; it is asked again.",
                verdict=Verdict.LATER,
            )
        return None

    def _receipt(self, reference: str, message: Mapping[str, Any]) -> Receipt:
        at = _moment(message.get("date_updated")) or self._clock()
        return receipt(
            reference,
            str(message.get("status", "")),
            str(message.get("error_code") or ""),
            vendor_id=str(message.get("sid", "")),
            at=at,
        )

    def _refusal(self, answer: Answer, *, asking: bool = False) -> Exception:
        """Its no as one of ours; its own words may quote the number and are left out."""
        number = answer.json.get("code")
        name, verdict = CODES.get(number if isinstance(number, int) else 0, ("", _F))
        if name and not asking:
            pass
        elif answer.status == 429:
            name, verdict = "put_off", _L
        elif answer.status >= 500:
            if not asking:
                return CannotTell(f"Twilio answered {answer.status}; it may have the text.")
            name, verdict = "put_off", _L
        elif answer.status in {401, 403}:
            name, verdict = "login_refused", _F
        else:
            name = name or f"twilio_{number or answer.status}"
        told = f", code {number}" if isinstance(number, int) else ""
        return ChannelError(
            name,
            f"Twilio answered {answer.status}{told}; docs/integrators/twilio.md says what to do.",
            verdict=verdict,
            retry_at=answer.retry_at(self._clock()) if verdict is _L else None,
        )


def receipt(reference: str, status: str, code: str, *, vendor_id: str, at: datetime) -> Receipt:
    """What a status of Twilio's means; every one before the end is ``accepted``."""
    state = ReceiptState.ACCEPTED
    if status in _DELIVERED:
        state = ReceiptState.DELIVERED
    elif status in _FAILED:
        state = ReceiptState.FAILED
    named = CODES.get(int(code), (f"twilio_{code}",))[0] if code.isdecimal() else status
    return Receipt(
        reference=reference,
        state=state,
        at=at,
        vendor_id=vendor_id,
        code=named[:60] if state is ReceiptState.FAILED else "",
    )


def _is_this(message: Any, body: str, since: datetime) -> bool:
    if not isinstance(message, Mapping) or message.get("direction") == "inbound":
        return False
    made = _moment(message.get("date_created"))
    same = " ".join(str(message.get("body", "")).split()) == " ".join(body.split())
    return same and made is not None and made >= since


def words_of(body: str, pictures: str) -> str:
    """What was written; pictures stay with Twilio, so it says that there are some."""
    told = f"[{pictures} attached, to be seen at Twilio]"
    return body if pictures in {"", "0"} else f"{body}\n{told}".strip()


def _heard(message: Any) -> HeardText | None:
    if not isinstance(message, Mapping) or message.get("direction") != "inbound":
        return None
    at = _moment(message.get("date_sent") or message.get("date_created"))
    id, sender = str(message.get("sid") or ""), str(message.get("from") or "")
    words = words_of(str(message.get("body") or ""), str(message.get("num_media") or "0"))
    return HeardText(id, sender, words, at) if at and id else None


def _moment(told: Any) -> datetime | None:
    """A date by RFC 2822, as this API writes them."""
    try:
        return parsedate_to_datetime(str(told)).astimezone(UTC)
    except ValueError:
        return None
