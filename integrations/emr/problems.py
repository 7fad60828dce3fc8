"""Validation errors as our own, without a word of what was sent."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from models.errors import BadRequest

M = TypeVar("M", bound=BaseModel)
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
_TIDY = (
    ("Input should be ", "expected "),
    ("Value error, ", ""),
    ("String should match pattern", "must match"),
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
        raise told(error, code=code, within=within, model=model) from None
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
    model: type[BaseModel] | None = None,
) -> BadRequest:
    """The first problem of a validation error, naming the field by its path from *within*.

    Pydantic's own sentences name what was expected and, with ``hide_input_in_errors``, not what
    came. A field we do not know is not named: its name is the sender's, and could be somebody's.
    The name of *model* that comes closest is offered instead.
    """
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    parts, said = [str(part) for part in first["loc"]], first["msg"]
    if first["type"] == "extra_forbidden":
        unknown = parts.pop()
        close = difflib.get_close_matches(unknown, _names(model) if model else (), n=1)
        hint = f"did you mean {close[0]}?" if close else "see the table of fields"
        said = f"there is a field we do not know; {hint}"
    path = ".".join(_safe(part) for part in [*within, *parts]) or None
    for theirs, ours in _TIDY:
        said = said.replace(theirs, ours)
    sentence = f"{path}: {said}" if path else said
    return BadRequest(sentence if sentence.endswith("?") else f"{sentence}.", code=code, field=path)


def _names(model: type[BaseModel]) -> Iterator[str]:
    """Every field of a model and of the models within it."""
    for name, field in model.model_fields.items():
        yield name
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _names(inner)


def _safe(part: str) -> str:
    return part if part.isdigit() or _FIELD.fullmatch(part) else "?"
