"""The sentences of our documents, written once for the PDF and its HTML twin.

Everything here returns plain text; the PDF escapes it in ``kit.text``, the twin by autoescape.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from models.documents import (
    Attendance,
    Diagnosis,
    DischargeReason,
    DischargeSummary,
    Document,
    PatientBlock,
    PlanOfCare,
    PlanOfCareFax,
    ProgressReport,
    ProgressUpdate,
    ReceiptNotice,
    Signature,
    SignatureRequest,
    ThankYouLetter,
    content_hash,
)
from models.outcomes import verdict_on
from reports.kit.text import day, moment

CERTIFY = (
    "I certify the need for these services furnished under this plan of care and while under my "
    "care."
)
NO_ACTION = "No action needed."
TEAR = "Both a signature and a date are needed for the page to count."
DECLINES = ("not our patient", "wants a visit first", "disagree, because")
ANSWERS = ("Continue as planned", "Modify", "Discharge")
CONFIDENTIAL = (
    "Confidential health information, meant only for the addressee named above. If these pages "
    "reached you by mistake, please call {phone} and destroy them; do not keep or pass on copies."
)

UPDATE_TITLE = "Progress update and plan of care"
PLAN_FOLLOWS = "The plan of care with the box for your answer follows."
NOTHING_NEEDED = "Nothing. Your referral is complete."
CLOSING = "With thanks,"
NO_PATIENT_NAMED = (
    "For privacy this notice names no patient. If you did not send us a fax, please call us."
)
DISCHARGE_THANKS = "Thank you for referring this patient to us."
REQUEST_VERDICT = "Your signature on the plan of care is still open."
REQUEST_NEEDS = (
    "Your signature and the date you sign, or your changes, or that you decline.",
    "If another provider should sign instead: that provider's name and fax number.",
)


def misdirected(document: Document) -> str:
    """What to do with pages that went to the wrong machine; on every page."""
    return CONFIDENTIAL.format(phone=document.letterhead.phone or "the sender")


def patient_line(patient: PatientBlock) -> str:
    return f"{patient.name}, born {day(patient.born)}"


def version_line(document: Document) -> str:
    return f"Document {document.document_id}, version {document.version}"


def diagnoses(items: Sequence[Diagnosis]) -> str:
    """``M75.101 rotator cuff tear; M25.511 pain in right shoulder``."""
    return "; ".join(" ".join(part for part in (d.code, d.text) if part) for d in items)


def attendance(visits: Attendance) -> str:
    """``8 of 12 visits attended. Missed 4: illness, no ride.``"""
    text = f"{visits.attended} of {visits.scheduled} visits attended."
    missed = visits.scheduled - visits.attended
    if missed == 0:
        return text
    why = ", ".join(visits.missed) or "no reason given"
    return f"{text} Missed {missed}: {why.rstrip('.')}."


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
        ("Diagnosis", diagnoses(plan.diagnoses)),
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
    rows = [("Diagnosis", diagnoses(request.diagnoses)), ("Plan", request.plan_line)]
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


def report_verdict(report: ProgressReport | DischargeSummary) -> str:
    """The bottom line: the author's own, or what the scores say."""
    if isinstance(report, ProgressReport):
        return report.verdict or verdict_on(report.scores) or "Progress report."
    return report.verdict or discharge_verdict(report)


def discharge_verdict(summary: DischargeSummary) -> str:
    met = sum(1 for g in summary.goals if g.status is not None and g.status.value == "Met")
    goals = f" Goals met: {met} of {len(summary.goals)}." if summary.goals else ""
    opening = "Discharged" if summary.planned else "Unplanned discharge"
    if summary.reason is DischargeReason.GOALS_MET and summary.goals:
        return f"{opening}, goals met: {met} of {len(summary.goals)}."
    return f"{opening}: {_lower(summary.reason.value)}.{goals}"


def discharge_ask(summary: DischargeSummary) -> str:
    """What the physician may do next; the recommendations, or that nothing is needed."""
    return summary.recommendations or NO_ACTION


def unplanned(summary: DischargeSummary) -> str:
    """Said plainly when care ended without a last visit to discharge at [G12]."""
    last = f"on {day(summary.last_visit_on)}" if summary.last_visit_on else "not recorded"
    return (
        f"This discharge was not planned. The last visit was {last}; what follows "
        "rests on the treatment notes up to then, and later changes are not known to us."
    )


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def episode_rows(summary: DischargeSummary) -> list[tuple[str, str]]:
    dates = (
        ("referred", summary.referred_on),
        ("evaluated", summary.evaluated_on),
        ("last visit", summary.last_visit_on),
        ("discharged", summary.discharged_on),
    )
    rows = [
        ("Dates", "; ".join(f"{what} {day(on)}" for what, on in dates if on)),
        ("Diagnosis", diagnoses(summary.diagnoses)),
        ("Visits", attendance(summary.attendance) if summary.attendance else ""),
    ]
    return [(label, text) for label, text in rows if text]


def discharge_sections(summary: DischargeSummary) -> list[tuple[str, str]]:
    rows = [
        ("How the patient is now", summary.patient_status),
        ("What was done", summary.treatment_given),
        ("Remaining limits and precautions", summary.limits_and_precautions),
        ("Home program", summary.home_program),
        ("Equipment", summary.equipment),
        ("When to return, and whom to call", summary.when_to_return),
    ]
    return [(label, text) for label, text in rows if text]


def report_facts(report: ProgressReport) -> str:
    """Period, diagnosis and attendance in one paragraph."""
    parts = []
    if report.period_starts and report.period_ends:
        parts.append(f"Period {day(report.period_starts)} to {day(report.period_ends)}.")
    if report.diagnoses:
        parts.append(f"Diagnosis: {diagnoses(report.diagnoses)}.")
    return " ".join(parts)


def more_red_flags(count: int) -> str:
    return f"{count} more in our record; please call us."


def how_to_answer(document: Document, needed: bool) -> str:
    fax = document.letterhead.fax
    back = f"to {fax}" if fax else "back"
    lead = "Please mark" if needed else "Only if you want a change: mark"
    return f"{lead} one, sign, date, and fax this page {back}. {TEAR}"


def answers(document: Document) -> str:
    return f"This page answers document {document.document_id}, version {document.version}."


def report_sections(report: ProgressReport) -> list[tuple[str, str]]:
    rows = [
        ("Attendance", attendance(report.attendance) if report.attendance else ""),
        ("Assessment", report.assessment),
        ("Plan", report.plan),
        ("Changes to goals", report.goal_changes or "None."),
    ]
    return [(label, text) for label, text in rows if text]


def thanks(letter: ThankYouLetter) -> str:
    if letter.came_as == "order":
        return (
            f"Thank you for the order for {letter.patient.name}. We received it on "
            f"{day(letter.received_on)}."
        )
    return (
        f"Thank you for referring {letter.patient.name}. We received the referral on "
        f"{day(letter.received_on)}."
    )


def contact_line(letter: ThankYouLetter) -> str:
    who = letter.contact or "our front desk"
    ways = [
        f"call {letter.letterhead.phone}" if letter.letterhead.phone else "",
        f"fax {letter.letterhead.fax}" if letter.letterhead.fax else "",
    ]
    how = " or ".join(w for w in ways if w)
    return f"Questions: {who}{', ' + how if how else ''}."


def receipt(notice: ReceiptNotice) -> str:
    pages = "1 page" if notice.pages_received == 1 else f"{notice.pages_received} pages"
    return f"{pages} received {moment(notice.received_at, notice.letterhead.time_zone)}."


def signed_line(author: Signature, zone: str) -> str:
    return (
        f"Signed electronically by {author.name}, {author.licence}, "
        f"on {moment(author.signed_at, zone)}."
    )


def hash_line(document: Document, attachment: bytes | None = None) -> str:
    """The first 16 digits of the content hash, in groups a person can compare by phone."""
    digest = content_hash(document, attachment)[:16]
    return "Content SHA-256 begins " + " ".join(digest[i : i + 4] for i in range(0, 16, 4))
