"""How the command line speaks: rich text for people, one JSON value with ``--json``."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from rich.console import Console

from models.errors import EngineUnavailable, LoopError, Refused, StoreUnavailable, UserError

P = ParamSpec("P")
R = TypeVar("R")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

# Exit codes: 2 is the caller's to fix, 3 is ours to wait for, 4 a decision that is not possible.
USER, UNAVAILABLE, REFUSED = 2, 3, 4


def say(sentence: str) -> None:
    """One line of progress, on standard error so that ``--json`` stays clean.

    Where it cannot be written (a full disk behind it) the work goes on unsaid.
    """
    with contextlib.suppress(OSError):
        err.print(sentence, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON value on standard output, keys in a stable order."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")


def report(error: LoopError, *, as_json: bool = False) -> int:
    """Say what is wrong and what to do; answers the exit code."""
    if as_json:
        print_json({"error": {"code": error.code, "message": error.sentence}})
    err.print(f"[bold red]{error.code}[/]: ", end="")
    err.print(error.sentence, markup=False, soft_wrap=True)
    if isinstance(error, EngineUnavailable | StoreUnavailable):
        return UNAVAILABLE
    if isinstance(error, Refused):
        return REFUSED
    return USER if isinstance(error, UserError) else 1


def friendly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn our own errors into a sentence and an exit code; a bug still shows its traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except LoopError as error:
            raise SystemExit(report(error, as_json=bool(kwargs.get("as_json")))) from None

    return run
