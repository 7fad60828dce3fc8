"""Every kind of message: who it is for, by which channels, and what its template may say.

A template gets the fields of its context and nothing else, so what must never stand in a text
(diagnosis, body part, a physician's name, payer, money: policy.md §3) has no way into one. Texts
carry no name at all; emails to patients the first name only.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import StringConstraints

from models.base import Model
from models.contracts import Channel
from models.facts import DeclinedFor
from models.kinds import Kind

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")


class Audience(StrEnum):
    """Who a kind is written for; it decides channels, languages and quiet hours."""

    PATIENT = "patient"
    OFFICE = "office"
    PAST_PATIENT = "past_patient"
    STAFF = "staff"


# --- what the templates may say -------------------------------------------------------------------


class Context(Model):
    """What every template may say: the clinic as it calls itself in a text, and its number."""

    clinic: Annotated[str, StringConstraints(min_length=1, max_length=24)]
    phone: str  # as printed: 518-555-0142


class ToPatient(Context):
    """``first_name`` is for emails only; ``link`` holds no word about the patient.

    ``page`` is the patient's own page, where the clinic uses ours; so is ``link`` then.
    """

    first_name: str = ""
    link: str = ""
    page: str = ""


class Written(ToPatient):
    """A person's own words; nobody but they and the patient reads them."""

    words: str


class AboutVisit(ToPatient):
    """``when`` is the local time of the appointment; ``also`` those of the patient's other ones."""

    when: datetime
    also: tuple[datetime, ...] = ()


class ToOffice(Context):
    """An email to an office: the document is attached, subject and body are free of PHI."""

    clinic_name: str
    fax: str
    address: str


class UnableToReach(ToOffice):
    """A letter in our own words; ``patient`` and ``born`` stand on the page, never in an email."""

    patient: str = ""
    born: str = ""
    ending: Literal["asks", "closed", "no_shows"] = "asks"


class Declined(ToOffice):
    """A letter in our own words; the names stand on the page, never in an email.

    ``sister`` is another clinic of the organization that can take the patient, if there is one.
    """

    patient: str = ""
    born: str = ""
    declined_for: DeclinedFor = DeclinedFor.CAPACITY
    sister: str = ""
    sister_address: str = ""
    sister_phone: str = ""
    sister_fax: str = ""


class Moved(ToOffice):
    """A letter of the new clinic; ``before`` is the name of the one where the referral was."""

    patient: str = ""
    born: str = ""
    before: str = ""


class ToPastPatient(Context):
    """Thanks a past patient for sending a friend, without a word about the friend (rule 8)."""

    first_name: str = ""


class ReEngagement(Context):
    """A draft for the liaison's note; sent as a letter it needs the address and a way out [K14]."""

    source: str
    writer: str = ""  # whose relationship it is
    days_quiet: int
    last_referral: str
    postal_address: str


# --- the kinds ------------------------------------------------------------------------------------


class MessageSpec(NamedTuple):
    """One kind of message.

    ``document`` is the page that goes with it: a kind of ``reports.registry``, or ``letter`` for a
    page in the words of the template ``letter.en.j2``. ``written`` is False while nothing sends
    this kind and no template exists.
    """

    audience: Audience
    channels: tuple[Channel, ...]
    sample: Context
    document: str | None = None
    written: bool = True

    @property
    def context(self) -> type[Context]:
        """The model of what its templates may say."""
        return type(self.sample)

    @property
    def languages(self) -> tuple[Language, ...]:
        """Patients are written to in their language, offices in English."""
        return LANGUAGES if self.audience is Audience.PATIENT else ("en",)


_CLINIC = "Riverside PT East"
_PHONE = "518-555-0142"
_LINK = "https://example.org/riverside-east/schedule"
_TO_PATIENT = ToPatient(clinic=_CLINIC, phone=_PHONE, first_name="Jordan", link=_LINK)
_WRITTEN = Written(**_TO_PATIENT.model_dump(), words="Thursday at 9 works. See you then.")
_VISIT = AboutVisit(
    **_TO_PATIENT.model_dump(),
    when=datetime(2026, 1, 12, 9, 30),  # noqa: DTZ001 - a local time as it is printed
)
_OFFICE = ToOffice(
    clinic=_CLINIC,
    phone=_PHONE,
    clinic_name="Riverside Physical Therapy East",
    fax="518-555-0143",
    address="12 Harbor Street, Albany, NY 12207",
)
_UNABLE = UnableToReach(**_OFFICE.model_dump(), patient="Jordan Sample", born="Jan 4, 1961")
_DECLINED = Declined(**_OFFICE.model_dump(), patient="Jordan Sample", born="Jan 4, 1961")
_MOVED = Moved(
    **_OFFICE.model_dump(),
    patient="Jordan Sample",
    born="Jan 4, 1961",
    before="Riverside Physical Therapy West",
)
_BY_TEXT: tuple[Channel, ...] = ("sms", "email")
_BY_PAPER: tuple[Channel, ...] = ("fax", "email")


def _patient(sample: Context, channels: tuple[Channel, ...] = _BY_TEXT) -> MessageSpec:
    return MessageSpec(Audience.PATIENT, channels, sample)


def _office(
    document: str | None, sample: Context = _OFFICE, *, written: bool = True
) -> MessageSpec:
    return MessageSpec(Audience.OFFICE, _BY_PAPER, sample, document, written)


MESSAGES: dict[Kind, MessageSpec] = {
    Kind.RECEIPT_NOTICE: _office("receipt_notice"),
    Kind.THANK_YOU: _office("thank_you"),
    Kind.THANK_YOU_PAST_PATIENT: MessageSpec(
        Audience.PAST_PATIENT,
        ("email",),
        ToPastPatient(clinic=_CLINIC, phone=_PHONE, first_name="Robin"),
    ),
    Kind.NEED_INFORMATION: _office("letter", written=False),
    Kind.UNABLE_TO_REACH: _office("letter", _UNABLE),
    Kind.DECLINED: _office("letter", _DECLINED),
    Kind.TRANSFERRED: _office("letter", _MOVED),
    Kind.PLAN_OF_CARE: _office("plan_of_care"),
    # Page 1 of the plan's fax (policy.md rule 3), never a message of its own.
    Kind.PROGRESS_UPDATE: MessageSpec(Audience.OFFICE, (), _OFFICE, written=False),
    Kind.SIGNATURE_REQUEST: _office("signature_request"),
    Kind.PROGRESS_REPORT: _office("progress_report"),
    Kind.DISCHARGE_SUMMARY: _office("discharge_summary"),
    Kind.RE_ENGAGEMENT: MessageSpec(
        Audience.STAFF,
        ("crm",),
        ReEngagement(
            clinic=_CLINIC,
            phone=_PHONE,
            source="Lakeside Family Medicine",
            writer="Lia Example",
            days_quiet=60,
            last_referral="Jan 12, 2026",
            postal_address="12 Harbor Street, Albany, NY 12207",
        ),
    ),
    Kind.SCHEDULE_TEXT: _patient(_TO_PATIENT),
    Kind.REACH_FOLLOWUP: _patient(_TO_PATIENT),
    Kind.LAST_TEXT: _patient(_TO_PATIENT),
    Kind.BOOKED: _patient(_VISIT),
    Kind.INTAKE: _patient(_VISIT),
    Kind.INTAKE_REMINDER: _patient(_VISIT),
    Kind.REMINDER: _patient(_VISIT, ("sms",)),
    Kind.MISSED: _patient(_TO_PATIENT),
    Kind.NEW_CLINIC: _patient(_TO_PATIENT),
    Kind.WAITING_ON_INSURER: _patient(_TO_PATIENT, ("sms",)),
    Kind.REBOOK: _patient(_TO_PATIENT, ("sms",)),
    Kind.PATIENT_THANKS: _patient(_TO_PATIENT),
    Kind.CHECK_IN: _patient(_TO_PATIENT),
    Kind.OPT_OUT_CONFIRMATION: _patient(_TO_PATIENT, ("sms",)),
    Kind.CLOSED_HOURS: _patient(_TO_PATIENT, ("sms",)),
    Kind.HELP: _patient(_TO_PATIENT, ("sms",)),
    Kind.MISSED_CALL: _patient(_TO_PATIENT, ("sms",)),
    Kind.DESK_TEXT: _patient(_WRITTEN, ("sms",)),
    Kind.SCORECARD: _office("scorecard"),
}


class Contact(Model):
    """How somebody may be written to: an office's preference, a patient's consent."""

    prefers: Literal["fax", "email"] = "fax"
    may_text: bool = False
    may_email: bool = False


def ladder(kind: Kind, contact: Contact) -> tuple[Channel, ...]:
    """The channels to try, best first; empty when there is none.

    Offices: the preferred of fax and email, then the other. Patients: a text where they may be
    texted, then email where they said yes to it. The CRM is never a rung: it gets a touch of its
    own once a message to a source is out (policy.md rule 23).
    """
    spec = MESSAGES[kind]
    if spec.audience is Audience.STAFF:
        return ()
    if spec.audience is not Audience.PATIENT:
        return tuple(sorted(spec.channels, key=lambda channel: channel != contact.prefers))
    allowed = {"sms": contact.may_text, "email": contact.may_email}
    return tuple(channel for channel in spec.channels if allowed.get(channel, False))


def first_name(given_name: str) -> str:
    """The first of the given names, for an email's greeting; at most 40 characters."""
    names = given_name.split()
    return names[0][:40] if names else ""
