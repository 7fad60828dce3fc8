"""Our own JSON events, signed by the Standard Webhooks convention: the first EMR adapter.

``EventsReader`` says who sent a request and what it says; everything it raises is the sender's to
fix. What an event means for a referral is decided in ``activities/intake.py``.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from integrations.emr import referrals
from integrations.emr.calls import MISSED, NUMBERS, read_call
from integrations.emr.dates import check_dates
from integrations.emr.problems import validated
from integrations.emr.signature import verify
from integrations.emr.texts import REPLIED, WORDS, read_text
from models.contracts import RawRequest
from models.errors import BadRequest
from models.events import Event, ProviderLeftIn, ReaderIn
from models.facts import MILESTONES, AnyFact

RECEIVED = "referral_received"
PROVIDER_LEFT = "provider_left"
# About the organization, not about one referral.
ORGANIZATION: dict[str, type[ProviderLeftIn]] = {PROVIDER_LEFT: ProviderLeftIn}
TYPES = (*MILESTONES, *ORGANIZATION)
# Fields of a fact that an event says elsewhere, or that only we can know.
#: What an event of a kind says beside its fact.
BESIDE = {REPLIED: WORDS, MISSED: NUMBERS}
OURS = frozenset(
    {
        *("kind", "at", "as_of", "retracted"),
        *("document_id", "provider_id", "source_id", "confirmed_at", "recipient_id"),
        *("meaning", "also", "here"),
    }
)
NPI = "provider_npi"  # how a sender names a provider whose id only we know
READER = "recipient"  # and somebody who is to read reports without treating
_NOBODY = "unknown"
LONGEST_INTEGER = 18  # digits; longer ones are no count of ours, and no float or database takes all


class Heard(NamedTuple):
    """One authentic request, read."""

    event_id: str
    event: Event


class EventsReader:
    """Reads the signed events of one organization; holds its secrets and nothing else."""

    def __init__(self, secrets: Sequence[str], window: timedelta) -> None:
        self._secrets = tuple(secrets)
        self._window = window

    def authenticate(self, request: RawRequest) -> str:
        """The event id of an authentic, recent request; see ``signature.verify``."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        return verify(
            headers,
            request.body,
            secrets=self._secrets,
            now=request.received_at,
            window=self._window,
        )

    def read(self, request: RawRequest) -> list[Heard]:
        """The one event of a request, signature first; raises UserError, has no effect."""
        event_id = self.authenticate(request)
        return [Heard(event_id, read_event(request.body, request.received_at))]


def read_event(body: bytes, now: datetime) -> Event:
    """An event that can be acted on, or UserError saying what to change; pure.

    Codes: ``malformed_json``, ``invalid_event``, ``unknown_event_type``, ``impossible_date``, and
    those of ``referrals.new_referral``. The document an event brings is judged apart.
    """
    return checked(read_json(body), now)


def checked(content: Any, now: datetime) -> Event:
    """``read_event`` on JSON that has been read already."""
    event = validated(Event, content)
    if event.type not in TYPES:
        close = difflib.get_close_matches(event.type, TYPES, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise BadRequest(
            f"There is no such event type.{hint} The types are: {', '.join(TYPES)}.",
            code="unknown_event_type",
            field="type",
        )
    check_dates({"at": event.at, "as_of": event.as_of}, now)
    if event.type == RECEIVED:
        referrals.new_referral(event, now)
        return event
    if event.type == PROVIDER_LEFT:
        provider_left(event, now)
        return event
    fact = milestone(event)
    check_dates(dict(fact), now, "data.")
    if event.type == REPLIED and read_text(event).phone is not None:
        return event  # the number says whose it is
    if event.type == MISSED:
        read_call(event)
        return event
    about = event.referral
    if about is None or not (about.id or about.external or about.patient):
        raise BadRequest(
            "referral: say which referral this is about, by our id, by external (assigner and "
            "value), or by its patient (given_name, family_name, born).",
            code="invalid_event",
            field="referral",
        )
    return event


def read_json(body: bytes) -> Any:
    """Strict JSON in UTF-8: no NaN, no 1e999, no absurd depth, no number beyond counting.

    Raises BadRequest ``malformed_json``.
    """
    try:
        # Decoded here: json would guess UTF-16 and UTF-32 as well, which the signature cannot tell
        # apart, because it is worked out over text.
        return json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_countable,
        )
    except (ValueError, RecursionError):
        raise BadRequest(
            "The body is not JSON in UTF-8. Send one object with type, at, referral and data.",
            code="malformed_json",
        ) from None


def milestone(
    event: Event,
    *,
    document_id: str | None = None,
    provider_id: str | None = None,
    recipient_id: str | None = None,
) -> AnyFact:
    """The fact an event tells, with the ids that only the store knows put in.

    Raises BadRequest ``invalid_event`` naming the field; not for ``referral_received``, whose
    fact is made with its referral.
    """
    kind = MILESTONES[event.type]
    allowed = wire_fields(event.type)
    for name in event.data:
        if name not in allowed:
            close = difflib.get_close_matches(name, allowed, n=1)
            hint = (
                f"did you mean {close[0]}?" if close else f"known: {', '.join(allowed) or 'none'}"
            )
            raise BadRequest(
                f"data: a field is not one of {event.type}; {hint}",
                code="invalid_event",
                field="data",
            )
    elsewhere = {NPI, READER, *BESIDE.get(event.type, ())}
    given = {name: value for name, value in event.data.items() if name not in elsewhere}
    given |= {"at": event.at, "as_of": event.as_of, "retracted": event.retracted}
    if NPI in allowed:
        given["provider_id"] = provider_id or _NOBODY
        _require_npi(event)
    if READER in allowed:
        reader(event)
        given["recipient_id"] = recipient_id or _NOBODY
    if "document_id" in kind.model_fields:
        given["document_id"] = document_id
    return cast(AnyFact, validated(kind, given, within=["data"]))


def provider_left(event: Event, now: datetime) -> ProviderLeftIn:
    """Who left, when, and who takes over; raises BadRequest ``invalid_event`` naming the field."""
    told = validated(ProviderLeftIn, event.data, within=["data"])
    check_dates({"on": told.on}, now, "data.")
    if told.provider_npi is None and told.provider_id is None:
        raise BadRequest(
            "data.provider_npi: say who left, by NPI or by our id (provider_id).",
            code="invalid_event",
            field="data.provider_npi",
        )
    return told


def wire_fields(kind: str) -> tuple[str, ...]:
    """The names a sender may use in ``data`` of one type of event, in the order of the model."""
    fields = MILESTONES[kind].model_fields
    names = [name for name in fields if name not in OURS]
    names += BESIDE.get(kind, ())
    names += [NPI] if "provider_id" in fields else []
    return (*names, READER) if "recipient_id" in fields else tuple(names)


def reader(event: Event) -> ReaderIn:
    """Whom an authorization names; raises BadRequest ``invalid_event``."""
    return validated(ReaderIn, event.data.get(READER), within=["data", READER])


def _require_npi(event: Event) -> None:
    npi = event.data.get(NPI)
    if not (isinstance(npi, str) and len(npi) == 10 and npi.isascii() and npi.isdigit()):
        raise BadRequest(
            f"data.{NPI}: expected the ten digits of the ordering provider's NPI.",
            code="invalid_event",
            field=f"data.{NPI}",
        )


def _no_constant(_: str) -> None:
    raise ValueError


def _countable(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise ValueError
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number
