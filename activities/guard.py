"""The border to the engine: nothing about a patient crosses it in an exception.

The worker logs an activity's exception and the engine keeps its text, so only a code goes over;
where it happened stays in our own log, as file and line.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from temporalio.exceptions import ApplicationError

from models.errors import Conflict, LoopError

_LOG = logging.getLogger("referral_loop.activities")
_ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def scrubbed() -> Iterator[None]:
    """Our errors as their code; anything else as the name of its class, to be tried again.

    An error of ours is tried again when it says so; a Conflict always, because two writers met. A
    bug is tried again as well: a fixed worker heals it, and meanwhile an admin sees it.
    """
    try:
        yield
    except ApplicationError:
        raise
    except LoopError as error:
        _note(error)
        again = error.retryable or isinstance(error, Conflict)
        raise ApplicationError(error.code, type=error.code, non_retryable=not again) from None
    except Exception as error:
        _note(error)
        name = type(error).__name__
        raise ApplicationError(name, type=name) from None


def _note(error: Exception) -> None:
    frames = [
        f"{Path(frame.filename).name}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_ROOT)
    ]
    _LOG.error("%s at %s", type(error).__name__, " < ".join(reversed(frames)))
