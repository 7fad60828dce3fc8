"""Any document with fictional data, for people who adjust wording or layout."""

from __future__ import annotations

from models.document_samples import SAMPLES
from models.errors import NotFound
from reports.html import render_html
from reports.registry import build


def preview(kind: str) -> tuple[bytes, str]:
    """The PDF and its HTML twin from the sample of this kind.

    Raises NotFound, naming the kinds there are.
    """
    sample = SAMPLES.get(kind)
    if sample is None:
        known = ", ".join(sorted(SAMPLES))
        raise NotFound(f"There is no document of that kind; try one of: {known}.")
    return build(sample), render_html(kind, sample)
