"""What our documents say, as values: no layout, no I/O, no clock.

One frozen value per document; ``reports/`` draws it as a PDF and as an HTML page from the same
fields. Dates are calendar dates of the clinic; moments carry their offset and are shown in
``Letterhead.time_zone``. Fictional examples of every document are in ``models.document_samples``.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from models.base import Model
from models.outcomes import Score

#: Printed on the page a provider returns, as text and as Code 128; proves which page came back
#: and nothing else, so it never holds a name or a date (policy.md rule 4).
ReturnCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{3,19}$")]


class Letterhead(Model):
    """The clinic as it signs its paper."""

    clinic: str
    address: tuple[str, ...] = ()
    phone: str = ""
    fax: str = ""
    time_zone: str = "UTC"


class Addressee(Model):
    """Who a document is for; fax numbers belong to the practice (policy.md rule 13)."""

    name: str
    practice: str = ""
    phone: str = ""
    fax: str = ""


class PatientBlock(Model):
    """The two facts that keep one patient's page out of another's chart."""

    name: str
    born: date


class Diagnosis(Model):
    """An ICD-10-CM code, the words for it, or both; a third of referrals have no code [F11]."""

    code: str = ""
    text: str = ""


class GoalStatus(StrEnum):
    """How one goal stands, in words that survive a fax."""

    MET = "Met"
    ON_TRACK = "On track"
    PARTLY_MET = "Partly met"
    NOT_MET = "Not met"
    NEW = "New"
    CHANGED = "Changed"
    DROPPED = "Dropped"


class Goal(Model):
    """One long-term goal; figures are in ``unit``, the change is computed, never typed."""

    text: str
    baseline: float | None = None
    now: float | None = None
    target: float | None = None
    unit: str = ""
    by: date | None = None
    status: GoalStatus | None = None
    why: str = ""

    @property
    def change(self) -> float | None:
        """Now minus baseline, or None when either is not a figure."""
        if self.baseline is None or self.now is None:
            return None
        return round(self.now - self.baseline, 2)


class Signature(Model):
    """Who signed as author, with license or credential, and when."""

    name: str
    licence: str
    signed_at: AwareDatetime


class Attendance(Model):
    """Visits kept and booked, and why the others were missed (one short reason each)."""

    attended: int = Field(ge=0)
    scheduled: int = Field(ge=0)
    missed: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _no_more_kept_than_booked(self) -> Self:
        if self.attended > self.scheduled:
            raise ValueError("more visits attended than scheduled")
        return self


class Document(Model):
    """What every document carries on every page."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    needs_signature: ClassVar[bool] = False

    letterhead: Letterhead
    to: Addressee
    sender: str = ""
    document_id: str
    version: int = Field(default=1, ge=1)
    dated: date
    language: str = "en-US"

    @property
    def about(self) -> PatientBlock | None:
        """The patient the pages are about; None only for pages that must not name one."""
        return None

    @property
    def author(self) -> Signature | None:
        """The clinician who signed the content, if it is signed."""
        return None

    @property
    def is_draft(self) -> bool:
        """True while a clinician's signature is needed and not there; a draft never leaves."""
        return self.needs_signature and self.author is None


class PatientDocument(Document):
    """A document about one patient: one patient per page (policy.md rule 13)."""

    patient: PatientBlock

    @property
    def about(self) -> PatientBlock | None:
        """The patient the pages are about."""
        return self.patient


class PlanOfCare(Model):
    """The plan as the therapist wrote it; ``missing_elements`` says whether it may be printed."""

    diagnoses: tuple[Diagnosis, ...] = ()
    long_term_goals: tuple[Goal, ...] = ()
    treatment_type: str = ""
    amount: str = ""
    frequency: str = ""
    duration: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    precautions: str = ""
    version: int = Field(default=1, ge=1)
    therapist: str = ""
    licence: str = ""
    signed_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError("the plan ends before it starts")
        return self


class ProgressUpdate(Model):
    """Page 1 in front of the plan: verdict, plan in one line, the ask (policy.md rule 3).

    ``plan_line`` and ``ask`` are written from the plan when left empty.
    """

    verdict: str
    plan_line: str = ""
    ask: str = ""
    evaluated_on: date | None = None
    findings: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    red_flags: tuple[str, ...] = ()


class PlanOfCareFax(PatientDocument):
    """The one fax to the certifying provider: progress update in front, plan behind.

    ``plan`` is None when the EMR's signed PDF goes behind our sheet; ``emr_signature`` then says
    who signed it. ``signature_needed`` is False when the certification state asks for none.
    """

    kind: ClassVar[str] = "plan_of_care"
    title: ClassVar[str] = "Plan of care and progress update"
    needs_signature: ClassVar[bool] = True

    update: ProgressUpdate
    plan: PlanOfCare | None = None
    emr_signature: Signature | None = None
    return_code: ReturnCode
    sign_by: date | None = None
    signature_needed: bool = True

    @property
    def author(self) -> Signature | None:
        """The therapist who signed the plan."""
        plan = self.plan
        if plan is None:
            return self.emr_signature
        if plan.signed_at is None:
            return None
        return Signature(name=plan.therapist, licence=plan.licence, signed_at=plan.signed_at)


class ProgressReport(PatientDocument):
    """The one-page report by the 10th treatment day [G9]; ``ask`` empty means none."""

    kind: ClassVar[str] = "progress_report"
    title: ClassVar[str] = "Physical therapy progress report"
    needs_signature: ClassVar[bool] = True

    verdict: str = ""
    ask: str = ""
    period_starts: date | None = None
    period_ends: date | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    scores: tuple[Score, ...] = ()
    goals: tuple[Goal, ...] = ()
    attendance: Attendance | None = None
    red_flags: tuple[str, ...] = ()
    assessment: str = ""
    plan: str = ""
    goal_changes: str = ""
    return_code: ReturnCode
    signature: Signature | None = None

    @property
    def author(self) -> Signature | None:
        """The clinician who wrote and signed the report."""
        return self.signature


class DischargeReason(StrEnum):
    """Why care ended, in the words the physician reads."""

    GOALS_MET = "Goals met"
    PLATEAU = "Progress reached a plateau"
    PATIENT_CHOICE = "The patient chose to stop"
    STOPPED_COMING = "The patient stopped coming"
    TRANSFERRED = "Transferred to other care"
    MOVED = "The patient moved away"
    MEDICAL = "Medical reasons"
    COVERAGE = "Coverage ended"
    WITHDRAWN = "The referral was withdrawn"


class DischargeSummary(PatientDocument):
    """Closes the loop with the physician in one to two pages; says plainly if unplanned."""

    kind: ClassVar[str] = "discharge_summary"
    title: ClassVar[str] = "Physical therapy discharge summary"
    needs_signature: ClassVar[bool] = True

    reason: DischargeReason
    planned: bool
    verdict: str = ""
    referred_on: date | None = None
    evaluated_on: date | None = None
    last_visit_on: date | None = None
    discharged_on: date
    diagnoses: tuple[Diagnosis, ...] = ()
    attendance: Attendance | None = None
    scores: tuple[Score, ...] = ()
    goals: tuple[Goal, ...] = ()
    patient_status: str = ""
    treatment_given: str = ""
    limits_and_precautions: str = ""
    home_program: str = ""
    equipment: str = ""
    when_to_return: str = ""
    recommendations: str = ""
    signature: Signature | None = None

    @property
    def author(self) -> Signature | None:
        """The therapist who wrote and signed the summary; never an assistant [G17]."""
        return self.signature


class ThankYouLetter(PatientDocument):
    """Thanks the office, says the next step and what we need; no marketing words (an ad then)."""

    kind: ClassVar[str] = "thank_you"
    title: ClassVar[str] = "Thank you for your referral"

    received_on: date
    came_as: Literal["referral", "order"] = "referral"
    next_step: str
    needs: tuple[str, ...] = ()
    contact: str = ""


class SignatureRequest(PatientDocument):
    """The chase: one page that can be signed and sent back by itself.

    Holds the plan in one line so that the provider sees what is signed; no pressure words and no
    word about payment (policy.md §3).
    """

    kind: ClassVar[str] = "signature_request"
    title: ClassVar[str] = "Signature requested: plan of care"

    plan_sent_on: date
    plan_document_id: str
    plan_version: int = Field(default=1, ge=1)
    plan_line: str
    diagnoses: tuple[Diagnosis, ...] = ()
    therapist: str
    plan_signed_on: date
    needs: tuple[str, ...] = ()
    return_code: ReturnCode
    sign_by: date | None = None


class ReceiptNotice(Document):
    """Tells a verified office that its pages arrived, naming no patient (policy.md rule 7)."""

    kind: ClassVar[str] = "receipt_notice"
    title: ClassVar[str] = "We received your fax"

    pages_received: int = Field(ge=1)
    received_at: AwareDatetime
    next_step: str


def missing_elements(document: PlanOfCare | ProgressReport | DischargeSummary) -> list[str]:
    """Name every required element that is not there; an empty list means it may be printed.

    The plan's elements are those of 42 CFR 410.61 and the Benefit Policy Manual [G1][G2]; those of
    the progress report [G9][G10] and of the discharge summary [G17][G18] likewise. The author's
    signature is judged apart (``Document.is_draft``), so that a draft can be read before it is
    signed. Source of the duty: policy.md rule 6.
    """
    if isinstance(document, PlanOfCare):
        return _missing_in_plan(document)
    if isinstance(document, ProgressReport):
        return _missing_in_report(document)
    return _missing_in_summary(document)


def _missing_in_plan(plan: PlanOfCare) -> list[str]:
    return _absent(
        ("diagnosis", _has_diagnosis(plan.diagnoses)),
        ("long-term goals", any(g.text for g in plan.long_term_goals)),
        ("type of treatment", bool(plan.treatment_type)),
        ("amount", bool(plan.amount)),
        ("frequency", bool(plan.frequency)),
        ("duration", bool(plan.duration)),
        ("name of the therapist", bool(plan.therapist)),
        ("license of the therapist", bool(plan.licence)),
    )


def _missing_in_report(report: ProgressReport) -> list[str]:
    return _absent(
        ("start of the period", report.period_starts is not None),
        ("end of the period", report.period_ends is not None),
        ("diagnosis", _has_diagnosis(report.diagnoses)),
        ("an objective measure", bool(report.scores)),
        ("goals", bool(report.goals)),
        ("progress toward each goal", all(g.status or g.now is not None for g in report.goals)),
        ("visits attended", report.attendance is not None),
        ("assessment", bool(report.assessment)),
        ("plan", bool(report.plan)),
    )


def _missing_in_summary(summary: DischargeSummary) -> list[str]:
    return _absent(
        ("diagnosis", _has_diagnosis(summary.diagnoses)),
        ("date of the evaluation", summary.evaluated_on is not None),
        ("date of the last visit", summary.last_visit_on is not None),
        ("visits attended", summary.attendance is not None),
        ("goals", bool(summary.goals)),
        ("status of each goal", all(g.status is not None for g in summary.goals)),
        ("treatment given", bool(summary.treatment_given)),
        # After an unplanned end there may have been no last visit to teach or measure in [G12].
        ("home program", bool(summary.home_program) or not summary.planned),
        ("current scores", bool(summary.scores) or not summary.planned),
    )


def _has_diagnosis(diagnoses: tuple[Diagnosis, ...]) -> bool:
    return any(d.code or d.text for d in diagnoses)


def _absent(*elements: tuple[str, bool]) -> list[str]:
    return [name for name, there in elements if not there]


def content_hash(document: Document, attachment: bytes | None = None) -> str:
    """SHA-256 (64 hex digits) over the content, and over the bytes of a PDF that goes with it.

    Depends on the values only, not on layout or library versions, so it can be checked from the
    record years later.
    """
    content = {"kind": document.kind, "content": document.model_dump(mode="json")}
    if attachment is not None:
        content["attachment"] = hashlib.sha256(attachment).hexdigest()
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
