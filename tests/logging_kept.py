"""Logging belongs to the whole process; whoever configures it in a test gives it back."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from telemetry.logs import clear


@contextmanager
def logging_kept() -> Iterator[None]:
    """Handlers, levels and hooks as they were, when the block ends."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    handlers, raising, disabled = root.handlers[:], logging.raiseExceptions, access.disabled
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning)
    known = [root, *logging.Logger.manager.loggerDict.values()]
    levels = [(one, one.level) for one in known if isinstance(one, logging.Logger)]
    try:
        yield
    finally:
        clear()
        root.handlers[:], logging.raiseExceptions, access.disabled = handlers, raising, disabled
        sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = hooks
        for one, level in levels:
            one.setLevel(level)
