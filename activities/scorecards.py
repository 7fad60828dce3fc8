"""What became of a source's patients, counted from the ledger as of the last closed month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from activities.letters import local, printed
from activities.tenants import Tenants
from models.documents import Addressee, Letterhead
from models.errors import NotFound
from models.monthly import FEW
from models.organization import Clinic
from models.scorecard import Scorecard, ScorecardLetter
from models.sources import public_name
from store import contacts, ledger, sources
from store.contacts import Contact
from store.engine import Store
from store.report import scorecard
from store.report.scope import Period
from store.tables import PracticeRow, SourceRow


class Counted(NamedTuple):
    """A scorecard, and what a letter about it needs."""

    source: SourceRow  # the one the id stands for by now
    card: Scorecard
    clinic_id: str | None  # where most of their patients went
    to: Contact


class Scorecards:
    """Counts scorecards and words the letters; safe to share between threads."""

    def __init__(self, store: Store, tenants: Tenants) -> None:
        self._store = store
        self._tenants = tenants

    def card(
        self, org: str, source_id: str, clinics: Sequence[str], *, whole: bool, now: datetime
    ) -> Counted:
        """The twelve months of one source at some clinics, or (*whole*) of its office.

        They end with the last month that is closed for the organization, and are counted as of its
        closing. Raises NotFound for an unknown source, and ``no_closed_month`` before the first.
        """
        with self._store.read() as session:
            return self.counted(session, org, source_id, clinics, whole=whole, now=now)

    def counted(
        self,
        session: Session,
        org: str,
        source_id: str,
        clinics: Sequence[str],
        *,
        whole: bool,
        now: datetime,
    ) -> Counted:
        """The same in the caller's transaction."""
        source = self.source(session, org, source_id)
        period = self._period(session, org, clinics)
        office = session.get(PracticeRow, source.practice_id) if source.practice_id else None
        whole = whole and office is not None
        theirs = (scorecard.office if whole else scorecard.itself)(session, source)
        own = public_name(source.kind, source.name)
        name = office.name if whole and office is not None else own
        return Counted(
            source,
            scorecard.of_sources(session, period, name, theirs, self.least(org)),
            scorecard.busiest(session, period, theirs),
            contacts.of_source(session, source, "source", now.date()),
        )

    def source(self, session: Session, org: str, source_id: str) -> SourceRow:
        """The source an id stands for by now; raises NotFound."""
        return ledger.standing(session, sources.get(session, org, source_id).id)

    def letter(
        self, org: str, counted: Counted, *, document_id: str, sender: str, now: datetime
    ) -> ScorecardLetter:
        """The letter to the office, from the clinic that has most of its patients.

        Only what stands on enough patients is in it; raises Refused ``too_few``.
        """
        clinic = self._clinic(org, counted.clinic_id)
        to = counted.to
        name = to.name if counted.card.name == counted.source.name else counted.card.name
        return ScorecardLetter(
            letterhead=Letterhead(
                clinic=clinic.name,
                address=(clinic.address,),
                phone=printed(clinic.phone),
                fax=printed(clinic.fax),
                time_zone=clinic.zone,
            ),
            to=Addressee(
                name=name,
                practice=(to.practice or "") if to.practice != name else "",
                phone=printed(to.phone or ""),
                fax=printed(to.fax or ""),
            ),
            sender=sender,
            document_id=document_id,
            dated=local(now, clinic).date(),
            card=counted.card.told(),
            counted_on=local(counted.card.as_of, clinic).date(),
        )

    def least(self, org: str) -> int:
        """Fewer patients than this are never told of; the policy may ask for more than ten."""
        return max(FEW, self._tenants.get(org).policy.report.scorecard_min_referrals)

    def _clinic(self, org: str, clinic_id: str | None) -> Clinic:
        organization = self._tenants.get(org).organization
        known = {one.id: one for one in organization.clinics}
        return known.get(clinic_id or "", organization.clinics[0])

    def _period(self, session: Session, org: str, clinics: Sequence[str]) -> Period:
        every = [one.id for one in self._tenants.get(org).organization.clinics]
        closed = scorecard.last_closed(session, org, every)
        if closed is None:
            raise NotFound(
                "No month is closed yet: scorecards begin with the first closed month.",
                code="no_closed_month",
            )
        return Period(org, tuple(clinics), closed.month, closed.closed_at)
