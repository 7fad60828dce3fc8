"""What somebody at the desk tells with the mouse: milestones and decisions by the ordinary doors.

A milestone goes in like any EMR's event, a decision like any other. What is added here is the token
of the card they looked at, so that two people never move one card past each other, and a line of
who it was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from activities.intake import Intake
from integrations.emr.dates import EARLIEST
from integrations.emr.events import milestone, wire_fields
from models.contracts import RawRequest
from models.errors import Conflict, Refused
from models.events import Event
from models.facts import AnyFact, Decision
from models.moves import Seen, undoable
from models.referral import Referral
from models.refusals.base import UNCONFIRMED
from store import audit
from store.tables import InboxState

_LOOKED = "viewed"
_LATER = timedelta(microseconds=1)


class ByHand:
    """Tells, decides and takes back for people of the staff; safe to share between tasks."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def tell(
        self,
        org: str,
        referral_id: str,
        *,
        by: str,
        seen: Seen | None,
        kind: str,
        data: Mapping[str, Any],
        at: datetime,
    ) -> str:
        """A milestone somebody at the desk knows of, on record afterwards; its key.

        Raises Refused ``stale`` when somebody has changed the card since it was *seen* (None: it
        does not matter), ``unconfirmed`` while nobody has vouched for what a machine read,
        ``not_applied`` when a person must look at it first, UserError for what cannot be, and
        NotFound.
        """
        async with self._turn(referral_id):
            referral, told = await asyncio.to_thread(self._look, org, referral_id, seen)
            if referral.unconfirmed():
                raise Refused(UNCONFIRMED.sentence, code=UNCONFIRMED.code)
            event = Event(type=kind, at=at, data=dict(data))
            key = milestone(event).key
            as_of = max(self._intake.clock(), _known_at(referral, key) + _LATER)
            await self._take(org, referral_id, by, event, as_of, len(told))
        return key

    async def decide(
        self, org: str, referral_id: str, content: Mapping[str, Any], seen: Seen | None
    ) -> str:
        """A decision, as its JSON, on the card somebody has *seen*; its key.

        Raises Refused with the reason, BadRequest, NotFound, EngineUnavailable.
        """
        async with self._turn(referral_id):
            await asyncio.to_thread(self._look, org, referral_id, seen)
            told = {**content, "seen": seen.version} if seen is not None else dict(content)
            decision = await asyncio.to_thread(self._intake.read_decision, org, referral_id, told)
            try:
                await self._intake.decide(org, referral_id, decision)
            except Refused as refused:
                if refused.code == "stale":
                    raise await asyncio.to_thread(self._stale, org, referral_id) from None
                raise
        return decision.key

    async def undo(self, org: str, referral_id: str, *, by: str, key: str) -> None:
        """Take back a fact as if it had not been told; nothing is unsent.

        Raises Refused: ``nothing_to_undo``, ``already_told``, or as ``decide`` does.
        """
        async with self._turn(referral_id):
            referral, told = await asyncio.to_thread(self._look, org, referral_id, None)
            refused = undoable(referral, key, told)
            if refused is not None:
                raise Refused(refused.sentence, code=refused.code)
            fact = next(one for one in referral.facts if one.key == key)
            as_of = max(self._intake.clock(), fact.as_of + _LATER)
            body = fact.model_dump(mode="json")
            if isinstance(fact, Decision):
                again = {**body, "by": by, "seen": None, "retracted": True}
                again["as_of"] = as_of.isoformat()
                decision = await asyncio.to_thread(
                    self._intake.read_decision, org, referral_id, again
                )
                await self._intake.decide(org, referral_id, decision)
                return
            data = {name: body[name] for name in wire_fields(fact.kind) if body.get(name)}
            event = Event(type=fact.kind, at=fact.at, retracted=True, data=data)
            await self._take(org, referral_id, by, event, as_of, len(told))

    # --- inside -----------------------------------------------------------------------------------

    def _turn(self, referral_id: str) -> asyncio.Lock:
        return self._turns.setdefault(referral_id, asyncio.Lock())

    def _look(
        self, org: str, referral_id: str, seen: Seen | None
    ) -> tuple[Referral, list[AnyFact]]:
        """The referral as known now, and every telling of it."""
        if seen is not None and not seen.holds(self._intake.record.card(org, referral_id)):
            raise self._stale(org, referral_id)
        told = [one.fact for one in self._intake.record.timeline(org, referral_id)]
        return Referral(told), told

    async def _take(
        self, org: str, referral_id: str, by: str, event: Event, as_of: datetime, count: int
    ) -> None:
        now = self._intake.clock()
        told = event.model_dump(mode="json", exclude_none=True)
        told |= {"as_of": as_of.isoformat(), "referral": {"id": referral_id}}
        raw = RawRequest(
            origin="hand",
            headers={},
            body=json.dumps(told, sort_keys=True).encode(),
            received_at=now,
        )
        # Two processes that saw the same facts give their events the same id: one of them wins.
        try:
            row = await asyncio.to_thread(
                self._intake.accept, org, raw, f"desk-{referral_id}-{count}"
            )
        except Conflict:
            raise await asyncio.to_thread(self._stale, org, referral_id) from None
        await asyncio.to_thread(self._note, org, referral_id, by, event, now)
        await self._intake.dispatch(row.id)
        settled = await asyncio.to_thread(self._intake.status, org, row.id)
        if settled.state not in {InboxState.APPLIED, InboxState.RECEIVED}:
            raise Refused(
                "This is kept, but it could not be put on the card; a task says why.",
                code="not_applied",
            )

    def _note(self, org: str, referral_id: str, by: str, event: Event, at: datetime) -> None:
        what = f"{event.type}_taken_back" if event.retracted else event.type
        with self._intake.store.write() as session:
            audit.note(
                session, org=org, who=by, what=what, subject=referral_id, at=at, recorded_at=at
            )

    def _stale(self, org: str, referral_id: str) -> Refused:
        """Who changed the card and when, as far as a person did."""
        with self._intake.store.read() as session:
            last = audit.last_deed(session, org, referral_id, besides=_LOOKED)
        card = self._intake.record.card(org, referral_id)
        tenant = self._intake.tenants.get(org)
        if last is None:
            who = "It has changed by itself or through the EMR"
        else:
            zone = ZoneInfo(tenant.organization.clinic(card.clinic_id).zone)
            name = next((one.name for one in tenant.staff if one.id == last.who), last.who)
            who = f"{name} was here {last.at.astimezone(zone):%b %-d at %-I:%M %p}"
            who += f" ({last.what.replace('_', ' ')})"
        return Refused(
            f"This card is not as you saw it. {who}. Nothing of yours was done; look at it as it "
            "is now, then decide.",
            code="stale",
        )


def _known_at(referral: Referral, key: str) -> datetime:
    """When the latest telling of a fact was known; long ago for one never told."""
    return max((one.as_of for one in referral.facts if one.key == key), default=EARLIEST)
