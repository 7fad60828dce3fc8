"""One referral as a page of it needs it, and only for those who work at its clinic."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from models.contracts import Card
from models.errors import NotFound
from store import contacts, referrals
from store.contacts import Contact
from store.record import card_from
from store.tables import PatientRow, SourceRow
from web.desk.cards import patient
from web.desk.door import Desk, Viewer


class Subject(NamedTuple):
    """A referral, its patient and who sent them."""

    card: Card
    given_name: str
    family_name: str
    born: date
    urgency: str
    source_id: str
    sender: Contact  # who sent them, as they are reached now
    certifier: Contact | None  # who certifies the plan of care, where it is somebody else
    phone: str | None
    email: str | None
    language: str
    guardian: str | None
    reason: str | None
    heard: str | None  # models.attribution.Heard
    campaign: str | None
    zone: str
    clinic: str

    def name(self, *, named: bool) -> str:
        """The patient's name, or initials."""
        return patient(self.given_name, self.family_name, named=named)


class Subjects:
    """Finds referrals for people of the staff."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def find(self, viewer: Viewer, referral_id: str) -> Subject:
        """One referral, the first one where it is a duplicate.

        Raises NotFound for one of another clinic, as if there were none.
        """
        with self._desk.store.read() as session:
            row = referrals.get(session, viewer.org, referral_id)
            if not viewer.sees(row.clinic_id):
                raise NotFound("There is no such referral in this organization.")
            person = session.get_one(PatientRow, row.patient_id)
            source = session.get_one(SourceRow, row.source_id)
            clinic = self._desk.clinic(viewer, row.clinic_id)
            apart = row.certifier_id is not None and row.certifier_id != source.provider_id
            return Subject(
                card=card_from(row),
                given_name=person.given_name,
                family_name=person.family_name,
                born=person.born,
                urgency=row.urgency,
                source_id=source.id,
                sender=contacts.contact(session, viewer.org, row.id, "source"),
                certifier=contacts.contact(session, viewer.org, row.id, "certifier")
                if apart
                else None,
                phone=person.phone,
                email=person.email,
                language=person.language,
                guardian=person.guardian_name,
                reason=row.reason,
                heard=row.heard,
                campaign=row.campaign,
                zone=clinic.zone,
                clinic=clinic.name,
            )
