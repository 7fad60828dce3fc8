"""What crosses to the engine is a code; what only waits its turn is no failure."""

from __future__ import annotations

import dataclasses

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.guard import MEETINGS, scrubbed
from models.errors import Conflict, NotFound, StoreUnavailable
from telemetry.meters import ACTIVITY_FAILURES

NAME = "Jo Sample"


def failing(error: Exception) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught, scrubbed():
        raise error
    return caught.value


def counted(activity: str, code: str) -> float:
    return ACTIVITY_FAILURES.labels(activity, code)._value.get()


@pytest.mark.parametrize(
    ("error", "code", "again"),
    [
        (NotFound(f"{NAME} is not here.", code="not_found"), "not_found", False),
        (Conflict(f"{NAME} has it.", code="claimed_elsewhere"), "claimed_elsewhere", True),
        (StoreUnavailable(f"{NAME} is locked."), "store_unavailable", True),
        (KeyError(NAME), "KeyError", True),
    ],
)
def test_only_a_code_goes_over(error: Exception, code: str, again: bool) -> None:
    told = failing(error)
    assert (told.message, told.type, told.non_retryable) == (code, code, not again)
    assert NAME not in repr(told)
    assert told.__cause__ is None


@pytest.mark.parametrize(("attempt", "failures"), [(1, 0), (MEETINGS, 0), (MEETINGS + 1, 1)])
def test_two_writers_that_meet_are_no_failure_unless_it_goes_on(
    attempt: int, failures: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    place = ActivityEnvironment()
    place.info = dataclasses.replace(place.info, activity_type="send_message", attempt=attempt)
    before = counted("send_message", "claimed_elsewhere")
    place.run(failing, Conflict("In other hands.", code="claimed_elsewhere"))
    assert counted("send_message", "claimed_elsewhere") - before == failures
    said = [one.msg["event"] for one in caplog.records if isinstance(one.msg, dict)]
    assert said == (["activity_failed"] if failures else ["activity_waits"])
