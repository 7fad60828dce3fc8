"""The table of events in ``docs/integrators/events.md``, written from the models that read them.

``python -m web.event_docs`` writes them into the page; a test fails while the page differs.
"""

from __future__ import annotations

import enum
import inspect
import re
import types
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from activities.clinical import KINDS
from integrations.emr.calls import MISSED
from integrations.emr.events import BESIDE, NPI, ORGANIZATION, READER, RECEIVED, wire_fields
from integrations.emr.referral_file import COLUMNS
from models.events import NewReferral
from models.facts import MILESTONES
from web.doc_marks import rewrite

PAGE: Final = Path(__file__).parent.parent / "docs" / "integrators" / "events.md"
_CITATION = re.compile(r" (\[[A-Z]\d+\]|\([a-z]+\.md [^)]*\))")
_PLAIN: dict[Any, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    date: "date",
    datetime: "moment",
    AwareDatetime: "moment",
}


def table() -> str:
    """Every type of event with its fields, as a Markdown table; ends with a line break."""
    lines = ["| type | what happened | fields of `data` | document |", "|---|---|---|---|"]
    for kind, model in MILESTONES.items():
        says = _sentence(inspect.getdoc(model) or "")
        fields = "see below" if kind == RECEIVED else ", ".join(_fields(kind)) or "none"
        brings = "pdf" if kind == "plan_of_care_returned" else "pdf or fields"
        document = brings if kind in KINDS else "none"
        lines.append(f"| `{kind}` | {says} | {fields} | {document} |")
    for kind, about in ORGANIZATION.items():
        says = _sentence(inspect.getdoc(about) or "")
        fields = ", ".join(_named(about))
        lines.append(f"| `{kind}` | {says} | {fields} | none |")
    return "\n".join(lines) + "\n"


def referral_table() -> str:
    """The fields of a new referral, nested ones by their path; ends with a line break."""
    lines = ["| field | value | needed |", "|---|---|---|"]
    lines += [f"| `{path}` | {_type(annotation)} | {n} |" for path, annotation, n in _nested()]
    return "\n".join(lines) + "\n"


def columns_table() -> str:
    """The headers of a referral file; ends with a line break."""
    lines = ["| header | field |", "|---|---|"]
    lines += [f"| `{name}` | `{'.'.join(path)}` |" for name, path in COLUMNS.items()]
    return "\n".join(lines) + "\n"


def write(page: str) -> str:
    """The page with its tables written anew; what stands outside the marks is left alone."""
    return rewrite(page, "web.event_docs", TABLES)


def _fields(kind: str) -> Iterator[str]:
    model = MILESTONES[kind]
    for name in wire_fields(kind):
        if name == NPI:
            yield f"**`{name}`** (ten digits)"
            continue
        if kind == MISSED and name == "phone":
            yield f"**`{name}`** (text)"
            continue
        if name in BESIDE.get(kind, ()):
            yield f"`{name}` (text)"
            continue
        if name == READER:
            yield f"**`{name}`** (kind, name, fax, email, phone)"
            continue
        yield _field(name, model.model_fields[name])


def _named(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield _field(name, field)


def _field(name: str, field: FieldInfo) -> str:
    label = f"**`{name}`**" if field.is_required() else f"`{name}`"
    return f"{label} ({_type(field.annotation)})"


def _nested() -> Iterator[tuple[str, Any, str]]:
    """Path, type and need of every field of a new referral; a part may be left out as a whole."""
    for name, field in NewReferral.model_fields.items():
        part = _part(field.annotation)
        if part is None:
            yield name, field.annotation, "yes" if field.is_required() else "no"
            continue
        needed = "yes" if field.is_required() else f"with `{name}`"
        for inner, one in part.model_fields.items():
            yield f"{name}.{inner}", one.annotation, needed if one.is_required() else "no"


def _part(annotation: Any) -> type[BaseModel] | None:
    """The model a field is, alone or optional; None for lists and plain values."""
    candidates = (annotation,) if get_origin(annotation) is None else get_args(annotation)
    if get_origin(annotation) is tuple:
        return None
    for one in candidates:
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def _sentence(text: str) -> str:
    """The first line of a docstring for readers who do not have our sources at hand."""
    line = _CITATION.sub("", text.split("\n")[0])
    return line.replace("``", "`").strip().rstrip(".")


def _type(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return _type(next(one for one in get_args(annotation) if one is not types.NoneType))
    if origin is Literal:
        return " / ".join(get_args(annotation))
    if origin is tuple:
        return f"list of {_type(get_args(annotation)[0])}"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return " / ".join(str(one) for one in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "providers, as in source" if annotation.__name__ == "ProviderIn" else "object"
    return _PLAIN.get(annotation, "value")


TABLES: Final[dict[str, Callable[[], str]]] = {
    "events": table,
    "referral": referral_table,
    "columns": columns_table,
}

if __name__ == "__main__":
    PAGE.write_text(write(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
