"""People and offices: found again where we know them, made where we do not.

Providers are found by NPI, practices by fax number, patients by name, birth date and phone, a
past-patient source by the patient it once was (policy.md rules 12 and 13). Numbers and names are
read here by models.shapes, so what is stored is normalised.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from sqlmodel import Session, col, select

from models import shapes
from models.errors import BadRequest
from models.events import NewReferral, PatientIn, PatientRef, ProviderIn, ReaderIn, SourceIn
from models.facts import ClosedReason
from models.ids import new_id
from models.people import (
    Certifier,
    Credential,
    Provider,
    SourceKind,
    credential,
    may_certify,
)
from store.columns import Table
from store.ledger import standing
from store.rows import digest, find_or_insert, fold
from store.tables import PatientRow, PracticeRow, ProviderRow, ReferralRow, SourceRow

T = TypeVar("T")
R = TypeVar("R", bound=Table)
Names = tuple[str, ...]

_REACH: Names = ("phone", "email", "prefers")
_PATIENT: Names = (
    "email",
    "language",
    "state",
    "guardian_name",
    "guardian_phone",
    "guardian_language",
    "may_text",
    "may_email",
)


class Everyone(NamedTuple):
    """The rows of everyone a new referral names; ``certifier`` is the source where it is one.

    ``sender`` is the source as a provider, where it is one.
    """

    patient: PatientRow
    source: SourceRow
    sender: ProviderRow | None
    certifier: ProviderRow | None
    recipients: tuple[ProviderRow, ...]


def everyone(
    session: Session,
    org: str,
    new: NewReferral,
    *,
    at: datetime,
    today: date,
    country: str = "US",
    trusted: bool = True,
) -> Everyone:
    """Find or make everyone a new referral names.

    What a machine read (``trusted`` False) finds people and makes new ones, but changes nobody:
    a misread number must not take the place of one we know (policy.md rule 7).

    *today* is the clinic's local date; phones without a country code are read as *country*'s.
    Raises BadRequest with ``field`` for a number, address, NPI or birth date that cannot be; the
    caller's transaction must then be rolled back. Asking twice makes nobody twice.
    """
    maker = _Maker(session, org, at, today, country, trusted=trusted)
    source, sender = maker.source(new.source)
    certifier = maker.provider(new.certifier, "certifier") if new.certifier else sender
    return Everyone(
        patient=maker.patient(new.patient, by_friend=new.source.past_patient),
        source=source,
        sender=sender,
        certifier=certifier,
        recipients=tuple(
            maker.provider(one, f"recipients.{place}") for place, one in enumerate(new.recipients)
        ),
    )


def provider(
    session: Session, org: str, given: ProviderIn, field: str, *, at: datetime, country: str = "US"
) -> ProviderRow:
    """Find or make one provider; raises BadRequest with ``field`` like ``everyone``."""
    return _Maker(session, org, at, at.date(), country).provider(given, field)


def person(who: PatientRef) -> str:
    """What a patient is found by where no number is told; raises BadRequest ``bad_name``."""
    first = _read(shapes.clean_name, who.given_name, "referral.patient.given_name")
    last = _read(shapes.clean_name, who.family_name, "referral.patient.family_name")
    return digest(fold(first), fold(last), who.born.isoformat())


def reader(
    session: Session, org: str, given: ReaderIn, *, at: datetime, country: str = "US"
) -> SourceRow:
    """Find or make somebody who reads reports without treating: a source by name and reach.

    Raises BadRequest with ``field`` like ``everyone``.
    """
    maker = _Maker(session, org, at, at.date(), country)
    return maker.source(SourceIn.model_validate(given.model_dump(exclude_unset=True)))[0]


def may_certify_plans(row: ProviderRow) -> bool:
    """Everyone but those who certainly may not; a person looks at the doubtful ones [G6]."""
    known = Provider(id=row.id, name=row.name, credential=Credential(row.credential))
    return may_certify(known) is not Certifier.NO


def standing_in(session: Session, row: ProviderRow, on: date) -> ProviderRow | None:
    """The provider, or who took over from them by a day; None where nobody did."""
    seen: set[str] = set()
    found: ProviderRow | None = row
    while found is not None and found.left_on is not None and found.left_on <= on:
        if found.id in seen:
            return None  # two who named each other
        seen.add(found.id)
        found = session.get(ProviderRow, found.successor_id) if found.successor_id else None
    return found


class _Maker:
    """One referral's worth of finding and making."""

    def __init__(
        self,
        session: Session,
        org: str,
        at: datetime,
        today: date,
        country: str,
        *,
        trusted: bool = True,
    ) -> None:
        self.session, self.org, self.at = session, org, at
        self.today, self.country, self.trusted = today, country, trusted

    def patient(self, given: PatientIn, *, by_friend: bool) -> PatientRow:
        """The patient; a number ``by_friend`` is texted once somebody else vouches for it."""
        first = _read(shapes.clean_name, given.given_name, "patient.given_name")
        last = _read(shapes.clean_name, given.family_name, "patient.family_name")
        born = _read(lambda _: shapes.birth_date(given.born, self.today), "", "patient.born")
        phone = self._phone(given.phone, "patient.phone")
        row = PatientRow(
            id=new_id("pat"),
            org=self.org,
            identity=digest(fold(first), fold(last), born.isoformat(), phone or ""),
            person=digest(fold(first), fold(last), born.isoformat()),
            given_name=first,
            family_name=last,
            born=born,
            phone=phone,
            email=_email(given.email, "patient.email"),
            language=given.language,
            state=_read(shapes.state, given.state, "patient.state") if given.state else None,
            guardian_name=_name(given.guardian_name, "patient.guardian_name"),
            guardian_phone=self._phone(given.guardian_phone, "patient.guardian_phone"),
            guardian_language=given.guardian_language,
            may_text=True if given.may_text is None else given.may_text,
            phone_by_friend=by_friend and not given.may_text,
            may_email=given.may_email,
            created_at=self.at,
        )
        query = select(PatientRow).where(
            PatientRow.org == self.org, PatientRow.identity == row.identity
        )
        found, fresh = find_or_insert(self.session, row, lambda: self.session.exec(query).first())
        if self.trusted:
            found.phone_by_friend = found.phone_by_friend and row.phone_by_friend
        told = [name for name in _PATIENT if getattr(given, name, None) is not None]
        return row if fresh else self._updated(found, row, given, tuple(told))

    def provider(self, given: ProviderIn, field: str) -> ProviderRow:
        name = _read(shapes.clean_name, given.name, f"{field}.name")
        practice = self.practice(given, field)
        row = ProviderRow(
            id=new_id("prv"),
            org=self.org,
            npi=_read(shapes.npi, given.npi, f"{field}.npi") if given.npi else None,
            name=name,
            name_key=fold(name),
            credential=credential(given.credential or ""),
            practice_id=practice.id if practice else None,
            phone=self._phone(given.phone, f"{field}.phone"),
            email=_email(given.email, f"{field}.email"),
            prefers=given.prefers,
            created_at=self.at,
        )
        found, fresh = find_or_insert(self.session, row, lambda: self._known_provider(row))
        if fresh or not self.trusted:
            return found
        if row.credential != Credential.OTHER:
            found.credential = row.credential
        if row.practice_id and found.left_on and row.practice_id != found.practice_id:
            found.left_on, found.successor_id = None, None  # they practise again, elsewhere
        # The newest telling is where the provider works now.
        found.npi, found.practice_id = row.npi or found.npi, row.practice_id or found.practice_id
        return self._updated(found, row, given, _REACH)

    def practice(self, given: ProviderIn, field: str) -> PracticeRow | None:
        fax = self._phone(given.fax, f"{field}.fax")
        named = _name(given.practice, f"{field}.practice")
        if fax is None and named is None:
            return None
        name = named or _read(shapes.clean_name, given.name, f"{field}.name")
        row = PracticeRow(
            id=new_id("prc"),
            org=self.org,
            name=name,
            name_key=fold(name),
            fax=fax,
            phone=self._phone(given.phone, f"{field}.phone"),
            email=_email(given.email, f"{field}.email"),
            prefers=given.prefers,
            created_at=self.at,
        )
        found, fresh = find_or_insert(self.session, row, lambda: self._known_practice(row))
        if fresh or not self.trusted:
            return found
        found.fax = found.fax or row.fax
        # The office's own number and mailbox stay; a provider's may be personal.
        found.phone, found.email = found.phone or row.phone, found.email or row.email
        return self._updated(found, row, given, ("prefers",))

    def source(self, given: SourceIn) -> tuple[SourceRow, ProviderRow | None]:
        """The source, and the provider it is, if it is one."""
        row = SourceRow(
            id=new_id("src"),
            org=self.org,
            identity="",
            kind=given.kind,
            name=_read(shapes.clean_name, given.name, "source.name"),
            phone=self._phone(given.phone, "source.phone"),
            fax=self._phone(given.fax, "source.fax"),
            email=_email(given.email, "source.email"),
            prefers=given.prefers,
            verified=given.verified,
            created_at=self.at,
        )
        provider = self.provider(given, "source") if given.kind is SourceKind.PROVIDER else None
        if provider is not None:
            row.provider_id, row.practice_id = provider.id, provider.practice_id
            row.identity = f"provider:{provider.id}"
        elif given.kind is SourceKind.PRACTICE:
            # An office without a fax number is found by its name.
            office = given.model_copy(update={"practice": given.practice or given.name})
            practice = self.practice(office, "source")
            row.practice_id = practice.id if practice else None
            row.identity = f"practice:{row.practice_id}"
        elif given.kind is SourceKind.PAST_PATIENT and (known := self._past_patient(row)):
            row.patient_id, row.identity = known.id, f"patient:{known.id}"
        elif given.kind is SourceKind.SELF:
            row.identity = digest(given.kind, fold(row.name))
        else:
            reach = row.fax or row.phone or row.email or ""
            row.identity = digest(given.kind, fold(row.name), reach)
        query = select(SourceRow).where(
            SourceRow.org == self.org, SourceRow.identity == row.identity
        )
        found, fresh = find_or_insert(self.session, row, lambda: self.session.exec(query).first())
        if fresh:
            return found, provider
        if found.merged_into is not None:  # it turned out to be another one, who keeps its own
            return standing(self.session, found.id), provider
        if not self.trusted:
            return found, provider
        found.practice_id = row.practice_id or found.practice_id
        found.verified = found.verified or row.verified
        return self._updated(found, row, given, (*_REACH, "fax")), provider

    def _known_provider(self, row: ProviderRow) -> ProviderRow | None:
        mine = select(ProviderRow).where(ProviderRow.org == self.org)
        if row.npi:
            found = self.session.exec(mine.where(ProviderRow.npi == row.npi)).first()
            if found is not None:
                return found
        # Without an NPI on one side: the same name in the same office.
        namesakes = mine.where(
            ProviderRow.name_key == row.name_key,
            col(ProviderRow.practice_id).is_not_distinct_from(row.practice_id),
        )
        if row.npi:
            namesakes = namesakes.where(col(ProviderRow.npi).is_(None))
        return self.session.exec(
            namesakes.order_by(col(ProviderRow.created_at), col(ProviderRow.id))
        ).first()

    def _known_practice(self, row: PracticeRow) -> PracticeRow | None:
        mine = select(PracticeRow).where(PracticeRow.org == self.org)
        if row.fax:
            found = self.session.exec(mine.where(PracticeRow.fax == row.fax)).first()
            if found is not None:
                return found
        # Another fax number is another office, even under the same name.
        namesakes = mine.where(PracticeRow.name_key == row.name_key)
        if row.fax:
            namesakes = namesakes.where(col(PracticeRow.fax).is_(None))
        return self.session.exec(
            namesakes.order_by(col(PracticeRow.created_at), col(PracticeRow.id))
        ).first()

    def _past_patient(self, row: SourceRow) -> PatientRow | None:
        if not row.phone and not row.email:
            return None
        query = select(PatientRow).where(PatientRow.org == self.org)
        by_phone, by_email = PatientRow.phone == row.phone, PatientRow.email == row.email
        near = self.session.exec(query.where(by_phone if row.phone else by_email)).all()
        wanted = fold(row.name)
        named = [p for p in near if fold(f"{p.given_name} {p.family_name}") == wanted]
        return named[0] if len(named) == 1 else None

    def _phone(self, given: str | None, field: str) -> str | None:
        if not given:
            return None
        return _read(lambda text: shapes.phone(text, self.country), given, field)

    def _updated(self, found: R, told: R, given: PatientIn | ProviderIn, names: Names) -> R:
        """Take over what was really told: a default is no news, and nothing is no correction."""
        if not self.trusted:
            return found
        for name in names:
            value = getattr(told, name)
            if name in given.model_fields_set and value is not None:
                setattr(found, name, value)
        self.session.add(found)
        self.session.flush()
        return found


def office_by_fax(session: Session, org: str, fax: str) -> PracticeRow | None:
    """The practice a fax number belongs to (policy.md rule 13)."""
    query = select(PracticeRow).where(PracticeRow.org == org, PracticeRow.fax == fax)
    return session.exec(query).first()


def vouched_for(session: Session, patient_id: str, besides: str) -> bool:
    """Whether a person, or a system we trust, has sent this very patient before."""
    query = select(ReferralRow.id).where(
        ReferralRow.patient_id == patient_id,
        ReferralRow.id != besides,
        col(ReferralRow.confirmed).is_(True),
        col(ReferralRow.closed_reason).is_distinct_from(ClosedReason.ENTERED_IN_ERROR),
    )
    return session.exec(query).first() is not None


def strike_out(session: Session, found: PatientRow, told: PatientIn) -> None:
    """What a person says is not the patient's is on record no more; a None strikes it out."""
    for name in ("email", "state", "guardian_name", "guardian_phone"):
        if name in told.model_fields_set and getattr(told, name) is None:
            setattr(found, name, None)
    session.add(found)
    session.flush()


def forget_if_alone(session: Session, patient_id: str) -> None:
    """Erase somebody a machine misread, unless another referral or a source knows them."""
    known = session.exec(select(ReferralRow.id).where(ReferralRow.patient_id == patient_id))
    sends = session.exec(select(SourceRow.id).where(SourceRow.patient_id == patient_id))
    row = session.get(PatientRow, patient_id)
    if row is not None and known.first() is None and sends.first() is None:
        session.delete(row)
        session.flush()


def _name(given: str | None, field: str) -> str | None:
    return _read(shapes.clean_name, given, field) if given else None


def _email(given: str | None, field: str) -> str | None:
    return _read(shapes.email, given, field) if given else None


def _read(reader: Callable[[str], T], given: str, field: str) -> T:
    try:
        return reader(given)
    except BadRequest as error:
        raise BadRequest(error.sentence, code=error.code, field=field) from None
