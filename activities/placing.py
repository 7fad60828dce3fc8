"""Which referral an event is about: by its ids, by a person's word, or nobody's yet.

What cannot be placed is never dropped: it waits for its referral (90 days), or a person is asked,
the original attached. Every method works inside the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from activities.applied import Applied, owed
from activities.arrivals import open_task
from activities.tenants import Tenants
from models import shapes
from models.errors import BadRequest, NotFound
from models.events import ExternalId, ReferralRef
from models.tasks import TaskKind
from store import inbox, lookups, people, referrals, tasks
from store.record import Record
from store.tables import InboxRow, InboxState, PatientRow, ReferralRow


class Placing:
    """Finds the referral of a row, or says who looks for it."""

    def __init__(self, record: Record, tenants: Tenants) -> None:
        self._record = record
        self._tenants = tenants

    def match(self, session: Session, row: InboxRow, ref: ReferralRef) -> list[ReferralRow]:
        """The referrals that an event names: none, one, or several that contradict.

        What a person has said counts first, then its ids; only without any the patient, whose one
        open referral is meant (policy.md rule 12).
        """
        org, found = row.org, dict[str, ReferralRow]()
        if row.matched_to is not None:
            return [referrals.get(session, org, row.matched_to)]
        if ref.id is not None:
            try:
                known = referrals.get(session, org, ref.id)
                found[known.id] = known
            except NotFound:
                pass
        if ref.external is not None:
            named = referrals.find(session, org, ref.external)
            if named is not None:
                known = referrals.get(session, org, named.id)
                found[known.id] = known
        if ref.patient is not None and ref.id is None and ref.external is None:
            phone = self._phone(org, ref.patient.phone)
            person = people.person(ref.patient)
            return list(lookups.open_referrals_by_person(session, org, person, phone))
        return list(found.values())

    def all_closed(self, session: Session, org: str, ref: ReferralRef) -> bool:
        """The patient is known and nothing of theirs is open: nobody can say what was meant."""
        if ref.patient is None or ref.id is not None or ref.external is not None:
            return False
        return lookups.person_known(session, org, people.person(ref.patient))

    def learn_id(
        self, session: Session, row: ReferralRow, ref: ReferralRef, now: datetime
    ) -> tuple[str, ...]:
        """An id nobody knew names this referral from now on; the rows that waited for it."""
        if ref.external is None or not referrals.learn_id(session, row, ref.external, now):
            return ()
        waiting = inbox.waiting_for(session, row.org, external=ref.external)
        return tuple(one.id for one in waiting)

    def woken(self, session: Session, row: ReferralRow) -> tuple[str, ...]:
        """The rows that waited for this very referral, by either of its ids or by its patient."""
        external = None
        if row.assigner is not None and row.external_value is not None:
            external = ExternalId(assigner=row.assigner, value=row.external_value)
        patient = session.get_one(PatientRow, row.patient_id).person
        waiting = inbox.waiting_for(
            session, row.org, external=external, referral_id=row.id, patient=patient
        )
        return tuple(one.id for one in waiting)

    def wait(self, session: Session, row: InboxRow, ref: ReferralRef, now: datetime) -> Applied:
        """Keep the row until its referral comes (``capture.unmatched_wait``)."""
        wait = self._tenants.get(row.org).policy.capture.unmatched_wait
        inbox.wait(
            session,
            row.id,
            at=now,
            until=self._tenants.calendar(row.org, row.received_at).after(row.received_at, wait),
            external=ref.external,
            referral_id=ref.id,
            patient=people.person(ref.patient) if ref.patient is not None else None,
        )
        return Applied(row, waits=True)

    def ask_about_closed(self, session: Session, row: InboxRow, now: datetime) -> Applied:
        """An event about a patient of whom nothing is open: a person says which it is about."""
        self.ask(session, row, TaskKind.UNMATCHED_EVENT, "no_open_referral", now)
        return Applied(row)

    def ask_which(
        self, session: Session, row: InboxRow, found: list[ReferralRow], now: datetime
    ) -> Applied:
        """The ids of one event name two referrals: a person says which it is about."""
        which = " or ".join(sorted(one.id for one in found))
        says = f"An event names two referrals: say which one it is about, {which}"
        self.ask(session, row, TaskKind.UNMATCHED_EVENT, "several_referrals", now, says=says)
        return Applied(row)

    def ask(
        self,
        session: Session,
        row: InboxRow,
        kind: TaskKind,
        reason: str,
        now: datetime,
        *,
        says: str | None = None,
    ) -> None:
        """Hand the row to a person; it belongs to no referral so far."""
        lease = self._tenants.get(row.org).policy.task.lease
        tasks.open_for_org(
            session,
            row.org,
            kind,
            row.id,
            due=self._tenants.calendar(row.org, row.received_at).after(row.received_at, lease),
            at=row.received_at,
            says=says,
            inbox=row,
        )
        inbox.mark(session, row.id, InboxState.TASK, at=now, reason=reason)

    def ask_about(
        self, session: Session, row: InboxRow, referral: ReferralRow, question: str, now: datetime
    ) -> Applied:
        """A question about one referral; the row is not applied until a person has answered."""
        referral = referrals.get(session, row.org, referral.id)
        kind = TaskKind.UNMATCHED_EVENT
        opened = open_task(session, self._tenants, referral, row, kind, row.id, says=question)
        written = self._record.write_in(session, row.org, referral.id, opened, recorded_at=now)
        inbox.mark(
            session,
            row.id,
            InboxState.TASK,
            at=now,
            reason="needs_a_person",
            referral_id=referral.id,
        )
        return Applied(row, (owed(referral, written.referral, (opened,)),))

    def _phone(self, org: str, told: str | None) -> str | None:
        """A number that tells two patients apart; one that cannot be read tells nothing."""
        try:
            country = self._tenants.get(org).organization.country
            return shapes.phone(told, country) if told else None
        except BadRequest:
            return None
