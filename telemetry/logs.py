"""One way to log, and one function that says where it goes: ``configure``, at composition roots.

Modules ask for ``logger(__name__)`` and name facts: ``log.info("event_applied", row_id=…)``. What
everybody may need is bound once (``bound(org=…, referral_id=…)``) and stands in every line until
the block ends, across awaits and into threads. Redaction happens where a line is made, so it holds
in a test and in a script as well; ``configure`` brings the libraries' lines under the same rules.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import Processor

from telemetry.fields import FIELDS
from telemetry.meters import LOG_LINES_LOST
from telemetry.redaction import (
    error_told,
    library_words,
    named_event,
    only_known_fields,
    vouched_for,
)

__all__ = ["BoundLogger", "Format", "Level", "bind", "bound", "clear", "configure", "logger"]

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]

bind = bind_contextvars
bound = bound_contextvars
clear = clear_contextvars

# Lines of theirs that are worth an operator's time begin here; below they tell of every request.
_LIBRARIES: Final[Mapping[str, int]] = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "temporalio": logging.WARNING,
    "asyncio": logging.WARNING,
}
_stamp: Final = structlog.processors.TimeStamper(fmt="iso", utc=True)


def _in_order(_logger: Any, _method: str, line: structlog.typing.EventDict) -> dict[str, Any]:
    """As the table of fields has it, so that one kind of line always looks the same."""
    return {name: line[name] for name in FIELDS if name in line}


_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    _stamp,
    error_told,
)
_OURS: Final[tuple[Processor, ...]] = (
    structlog.stdlib.filter_by_level,
    *_SHARED,
    named_event,
    only_known_fields,
    ProcessorFormatter.wrap_for_formatter,
)


def logger(name: str) -> BoundLogger:
    """The logger of one module; what it is given is redacted before anything else sees it."""
    made: BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=_OURS,
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    return made


def configure(
    process: str,
    *,
    level: Level = "info",
    form: Format = "auto",
    stream: TextIO | None = None,
) -> None:
    """Send every line of this process to standard error, ours and the libraries'; again replaces.

    ``auto`` is coloured text where a person looks (a terminal) and one JSON object a line
    everywhere else. Uncaught exceptions, of threads and of finalizers too, and warnings become
    lines as well: their text is nobody's to read. A line that cannot be written (a full disk) is
    lost and counted; the work goes on.
    """
    out = stream or sys.stderr
    person = form == "console" or (form == "auto" and out.isatty())
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=out.isatty(), sort_keys=False)
        if person
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )

    def named(_logger: Any, _method: str, line: structlog.typing.EventDict) -> dict[str, Any]:
        return {**line, "process": process}

    handler = _Handler(out)
    handler.addFilter(_worth_a_line)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=(*_SHARED, library_words),
            use_get_message=False,  # the words and their values apart
            pass_foreign_args=True,
            processors=(
                ProcessorFormatter.remove_processors_meta,
                named,
                only_known_fields,
                _in_order,
                renderer,
            ),
        )
    )
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, least in _LIBRARIES.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # it writes addresses; web.guard does not
    logging.raiseExceptions = False  # it would print the arguments of a line that failed
    _catch_the_rest()


class _Handler(logging.StreamHandler[TextIO]):
    """Counts the lines it could not write."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        del record  # nobody can read it any more
        LOG_LINES_LOST.inc()


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Leave out the SDK's word on an activity that failed, of which ``activities.guard`` said more.

    And of a library nobody has vouched for, of whom only the name would be shown, the small talk.
    """
    error = record.exc_info[1] if record.exc_info else None
    if record.name == "temporalio.activity" and type(error).__name__ == "ApplicationError":
        return False
    ours = isinstance(record.msg, dict)
    return ours or vouched_for(record.name) or record.levelno >= logging.WARNING


def _catch_the_rest() -> None:
    log = logger("telemetry.crash")

    def crashed(
        kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, None)
        else:
            log.critical("crashed", exc_info=error)

    def thread_crashed(given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None and not isinstance(given.exc_value, SystemExit):
            log.critical("thread_crashed", exc_info=given.exc_value)

    def warned(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del message, file, line  # the hook has them; words may quote what nobody should read
        log.warning("python_warning", error=category.__name__, at=f"{Path(filename).name}:{lineno}")

    sys.excepthook = crashed
    threading.excepthook = thread_crashed
    sys.unraisablehook = lambda given: log.error("finalizer_failed", exc_info=given.exc_value)
    warnings.showwarning = warned
