"""Free times from an EMR that speaks FHIR R4: the search for free Slots of one Schedule.

``GET <base>/Slot?schedule=Schedule/123&status=free&start=ge…&start=lt…``, page after page by the
Bundle's ``next`` links (hl7.org/fhir/R4/slot.html, http.html#paging). Only reads: nothing here
books, and a Slot is an offer, not an appointment.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from integrations.emr.slot_file import FreeTime
from integrations.http import Answer, Api
from models.errors import CannotTell, ChannelError, Verdict

MOST_PAGES: Final = 40
A_PAGE: Final = 100
_SHORTEST, _LONGEST = 5, 480  # minutes; anything else is no time for one patient


class FhirSlots:
    """One FHIR server; safe to share between threads. Methods block."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        """``base_url`` without a slash at its end; ``token`` is sent as a bearer token."""
        self._base_url = base_url
        headers = {"accept": "application/fhir+json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        self._api = Api(base_url, headers=headers)

    def free(
        self, clinic_id: str, schedule: str, first: datetime, last: datetime
    ) -> list[FreeTime]:
        """The free times of a schedule (``Schedule/123``) from *first* on, before *last*.

        A Slot that cannot be understood is left out. Raises ChannelError: ``fhir_unreachable``
        (later), ``fhir_refused`` (fix), ``fhir_unreadable`` (fix).
        """
        given = [
            ("schedule", schedule),
            ("status", "free"),
            ("start", f"ge{_instant(first)}"),
            ("start", f"lt{_instant(last)}"),
            ("_count", str(A_PAGE)),
        ]
        found: dict[str, FreeTime] = {}
        bundle = self._ask("/Slot", params=given)
        for _ in range(MOST_PAGES):
            for one in _slots(bundle, clinic_id):
                if first <= one.starts_at < last:
                    found[one.external] = one
            path = self._next(bundle)
            if path is None:
                return sorted(found.values(), key=lambda one: (one.starts_at, one.external))
            bundle = self._ask(path)
        raise _unreadable("The FHIR server's list of Slots has no end.")

    def _ask(self, path: str, **more: Any) -> dict[str, Any]:
        try:
            answer = self._api.call("GET", path, **more)
        except (CannotTell, ChannelError):
            raise ChannelError(
                "fhir_unreachable",
                "The FHIR server cannot be reached, or its answer was lost.",
                verdict=Verdict.LATER,
            ) from None
        _check(answer)
        bundle = answer.json
        if bundle.get("resourceType") != "Bundle":
            raise _unreadable("The FHIR server answered something else than a Bundle.")
        return bundle

    def _next(self, bundle: dict[str, Any]) -> str | None:
        """The path of the next page; never another server's, which would get our token."""
        links = bundle.get("link")
        for link in links if isinstance(links, list) else []:
            if isinstance(link, dict) and link.get("relation") == "next":
                url = str(link.get("url", ""))
                if url.startswith((f"{self._base_url}/", f"{self._base_url}?")):
                    return url.removeprefix(self._base_url)
                if not urlsplit(url).netloc:  # relative to the base
                    return f"/{url.lstrip('/')}"
                raise _unreadable("The FHIR server's next page is at another address.")
        return None


def _check(answer: Answer) -> None:
    if answer.status == 200:
        return
    if answer.status in {408, 429} or answer.status >= 500:
        raise ChannelError(
            "fhir_unreachable",
            f"The FHIR server answered {answer.status}; it is asked again.",
            verdict=Verdict.LATER,
        )
    raise ChannelError(
        "fhir_refused",
        f"The FHIR server answered {answer.status}: check REFERRAL_LOOP_FHIR_URL, its token, and "
        "the clinic's fhir_schedule.",
        verdict=Verdict.FIX,
    )


def _slots(bundle: dict[str, Any], clinic_id: str) -> Iterator[FreeTime]:
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        slot = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(slot, dict) or slot.get("resourceType") != "Slot":
            continue  # such as an OperationOutcome beside them
        starts, ends, name = _moment(slot.get("start")), _moment(slot.get("end")), slot.get("id")
        if slot.get("status") != "free" or starts is None or ends is None:
            continue
        minutes = round((ends - starts).total_seconds() / 60)
        if isinstance(name, str) and 0 < len(name) <= 100 and _SHORTEST <= minutes <= _LONGEST:
            yield FreeTime(clinic_id, name, starts, minutes)


def _moment(told: Any) -> datetime | None:
    """An instant; one without an offset is none."""
    try:
        found = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _unreadable(sentence: str) -> ChannelError:
    return ChannelError("fhir_unreadable", sentence, verdict=Verdict.FIX)
