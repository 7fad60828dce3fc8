"""What is wrong with a parameter or a body, in our own words and without what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

_OTHERWISE: Final = "{field} is not as described in /openapi.json."
# By pydantic's names for what does not fit; its own sentences speak of strings and inputs.
_SAYS: Final = {
    "missing": "{field} is missing.",
    "extra_forbidden": "{field} is not known here.",
    "int_parsing": "{field} is a whole number.",
    "int_type": "{field} is a whole number.",
    "bool_parsing": "{field} is true or false.",
    "greater_than_equal": "{field} is at least {ge}.",
    "less_than_equal": "{field} is at most {le}.",
    "enum": "{field} is one of {expected}.",
    "literal_error": "{field} is one of {expected}.",
    "string_too_long": "{field} has at most {max_length} characters.",
    "string_too_short": "{field} is empty.",
    "string_pattern_mismatch": "{field} has characters that do not belong there.",
    "json_invalid": "The body is not JSON.",
}
_PLACES: Final = frozenset({"query", "path", "header", "body", "cookie"})


class Misfit(NamedTuple):
    """Which field it is, and the sentence about it."""

    field: str
    sentence: str


def first_of(errors: Sequence[Mapping[str, Any]]) -> Misfit:
    """The first thing that does not fit; *errors* as FastAPI lists them."""
    error = errors[0]
    place, *rest = [str(part) for part in error.get("loc", ())] or ["request"]
    if place not in _PLACES:
        rest = [place, *rest]
    if error.get("type") == "json_invalid":
        rest = []  # a place in the text, no field
    field = ".".join(rest) or place
    told = {name: _plain(value) for name, value in error.get("ctx", {}).items()}
    says = _SAYS.get(str(error.get("type")), _OTHERWISE)
    return Misfit(field, says.format_map({**told, "field": field}))


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("'", "")
