"""The clinical content of an event: a signed PDF, or fields complete enough to print.

policy.md rule 6: a PDF goes behind our sheet as it is; from fields we print only with every
required element, and signed. What is kept in the store is exactly what ``models.documents`` reads
back: ``{"plan": PlanOfCare, "update": ProgressUpdate}`` for a plan of care, and the clinical fields
of ``ProgressReport`` and ``DischargeSummary`` without letterhead, addressee and patient.
"""

from __future__ import annotations

import logging
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from integrations.emr.problems import told
from models.base import Model
from models.documents import (
    Addressee,
    DischargeReason,
    DischargeSummary,
    Letterhead,
    PatientBlock,
    PatientDocument,
    PlanOfCare,
    ProgressReport,
    ProgressUpdate,
    missing_elements,
)
from models.errors import BadRequest, TooLarge
from models.events import MAX_PDF_BYTES, Event
from models.facts import AnyFact, PlanOfCareSigned
from models.outcomes import MEASURES
from models.planned import weekly
from reports.check_pdf import require_plain
from reports.kit.merge import put_behind
from reports.refuse import refuse_if_missing

# Its warnings quote the file they stumble over, and a file quoted in a log is a patient in a log.
# Here, because every process that opens somebody's PDF has read this module.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)

PLAN: Final = "plan_of_care_signed"
RETURNED: Final = "plan_of_care_returned"
REPORT: Final = "progress_report_signed"
SUMMARY: Final = "discharge_summary_signed"
#: Kind of stored document by type of event.
KINDS: Final = {
    PLAN: "plan_of_care",
    RETURNED: "plan_of_care",
    REPORT: "progress_report",
    SUMMARY: "discharge_summary",
}
#: What we put on the page ourselves; a sender does not say it.
ENVELOPE: Final = frozenset(
    {*PatientDocument.model_fields, "return_code"} & {*ProgressReport.model_fields}
)


class Clinical(NamedTuple):
    """What the store keeps of an event's document."""

    kind: str
    content: dict[str, Any] | None
    pdf: bytes | None


class PlanFields(Model):
    """What a plan of care arrives as when it is not a PDF."""

    plan: PlanOfCare
    update: ProgressUpdate


def read_document(event: Event) -> Clinical | None:
    """The checked content of an event's document, None without one; pure.

    Raises BadRequest (``document_not_expected``, ``invalid_document``, ``missing_elements``,
    ``unsigned_document`` and the codes of ``reports.check_pdf``) and TooLarge.
    """
    given = event.document
    if given is None:
        return None
    if event.type not in KINDS:
        raise BadRequest(
            f"document: only {', '.join(KINDS)} bring one.",
            code="document_not_expected",
            field="document",
        )
    if given.pdf is None and given.fields is None:
        raise BadRequest(
            "document: send the signed pdf in base64, or fields.",
            code="invalid_document",
            field="document",
        )
    if given.pdf is not None:
        if len(given.pdf) > MAX_PDF_BYTES:
            raise TooLarge(
                f"document.pdf: larger than {MAX_PDF_BYTES // 1024} KiB.", field="document.pdf"
            )
        require_plain(given.pdf, max_bytes=MAX_PDF_BYTES)
        _require_copyable(given.pdf)
    content = _fields(event, given.fields) if given.fields is not None else None
    return Clinical(KINDS[event.type], content, given.pdf)


def with_frequency(fact: AnyFact, clinical: Clinical | None) -> AnyFact:
    """A signed plan with the visits a week that its fields ask for, unless the event has said."""
    if not isinstance(fact, PlanOfCareSigned) or fact.weekly is not None:
        return fact
    plan = (clinical.content or {}).get("plan") if clinical is not None else None
    told = weekly(str(plan.get("frequency", ""))) if isinstance(plan, dict) else None
    return fact if told is None else fact.model_copy(update={"weekly": told})


def _require_copyable(pdf: bytes) -> None:
    """What cannot be put behind our sheet is told to its sender, not met when the fax must go."""
    try:
        put_behind(pdf, pdf)
    except Exception:  # a damaged file can break the library in any way
        raise BadRequest(
            "The PDF is damaged and cannot be copied; export or scan it again.",
            code="not_a_pdf",
            field="document.pdf",
        ) from None


def _fields(event: Event, fields: dict[str, Any]) -> dict[str, Any]:
    if event.type == RETURNED:
        raise BadRequest(
            "document: a returned page is a pdf; it has no fields.",
            code="invalid_document",
            field="document.fields",
        )
    given = _with_measures(fields)
    if event.type == PLAN:
        return _plan(event, given)
    if event.type == REPORT:
        return _letter(ProgressReport, given)
    reason = given.get("reason")
    if isinstance(reason, str) and reason.upper() in DischargeReason.__members__:
        given["reason"] = DischargeReason[reason.upper()]
    return _letter(DischargeSummary, given)


def _plan(event: Event, fields: dict[str, Any]) -> dict[str, Any]:
    plan = fields.get("plan")
    if isinstance(plan, dict):
        # The event tells when the plan was signed and which version it is.
        given = {"signed_at": event.at, "version": event.data.get("version", 1), **plan}
        fields = {**fields, "plan": given}
    try:
        read = PlanFields.model_validate(fields, extra="forbid")
    except ValidationError as error:
        raise _invalid(error) from None
    refuse_if_missing("plan of care", missing_elements(read.plan))
    return read.model_dump(mode="json")


def _letter(
    kind: type[ProgressReport | DischargeSummary], fields: dict[str, Any]
) -> dict[str, Any]:
    ours = sorted(ENVELOPE & fields.keys())
    if ours:
        raise BadRequest(
            f"document.fields: {', '.join(ours)} is ours to write; leave it out.",
            code="invalid_document",
            field="document.fields",
        )
    try:
        read = kind.model_validate({**_envelope(kind), **fields}, extra="forbid")
    except ValidationError as error:
        raise _invalid(error) from None
    refuse_if_missing(kind.title.lower(), missing_elements(read))
    if read.is_draft:
        raise BadRequest(
            "document.fields.signature: nothing clinical leaves unsigned; "
            "send name, licence and signed_at of the author.",
            code="unsigned_document",
            field="document.fields.signature",
        )
    return read.model_dump(mode="json", exclude=set(ENVELOPE))


def _envelope(kind: type[ProgressReport | DischargeSummary]) -> dict[str, Any]:
    """Stand-ins for what is put on the page when it is drawn."""
    page: dict[str, Any] = {
        "letterhead": Letterhead(clinic="-"),
        "to": Addressee(name="-"),
        "document_id": "-",
        "dated": "2000-01-01",
        "patient": PatientBlock(name="-", born="2000-01-01"),
        "return_code": "XXXX",
    }
    return {name: value for name, value in page.items() if name in kind.model_fields}


def _with_measures(fields: dict[str, Any]) -> dict[str, Any]:
    """Scores name their measure by key; the store keeps the measure as it was defined that day."""
    read = dict(fields)
    for place in ("scores", "update"):
        inner = read.get(place)
        if place == "update" and isinstance(inner, dict):
            read[place] = _with_measures(inner)
        elif place == "scores" and isinstance(inner, list):
            read[place] = [_scored(score) for score in inner]
    return read


def _scored(score: Any) -> Any:
    if not isinstance(score, dict) or not isinstance(score.get("measure"), str):
        return score
    measure = MEASURES.get(score["measure"])
    if measure is None:
        raise BadRequest(
            f"document.fields: a score names an unknown measure; known: {', '.join(MEASURES)}.",
            code="unknown_measure",
            field="document.fields",
        )
    return {**score, "measure": measure}


def _invalid(error: ValidationError) -> Exception:
    return told(error, code="invalid_document", within=["document", "fields"])
