"""The border to the engine: nothing about a patient crosses it in an exception.

The worker logs an activity's exception and the engine keeps its text, so only a code goes over;
where it happened stays in our own log, as file and line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError

from models.errors import Conflict, LoopError
from telemetry.logs import logger
from telemetry.meters import ACTIVITY_FAILURES, word

_LOG = logger(__name__)
# Attempts at which two writers may still have met by chance: letters to one fax line all wake at
# one moment, and by then whoever found one in other hands has waited those out (turns.IN_HAND).
MEETINGS = 8


@contextmanager
def scrubbed() -> Iterator[None]:
    """Our errors as their code; anything else as the name of its class, to be tried again.

    An error of ours is tried again when it says so; a Conflict always, because two writers met:
    that is no failure unless it goes on. A bug is tried again as well: a fixed worker heals it, and
    meanwhile an admin sees it.
    """
    try:
        yield
    except ApplicationError:
        raise
    except LoopError as error:
        _note(error, error.code)
        again = error.retryable or isinstance(error, Conflict)
        raise ApplicationError(error.code, type=error.code, non_retryable=not again) from None
    except Exception as error:
        name = type(error).__name__
        _note(error, name)
        raise ApplicationError(name, type=name) from None


def _note(error: Exception, code: str) -> None:
    info = activity.info() if activity.in_activity() else None
    if isinstance(error, Conflict) and info is not None and info.attempt <= MEETINGS:
        _LOG.info("activity_waits", code=code)
        return
    ACTIVITY_FAILURES.labels(word(info.activity_type if info else "none"), word(code)).inc()
    _LOG.error("activity_failed", exc_info=error)
