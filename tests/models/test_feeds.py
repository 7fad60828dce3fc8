"""A feed's silence is counted in the clinic's own open hours."""

from __future__ import annotations

import pytest

from models.feeds import feed_silent_since
from models.policy import Feed, Policy
from tests.models.test_clock import EAST, moment

POLICY = Policy()


@pytest.mark.parametrize(
    ("last", "since", "why"),
    [
        ("2026-11-16 08:00", "2026-11-16 12:00", "four hours of one open day"),
        ("2026-11-16 15:00", "2026-11-17 10:00", "two today, two tomorrow"),
        ("2026-11-13 17:00", "2026-11-16 12:00", "over a weekend nobody tells anything"),
        ("2026-11-25 15:00", "2026-11-30 10:00", "over Thanksgiving and the day after it"),
        ("2026-11-15 03:00", "2026-11-16 12:00", "what came at night counts from the opening"),
    ],
)
def test_four_open_hours_after_it_was_last_heard(last: str, since: str, why: str) -> None:
    heard, silent = moment(last), moment(since)
    assert feed_silent_since(heard, POLICY, silent, EAST) == silent, why
    just_before = silent.replace(minute=59, hour=silent.hour - 1)
    assert feed_silent_since(heard, POLICY, just_before, EAST) is None, why


def test_a_feed_that_never_spoke_has_not_fallen_silent() -> None:
    assert feed_silent_since(None, POLICY, moment("2026-11-16 12:00"), EAST) is None


def test_the_clinic_says_how_long() -> None:
    slow = Policy(feed=Feed.model_validate({"silent": "1 bd"}))
    heard, later = moment("2026-11-16 08:00"), moment("2026-11-17 16:59")
    assert feed_silent_since(heard, slow, later, EAST) is None
    assert feed_silent_since(heard, slow, moment("2026-11-17 17:00"), EAST) is not None
