from datetime import date

import pytest
from pydantic import ValidationError

from models.outcomes import (
    MEASURES,
    Better,
    Measure,
    Reading,
    Score,
    number,
    signed,
    verdict_on,
)


def score(key: str, before: float, now: float) -> Score:
    return Score(
        measure=MEASURES[key],
        baseline=Reading(on=date(2026, 1, 12), value=before),
        now=Reading(on=date(2026, 2, 13), value=now),
    )


@pytest.mark.parametrize(
    ("key", "better", "high", "meaningful"),
    [
        ("lefs", Better.HIGHER, 80, 9),
        ("quickdash", Better.LOWER, 100, 8),
        ("ndi", Better.LOWER, 100, 14),
        ("odi", Better.LOWER, 100, 12),
        ("psfs", Better.HIGHER, 10, 2.3),
        ("nprs", Better.LOWER, 10, 2),
        ("koos_jr", Better.HIGHER, 100, 14),
        ("hoos_jr", Better.HIGHER, 100, 7.76),
    ],
)
def test_registry_holds_direction_and_threshold(
    key: str, better: Better, high: float, meaningful: float
) -> None:
    m = MEASURES[key]
    assert (m.better, m.low, m.high, m.meaningful) == (better, 0, high, meaningful)
    assert m.citation


@pytest.mark.parametrize(
    ("key", "before", "now", "better", "worse"),
    [
        ("lefs", 31, 40, True, False),
        ("lefs", 31, 39, False, False),
        ("lefs", 40, 31, False, True),
        ("nprs", 7, 5, True, False),
        ("nprs", 5, 7, False, True),
        ("nprs", 5, 5, False, False),
    ],
)
def test_direction_decides_what_better_means(
    key: str, before: float, now: float, better: bool, worse: bool
) -> None:
    s = score(key, before, now)
    assert (s.meaningful, s.worse) == (better, worse)


def test_verdict_is_on_track_only_when_nothing_got_worse() -> None:
    good, bad = score("lefs", 31, 47), score("nprs", 3, 7)
    assert verdict_on([good]).startswith("On track. LEFS 31 → 47")
    assert verdict_on([good, bad]).startswith("Needs review.")
    assert verdict_on([score("lefs", 31, 33)]).startswith("No meaningful change yet.")
    assert verdict_on([]) == ""


@pytest.mark.parametrize(
    ("value", "plain", "with_sign"),
    [
        (16, "16", "+16"),
        (-4, "−4", "−4"),
        (0, "0", "0"),
        (-0.001, "0", "0"),
        (7.76, "7.76", "+7.76"),
        (2.50, "2.5", "+2.5"),
    ],
)
def test_figures_as_people_write_them(value: float, plain: str, with_sign: str) -> None:
    assert number(value) == plain
    assert signed(value) == with_sign


def test_a_scale_without_length_is_refused() -> None:
    with pytest.raises(ValidationError):
        Measure(
            key="x",
            name="X",
            about="",
            low=5,
            high=5,
            better=Better.HIGHER,
            meaningful=1,
            citation="c",
        )
