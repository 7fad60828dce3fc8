"""Sources that were made to fade are found, and how often a steady one is taken for fading."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from tests.truth.detection import (
    MADE,
    PACES,
    Source,
    false_alarms,
    found,
    sending_days,
    sources,
    table,
)

ROOT = Path(__file__).parents[2]
EACH = 25
DAYS = sending_days()
EVERY = list(sources(EACH))


def of(pace: str, fate: str) -> list[Source]:
    return [one for one in EVERY if (one.pace, one.fate) == (pace, fate)]


@pytest.mark.parametrize("pace", PACES)
def test_who_stops_is_found_within_a_week_of_their_rhythm_breaking(pace: str) -> None:
    told = [found(one, DAYS) for one in of(pace, "stops")]
    assert all(one.rhythm is not None and one.rhythm <= 60 for one in told)
    soon = [one for one in told if one.after_own is not None and one.after_own <= 7]
    assert len(soon) >= 0.6 * EACH


def test_a_weekly_sender_is_found_a_month_before_any_fixed_rule() -> None:
    told = [found(one, DAYS) for one in of("weekly", "stops")]
    own = statistics.median(one.rhythm or 0 for one in told)
    assert own <= 30
    assert {one.sixty for one in told} == {60}
    assert {one.ninety for one in told} == {90}


def test_who_sends_half_is_a_verdict_where_there_is_enough_to_say_so() -> None:
    often = [found(one, DAYS).verdict for one in of("weekly", "sends half")]
    seldom = [found(one, DAYS).verdict for one in of("every other month", "sends half")]
    assert sum(one is not None for one in often) >= 0.6 * EACH
    assert not any(one is not None for one in seldom)  # too few to say


@pytest.mark.parametrize("pace", PACES)
def test_false_alarms_are_counted_and_few(pace: str) -> None:
    alarms = [false_alarms(one, DAYS) for one in of(pace, "goes on")]
    rhythm, verdict, *_ = (sum(told) / EACH for told in zip(*alarms, strict=True))
    assert rhythm <= 3
    assert verdict <= 0.8


def test_the_table_of_the_guide_is_what_is_counted() -> None:
    page = (ROOT / "docs" / "frontdesk" / "silence-and-verdicts.md").read_text()
    shown = page.partition("<!-- detection -->\n")[2].partition("\n<!-- end -->")[0]
    assert shown == table(MADE)
