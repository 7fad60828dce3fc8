"""What a person does with a part of a fax: say what it is, confirm, attach, divide, put away.

Every act goes the way its like goes elsewhere: a referral through the inbox and its confirmation
through the referral's own decision, a returned plan by the fact of its return. What the person
corrects is kept, so that it can be counted how well faxes are read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from activities.fax_events import Certain, fields_of, pictures, returned, said_of, turns_of
from activities.fax_reading import FaxReading
from activities.fax_vouching import FaxVouching
from activities.faxes import Faxes
from activities.intake import Intake
from activities.loop import Decided
from models.attribution import ASKED
from models.errors import BadRequest, Refused
from models.facts import RejectedWhy, RequestRejected, Signer
from models.fax import KINDS, FaxKind, PartState, Trouble
from models.fax_fields import FIELDS, NEEDED, Sure
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
        self._vouching = FaxVouching(intake, self._faxes)

    async def confirm(
        self, org: str, part_id: str, version: int, by: str, said: Mapping[str, str]
    ) -> Decided:
        """A person vouches for a new referral, with what they corrected.

        The referral is made first where the machine could not. ``pending`` while the engine or its
        record is away: it goes on by itself. Raises BadRequest naming the field that is missing or
        cannot be, Conflict, Refused, StoreUnavailable.
        """
        missing = [FIELDS[name] for name in NEEDED if not said.get(name)]
        if missing:
            raise BadRequest(
                f"Still missing: {', '.join(missing)}. Read it from the page, or ask the sender.",
                code="missing_fields",
                field=next(name for name in NEEDED if not said.get(name)),
            )
        await asyncio.to_thread(self._take_in, org, part_id, version, by, dict(said))
        decided = await self._vouching.carry_on(org, part_id, by=by)
        await self._vouching.look_again(org, part_id)
        return decided

    async def call_it(self, org: str, part_id: str, version: int, by: str, kind: FaxKind) -> None:
        """A person says what it is: it is the task of that kind's role now."""
        await asyncio.to_thread(self._call_it, org, part_id, version, by, kind)
        await self._vouching.look_again(org, part_id)

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
        if lead is not None:
            now = self._intake.clock()
            rejected = RequestRejected(at=now, as_of=now, by=by, why=why)
            await self._intake.decide(org, lead, rejected)
        await asyncio.to_thread(self._put_away, org, part_id, version, by, state)
        await self._vouching.look_again(org, part_id)

    async def attach(self, org: str, part_id: str, version: int, by: str, referral_id: str) -> bool:
        """The pages belong to this referral; a plan that came back pauses its chase.

        False while the record is away: it goes on by itself. Raises NotFound for an unknown
        referral, Refused ``no_plan`` where none went out.
        """
        certain = await asyncio.to_thread(self._attach, org, part_id, version, by, referral_id)
        there = certain is None or await self._faxes.put_in(org, certain, by=by) is not None
        await self._vouching.look_again(org, part_id)
        return there

    async def divide(self, org: str, part_id: str, version: int, by: str, page: int) -> None:
        """Another matter begins on this page; each part is read and looked at anew."""
        await asyncio.to_thread(self._divide, org, part_id, version, by, page)
        await self._vouching.look_again(org, part_id)

    # --- inside ---------------------------------------------------------------------------------

    def _take_in(self, org: str, part_id: str, version: int, by: str, said: dict[str, str]) -> None:
        """Keep what they say: from here on it is known, whatever is away."""
        now = self._intake.clock()
        with self._store.write() as session:
            part = faxes.part(session, org, part_id, version=version)
            if part.state not in {PartState.OPEN, PartState.LEAD}:
                raise _settled()
            self._keep(session, part, said, by, now)
            if part.state == PartState.OPEN:
                self._note_kind(session, part, FaxKind.NEW_REFERRAL, by, now)
                part.kind, part.kind_by, part.trouble = FaxKind.NEW_REFERRAL, by, None
                faxes.change(session, part)

    def _keep(
        self, session: Session, part: FaxPartRow, said: Mapping[str, str], by: str, at: datetime
    ) -> None:
        """What differs from how it stands is a correction, kept once."""
        sureness = {one.name: one.sure for one in fields_of(part)}
        stands = said_of(session, part)
        for name in (*FIELDS, *ASKED):
            before, now = stands.get(name, ""), said.get(name, "")
            if now != before:
                sure = sureness.get(name, Sure.MISSING)
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
            part = _waiting(session, org, part_id, version)
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
            if part.state != PartState.LEAD:
                part = _waiting(session, org, part_id, version)
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
            part = _waiting(session, org, part_id, version)
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
            part = _waiting(session, org, part_id, version)
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


def _note(session: Session, part: FaxPartRow, by: str, what: str, at: datetime) -> None:
    audit.note(session, org=part.org, who=by, what=what, subject=part.fax_id, at=at, recorded_at=at)


def _waiting(session: Session, org: str, part_id: str, version: int) -> FaxPartRow:
    """A part that nothing has become of yet; raises Conflict, Refused, NotFound."""
    part = faxes.part(session, org, part_id, version=version)
    if part.state != PartState.OPEN:
        raise _settled()
    if part.inbox_id is not None:
        raise Refused(
            "This is on its way into the record already; look at it again in a minute.",
            code="on_its_way",
        )
    return part


def _settled() -> Refused:
    return Refused("This part of the fax has been seen to already.", code="already_settled")
