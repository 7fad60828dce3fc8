"""Who a message goes to, and by which numbers and mailboxes.

Looked up at the last moment: addresses are always live, never pinned (policy.md rule 11).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, select

from models.errors import NotFound
from models.people import Patient, SourceKind
from store import people, referrals
from store.ledger import standing
from store.tables import PatientRow, PracticeRow, ProviderRow, ReferralRow, SourceRow


class Contact(NamedTuple):
    """One party of a referral with every way to reach it; addresses are normalised.

    ``treating``: patient facts may go there by themselves (policy.md rule 2). ``name`` is whom the
    message speaks to: the guardian where the patient is under 18.
    """

    party: str
    name: str
    fax: str | None = None
    email: str | None = None
    phone: str | None = None
    prefers: str = "fax"
    practice: str | None = None
    treating: bool = False
    third_party: bool = False
    verified: bool = True
    wants_thanks: bool = True
    language: str = "en"
    state: str | None = None
    minor: bool = False
    may_text: bool = True
    may_email: bool = True
    provider_id: str | None = None
    practice_id: str | None = None
    patient_id: str | None = None
    source_id: str | None = None

    @property
    def address(self) -> dict[str, str]:
        """The address by channel, only those there are."""
        ways = {"fax": self.fax, "email": self.email, "sms": self.phone}
        return {channel: to for channel, to in ways.items() if to}


def contact(
    session: Session, org: str, referral_id: str, party: str, *, on: date | None = None
) -> Contact:
    """The party ``patient``, ``certifier``, ``source``, ``source:<id>`` or ``recipient:<id>``.

    ``sender`` is the office whose fax number the pages came from that a machine read.

    ``source`` alone is who sent the referral first; the ids are a source's and a provider's. *on*
    is the local day for which the patient's age counts; without it the day the referral came.
    Raises NotFound for an unknown referral, party or provider, and where no certifier is named.
    """
    referral = referrals.get(session, org, referral_id)
    if party == "patient":
        return _patient(session, referral, on or referral.received_at.date())
    if party == "source" or party.startswith("source:"):
        day = on or referral.received_at.date()
        return of_source(session, sender_of(session, org, referral_id, party), party, day)
    if party == "sender" and referral.fax_from is not None:
        return _sender(session, org, referral.fax_from)
    if party == "certifier" and referral.certifier_id is not None:
        return _provider(session, org, referral.certifier_id, party)
    if party.startswith("recipient:"):
        return _provider(session, org, party.partition(":")[2], party)
    raise NotFound("The referral names nobody for this message.", code="no_recipient")


def patient_of(session: Session, org: str, referral_id: str) -> PatientRow:
    """The patient's row; raises NotFound for an unknown referral."""
    return session.get_one(PatientRow, referrals.get(session, org, referral_id).patient_id)


def source_of(session: Session, org: str, referral_id: str) -> SourceRow:
    """The source's row; raises NotFound for an unknown referral."""
    return session.get_one(SourceRow, referrals.get(session, org, referral_id).source_id)


def sender_of(session: Session, org: str, referral_id: str, party: str) -> SourceRow:
    """The source a party is: the first one, or ``source:<source id>`` beside it.

    Raises NotFound for an unknown referral, and for a source of another organization.
    """
    if party == "source":
        return source_of(session, org, referral_id)
    row = session.get(SourceRow, party.partition(":")[2])
    if row is None or row.org != org:
        raise NotFound("There is no such source.", code="no_recipient")
    return row


def touched(session: Session, org: str, referral_id: str, to: Contact) -> SourceRow | None:
    """The source somebody is, or works for, so that a message to them is a touch with it.

    None for a patient, and for somebody who has never sent anybody.
    """
    if to.party == "patient":
        return None
    if to.source_id is not None:
        return standing(session, to.source_id)
    first = source_of(session, org, referral_id)
    same = (to.provider_id, first.provider_id), (to.practice_id, first.practice_id)
    if any(mine and mine == theirs for mine, theirs in same):
        return standing(session, first.id)
    query = select(SourceRow).where(
        SourceRow.org == org,
        SourceRow.provider_id == to.provider_id,
        col(SourceRow.provider_id).is_not(None),
    )
    found = session.exec(query).first()
    return standing(session, found.id) if found is not None else None


def provider(session: Session, org: str, provider_id: str) -> ProviderRow:
    """A provider's row; raises NotFound."""
    row = session.get(ProviderRow, provider_id)
    if row is None or row.org != org:
        raise NotFound("There is no such provider.", code="no_recipient")
    return row


def _patient(session: Session, referral: ReferralRow, on: date) -> Contact:
    row = session.get_one(PatientRow, referral.patient_id)
    name = f"{row.given_name} {row.family_name}"
    minor = Patient(name=row.given_name, born=row.born).is_minor(on)
    return Contact(
        party="patient",
        name=(row.guardian_name or "") if minor else name,
        phone=row.guardian_phone if minor else row.phone,
        email=None if minor else row.email,  # whose mailbox it is nobody said
        prefers="sms",
        language=(row.guardian_language or row.language) if minor else row.language,
        state=row.state,
        minor=minor,
        may_text=row.texted,
        may_email=row.may_email,
        patient_id=row.id,
    )


def _sender(session: Session, org: str, fax: str) -> Contact:
    """An office by its number alone; raises NotFound where it is nobody's we know."""
    office = people.office_by_fax(session, org, fax)
    if office is None or not office.fax_verified:
        raise NotFound("Nobody we know has this fax number.", code="no_recipient")
    return Contact(
        party="sender",
        name=office.name,
        fax=fax,
        practice=office.name,
        treating=True,
        practice_id=office.id,
    )


def _provider(session: Session, org: str, provider_id: str, party: str) -> Contact:
    row = provider(session, org, provider_id)
    practice = session.get_one(PracticeRow, row.practice_id) if row.practice_id else None
    return Contact(
        party=party,
        name=row.name,
        fax=practice.fax if practice else None,
        email=row.email or (practice.email if practice else None),
        phone=row.phone or (practice.phone if practice else None),
        prefers=row.prefers,
        practice=practice.name if practice else None,
        treating=True,
        wants_thanks=practice.wants_thanks if practice else True,
        provider_id=row.id,
        practice_id=row.practice_id,
    )


def of_source(session: Session, row: SourceRow, party: str, on: date) -> Contact:
    """A source itself, or whoever stands in for its provider on a day."""
    who = session.get_one(ProviderRow, row.provider_id) if row.provider_id is not None else None
    stands = people.standing_in(session, who, on) if who else None
    if stands is not None:
        known = _provider(session, row.org, stands.id, party)
        return known._replace(
            verified=row.verified,
            source_id=row.id,
            wants_thanks=known.wants_thanks and row.wants_thanks,
        )
    practice = session.get_one(PracticeRow, row.practice_id) if row.practice_id else None
    gone = who is not None  # the provider has left, the office is still there
    return Contact(
        party=party,
        name=practice.name if gone and practice else row.name,
        fax=row.fax or (practice.fax if practice else None),
        email=(None if gone else row.email) or (practice.email if practice else None),
        phone=(None if gone else row.phone) or (practice.phone if practice else None),
        prefers=row.prefers,
        practice=practice.name if practice else None,
        treating=SourceKind(row.kind).treating,
        third_party=SourceKind(row.kind).third_party,
        wants_thanks=row.wants_thanks and (practice is None or practice.wants_thanks),
        practice_id=row.practice_id,
        patient_id=row.patient_id,
        verified=row.verified,
        source_id=row.id,
    )
