"""What a person does with a part of a fax: say what it is, confirm, attach, divide, put away.

Every act goes the way its like goes elsewhere: a referral through the inbox and its confirmation
through the referral's own decision, a returned plan by the fact of its return. What the person
corrects is kept, so that it can be counted how well faxes are read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from activities.fax_reading import FaxReading
from activities.faxes import Certain, Faxes, fields_of, pictures, returned, turns_of
from activities.intake import Intake
from activities.loop import Decided
from models.errors import BadRequest, EngineUnavailable, Refused, StoreUnavailable
from models.facts import RejectedWhy, RequestRejected, Signer
from models.fax import KINDS, FaxKind, PartState, Trouble
from models.fax_fields import FIELDS, NEEDED, Sure
from models.fax_lead import payer, values
from store import audit, documents, faxes, referrals
from store.record import Record
from store.tables import FaxPartRow, ReferralRow


class FaxDesk:
    """Acts of the triage page; each raises Conflict ``stale`` where somebody was faster."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._store = intake.store
        self._record = Record(intake.store)
        self._reading = FaxReading(intake.store, intake.tenants, intake.clock)
        self._faxes = Faxes(intake.store, intake.tenants, intake.clock, intake, self._reading)

    async def confirm(
        self, org: str, part_id: str, version: int, by: str, said: Mapping[str, str]
    ) -> Decided:
        """A person vouches for a new referral, with what they corrected.

        The referral is made first where the machine could not. Raises BadRequest naming the field
        that is missing or cannot be, Conflict, Refused, EngineUnavailable, StoreUnavailable.
        """
        missing = [FIELDS[name] for name in NEEDED if not said.get(name)]
        if missing:
            raise BadRequest(
                f"Still missing: {', '.join(missing)}. Read it from the page, or ask the sender.",
                code="missing_fields",
                field=next(name for name in NEEDED if not said.get(name)),
            )
        certain = await asyncio.to_thread(self._take_in, org, part_id, version, by, dict(said))
        if isinstance(certain, Certain):
            referral_id = await self._faxes.put_in(org, certain, by=by)
            if referral_id is None:
                raise StoreUnavailable("The referral is not on record yet; try again shortly.")
        else:
            referral_id = certain
        decided = await self._vouch(org, part_id, referral_id, by, said)
        await self._look(org, part_id)
        return decided

    async def call_it(self, org: str, part_id: str, version: int, by: str, kind: FaxKind) -> None:
        """A person says what it is: it is the task of that kind's role now."""
        await asyncio.to_thread(self._call_it, org, part_id, version, by, kind)
        await self._look(org, part_id)

    async def put_away(
        self, org: str, part_id: str, version: int, by: str, state: PartState
    ) -> None:
        """Seen to, or advertising; a referral that a machine made of it is rejected.

        Raises Refused, EngineUnavailable, Conflict, StoreUnavailable.
        """
        why = RejectedWhy.JUNK if state is PartState.JUNK else RejectedWhy.ANOTHER_CLINIC
        with self._store.read() as session:
            part = faxes.part(session, org, part_id, version=version, lock=False)
            lead = part.referral_id if part.state == PartState.LEAD else None
            if part.state not in {PartState.OPEN, PartState.LEAD}:
                raise _settled()
        if lead is not None:
            now = self._intake.clock()
            rejected = RequestRejected(at=now, as_of=now, by=by, why=why)
            await self._intake.decide(org, lead, rejected)
        await asyncio.to_thread(self._put_away, org, part_id, version, by, state)
        await self._look(org, part_id)

    async def attach(self, org: str, part_id: str, version: int, by: str, referral_id: str) -> None:
        """The pages belong to this referral; a plan that came back pauses its chase.

        Raises NotFound for an unknown referral, Refused ``no_plan`` where none went out.
        """
        certain = await asyncio.to_thread(self._attach, org, part_id, version, by, referral_id)
        if certain is not None:
            await self._faxes.put_in(org, certain, by=by)
        await self._look(org, part_id)

    async def divide(self, org: str, part_id: str, version: int, by: str, page: int) -> None:
        """Another matter begins on this page; each part is read and looked at anew."""
        await asyncio.to_thread(self._divide, org, part_id, version, by, page)
        await self._look(org, part_id)

    # --- inside ---------------------------------------------------------------------------------

    def _take_in(
        self, org: str, part_id: str, version: int, by: str, said: dict[str, str]
    ) -> Certain | str:
        """The event of a referral that has still to be made, or the referral that is there."""
        now = self._intake.clock()
        with self._store.write() as session:
            part = faxes.part(session, org, part_id, version=version)
            if part.state == PartState.LEAD and part.referral_id is not None:
                self._keep(session, part, said, by, now)
                return part.referral_id
            if part.state != PartState.OPEN:
                raise _settled()
            self._keep(session, part, said, by, now)
            if part.kind != FaxKind.NEW_REFERRAL:
                self._note_kind(session, part, FaxKind.NEW_REFERRAL, by, now)
            part.kind, part.kind_by, part.trouble = FaxKind.NEW_REFERRAL, by, None
            faxes.change(session, part)
            certain = self._faxes.lead(session, part, said)
        if certain is None:
            raise BadRequest("A name, a birth date and a sender are needed.", code="missing_fields")
        return certain

    async def _vouch(
        self, org: str, part_id: str, referral_id: str, by: str, said: Mapping[str, str]
    ) -> Decided:
        """The person's word in the referral itself, corrections and all (policy.md rule 7)."""
        with self._store.read() as session:
            part = faxes.part(session, org, part_id, lock=False)
            read = values(fields_of(part))
        content = {
            "kind": "request_confirmed",
            "by": by,
            "corrections": corrections(read, said, made_by_hand=part.kind_by != "machine"),
        }
        decision = await asyncio.to_thread(self._intake.read_decision, org, referral_id, content)
        return await self._intake.decide(org, referral_id, decision)

    def _keep(
        self, session: Session, part: FaxPartRow, said: Mapping[str, str], by: str, at: datetime
    ) -> None:
        """What differs from the reading is a correction, kept once."""
        read = {one.name: one for one in fields_of(part)}
        known = {(one.field, one.said) for one in faxes.corrections(session, part.id)}
        for name in FIELDS:
            before = read[name].value if name in read else ""
            now = said.get(name, "")
            if now != before and (name, now or None) not in known:
                sure = read[name].sure if name in read else Sure.MISSING
                faxes.corrected(
                    session,
                    part,
                    name,
                    sure=sure,
                    read=before or None,
                    said=now or None,
                    by=by,
                    at=at,
                )

    def _call_it(self, org: str, part_id: str, version: int, by: str, kind: FaxKind) -> None:
        now = self._intake.clock()
        with self._store.write() as session:
            part = faxes.part(session, org, part_id, version=version)
            if part.state != PartState.OPEN:
                raise _settled()
            fax = faxes.get(session, org, part.fax_id)
            self._note_kind(session, part, kind, by, now)
            part.kind, part.kind_by, part.splits = kind, by, []
            part.trouble = Trouble.MISSING_FIELDS if kind is FaxKind.NEW_REFERRAL else None
            part.role, part.due = KINDS[kind].role, self._reading.limits(fax, kind).due
            faxes.change(session, part)
            _note(session, part, by, "fax_called", now)

    def _note_kind(
        self, session: Session, part: FaxPartRow, kind: FaxKind, by: str, at: datetime
    ) -> None:
        sure = Sure.CHECK if part.trouble else Sure.CLEAR
        if part.kind != kind:
            faxes.corrected(
                session, part, "kind", sure=sure, read=part.kind, said=kind, by=by, at=at
            )

    def _put_away(self, org: str, part_id: str, version: int, by: str, state: PartState) -> None:
        now = self._intake.clock()
        with self._store.write() as session:
            part = faxes.part(session, org, part_id, version=version)
            if state is PartState.JUNK:
                self._note_kind(session, part, FaxKind.JUNK, by, now)
                part.kind, part.kind_by = FaxKind.JUNK, by
            faxes.settle(session, part, state, by=by, at=now)
            _note(session, part, by, f"fax_{state}", now)

    def _attach(
        self, org: str, part_id: str, version: int, by: str, referral_id: str
    ) -> Certain | None:
        now = self._intake.clock()
        with self._store.read() as session:  # drawing takes seconds: nothing is locked meanwhile
            part = faxes.part(session, org, part_id, version=version, lock=False)
            fax = faxes.get(session, org, part.fax_id)
            turns = turns_of(session, fax.id)
        pdf = pictures(fax, part, turns)
        with self._store.write() as session:
            part = faxes.part(session, org, part_id, version=version)
            if part.state != PartState.OPEN:
                raise _settled()
            row = referrals.get(session, org, referral_id)
            row = session.get_one(ReferralRow, row.duplicate_of or row.id)
            _note(session, part, by, "fax_attached", now)
            if part.kind == FaxKind.RETURNED_PLAN:
                plans = self._record.load(session, org, row.id).plans(Signer.THERAPIST)
                if not plans:
                    raise Refused(
                        "No plan of care has been signed for this referral yet, so none can have "
                        "come back. Say that it is something else, or choose another referral.",
                        code="no_plan",
                    )
                part.kind_by = by
                faxes.change(session, part)
                return returned(fax, part, row.id, plans[-1].version, pdf)
            documents.put(
                session,
                org=org,
                kind=f"fax_{part.kind}",
                at=fax.received_at,
                referral_id=row.id,
                content={"fax_id": fax.id, "part_id": part.id, "kind": part.kind},
                pdf=pdf,
            )
            faxes.settle(session, part, PartState.ATTACHED, by=by, at=now, referral_id=row.id)
            return None

    def _divide(self, org: str, part_id: str, version: int, by: str, page: int) -> None:
        now = self._intake.clock()
        with self._store.write() as session:
            part = faxes.part(session, org, part_id, version=version)
            if part.state != PartState.OPEN:
                raise _settled()
            if not part.first_page < page <= part.last_page:
                raise BadRequest(
                    f"Choose a page from {part.first_page + 1} to {part.last_page}: the next part "
                    "begins there.",
                    code="no_such_page",
                    field="page",
                )
            fax = faxes.get(session, org, part.fax_id, lock=True)
            self._reading.again(session, fax, part.first_page, page - 1)
            self._reading.again(session, fax, page, part.last_page)
            faxes.settle(session, part, PartState.DIVIDED, by=by, at=now)
            _note(session, part, by, "fax_divided", now)

    async def _look(self, org: str, part_id: str) -> None:
        """The fax's workflow hears of it; without the engine it looks when its next limit comes."""
        with self._store.read() as session:
            part = faxes.part(session, org, part_id, lock=False)
            sha256 = faxes.get(session, org, part.fax_id).sha256
        try:
            await self._intake.loop.fax_changed(org, sha256)
        except EngineUnavailable:
            return


def corrections(
    read: Mapping[str, str], said: Mapping[str, str], *, made_by_hand: bool = False
) -> dict[str, Any]:
    """What a person changed of a request that a machine put in, as ``request_confirmed`` takes it.

    Of one that was put in with their own values nothing is left to correct.
    """
    if made_by_hand:
        return {}
    changed: dict[str, Any] = {}
    for name in FIELDS:
        value = said.get(name, "")
        part, _, field = name.partition(".")
        if value == read.get(name, "") or part not in {"patient", "source"}:
            continue
        changed.setdefault(part, {})[field] = value or None
    if said.get("insurance", "") != read.get("insurance", ""):
        changed["payers"] = [payer(said["insurance"])] if said.get("insurance") else []
    reason = [said.get(name, "") for name in ("reason", "diagnosis", "order")]
    if reason != [read.get(name, "") for name in ("reason", "diagnosis", "order")]:
        changed["reason"] = ". ".join(part for part in reason if part)[:2000] or None
    return changed


def _note(session: Session, part: FaxPartRow, by: str, what: str, at: datetime) -> None:
    audit.note(session, org=part.org, who=by, what=what, subject=part.fax_id, at=at, recorded_at=at)


def _settled() -> Refused:
    return Refused("This part of the fax has been seen to already.", code="already_settled")
