"""The last word before a clinical page is drawn: nothing with a hole in it leaves."""

from __future__ import annotations

from collections.abc import Sequence

from models.errors import BadRequest


def refuse_if_missing(what: str, missing: Sequence[str]) -> None:
    """Raise BadRequest (``missing_elements``) naming each element that is not there.

    Source: policy.md rule 6; the elements are those of ``models.documents.missing_elements``.
    """
    if missing:
        raise BadRequest(
            f"The {what} cannot be made: {', '.join(missing)} missing. "
            "Complete it in the EMR or attach the signed PDF.",
            code="missing_elements",
        )
