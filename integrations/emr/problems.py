"""Validation errors as our own, without a word of what was sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from models.errors import BadRequest

M = TypeVar("M", bound=BaseModel)
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
_TIDY = (
    ("Input should be ", "expected "),
    ("Value error, ", ""),
    ("String should match pattern", "must match"),
    ("Extra inputs are not permitted", "is not a field we know; see the table of fields"),
    ("Field required", "is missing"),
)


def validated(
    model: type[M], content: Any, *, code: str = "invalid_event", within: Sequence[str] = ()
) -> M:
    """The model in *content*; its first problem as BadRequest, see ``told``.

    A date at the edge of the calendar that leaves it in UTC is ``impossible_date``.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise told(error, code=code, within=within) from None
    except OverflowError:
        raise BadRequest(
            "A date is outside the calendar; expected one between 2000 and now.",
            code="impossible_date",
        ) from None


def told(
    error: ValidationError,
    *,
    code: str = "invalid_event",
    within: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> BadRequest:
    """The first problem of a validation error, naming the field by its path from *within*.

    Pydantic's own sentences name what was expected and, with ``hide_input_in_errors``, not what
    came. Keys are echoed only where they look like field names. *drop* are parts of the path that
    our models add and the sender never wrote.
    """
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    parts = [str(part) for part in first["loc"] if str(part) not in drop]
    path = ".".join(_safe(part) for part in [*within, *parts]) or None
    said = first["msg"]
    for theirs, ours in _TIDY:
        said = said.replace(theirs, ours)
    sentence = f"{path}: {said}." if path else f"{said}."
    return BadRequest(sentence, code=code, field=path)


def _safe(part: str) -> str:
    return part if part.isdigit() or _FIELD.fullmatch(part) else "?"
