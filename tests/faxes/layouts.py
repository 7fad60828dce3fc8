"""How offices lay out what they fax: forms, order sheets, letters, and what is no referral."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Final

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from tests.faxes.people import Doctor, Person

WIDTH, HEIGHT = letter
OURS: Final = "Riverside Physical Therapy"
OUR_FAX: Final = "(518) 555-0143"
DAY: Final = date(2026, 3, 2)
Page = Callable[[Canvas], None]
Layout = Callable[[Person, Doctor], Page]


def pdf(*pages: Page) -> bytes:
    """The pages as a PDF with a text layer; the same pages are the same bytes."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=letter, invariant=True)
    for page in pages:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def lines(
    canvas: Canvas,
    text: str,
    *,
    x: float = 64,
    y: float = 720,
    size: int = 11,
    font: str = "Helvetica",
    lead: float = 1.6,
) -> float:
    """Lines of text from a point downwards; where the next one would stand."""
    for line in text.splitlines():
        bold = line.startswith("**")
        canvas.setFont(f"{font}-Bold" if bold and font != "Times-Roman" else font, size)
        canvas.drawString(x, y, line.removeprefix("**"))
        y -= size * lead
    return y


def us(day: date) -> str:
    return f"{day:%m/%d/%Y}"


def cover(d: Doctor, pages: int = 2) -> Page:
    """A cover sheet, as most offices send one."""

    def draw(canvas: Canvas) -> None:
        lines(canvas, "**FAX COVER SHEET", y=700, size=24)
        lines(
            canvas,
            f"To: {OURS}\nFax: {OUR_FAX}\nFrom: {d.practice}\nPhone: {d.phone}\nFax: {d.fax}\n"
            f"Date: {us(DAY)}\nPages: {pages} including cover\nRe: New referral",
            y=640,
            size=13,
        )
        lines(
            canvas,
            "CONFIDENTIAL: this fax is meant for the addressee alone. If you are not the\n"
            "addressee, please call the sender and destroy all pages.",
            y=200,
            size=9,
        )

    return draw


def form(p: Person, d: Doctor) -> Page:
    """A typed form: a label and a value on each line."""

    def draw(canvas: Canvas) -> None:
        lines(canvas, f"**{d.practice}", y=744, size=15)
        lines(canvas, f"Phone {d.phone}   Fax {d.fax}", y=726, size=10)
        lines(canvas, "**PHYSICAL THERAPY REFERRAL", y=694, size=16)
        y = lines(
            canvas,
            f"Patient Name: {p.given} {p.family}\nDate of Birth: {us(p.born)}\n"
            f"Patient Phone: {p.phone}\nInsurance: {p.payer}\nMember ID: {p.member}\n"
            f"Diagnosis: {p.reason}\nICD-10: {', '.join(p.icd)}\n"
            "Order: Evaluate and treat\nFrequency: 2-3 times per week for 6 weeks",
            y=660,
            size=12,
        )
        lines(
            canvas,
            f"Referring Provider: {d.name}, {d.letters}\nNPI: {d.npi}\n"
            f"Signature: {d.name}\nDate: {us(DAY)}",
            y=y - 16,
            size=12,
        )

    return draw


def boxes(p: Person, d: Doctor) -> Page:
    """Two columns of boxes, the name written last name first."""

    def draw(canvas: Canvas) -> None:
        lines(canvas, "**OUTPATIENT THERAPY ORDER FORM", y=742, size=15)
        left = (
            ("PATIENT", f"{p.family}, {p.given}"),
            ("DOB", us(p.born)),
            ("HOME PHONE", p.phone),
            ("INSURANCE", p.payer),
            ("POLICY #", p.member),
        )
        right = (
            ("ORDERING PROVIDER", f"{d.name} {d.letters}"),
            ("NPI", d.npi),
            ("PRACTICE", d.practice),
            ("OFFICE PHONE", d.phone),
            ("OFFICE FAX", d.fax),
        )
        for column, x in ((left, 50), (right, 312)):
            y = 700
            for label, value in column:
                canvas.rect(x, y - 26, 250, 34)
                lines(canvas, label, x=x + 6, y=y, size=8)
                lines(canvas, value, x=x + 6, y=y - 17, size=12)
                y -= 42
        lines(
            canvas,
            f"DIAGNOSIS (ICD-10): {' '.join(p.icd)}  {p.reason}\n"
            "[X] Physical therapy evaluate and treat   [ ] Occupational therapy\n"
            "Visits: 2 per week x 8 weeks\n"
            f"Provider signature: {d.name}      Date signed: {us(DAY)}",
            y=460,
            size=11,
        )

    return draw


def order(p: Person, d: Doctor) -> Page:
    """What an EMR prints: small type, many lines, the date of birth in words."""

    def draw(canvas: Canvas) -> None:
        lines(canvas, f"**{d.practice}\n{d.phone} (phone)  {d.fax} (fax)", y=748, size=10)
        lines(
            canvas,
            "**Ambulatory referral to Physical Therapy\n"
            f"Order date: {DAY:%B %d, %Y}     Order status: Active     Priority: Routine\n\n"
            f"**Patient: {p.given} {p.family}     Sex: -     DOB: {p.born:%b %d, %Y}\n"
            f"Cell: {p.phone}\nAddress: 12 Example Street, Albany, NY 12207\n"
            f"Primary coverage: {p.payer}     Subscriber ID: {p.member}\n\n"
            f"Reason for referral: {p.reason}\n"
            f"Diagnoses: {'; '.join(p.icd)}\n"
            "Please evaluate and treat. Therapeutic exercise, manual therapy, home program.\n"
            "2x/week for 6 weeks\n\n"
            f"Electronically signed by: {d.name}, {d.letters}     NPI {d.npi}\n"
            f"Signed on {us(DAY)} at 09:14",
            y=700,
            size=10,
            font="Courier",
        )

    return draw


def script(p: Person, d: Doctor) -> Page:
    """A prescription pad, large on a small sheet; the phone is often left out."""

    def draw(canvas: Canvas) -> None:
        canvas.rect(70, 330, 470, 420)
        lines(canvas, f"**{d.name}, {d.letters}", x=190, y=726, size=16)
        lines(canvas, f"{d.practice}   NPI {d.npi}", x=130, y=706, size=11)
        lines(canvas, f"Tel {d.phone}   Fax {d.fax}", x=180, y=688, size=11)
        lines(
            canvas,
            f"Name: {p.given} {p.family}        DOB: {p.born.month}/{p.born.day}/{p.born.year}\n"
            f"Rx: Physical therapy, eval and treat\nDx: {p.reason} {' '.join(p.icd)}\n"
            "3 x week x 4 weeks",
            x=90,
            y=640,
            size=14,
        )
        lines(canvas, f"{d.name}      {us(DAY)}", x=90, y=400, size=14, font="Times-Roman")

    return draw


def letter_of(p: Person, d: Doctor) -> Page:
    """A letter in whole sentences."""

    def draw(canvas: Canvas) -> None:
        lines(
            canvas,
            f"{d.practice}\nTelephone {d.phone}\nFacsimile {d.fax}",
            y=744,
            size=11,
            font="Times-Roman",
        )
        lines(
            canvas,
            f"{DAY:%B %d, %Y}\n\n{OURS}\n\n"
            f"RE: {p.given} {p.family}, DOB {us(p.born)}\n\n"
            "Dear colleagues,\n\n"
            f"Thank you for seeing my patient {p.given} {p.family} for physical therapy.\n"
            f"The diagnosis is {p.reason.lower()} ({', '.join(p.icd)}).\n"
            "Please evaluate and treat twice a week for six weeks.\n"
            f"The patient can be reached at {p.phone} and is insured with {p.payer},\n"
            f"member number {p.member}.\n\n"
            f"Sincerely,\n\n{d.name}, {d.letters}\nNPI: {d.npi}",
            y=680,
            size=12,
            font="Times-Roman",
        )

    return draw


def _note(title: str, body: str) -> Layout:
    """A letterhead, a heading and a few words about one patient."""

    def of(p: Person, d: Doctor) -> Page:
        who = f"Patient: {p.given} {p.family}\nDOB: {us(p.born)}"

        def draw(canvas: Canvas) -> None:
            lines(canvas, f"**{d.practice}\nPhone {d.phone}  Fax {d.fax}", y=748, size=12)
            lines(canvas, f"**{title}", y=690, size=16)
            lines(canvas, f"{who}\n\n{body}\n\n{d.name}, {d.letters}", y=650, size=12)

        return draw

    return of


renewal = _note(
    "ORDER RENEWAL - PHYSICAL THERAPY",
    "Please continue physical therapy for this patient, who is under your care.\n"
    "Additional visits: 2 per week for 4 more weeks. Diagnosis unchanged.",
)
authorized = _note(
    "NOTICE OF AUTHORIZATION",
    "Prior authorization request: APPROVED\nAuthorization number: A-20260302-17\n"
    "Visits approved: 12 from 03/02/2026 to 06/01/2026\nService: physical therapy",
)
denied = _note(
    "NOTICE OF ADVERSE DETERMINATION",
    "The prior authorization request for physical therapy has been DENIED.\n"
    "Reason: not medically necessary. You may appeal within 60 days.",
)
cancelled = _note(
    "REFERRAL CANCELLED",
    "Please cancel the physical therapy referral for this patient.\n"
    "The patient no longer needs therapy. Please disregard our earlier order.",
)
question = _note(
    "QUESTION ABOUT A PATIENT",
    "Could you please advise whether this patient has been scheduled yet?\n"
    "What is the status of the referral? Please call our office with an update.",
)
records = _note(
    "REQUEST FOR MEDICAL RECORDS",
    "Please send copies of all records: evaluation, progress notes, billing.\n"
    "A signed authorization to release information is enclosed.",
)


def elsewhere(p: Person, d: Doctor) -> Page:
    """A referral to somebody else that came to our line."""

    def draw(canvas: Canvas) -> None:
        lines(
            canvas,
            f"To: Greenfield Imaging Center\nFax: (518) 555-0188\nFrom: {d.practice}",
            y=744,
            size=13,
        )
        lines(
            canvas,
            f"**MRI ORDER\nPatient Name: {p.given} {p.family}\nDOB: {us(p.born)}\n"
            f"Exam: MRI lumbar spine without contrast\nDiagnosis: {p.reason} {p.icd[0]}\n"
            f"Ordering provider: {d.name}, {d.letters}  NPI: {d.npi}",
            y=660,
            size=12,
        )

    return draw


def advertising(_p: Person, _d: Doctor) -> Page:
    def draw(canvas: Canvas) -> None:
        lines(canvas, "**FAST BUSINESS LOANS!", y=700, size=30)
        lines(
            canvas,
            "Limited time offer: up to $250,000 within 24 hours.\nLowest rates. Act now!\n"
            "Call now: 800-555-0199\n\nTo be removed from our fax list call 800-555-0198.",
            y=620,
            size=16,
        )

    return draw


def scrawl(_p: Person, _d: Doctor) -> Page:
    """Writing by hand that no machine reads."""

    def draw(canvas: Canvas) -> None:
        canvas.setLineWidth(1.4)
        for row in range(14):
            y, x, path = 700 - row * 40, 60.0, canvas.beginPath()
            path.moveTo(x, y)
            for step in range(44):
                lift = ((row * 37 + step * 53) % 23) - 11
                path.curveTo(x + 3, y + lift, x + 8, y - lift, x + 11, y + lift / 3)
                x += 11
            canvas.drawPath(path)

    return draw


def empty(_p: Person, _d: Doctor) -> Page:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 1)

    return draw
