"""The sentences that our documents share, written once for the PDF and its HTML twin.

Everything here, in ``plan_words`` and in ``report_words`` returns plain text; the PDF escapes it in
``kit.text``, the twin by autoescape.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.documents import (
    Attendance,
    Diagnosis,
    Document,
    PatientBlock,
    ReceiptNotice,
    Signature,
    ThankYouLetter,
    content_hash,
)
from reports.kit.text import day, moment

NO_ACTION = "No action needed."
TEAR = "Both a signature and a date are needed for the page to count."
ANSWERS = ("Continue as planned", "Modify", "Discharge")
CONFIDENTIAL = (
    "Confidential health information, meant only for the addressee named above. If these pages "
    "reached you by mistake, please call {phone} and destroy them; do not keep or pass on copies."
)
NOTHING_NEEDED = "Nothing. Your referral is complete."
CLOSING = "With thanks,"
NO_PATIENT_NAMED = (
    "For privacy this notice names no patient. If you did not send us a fax, please call us."
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


def more_red_flags(count: int) -> str:
    return f"{count} more in our record; please call us."


def how_to_answer(document: Document, needed: bool) -> str:
    fax = document.letterhead.fax
    back = f"to {fax}" if fax else "back"
    lead = "Please mark" if needed else "Only if you want a change: mark"
    return f"{lead} one, sign, date, and fax this page {back}. {TEAR}"


def answers(document: Document) -> str:
    return f"This page answers document {document.document_id}, version {document.version}."


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
