"""A person vouches for what a machine read: the request is told again, with what they corrected.

It goes through the inbox like everything else, so the original, the corrections and who is meant
stay together in the store, and the decision itself holds the names of the corrected fields alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from activities.arrivals import inbox_id_of
from integrations.emr.events import RECEIVED, read_json
from models.contracts import RawRequest
from models.decisions import refusal
from models.errors import BadRequest, NotFound, Refused, StoreUnavailable
from models.facts import RejectedWhy, RequestConfirmed, RequestRejected
from store import lookups, referrals
from store.engine import Store
from store.record import Record
from store.tables import InboxRow, InboxState, ReferralRow

KIND = RequestConfirmed.model_fields["kind"].default
CORRECTIONS = "corrections"
_PARTS = ("patient", "source", "certifier", "order")
_NEVER = frozenset({*_PARTS, "external", "machine_read", "received_at"})  # what stays as it came
_LISTS = frozenset({"payers"})  # told as a whole
_OURS = frozenset({CORRECTIONS, "corrected", "further"})  # of the decision, worked out here
_ALONE = frozenset({"api", "file"})  # doors at which a referral comes without an event around it


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
        self._record = Record(store)
        self._accept = accept
        self._dispatch = dispatch

    def told(
        self,
        org: str,
        referral_id: str,
        decision: RequestConfirmed,
        corrections: Mapping[str, Any],
        now: datetime,
    ) -> RequestConfirmed:
        """The decision, once what somebody corrected is in the inbox; blocks.

        What would be refused changes nothing; the same words again are not told again. Raises
        BadRequest naming the corrected field that cannot be, NotFound, and Refused.
        """
        with self._store.read() as session:
            row = referrals.get(session, org, referral_id)
            referral = self._record.load(session, org, row.duplicate_of or row.id)
            refused = refusal(referral, decision)
            if refused is not None:
                raise Refused(refused.sentence, code=refused.code)
            same = [one for one in referral.all(RequestConfirmed) if one.says_as(decision)]
            further = not referral.unconfirmed()
            if decision.retracted or same or (further and not corrections):
                return same[0] if same else decision
            last = _last(lookups.told_of(session, row, inbox_id_of(row.id)))
            data = retold(row, last, corrections)
        if last.origin != "hand" or _told(last) != data:
            self._accept(org, *_request(referral_id, data, now))
        return decision.model_copy(update={"further": further})

    async def made_true(
        self, org: str, referral_id: str, decision: RequestConfirmed
    ) -> RequestConfirmed | RequestRejected:
        """The decision once its corrections are in the record.

        A request that proves to be on record already is linked there, and the one a machine had
        made of it rejected as its duplicate (policy.md rule 12). Raises StoreUnavailable while the
        corrections cannot be written, and Refused ``not_corrected`` where a person must look at
        them first: nobody is contacted at what a machine misread.
        """
        for row in await asyncio.to_thread(self._by_hand, org, referral_id):
            if row.state == InboxState.RECEIVED:
                await self._dispatch(row.id)
        told = await asyncio.to_thread(self._by_hand, org, referral_id)
        if not told or decision.retracted:
            return decision
        last = told[-1]
        if last.state == InboxState.RECEIVED:
            raise StoreUnavailable("What was corrected is not on record yet; try again shortly.")
        if last.referral_id not in {None, referral_id}:
            return RequestRejected(
                at=decision.at,
                as_of=decision.as_of,
                by=decision.by,
                seen=decision.seen,
                why=RejectedWhy.DUPLICATE,
            )
        if last.state != InboxState.APPLIED:
            raise Refused(
                "What was corrected could not be written; a task says why.", code="not_corrected"
            )
        return decision

    def _by_hand(self, org: str, referral_id: str) -> Sequence[InboxRow]:
        with self._store.read() as session:
            return lookups.told_by_hand(session, org, referral_id)


def split(content: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """A ``request_confirmed`` as somebody wrote it, and apart from it what they corrected.

    The decision itself holds the names of the corrected fields, such as ``patient.phone``, and no
    values. Raises BadRequest ``invalid_decision``.
    """
    said = {name: value for name, value in content.items() if name not in _OURS}
    corrections = content.get(CORRECTIONS) or {}
    if not isinstance(corrections, Mapping):
        raise _no_corrections()
    names = []
    for part, values in corrections.items():
        if isinstance(values, Mapping) and part in _PARTS:
            names += [f"{part}.{name}" for name in values]
        elif part not in _NEVER and (part in _LISTS or not isinstance(values, Mapping | list)):
            names.append(part)
        else:
            raise _no_corrections()
    return ({**said, "corrected": tuple(sorted(names))} if names else said), corrections


def retold(row: ReferralRow, last: InboxRow, corrections: Mapping[str, Any]) -> dict[str, Any]:
    """The request as it was told last, with what a person corrects now."""
    data = dict(_told(last))
    # What nobody told is left open; only a person's own None strikes something out.
    patient = data.get("patient", {})
    data["patient"] = {name: value for name, value in patient.items() if value is not None}
    data.pop("machine_read", None)
    data.pop("external", None)  # it stays the id of the first telling
    for part, values in corrections.items():
        data[part] = {**data.get(part, {}), **values} if isinstance(values, Mapping) else values
    data["source"] = {**data.get("source", {}), "verified": True}
    data["received_at"] = row.received_at.isoformat()
    return data


def _last(rows: Sequence[InboxRow]) -> InboxRow:
    """The latest telling of the request among what came about a referral, so that a correction
    takes none of the earlier ones back.

    Raises NotFound ``original_gone`` once the original has passed its retention.
    """
    for row in reversed(rows):
        if row.body and (row.origin in _ALONE or read_json(row.body).get("type") == RECEIVED):
            return row
    raise NotFound("The original of this referral is gone.", code="original_gone")


def _told(row: InboxRow) -> dict[str, Any]:
    """The request that a row of the inbox brought, by whatever door."""
    content: dict[str, Any] = read_json(row.body)
    told: dict[str, Any] = content if row.origin in _ALONE else content["data"]
    return told


def _request(referral_id: str, data: dict[str, Any], now: datetime) -> tuple[RawRequest, str]:
    """What goes into the inbox, and the id of the event."""
    told = {"id": referral_id}
    event = {"type": RECEIVED, "at": now.isoformat(), "referral": told, "data": data}
    body = json.dumps(event, sort_keys=True).encode()
    event_id = lookups.told_by(referral_id) + hashlib.sha256(body).hexdigest()[:16]
    return RawRequest(origin="hand", body=body, received_at=now), event_id


def _no_corrections() -> BadRequest:
    return BadRequest(
        "corrections: expected fields of a new referral, such as "
        f'{{"patient": {{"phone": "…"}}}}; parts: {", ".join(_PARTS)}.',
        code="invalid_decision",
        field=CORRECTIONS,
    )
