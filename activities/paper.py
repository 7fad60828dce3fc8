"""The documents of ``reports`` filled in from the record: one function per kind of letter."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from activities import letter_page
from activities.clinical import PlanFields
from models import certification, dues, parties, releases
from models.documents import (
    Addressee,
    DischargeSummary,
    Letterhead,
    PatientBlock,
    PlanOfCare,
    PlanOfCareFax,
    ProgressReport,
    ProgressUpdate,
    ReceiptNotice,
    Signature,
    SignatureRequest,
    ThankYouLetter,
)
from models.dues import linked
from models.dues.begin import Asking, first
from models.facts import (
    DischargeSummarySigned,
    MessageSent,
    OrderReceived,
    PlanOfCareSigned,
    Signer,
)
from models.ids import SLUG
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from reports import plan_of_care, plan_words
from reports.kit.text import day, moment
from reports.registry import build
from store.tables import DocumentRow

__all__ = ["Addressee", "Letterhead", "Page", "Paper", "PatientBlock", "compose", "return_code"]

_CODE = "23456789BCDFGHJKMNPQRSTVWXYZ"  # no vowels and no look-alikes, as in models/ids.py
_THERAPIST = "the treating therapist"


class Page(NamedTuple):
    """A page to be drawn, and the code that is printed on it to be returned, if any."""

    draw: Callable[[], bytes]
    return_code: str = ""


@dataclass(frozen=True)
class Paper:
    """Everything a page is filled in from."""

    referral_id: str
    kind: Kind
    occasion: str
    party: str
    today: date
    letterhead: Letterhead
    to: Addressee
    patient: PatientBlock
    referral: Referral
    rules: Rules
    documents: tuple[DocumentRow, ...]
    asks_for: str | None = None  # the number we lack to reach the patient
    treating: bool = True

    def envelope(self, prefix: str, suffix: str = "") -> dict[str, Any]:
        """What every document carries on every page; its id names no patient."""
        number = f"{prefix}-{self.referral_id}{'-' if suffix else ''}{suffix}"
        return {
            "letterhead": self.letterhead,
            "to": self.to,
            "document_id": number,
            "dated": self.today,
        }

    def local(self, at: datetime) -> date:
        """The day of a moment on the clinic's calendar."""
        return at.astimezone(ZoneInfo(self.letterhead.time_zone)).date()

    def document(self, kind: str, document_id: str | None) -> DocumentRow | None:
        """The document a fact names; where it names none, the newest of its kind."""
        mine = [row for row in self.documents if row.kind == kind]
        if document_id is not None:
            return next((row for row in mine if row.id == document_id), None)
        return mine[-1] if mine else None


def compose(given: Paper) -> Page | None:
    """The page of one message; None where its content is not on file.

    Raises pydantic's ValidationError for stored fields that do not read back, LookupError for an
    occasion that names nothing.
    """
    return _PAPERS[given.kind](given)


def return_code(referral_id: str, version: int) -> str:
    """The code on the page a provider returns; the same for every sending of one plan version."""
    digest = hashlib.sha256(f"{referral_id}:{version}".encode()).digest()
    letters = "".join(_CODE[byte % len(_CODE)] for byte in digest[:8])
    return f"RL-{letters[:4]}-{letters[4:]}"


def plan_version(kind: Kind, occasion: str) -> int | None:
    """The version of the plan that a letter asks to be signed; None for letters that ask none."""
    if kind not in {Kind.PLAN_OF_CARE, Kind.SIGNATURE_REQUEST}:
        return None
    return int(occasion.split("-")[0].removeprefix("v"))


# --- thanks ---------------------------------------------------------------------------------------


def _thank_you(given: Paper) -> Page:
    asking = _asking(given)
    data = ThankYouLetter(
        **given.envelope("TY", "" if asking.name == "" else asking.name.replace("_", "-")),
        patient=given.patient,
        received_on=given.local(asking.at),
        came_as="order" if given.occasion.startswith("order-") else "referral",
        next_step=_next_step(given),
        needs=_needs(given),
    )
    return Page(lambda: build(data))


def _asking(given: Paper) -> Asking:
    """The request that is acknowledged; raises LookupError where it was taken back."""
    for asking in (first(given.referral), *linked.further(given.referral)):
        message = asking.message
        if message is not None and (message.to, message.occasion) == (given.party, given.occasion):
            return asking
    raise LookupError("no such request")


def _next_step(given: Paper) -> str:
    """What follows; who does not treat the patient is promised no word about them (rule 2)."""
    if not given.treating:
        return (
            "We contact the patient ourselves. What comes of it is confidential: you hear more "
            "from us only with the patient's authorization."
        )
    if given.occasion.startswith("order-"):
        return "Treatment goes on under your order. You hear from us with the next report."
    return (
        "We contact your patient to book the evaluation. You hear from us when the plan of "
        "care is ready, or if we cannot reach your patient."
    )


def _needs(given: Paper) -> tuple[str, ...]:
    """What the office can still send; nothing that says what others have told us."""
    r, needs = given.referral, []
    if not given.treating:
        mine = r.received.source_id if given.party == "source" else given.party.partition(":")[2]
        authorized = mine in releases.readers(r)
        asks = "If you are to receive reports: the patient's signed authorization."
        return () if authorized else (asks,)
    ordered = any(order.signed_and_dated for order in r.all(OrderReceived))
    if not (ordered or r.received.order_signed_and_dated):
        needs.append("The signed and dated order, if you have not sent it yet.")
    if given.asks_for is not None:
        needs.append(given.asks_for)
    if r.received.certifier_id is None:
        needs.append("The name and fax number of the provider who certifies the plan of care.")
    return tuple(needs)


# --- the plan of care -----------------------------------------------------------------------------


def _plan_of_care(given: Paper) -> Page | None:
    signed = _signed_plan(given)
    row = given.document("plan_of_care", signed.document_id)
    if row is None:
        return None
    fields = PlanFields.model_validate(row.content) if row.content else None
    code = return_code(given.referral_id, signed.version)
    needed = not certification.settled(certification.state(given.referral))
    data = PlanOfCareFax(
        **given.envelope("POC", f"v{signed.version}"),
        version=signed.version,
        patient=given.patient,
        update=fields.update if fields else _bare_update(given),
        plan=fields.plan if fields and row.pdf is None else None,
        emr_signature=_signature(signed, fields.plan if fields else None),
        return_code=code,
        sign_by=_sign_by(given) if needed else None,
        signature_needed=needed,
    )
    return Page(lambda: plan_of_care.build(data, row.pdf), code)


def _signed_plan(given: Paper) -> PlanOfCareSigned:
    version = plan_version(Kind.PLAN_OF_CARE, given.occasion)
    plans = [p for p in given.referral.plans(Signer.THERAPIST) if p.version == version]
    if not plans:
        raise LookupError("no such version of the plan")
    return plans[-1]


def _bare_update(given: Paper) -> ProgressUpdate:
    """What we know ourselves when the EMR sent its own PDF: that, and when, it happened."""
    evaluated = given.referral.evaluated_at
    on = given.local(evaluated) if evaluated else None
    opening = f"Evaluated on {day(on)}." if on else "The evaluation is complete."
    return ProgressUpdate(verdict=f"{opening} The signed plan of care is enclosed.")


def _signature(signed: PlanOfCareSigned, plan: PlanOfCare | None) -> Signature:
    return Signature(
        name=(plan.therapist if plan else "") or _THERAPIST,
        licence=(plan.licence if plan else "") or "named on the plan of care",
        signed_at=(plan.signed_at if plan else None) or signed.at,
    )


def _sign_by(given: Paper) -> date | None:
    due = dues.signature(given.referral, given.rules)
    return given.local(due.at) if due else None


def _signature_request(given: Paper) -> Page | None:
    signed = _signed_plan(given)
    occasion = parties.plan_occasion(given.referral, signed.version)
    plan_message = MessageRef(Kind.PLAN_OF_CARE, given.party, occasion)
    sent = [m for m in given.referral.all(MessageSent) if m.message == plan_message.key]
    row = given.document("plan_of_care", signed.document_id)
    if row is None or not sent:
        return _plan_of_care(given)  # nothing to remind of: the plan itself goes, or is asked for
    plan = PlanFields.model_validate(row.content).plan if row.content else None
    sent_on = given.local(sent[-1].at)
    code = return_code(given.referral_id, signed.version)
    data = SignatureRequest(
        **given.envelope("SR", given.occasion),
        patient=given.patient,
        plan_sent_on=sent_on,
        plan_document_id=f"POC-{given.referral_id}-v{signed.version}",
        plan_version=signed.version,
        plan_line=plan_words.plan_line(plan) if plan else f"As in the plan sent on {day(sent_on)}.",
        diagnoses=plan.diagnoses if plan else (),
        therapist=(plan.therapist if plan else "") or _THERAPIST,
        plan_signed_on=given.local(signed.at),
        return_code=code,
        sign_by=_sign_by(given),
    )
    return Page(lambda: build(data), code)


# --- reports --------------------------------------------------------------------------------------


def _progress_report(given: Paper) -> Page | None:
    reports = [r for r in given.referral.progress_reports() if r.report_id == given.occasion]
    if not reports:
        raise LookupError("no such report")
    row = given.document("progress_report", reports[-1].document_id)
    if row is None:
        return None
    # Report ids are the EMR's; only a plain one is printed.
    suffix = given.occasion if SLUG.fullmatch(given.occasion.lower()) else ""
    code = return_code(given.referral_id + given.occasion, 1)
    if row.content is None:
        return _enclosed(given, "PR", suffix, "Physical therapy progress report", row)
    data = ProgressReport.model_validate(
        {
            **row.content,
            **given.envelope("PR", suffix),
            "patient": given.patient,
            "return_code": code,
        }
    )
    return Page(lambda: build(data), code)


def _discharge_summary(given: Paper) -> Page | None:
    signed = given.referral.last(DischargeSummarySigned)
    row = given.document("discharge_summary", signed.document_id if signed else None)
    if row is None:
        return None
    if row.content is None:
        return _enclosed(given, "DS", "", "Physical therapy discharge summary", row)
    data = DischargeSummary.model_validate(
        {**row.content, **given.envelope("DS"), "patient": given.patient}
    )
    return Page(lambda: build(data))


def _enclosed(given: Paper, prefix: str, suffix: str, what: str, row: DocumentRow) -> Page:
    """Our one-page sheet in front of the EMR's signed PDF (policy.md rule 6)."""
    data = letter_page.PlainLetter(
        **given.envelope(prefix, suffix),
        patient=given.patient,
        heading=what,
        text="The signed document is enclosed behind this page.",
    )
    return Page(lambda: letter_page.build(data, row.pdf))


def _receipt_notice(given: Paper) -> Page:
    """No patient: the number is the office's, who is meant a machine has read (rule 7)."""
    received = given.referral.received
    zone = given.letterhead.time_zone
    called = moment(dues.call_by(given.referral, given.rules), zone)
    data = ReceiptNotice(
        **given.envelope("RN"),
        pages_received=max(received.pages, 1),
        received_at=received.at,
        next_step=f"We call your patient by {called}.",
    )
    return Page(lambda: build(data))


_PAPERS: dict[Kind, Callable[[Paper], Page | None]] = {
    Kind.RECEIPT_NOTICE: _receipt_notice,
    Kind.THANK_YOU: _thank_you,
    Kind.PLAN_OF_CARE: _plan_of_care,
    Kind.SIGNATURE_REQUEST: _signature_request,
    Kind.PROGRESS_REPORT: _progress_report,
    Kind.DISCHARGE_SUMMARY: _discharge_summary,
}
