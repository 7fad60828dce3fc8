"""Times of day as people type them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from models.errors import BadRequest
from models.slot_times import MOST, moment, times_of_day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9:00", [time(9)]),
        ("9, 10:30,2 pm", [time(9), time(10, 30), time(14)]),
        ("2:15", [time(14, 15)]),
        ("14:15; 7 am\n9.30 a.m.", [time(7), time(9, 30), time(14, 15)]),
        ("12 pm, 12", [time(12)]),
        ("12am", [time(0)]),
        ("9, 9:00,", [time(9)]),
    ],
)
def test_times_as_people_type_them(text: str, expected: list[time]) -> None:
    assert times_of_day(text) == expected


@pytest.mark.parametrize(
    "text", ["", ",", "25", "9:60", "nine", "13 pm", "0 am", "9-10", "9 10", "٩", "-1"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(BadRequest):
        times_of_day(text)


def test_there_is_an_end_to_it() -> None:
    every = ",".join(f"{hour}:{minute:02d}" for hour in range(7, 19) for minute in range(0, 60, 5))
    with pytest.raises(BadRequest):
        times_of_day(every)
    assert len(times_of_day(",".join(f"8:{m:02d}" for m in range(MOST)))) == MOST


def test_a_moment_the_clock_leaves_out_is_refused() -> None:
    zone = "America/New_York"
    assert moment(date(2026, 1, 12), time(9), zone) == datetime(2026, 1, 12, 14, tzinfo=UTC)
    with pytest.raises(BadRequest):
        moment(date(2026, 3, 8), time(2, 30), zone)
