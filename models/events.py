"""What integrators send us: the JSON of one event and of one new referral.

One shape serves ``POST /hooks/{org}/events``, ``POST /api/v1/referrals`` and referral files. Names
and numbers in here go to the store and nowhere else; from it come facts with ids.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Base64Bytes, Field

from models.attribution import Heard
from models.base import Model, StrictModel
from models.facts import Id, Payer, Urgency, UtcDatetime
from models.ids import SLUG
from models.people import SourceKind
from models.regions import Region

Text = Annotated[str, Field(min_length=1, max_length=300)]
Short = Annotated[str, Field(min_length=1, max_length=60)]
Npi = Annotated[str, Field(pattern=r"^[0-9]{10}$")]
MAX_PDF_BYTES = 6 * 1024 * 1024


class ExternalId(StrictModel):
    """An id another system gave the referral: who assigned it, and its value there."""

    assigner: Short
    value: Annotated[str, Field(min_length=1, max_length=100)]


class PatientIn(StrictModel):
    """The person to be treated, as the sender knows them."""

    given_name: Text
    family_name: Text
    born: date
    phone: Short | None = None
    email: Text | None = None
    language: Literal["en", "es"] = "en"
    state: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    guardian_name: Text | None = None
    guardian_phone: Short | None = None
    guardian_language: Literal["en", "es"] | None = None  # the patient's, unless told
    # None: nobody says. Then yes, unless a past patient sent them: a friend's number is only called
    # (policy.md rule 8).
    may_text: bool | None = None
    may_email: bool = False


class ProviderIn(StrictModel):
    """A physician, NP, PA or the like; found again by NPI."""

    npi: Npi | None = None
    name: Text
    credential: Short | None = None
    practice: Text | None = None
    fax: Short | None = None
    email: Text | None = None
    phone: Short | None = None
    prefers: Literal["fax", "email"] = "fax"


class SourceIn(ProviderIn):
    """Who sent the patient; a past patient or an employer has no NPI."""

    kind: SourceKind = SourceKind.PROVIDER
    verified: bool = True
    may_thank: bool | None = None  # a past patient only where told: see policy.md rule 8

    @property
    def thanked(self) -> bool:
        """Whether a thank-you may go at all; one to a past patient must be allowed in words."""
        told = self.may_thank if self.may_thank is not None else not self.past_patient
        return told and self.kind.thanked

    @property
    def past_patient(self) -> bool:
        """Somebody we treated once, who sent a friend."""
        return self.kind is SourceKind.PAST_PATIENT


class OrderIn(StrictModel):
    """The written order that came with the referral, if any."""

    signed: bool = False
    dated: bool = False
    holds_full_plan: bool = False


class MachineRead(StrictModel):
    """A machine read the referral from a fax: whatever it says may be misread.

    ``fax`` is the number the pages came from, as the fax line told it; None where it was withheld.
    """

    fax: Short | None = None
    pages: Annotated[int, Field(ge=1, le=500)] = 1


class NewReferral(StrictModel):
    """A request to treat one patient."""

    external: ExternalId | None = None
    clinic: Annotated[str, Field(pattern=SLUG.pattern)] | None = None
    received_at: UtcDatetime | None = None
    patient: PatientIn
    source: SourceIn
    certifier: ProviderIn | None = None  # default: the source, where it is a provider
    recipients: tuple[ProviderIn, ...] = Field(default=(), max_length=5)
    payers: tuple[Payer, ...] = Field(default=(), max_length=4)
    urgency: Urgency = Urgency.ROUTINE
    region: Region | None = None  # tells two courses of one patient apart (policy.md rule 12)
    not_before: UtcDatetime | None = None
    order: OrderIn | None = None
    machine_read: MachineRead | None = None  # a person must confirm it first (policy.md rule 7)
    reason: Annotated[str, Field(max_length=2000)] | None = None
    heard: Heard | None = None  # how the patient says they heard of the clinic
    campaign: Annotated[str, Field(pattern=SLUG.pattern)] | None = None


class PatientRef(StrictModel):
    """A patient by name and birth date; the phone tells two of them apart."""

    given_name: Text
    family_name: Text
    born: date
    phone: Short | None = None


class ReferralRef(StrictModel):
    """Which referral an event is about: our id, or the id another system gave it.

    ``patient`` is for senders who know neither: it means the only open referral of that person.
    """

    id: Id | None = None
    external: ExternalId | None = None
    patient: PatientRef | None = None


class ProviderLeftIn(StrictModel):
    """A provider retired or moved: told once, for the organization, not about one referral.

    The provider by NPI or by our id; so the successor, or one we have not met with name and fax.
    """

    provider_npi: Npi | None = None
    provider_id: Id | None = None
    on: date
    successor_npi: Npi | None = None
    successor_id: Id | None = None
    successor: ProviderIn | None = None
    by: Id | None = None  # the member of staff who told it


class ReaderIn(StrictModel):
    """Somebody who follows the patient without treating them, as an authorization names them."""

    kind: Literal[
        SourceKind.CASE_MANAGER, SourceKind.EMPLOYER, SourceKind.ATTORNEY, SourceKind.SCHOOL
    ]
    name: Text
    fax: Short | None = None
    email: Text | None = None
    phone: Short | None = None
    prefers: Literal["fax", "email"] = "fax"


class CertifierIn(StrictModel):
    """Who certifies a plan of care: by NPI, by our id, or somebody we have not met."""

    provider_npi: Npi | None = None
    provider_id: Id | None = None
    provider: ProviderIn | None = None


class DocumentIn(StrictModel):
    """Clinical content: the EMR's signed PDF, or fields for us to lay out, never both empty."""

    pdf: Base64Bytes | None = None
    fields: dict[str, Any] | None = None


class Event(StrictModel):
    """One event of ``POST /hooks/{org}/events``; its id is the ``webhook-id`` header.

    ``data`` holds the fields of the fact named by ``type`` (docs/integrators/events.md);
    ``document`` the clinical content that came with it.
    """

    type: Short
    at: UtcDatetime
    as_of: UtcDatetime | None = None
    retracted: bool = False
    referral: ReferralRef | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    document: DocumentIn | None = None


class Problem(Model):
    """The one JSON error shape of every endpoint."""

    code: str
    message: str
    field: str | None = None
    request_id: str | None = None
