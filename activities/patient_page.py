"""What a patient does on their own page: every word goes in by ``Intake.accept`` like an EMR's.

A time that is asked for is kept first, in one statement, and told afterwards; a person who asks
twice, in two tabs or by two taps, has asked once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import Session

from activities.intake import Intake
from models import patient_page, requests
from models.contracts import RawRequest
from models.events import Event, ReferralRef
from models.facts import AppointmentBooked, IntakeOpened
from models.ids import new_id
from models.links import Link, Pages, Purpose, usable
from models.messages import first_name
from models.organization import Clinic
from models.patient_page import State, View
from models.policy_file import OrganizationPolicy
from models.referral import Referral
from store import contacts, referrals, slots
from store.tables import ReferralRow, SlotRow

LONGEST_WORDS = 600  # characters; more is a call


class Closed(NamedTuple):
    """A link that opens nothing; the clinic is named only where the link once was good."""

    clinic: Clinic | None = None
    language: str = "en"

    @property
    def status(self) -> int:
        """404 for what never was a link of ours, 410 for one that is over."""
        return 410 if self.clinic is not None else 404


class Opened(NamedTuple):
    """What a good link opens: no name but the first, and of the rest times alone."""

    org: str
    referral_id: str
    link: Link
    clinic: Clinic
    language: str
    first_name: str
    view: View
    offers: tuple[SlotRow, ...] = ()
    booked: AppointmentBooked | None = None


class PatientPages:
    """Opens links and takes what is done on their pages; safe to share between tasks."""

    def __init__(self, intake: Intake, pages: Pages, clock: Callable[[], datetime]) -> None:
        self._intake = intake
        self._store = intake.store
        self._tenants = intake.tenants
        self._keys = pages.keys
        self._clock = clock

    # --- looking ----------------------------------------------------------------------------------

    async def open(self, token: str) -> Opened | Closed:
        """What a token opens just now; raises StoreUnavailable."""
        return await asyncio.to_thread(self._open, token)

    def _open(self, token: str) -> Opened | Closed:
        link = self._keys.read(token)
        if link is None:
            return Closed()
        now = self._clock()
        with self._store.read() as session:
            row = self._row(session, token, link)
            if row is None:
                return Closed()
            tenant = self._tenants.get(row.org)
            clinic = tenant.organization.clinic(row.clinic_id)
            referral = self._intake.record.load(session, row.org, row.id)
            calendar = self._tenants.calendar(row.org, now, row.clinic_id)
            to = contacts.contact(session, row.org, row.id, "patient", on=calendar.local_date(now))
            if not usable(referral, link, now):
                return Closed(clinic, to.language)
            given_name = contacts.patient_of(session, row.org, row.id).given_name
            seen = patient_page.view(referral, link, now, tenant.policy, calendar)
            offers: tuple[SlotRow, ...] = ()
            if link.purpose is Purpose.VISIT and seen.offers:
                offers = self._offers(session, row, referral, tenant, now)
            return Opened(
                row.org,
                row.id,
                link,
                clinic,
                to.language,
                "" if to.minor else first_name(given_name),
                seen,
                offers,
                referral.appointment(),
            )

    def _row(self, session: Session, token: str, link: Link) -> ReferralRow | None:
        """The referral of a token that we signed; None for any other."""
        row = session.get(ReferralRow, link.referral_id)
        # A signature is worked out either way: how long it takes says nothing about ids.
        good = self._keys.verified(row.org if row is not None else "", token)
        if row is None or not good or row.org not in self._tenants:
            return None
        return referrals.get(session, row.org, row.id)  # a duplicate's link opens the first one

    def _offers(
        self,
        session: Session,
        row: ReferralRow,
        referral: Referral,
        tenant: OrganizationPolicy,
        now: datetime,
    ) -> tuple[SlotRow, ...]:
        policy, calendar = tenant.policy, self._tenants.calendar(row.org, now, row.clinic_id)
        after = patient_page.first_offer(referral, now, policy, calendar)
        before = calendar.after(now, policy.booking.ahead)
        free = slots.offered(session, row.org, row.clinic_id, after=after, before=before, now=now)
        booked = referral.appointment()
        taken = booked.starts_at if booked is not None else None
        within = [s for s in free if calendar.is_open(s.starts_at) and s.starts_at != taken]
        return tuple(within[: policy.booking.most])

    # --- doing ------------------------------------------------------------------------------------

    async def ask_for(self, there: Opened, slot_id: str) -> bool:
        """Ask for an offered time; False where it is offered no more. Again is harmless.

        The desk is asked to book it; nothing is booked by this (policy.md rule 18).
        """
        kept = await asyncio.to_thread(self._keep, there, slot_id)
        if kept is None:
            return False
        request_id, slot, at = kept
        await self._tell(
            there,
            "booking_requested",
            at=at,
            request_id=request_id,
            slot_id=slot.id,
            starts_at=slot.starts_at.isoformat(),
        )
        return True

    async def write(self, there: Opened, words: str) -> None:
        """A word on the page goes the way of a text: kept, read, answered by a person (rule 17)."""
        await self._tell(there, "patient_replied", reply_id=new_id("pg"), text=words)

    async def confirm(self, there: Opened) -> None:
        """The patient will come: as if they had texted C; told once."""
        if there.view.state is State.BOOKED and not there.view.confirmed:
            await self.write(there, "C")

    async def opened_forms(self, there: Opened) -> None:
        """The forms were opened; told once."""
        known = await asyncio.to_thread(self._intake.record.referral, there.org, there.referral_id)
        if not known.all(IntakeOpened) and not known.intake_done():
            await self._tell(there, "intake_opened")

    async def score(self, there: Opened, score: int) -> None:
        """The answer to the one question; a later one corrects it."""
        await self._tell(there, "check_in_answered", score=score)

    # --- inside -----------------------------------------------------------------------------------

    def _keep(self, there: Opened, slot_id: str) -> tuple[str, SlotRow, datetime] | None:
        """The request, the time kept for it, and when they asked: later than ever before.

        The newest request counts, so two of one moment would leave open which is meant.
        """
        now = self._clock()
        tenant = self._tenants.get(there.org)
        with self._store.write() as session:
            row = referrals.get(session, there.org, there.referral_id)
            referral = self._intake.record.load(session, row.org, row.id)
            before = requests.newest(referral)
            at = max(now, before.at + timedelta(microseconds=1)) if before is not None else now
            asked = slots.get(session, row.org, slot_id)
            if asked is not None and asked.request_id and slots.kept_for(asked, row.id):
                told = before is not None and before.request_id == asked.request_id
                return asked.request_id, asked, before.at if before and told else at
            offered = {s.id: s for s in self._offers(session, row, referral, tenant, now)}
            wanted = offered.get(slot_id)
            if wanted is None:
                return None
            calendar = self._tenants.calendar(row.org, now, row.clinic_id)
            request_id = new_id("req")
            kept = slots.hold(
                session,
                row.org,
                slot_id,
                referral_id=row.id,
                request_id=request_id,
                now=now,
                until=calendar.after(now, tenant.policy.booking.hold),
            )
            return (request_id, wanted, at) if kept else None

    async def _tell(
        self, there: Opened, kind: str, *, at: datetime | None = None, **data: Any
    ) -> None:
        now = self._clock()
        event = Event(
            type=kind, at=at or now, referral=ReferralRef(id=there.referral_id), data=data
        )
        body = event.model_dump_json(exclude_defaults=True).encode()
        request = RawRequest(origin="page", body=body, received_at=now)
        row = await asyncio.to_thread(self._intake.accept, there.org, request, new_id("pg"))
        await self._intake.dispatch(row.id)
