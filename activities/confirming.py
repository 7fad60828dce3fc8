"""A person vouches for what a machine read: the request is told again, with what they corrected.

It goes through the inbox like everything else, so the original, the corrections and who is meant
stay together in the store, and the decision itself holds the names of the corrected fields alone.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from activities.arrivals import inbox_id_of
from integrations.emr.events import RECEIVED, read_json
from models.contracts import RawRequest
from models.errors import BadRequest, NotFound
from models.events import Event
from models.facts import RejectedWhy, RequestConfirmed, RequestRejected
from store import lookups, referrals
from store.engine import Store
from store.tables import InboxRow, InboxState, ReferralRow

KIND = RequestConfirmed.model_fields["kind"].default
CORRECTIONS = "corrections"
_PARTS = ("patient", "source", "certifier", "order")


class Confirming:
    """What comes before a ``request_confirmed`` is taken; safe to call again at any point."""

    def __init__(
        self,
        store: Store,
        accept: Callable[[str, RawRequest, str], InboxRow],
        dispatch: Callable[[str], Awaitable[None]],
    ) -> None:
        """``accept`` and ``dispatch`` are the inbox's (``activities.intake.Intake``)."""
        self._store = store
        self._accept = accept
        self._dispatch = dispatch

    def retold(
        self, org: str, referral_id: str, content: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        """The decision as somebody wrote it; what they corrected goes into the inbox instead.

        Raises BadRequest naming the corrected field that cannot be, and NotFound.
        """
        said = {name: value for name, value in content.items() if name != CORRECTIONS}
        corrections = content.get(CORRECTIONS) or {}
        if not isinstance(corrections, Mapping):
            raise _no_corrections()
        with self._store.read() as session:
            row = referrals.get(session, org, referral_id)
            if row.confirmed and not corrections:
                return said
            event_id, body = retold(session, row, corrections, now)
        self._accept(org, RawRequest(origin="hand", body=body, received_at=now), event_id)
        return {**said, "corrected": corrected(corrections)}

    async def made_true(
        self, org: str, referral_id: str, decision: RequestConfirmed
    ) -> RequestConfirmed | RequestRejected:
        """The decision once its corrections are in the record.

        A request that proves to be on record already is linked there, and the one a machine had
        made of it rejected as its duplicate (policy.md rule 12).
        """
        for row in await asyncio.to_thread(self._by_hand, org, referral_id):
            if row.state == InboxState.RECEIVED:
                await self._dispatch(row.id)
        told = await asyncio.to_thread(self._by_hand, org, referral_id)
        if not told or told[-1].referral_id in {None, referral_id}:
            return decision
        return RequestRejected(
            at=decision.at,
            as_of=decision.as_of,
            by=decision.by,
            seen=decision.seen,
            why=RejectedWhy.DUPLICATE,
        )

    def _by_hand(self, org: str, referral_id: str) -> Sequence[InboxRow]:
        with self._store.read() as session:
            return lookups.told_by_hand(session, org, told_by(referral_id))


def retold(
    session: Session, row: ReferralRow, corrections: Mapping[str, Any], at: datetime
) -> tuple[str, bytes]:
    """The request told again by a person: its event id, and its body; the same words, the same id.

    Raises BadRequest ``invalid_decision`` for corrections that are no parts of a request, and
    NotFound ``original_gone`` once the original has passed its retention.
    """
    original = lookups.row(session, inbox_id_of(row.id))
    if original is None or not original.body:
        raise NotFound("The original of this referral is gone.", code="original_gone")
    content = read_json(original.body)
    data = dict(content.get("data", content) if original.origin != "api" else content)
    data.pop("machine_read", None)
    data.pop("external", None)  # it stays the id of the first telling
    for part, values in corrections.items():
        if isinstance(values, Mapping) and part in _PARTS:
            data[part] = {**data.get(part, {}), **values}
        elif part not in _PARTS and not isinstance(values, Mapping | list):
            data[part] = values
        else:
            raise _no_corrections()
    data["source"] = {**data.get("source", {}), "verified": True}
    data["received_at"] = row.received_at.isoformat()
    event = Event.model_validate(
        {"type": RECEIVED, "at": at, "referral": {"id": row.id}, "data": data}
    )
    said = hashlib.sha256(repr(sorted(fields(data))).encode()).hexdigest()[:16]
    return f"{told_by(row.id)}{said}", event.model_dump_json(exclude_defaults=True).encode()


def told_by(referral_id: str) -> str:
    """How the event ids of a person's tellings of one referral begin."""
    return f"confirm-{referral_id}-"


def corrected(corrections: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the corrected fields, such as ``patient.phone``; no values."""
    return tuple(sorted(name for name, _ in fields(corrections)))


def fields(content: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a request by its dotted name."""
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from fields(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value


def _no_corrections() -> BadRequest:
    return BadRequest(
        "corrections: expected fields of a new referral, such as "
        f'{{"patient": {{"phone": "…"}}}}; parts: {", ".join(_PARTS)}.',
        code="invalid_decision",
        field=CORRECTIONS,
    )
