"""Which function draws which kind of document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.documents import (
    DischargeSummary,
    Document,
    PlanOfCareFax,
    ProgressReport,
    ReceiptNotice,
    SignatureRequest,
    ThankYouLetter,
)
from models.errors import NotFound
from models.scorecard import ScorecardLetter
from reports import (
    discharge_summary,
    plan_of_care,
    progress_report,
    receipt_notice,
    scorecard,
    signature_request,
    thank_you,
)

BUILDERS: dict[str, Callable[[Any], bytes]] = {
    ThankYouLetter.kind: thank_you.build,
    PlanOfCareFax.kind: plan_of_care.build,
    SignatureRequest.kind: signature_request.build,
    ProgressReport.kind: progress_report.build,
    DischargeSummary.kind: discharge_summary.build,
    ReceiptNotice.kind: receipt_notice.build,
    ScorecardLetter.kind: scorecard.build,
}


def build(data: Document) -> bytes:
    """Draw a document of any kind from its fields.

    Raises NotFound for a kind without a builder, and what the builder raises.
    """
    builder = BUILDERS.get(data.kind)
    if builder is None:
        raise NotFound(f"There is no document of kind {data.kind!r}.", code="unknown_kind")
    return builder(data)
