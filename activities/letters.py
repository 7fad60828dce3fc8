"""What one message says: the context of its template, and the page that goes with it.

Clinical text comes from the documents an event brought, never from us (policy.md rule 6). Where
it is not there, or has holes, ``NotReady`` says so and nothing leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from pypdf import PdfReader
from sqlmodel import Session

from activities import letter_page, paper
from activities.paper import Paper
from activities.wording import render
from models import calendar_file, returned
from models.contracts import SendInput
from models.errors import BadRequest
from models.facts import AppointmentBooked, Transferred
from models.kinds import Kind
from models.links import Pages, Purpose
from models.messages import (
    MESSAGES,
    AboutVisit,
    Context,
    Declined,
    Moved,
    ToOffice,
    ToPastPatient,
    ToPatient,
    UnableToReach,
    Written,
    first_name,
)
from models.organization import Clinic, Organization
from models.people import Patient
from models.policy import Rules
from models.referral import Referral, appointment_of
from reports.kit.text import day
from store import contacts, conversations
from store.contacts import Contact
from store.tables import DocumentRow, PatientRow
from telemetry.logs import logger

_LOG = logger(__name__)


_FORMS = {Kind.INTAKE, Kind.INTAKE_REMINDER}
_QUOTE_THE_PLAN = {Kind.PLAN_OF_CARE, Kind.SIGNATURE_REQUEST}


class NotReady(Exception):
    """What a message needs is not on file; ``why`` is a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Letter(NamedTuple):
    """A message's content: the words' context, and the page, drawn."""

    context: Context
    pdf: bytes | None = None
    filename: str = ""
    return_code: str = ""
    calendar: bytes | None = None  # the visit it is about, for an email

    @property
    def pages(self) -> int:
        """How many pages a fax line would take."""
        return len(PdfReader(BytesIO(self.pdf)).pages) if self.pdf else 0


class Draft(NamedTuple):
    """The same before it is drawn, so that no database waits for a page."""

    context: Context
    draw: Callable[[], bytes] | None = None
    filename: str = ""
    return_code: str = ""
    calendar: bytes | None = None

    def with_page(self, pdf: bytes) -> Letter:
        """The letter with pages that were drawn before, such as those of a first try."""
        return Letter(self.context, pdf, self.filename, self.return_code, self.calendar)

    def drawn(self) -> Letter:
        """Draw the page; raises NotReady where a required element is missing or cannot be drawn.

        Whatever stands in the way, a person hears of it today: trying the same page again and
        again would leave a letter unsent and nobody told.
        """
        try:
            pdf = self.draw() if self.draw else None
        except (BadRequest, ValidationError) as error:
            raise NotReady(error.code if isinstance(error, BadRequest) else "invalid") from None
        except Exception as error:
            _LOG.error("document_not_drawn", exc_info=error)
            raise NotReady("cannot_be_drawn") from None
        return Letter(self.context, pdf, self.filename, self.return_code, self.calendar)


class Case(NamedTuple):
    """Everything a letter is composed from."""

    given: SendInput
    at: datetime
    organization: Organization
    referral: Referral
    rules: Rules  # pinned: the dates a letter names are those the workflow waits for
    to: Contact
    patient: PatientRow
    documents: tuple[DocumentRow, ...]
    also: tuple[datetime, ...] = ()  # other visits that a confirmation names
    words: str = ""  # of a person at the desk
    pages: Pages | None = None  # where patients' pages of ours are, if this process knows

    @property
    def clinic(self) -> Clinic:
        """Where the referral is: whose letterhead, numbers and clock the letter has."""
        return self.organization.clinic(self.given.clinic_id)


def load(
    session: Session,
    given: SendInput,
    at: datetime,
    organization: Organization,
    referral: Referral,
    rules: Rules,
    documents: tuple[DocumentRow, ...],
    also: tuple[datetime, ...] = (),
    pages: Pages | None = None,
) -> Case:
    """Read what the letter needs; raises NotFound ``no_recipient`` where the party has no name."""
    today = local(at, organization.clinic(given.clinic_id)).date()
    return Case(
        given=given,
        at=at,
        organization=organization,
        referral=referral,
        rules=rules,
        to=contacts.contact(session, given.org, given.referral_id, given.to, on=today),
        patient=contacts.patient_of(session, given.org, given.referral_id),
        documents=documents,
        also=also,
        words=_written(session, given),
        pages=pages,
    )


def _written(session: Session, given: SendInput) -> str:
    if given.kind is not Kind.DESK_TEXT:
        return ""
    text = conversations.text(session, given.org, given.occasion)
    return (text.body or "") if text is not None else ""


def compose(case: Case) -> Draft:
    """The content of one message, not yet drawn; pure. Raises NotReady."""
    kind = case.given.kind
    spec = MESSAGES[kind]
    if kind in _QUOTE_THE_PLAN and returned.changed(case.referral) is not None:
        raise NotReady("changed_by_provider")  # nothing quotes the old numbers (rule 4)
    context = _context(case)
    if spec.document is None:
        calendar = _calendar(case) if isinstance(context, AboutVisit) else None
        return Draft(context, calendar=calendar)
    try:
        page = _letter(case, context) if spec.document == "letter" else paper.compose(_paper(case))
    except (ValidationError, LookupError):
        raise NotReady("document_missing") from None
    if page is None:
        raise NotReady("document_missing")
    return Draft(context, page.draw, f"{kind.replace('_', '-')}.pdf", page.return_code)


def local(at: datetime, clinic: Clinic) -> datetime:
    """A moment on the clinic's clock."""
    return at.astimezone(ZoneInfo(clinic.zone))


def printed(number: str) -> str:
    """A number as people write it: ``518-555-0142``; one from abroad stays in E.164."""
    digits = number.removeprefix("+1")
    if number.startswith("+1") and len(digits) == 10:
        return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    return number


def _context(case: Case) -> Context:
    model = MESSAGES[case.given.kind].context
    clinic = case.clinic
    base = {"clinic": clinic.short_name, "phone": printed(clinic.phone)}
    if issubclass(model, ToPatient):
        # A guardian is written to without the child's name.
        name = "" if case.to.minor else first_name(case.patient.given_name)
        base |= {"first_name": name, **_links(case)}
        if model is AboutVisit:
            also = tuple(local(at, clinic) for at in case.also)
            return AboutVisit(**base, when=_appointment(case), also=also)
        if model is Written:
            return Written(**base, words=_words(case))
        return ToPatient(**base)
    if model is ToPastPatient:
        return ToPastPatient(**base, first_name=first_name(case.to.name))
    base |= {"clinic_name": clinic.name, "fax": printed(clinic.fax), "address": clinic.address}
    about = {
        "patient": f"{case.patient.given_name} {case.patient.family_name}",
        "born": day(case.patient.born),
    }
    if model is UnableToReach:
        endings = {"closed": "closed", "no": "no_shows"}  # by the first word of the occasion
        ending = endings.get(case.given.occasion.split("-")[0], "asks")
        return UnableToReach.model_validate(base | about | {"ending": ending})
    if model is Declined:
        return Declined.model_validate(base | about | _declined(case))
    if model is Moved:
        return Moved.model_validate(base | about | {"before": _before(case)})
    return ToOffice.model_validate(base)


def _words(case: Case) -> str:
    """What a person has written; it may have been forgotten by now."""
    if not case.words:
        raise NotReady("reason_missing")
    return case.words


def _links(case: Case) -> dict[str, str]:
    """Where the patient goes: the clinic's page, or one of ours (``scheduling_link = "ours"``).

    A page of ours lives a week, or until the visit it is about (policy.md §2 retention).
    """
    clinic, kind = case.clinic, case.given.kind
    if not clinic.own_pages:
        forms = clinic.intake_link if kind in _FORMS else None
        return {"link": forms or clinic.scheduling_link}
    until = case.rules.calendar.after(case.at, case.rules.policy.retention.scheduling_link)
    if issubclass(MESSAGES[kind].context, AboutVisit):
        until = max(until, _appointment(case))
    page = ""
    if case.pages is not None:
        purpose = Purpose.CHECK_IN if kind is Kind.CHECK_IN else Purpose.VISIT
        given = case.given
        page = case.pages.address(given.org, purpose, given.referral_id, case.at, until)
    return {"link": page, "page": page}


def _before(case: Case) -> str:
    """The clinic where the referral was; nameless where the organization has it no more."""
    for moved in case.referral.all(Transferred):
        if moved.occasion == case.given.occasion:
            clinics = {one.id: one.name for one in case.organization.clinics}
            return clinics.get(moved.from_clinic_id or "", "")
    raise NotReady("reason_missing")


def _declined(case: Case) -> dict[str, object]:
    """Why, and who can take the patient; a sister clinic that is gone by now is not named."""
    closing = case.referral.closing()
    if closing is None or closing.declined_for is None:
        raise NotReady("reason_missing")
    said: dict[str, object] = {"declined_for": closing.declined_for}
    for sister in case.organization.clinics:
        if sister.id == closing.sister_clinic_id:
            said |= {
                "sister": sister.name,
                "sister_address": sister.address,
                "sister_phone": printed(sister.phone),
                "sister_fax": printed(sister.fax),
            }
    return said


def _appointment(case: Case) -> datetime:
    return local(_booked(case).starts_at, case.clinic)


def _booked(case: Case) -> AppointmentBooked:
    for booked in case.referral.all(AppointmentBooked):
        if booked.appointment_id == appointment_of(case.given.occasion):
            return booked
    raise NotReady("appointment_missing")


def _calendar(case: Case) -> bytes:
    booked, clinic = _booked(case), case.clinic
    return calendar_file.visit(
        appointment_id=booked.appointment_id,
        starts_at=booked.starts_at,
        as_of=booked.as_of,
        summary=clinic.short_name,
        place=clinic.address,
        phone=printed(clinic.phone),
    )


def _paper(case: Case) -> Paper:
    clinic, to = case.clinic, case.to
    return Paper(
        referral_id=case.given.referral_id,
        kind=case.given.kind,
        occasion=case.given.occasion,
        party=case.given.to,
        today=local(case.at, clinic).date(),
        letterhead=paper.Letterhead(
            clinic=clinic.name,
            address=(clinic.address,),
            phone=printed(clinic.phone),
            fax=printed(clinic.fax),
            time_zone=clinic.zone,
        ),
        to=paper.Addressee(
            name=to.name,
            practice=to.practice or "",
            phone=printed(to.phone or ""),
            fax=printed(to.fax or ""),
        ),
        patient=paper.PatientBlock(
            name=f"{case.patient.given_name} {case.patient.family_name}", born=case.patient.born
        ),
        referral=case.referral,
        rules=case.rules,
        documents=case.documents,
        asks_for=_asks_for(case),
        treating=to.treating,
    )


def _asks_for(case: Case) -> str | None:
    """The number we lack to reach the patient; under 18 only a guardian is reached (rule 12)."""
    born = Patient(name=case.patient.given_name, born=case.patient.born)
    if born.is_minor(local(case.at, case.clinic).date()):
        asked = "The name and phone number of a parent or guardian: the patient is under 18."
        return None if case.patient.guardian_phone else asked
    return None if case.patient.phone else "A phone number at which we can reach the patient."


def _letter(case: Case, context: Context) -> paper.Page:
    words = render(case.given.kind, "letter", "en", context)
    given = _paper(case)
    data = letter_page.PlainLetter(
        **given.envelope("LT"), patient=given.patient, heading=words.subject, text=words.body
    )
    return paper.Page(lambda: letter_page.build(data))
