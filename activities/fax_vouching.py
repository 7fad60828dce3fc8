"""A person's word for a referral that came by fax, on its way until the referral has heard it.

What they said stands on the part at once: the values as corrections, and who it was. The event, and
then the decision ``request_confirmed``, follow from that, now or by the ``faxes`` chore once the
record and the engine are back; nobody has to press again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from sqlmodel import Session

from activities.fax_events import MACHINE, certain_of, said_of, vouched
from activities.faxes import Faxes
from activities.intake import Intake
from activities.loop import Decided
from integrations.emr.events import read_json
from models.errors import EngineUnavailable, Refused, StoreUnavailable, UserError
from models.facts import AnyDecision
from models.fax import PartState
from models.fax_lead import changed
from store import faxes, inbox, lookups
from store.tables import FaxPartRow
from telemetry.logs import bound, logger

_LOG = logger(__name__)


class FaxVouching:
    """Carries people's words on; again, or by two at once, is harmless."""

    def __init__(self, intake: Intake, room: Faxes) -> None:
        self._intake = intake
        self._store = intake.store
        self._faxes = room

    async def carry_on(self, org: str, part_id: str, *, by: str | None = None) -> Decided:
        """Put in the event of a part that somebody has vouched for, and tell its referral.

        ``pending`` where the record or the engine is away: ``finish_left`` sees to it. ``by``: who
        is asking just now. Raises BadRequest for what cannot be, and Refused: ``not_applied`` where
        a person must look at the event first.
        """
        try:
            referral_id = await self._put_in(org, part_id, by)
            if referral_id is None:
                return await asyncio.to_thread(self._why_not, org, part_id)
            decision = await asyncio.to_thread(self._decision, org, part_id, referral_id, by)
            if decision is None:
                return Decided("done")
            return await self._intake.decide(org, referral_id, decision)
        except (EngineUnavailable, StoreUnavailable) as error:
            _LOG.warning("fax_word_put_off", row_id=part_id, exc_info=error)
            if by is not None:
                await asyncio.to_thread(self._owe, org, part_id, by)
            return Decided("pending")

    async def finish_left(self) -> int:
        """Carry on what was left over; how many parts were looked at. For the ``faxes`` chore.

        Raises StoreUnavailable.
        """
        with self._store.read() as session:
            left = [part for part in faxes.unfinished(session) if part.org in self._intake.tenants]
        for part in left:
            with bound(org=part.org):
                try:
                    await self.carry_on(part.org, part.id)
                except UserError as error:
                    _LOG.warning("fax_word_refused", row_id=part.id, code=error.code)
                    await asyncio.to_thread(self._faxes.unsure, part.org, part.id)
                await self.look_again(part.org, part.id)
        return len(left)

    async def look_again(self, org: str, part_id: str) -> None:
        """The fax's workflow hears of it; without the engine it looks when its next limit comes."""
        with self._store.read() as session:
            part = faxes.part(session, org, part_id, lock=False)
            sha256 = faxes.get(session, org, part.fax_id).sha256
        try:
            await self._intake.loop.fax_changed(org, sha256)
        except EngineUnavailable:
            return

    # --- inside ---------------------------------------------------------------------------------

    async def _put_in(self, org: str, part_id: str, by: str | None) -> str | None:
        """The referral of a part, made by its event where there is none yet."""
        with self._store.read() as session:
            part = faxes.part(session, org, part_id, lock=False)
            certain = certain_of(session, part)
        if certain is None:
            return part.referral_id
        return await self._faxes.put_in(org, certain, by=by)

    def _why_not(self, org: str, part_id: str) -> Decided:
        with self._store.read() as session:
            part = faxes.part(session, org, part_id, lock=False)
        if part.state == PartState.OPEN:
            return Decided("pending")
        raise Refused(
            "This is kept, but no referral could be made of it; a task says why.",
            code="not_applied",
        )

    def _decision(
        self, org: str, part_id: str, referral_id: str, by: str | None
    ) -> AnyDecision | None:
        """The person's word for the referral, corrections and all (policy.md rule 7).

        None for a part that nobody vouches for, such as a plan that came back.
        """
        with self._store.read() as session:
            part = faxes.part(session, org, part_id, lock=False)
            who = by or (part.kind_by if vouched(part) else None)
            if part.state != PartState.LEAD or who is None:
                return None
            said = said_of(session, part)
            corrections: dict[str, Any] = {}
            for told in self._tellings(session, part, referral_id):
                corrections = merged(corrections, changed(said, told))
        content = {"kind": "request_confirmed", "by": who, "corrections": corrections}
        return self._intake.read_decision(org, referral_id, content)

    def _tellings(
        self, session: Session, part: FaxPartRow, referral_id: str
    ) -> Iterator[Mapping[str, Any]]:
        """The request as the fax told it, and as a person has corrected it since."""
        rows = [inbox.get(session, part.org, part.inbox_id)] if part.inbox_id is not None else []
        rows += lookups.told_by_hand(session, part.org, referral_id)[-1:]
        yield from (read_json(row.body)["data"] for row in rows if row.body)

    def _owe(self, org: str, part_id: str, by: str) -> None:
        """They have said it, and the referral has yet to hear it."""
        with self._store.write() as session:
            part = faxes.part(session, org, part_id)
            if part.state == PartState.LEAD and part.kind_by == MACHINE:
                part.kind_by = by
                faxes.change(session, part)


def merged(one: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The corrections of both; their values are the same."""
    found = dict(one)
    for name, value in other.items():
        inner = isinstance(value, Mapping)
        found[name] = {**found.get(name, {}), **value} if inner else value
    return found
