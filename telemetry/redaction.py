"""The processors every log line passes: what may stand in it, and how an error is told; pure.

Library lines come through the same ones. Their text is a template of theirs, so it may be shown
once its arguments are taken out: those are values, and values may be about a patient.
"""

from __future__ import annotations

import errno as system_errors
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

from models.errors import LoopError
from telemetry.events import EVENTS
from telemetry.fields import FIELDS, MASK, RUN_ID, fits, tamed, tells_nothing

Line = MutableMapping[str, Any]

# Libraries whose templates we have read. Of any other only the logger's name is shown.
KNOWN: Final = (
    *("aiosmtplib", "alembic", "asyncio", "concurrent", "httpcore", "httpx", "pypdf", "sqlalchemy"),
    *("temporalio", "uvicorn"),
)
_SPECIFIER: Final = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?([a-zA-Z%])")
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
_FRAMES: Final = 6
_CAUSES: Final = 3
ROOT: Final = Path(__file__).resolve().parent.parent


class Told(NamedTuple):
    """An exception as it may be logged."""

    error: str
    says: str | None
    code: str | None
    at: str | None
    cause: str | None
    errno: str | None


def only_known_fields(_logger: Any, _method: str, line: Line) -> Line:
    """Leave out what is no field of ours, mask what does not fit; the last processor but one."""
    dropped = 0
    for name in list(line):
        if name not in FIELDS:
            del line[name]
            dropped += 1
        elif line[name] is None:
            del line[name]
        elif FIELDS[name].shape is str:
            line[name] = tamed(str(line[name]))
        elif not fits(name, line[name]):
            line[name] = MASK
    if dropped:
        line["dropped"] = dropped
    return line


def named_event(_logger: Any, _method: str, line: Line) -> Line:
    """An event of ours is one of the list, never a sentence: a sentence could hold anything."""
    if line.get("event") not in EVENTS:
        line["event"] = MASK
    return line


def library_words(_logger: Any, _method: str, line: Line) -> Line:
    """A library's line: its template without the arguments, and the ids it carries aside."""
    record: logging.LogRecord = line["_record"]
    values = line.pop("positional_args", ())
    line["event"] = template(str(record.msg), values) if vouched_for(record.name) else MASK
    aside = {
        **(getattr(record, "temporal_workflow", None) or {}),
        **(getattr(record, "temporal_activity", None) or {}),
    }
    run = RUN_ID.search(line["event"]) if record.name.startswith("temporalio") else None
    if run is not None:
        line.setdefault("run_id", run[0])
    for theirs, ours in _ASIDE.items():
        if theirs in aside:
            line.setdefault(ours, aside[theirs])
    return line


_ASIDE: Final = {
    "workflow_id": "workflow_id",
    "workflow_run_id": "run_id",
    "run_id": "run_id",
    "workflow_type": "workflow_type",
    "activity_type": "activity",
    "attempt": "attempt",
}


def vouched_for(name: str) -> bool:
    """Whether a logger is of a library whose words may be shown."""
    return re.split(r"[.-]", name)[0] in KNOWN


def template(words: str, values: Any = ()) -> str:
    """A library's words without its values: small numbers and run ids stay, the rest is masked.

    A message that was put together before it was logged is cut where a value begins to show.
    """
    text = words.partition("\n")[0]
    if not values:
        return re.split(r"[({\[<'\"=]|: ", text, maxsplit=1)[0].strip()
    left = list(values.values() if isinstance(values, Mapping) else values)

    def shown(specifier: re.Match[str]) -> str:
        if specifier[1] == "%":
            return "%"
        value = str(left.pop(0)) if left else ""
        return value if tells_nothing(value) else MASK

    return _SPECIFIER.sub(shown, text)


def told(error: BaseException) -> Told:
    """What may be said of an exception: its class, our own code and sentence, and the way it came.

    Never ``str(error)``: a database driver quotes values, a mail server quotes recipients, and a
    validator quotes what it was given. Frames are named without their local values.
    """
    ours = isinstance(error, LoopError)
    code = getattr(error, "code", None) if ours else getattr(error, "type", None)
    behind = list(_behind(error))
    number = next((e.errno for e in (error, *behind) if isinstance(e, OSError)), None)
    return Told(
        error=type(error).__name__,
        says=error.sentence if isinstance(error, LoopError) else None,
        code=code if isinstance(code, str) and _CODE.fullmatch(code) else None,
        at=place(error.__traceback__),
        cause=", ".join(type(one).__name__ for one in behind) or None,
        errno=system_errors.errorcode.get(number) if number is not None else None,
    )


def error_told(_logger: Any, _method: str, line: Line) -> Line:
    """``exc_info`` as fields; instead of a traceback with somebody's text in it."""
    given = line.pop("exc_info", None)
    line.pop("stack_info", None)
    if given is True:
        given = sys.exception()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line.update({k: v for k, v in told(error)._asdict().items() if v is not None})
    return line


def place(trace: TracebackType | None) -> str | None:
    """File and line of the innermost frames, ours before a library's: ``post.py:120 < desk.py:4``.

    The frame that raised is always there; of the others those of this project.
    """
    frames: list[str] = []
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        ours = file.is_relative_to(ROOT) and "site-packages" not in file.parts
        if ours or trace.tb_next is None:
            frames.append(f"{file.name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(frames[-_FRAMES:])) or None


def _behind(error: BaseException) -> list[BaseException]:
    """What it was raised from or during, nearest first; hidden by ``from None`` or not."""
    found: list[BaseException] = []
    known = {id(error)}
    behind = error.__cause__ or error.__context__
    while behind is not None and id(behind) not in known and len(found) < _CAUSES:
        known.add(id(behind))
        found.append(behind)
        behind = behind.__cause__ or behind.__context__
    return found
