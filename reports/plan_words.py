"""What the pages about a plan of care say: the plan, what is asked, the request for a signature."""

from __future__ import annotations

from datetime import date

from models.documents import Document, PlanOfCare, PlanOfCareFax, ProgressUpdate, SignatureRequest
from reports import words
from reports.kit.text import day

CERTIFY = (
    "I certify the need for these services furnished under this plan of care and while under my "
    "care."
)
DECLINES = ("not our patient", "wants a visit first", "disagree, because")
UPDATE_TITLE = "Progress update and plan of care"
PLAN_FOLLOWS = "The plan of care with the box for your answer follows."
REQUEST_VERDICT = "Your signature on the plan of care is still open."
REQUEST_NEEDS = (
    "Your signature and the date you sign, or your changes, or that you decline.",
    "If another provider should sign instead: that provider's name and fax number.",
)


def plan_line(plan: PlanOfCare) -> str:
    """The plan in one line: how often, how long, until when, what."""
    when = f" ({period(plan)})" if plan.starts_on or plan.ends_on else ""
    return f"{plan.frequency} for {plan.duration}{when}: {plan.treatment_type.rstrip('.')}."


def period(plan: PlanOfCare) -> str:
    start = day(plan.starts_on) if plan.starts_on else ""
    end = day(plan.ends_on) if plan.ends_on else ""
    if start and end:
        return f"{start} to {end}"
    return f"from {start}" if start else f"until {end}" if end else ""


def plan_title(plan: PlanOfCare) -> str:
    return f"Plan of care, version {plan.version}"


def findings_title(update: ProgressUpdate) -> str:
    on = f", {day(update.evaluated_on)}" if update.evaluated_on else ""
    return f"Evaluation{on}"


def plan_rows(plan: PlanOfCare) -> list[tuple[str, str]]:
    """The elements of 42 CFR 410.61 in reading order [G2]."""
    rows = [
        ("Diagnosis", words.diagnoses(plan.diagnoses)),
        ("Type of treatment", plan.treatment_type),
        ("Amount", plan.amount),
        ("Frequency", plan.frequency),
        ("Duration", plan.duration),
        ("Period", period(plan)),
        ("Precautions", plan.precautions),
    ]
    return [(label, text) for label, text in rows if text]


def plan_summary(fax: PlanOfCareFax) -> str:
    if fax.update.plan_line:
        return fax.update.plan_line
    if fax.plan is not None:
        return plan_line(fax.plan)
    return "The signed plan of care is enclosed behind this page."


def plan_ask(fax: PlanOfCareFax) -> str:
    """What the provider is asked to do, with page, fax number and date."""
    if fax.update.ask:
        return fax.update.ask
    box = "the box on the last page" if fax.plan is not None else "the box below"
    if not fax.signature_needed:
        return (
            "Your signed order is on file, so no signature is needed. "
            f"To change or decline this plan, please use {box}."
        )
    page = "it" if fax.plan is not None else "this page"
    return f"Please sign and date {box} and fax {page}{_to_fax(fax)}{_by(fax.sign_by)}."


def request_ask(request: SignatureRequest) -> str:
    return (
        "Please sign and date the box below and fax this page"
        f"{_to_fax(request)}{_by(request.sign_by)}."
    )


def request_reason(request: SignatureRequest) -> str:
    return (
        f"We sent you the plan of care for this patient on {day(request.plan_sent_on)} "
        f"(document {request.plan_document_id}, version {request.plan_version}; signed by "
        f"{request.therapist} on {day(request.plan_signed_on)}) and have not had an answer yet."
    )


def certify_choices(certify: bool) -> tuple[str, str, str]:
    """The three answers to a plan, as on the printed page but without its blanks."""
    return (
        f"Signed as written. {CERTIFY}" if certify else "Agreed.",
        "Signed with changes, with the new frequency and end",
        f"Declined: {' / '.join(DECLINES).replace(', because', '')}",
    )


def request_rows(request: SignatureRequest) -> list[tuple[str, str]]:
    rows = [("Diagnosis", words.diagnoses(request.diagnoses)), ("Plan", request.plan_line)]
    return [(label, text) for label, text in rows if text]


def request_needs(request: SignatureRequest) -> tuple[str, ...]:
    return request.needs or REQUEST_NEEDS


def request_subject(request: SignatureRequest) -> str:
    return f"This page answers document {request.plan_document_id}, version {request.plan_version}."


def request_again(request: SignatureRequest) -> str:
    phone = request.letterhead.phone
    call = f" or call {phone}" if phone else ""
    return (
        f"If the plan did not reach you, write “send again” on this page{call}; we send it the "
        "same day. If it is on its way to us, please disregard this page."
    )


def _to_fax(document: Document) -> str:
    return f" to {document.letterhead.fax}" if document.letterhead.fax else " back"


def _by(limit: date | None) -> str:
    return f" by {day(limit)}" if limit else ""
