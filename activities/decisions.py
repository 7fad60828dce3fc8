"""A staff decision as somebody wrote it, by the API or the command line, read and checked."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any, cast

from integrations.emr.dates import check_dates
from integrations.emr.problems import validated
from models.errors import BadRequest
from models.facts import DECISIONS, AnyDecision


def read_decision(content: Any, staff: Container[str], now: datetime) -> AnyDecision:
    """A decision from its JSON; ``at`` is *now* unless told; pure.

    *staff* are the ids of those who may decide. Raises BadRequest: ``invalid_decision``,
    ``impossible_date``, ``unknown_staff``.
    """
    told = content.get("kind") if isinstance(content, dict) else None
    kind = DECISIONS.get(told) if isinstance(told, str) else None
    if kind is None:
        raise BadRequest(
            f"kind: expected one of {', '.join(DECISIONS)}.", code="invalid_decision", field="kind"
        )
    if content.keys() - kind.model_fields.keys():
        known = ", ".join(name for name in kind.model_fields if name not in {"kind", "retracted"})
        raise BadRequest(
            f"A field is not one of this decision; known: {known}.", code="invalid_decision"
        )
    decision = validated(kind, {"at": now, **content}, code="invalid_decision")
    check_dates(dict(decision), now)
    read = cast(AnyDecision, decision)
    if read.by not in staff:
        raise BadRequest(
            "by: nobody of the staff has this id; see [[staff]] of the policy file.",
            code="unknown_staff",
            field="by",
        )
    to = getattr(read, "to", None)
    if to is not None and to not in staff:
        raise BadRequest(
            "to: nobody of the staff has this id; see [[staff]] of the policy file.",
            code="unknown_staff",
            field="to",
        )
    return read
