"""Any document with fictional data, the monthly report too, for who adjusts wording or layout."""

from __future__ import annotations

from models.document_samples import SAMPLES
from models.errors import NotFound
from reports import monthly_html, monthly_report
from reports.html import render_html
from reports.monthly_sample import SAMPLE as MONTH
from reports.registry import build

MONTHLY = "monthly_report"


def preview(kind: str) -> tuple[bytes, str]:
    """The PDF and its HTML twin from the sample of this kind.

    Raises NotFound, naming the kinds there are.
    """
    if kind == MONTHLY:
        return monthly_report.build(MONTH), monthly_html.build(MONTH).decode()
    sample = SAMPLES.get(kind)
    if sample is None:
        known = ", ".join(sorted([*SAMPLES, MONTHLY]))
        raise NotFound(f"There is no document of that kind; try one of: {known}.")
    return build(sample), render_html(kind, sample)
