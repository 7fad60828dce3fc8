"""Outcome measures: which way is better, and how much change a patient would notice.

Thresholds vary with population, baseline and follow-up, so every measure carries one value, the
method behind it and its citation, and a clinic may replace them (``measure.model_copy(update=…)``).
Raw scores of two instruments are never averaged or compared. Source: the table of domain.md §3.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from models.base import Model


class Better(StrEnum):
    """The direction in which a score improves."""

    HIGHER = "higher"
    LOWER = "lower"


class Measure(Model):
    """One instrument: its scale, its direction and its threshold of meaningful change.

    ``meaningful`` is in the points of the scale, always positive.
    """

    key: str
    name: str
    about: str
    low: float
    high: float
    better: Better
    meaningful: float = Field(gt=0)
    citation: str
    range_note: str = ""

    @model_validator(mode="after")
    def _scale_has_length(self) -> Self:
        if self.high <= self.low:
            raise ValueError("the scale of a measure must run from low to high")
        return self


class Reading(Model):
    """One score on the day it was taken."""

    on: date
    value: float


class Score(Model):
    """One measure of one patient from the evaluation to now.

    ``between`` holds any readings in between, oldest first; they appear only in the chart.
    """

    measure: Measure
    baseline: Reading
    now: Reading
    between: tuple[Reading, ...] = ()
    goal: float | None = None

    @property
    def change(self) -> float:
        """Now minus baseline, in points of the scale, with its sign."""
        return round(self.now.value - self.baseline.value, 2)

    @property
    def improvement(self) -> float:
        """The change turned so that positive always means better."""
        return self.change if self.measure.better is Better.HIGHER else -self.change

    @property
    def meaningful(self) -> bool:
        """Whether the patient got better by at least the threshold."""
        return self.improvement >= self.measure.meaningful

    @property
    def worse(self) -> bool:
        """Whether the patient got worse by at least the threshold."""
        return -self.improvement >= self.measure.meaningful

    @property
    def readings(self) -> tuple[Reading, ...]:
        """All readings, oldest first."""
        return (self.baseline, *self.between, self.now)


def _measure(
    key: str,
    name: str,
    about: str,
    high: float,
    better: Better,
    meaningful: float,
    citation: str,
    range_note: str,
) -> Measure:
    return Measure(
        key=key,
        name=name,
        about=about,
        low=0,
        high=high,
        better=better,
        meaningful=meaningful,
        citation=citation,
        range_note=range_note,
    )


_JOSPT = "JOSPT 2014;44(8):560-564, doi:10.2519/jospt.2014.5248"  # [Q3]
_MINTKEN = "J Shoulder Elbow Surg 2009, doi:10.1016/j.jse.2008.12.015"  # [Q1]

# Where the table gives a range, the value is the one a physician could not call generous:
# PSFS "medium" rather than "small", NPRS the rule of thumb rather than the shoulder's 1.1.
MEASURES: dict[str, Measure] = {
    m.key: m
    for m in (
        _measure(
            "lefs",
            "LEFS",
            "hip, knee and ankle function",
            80,
            Better.HIGHER,
            9,
            _JOSPT,
            "9 small to 16 large change",
        ),
        _measure(
            "quickdash",
            "QuickDASH",
            "arm and shoulder disability",
            100,
            Better.LOWER,
            8,
            _MINTKEN,
            "8.0 shoulder, outpatient; 10.8-13.6 shoulder, hospital",
        ),
        _measure(
            "ndi",
            "NDI",
            "neck disability, percent",
            100,
            Better.LOWER,
            14,
            _JOSPT,
            "percent scale",
        ),
        _measure(
            "odi",
            "ODI",
            "low back disability, percent",
            100,
            Better.LOWER,
            12,
            _JOSPT,
            "8 (surgical) to 12.8 in other work",
        ),
        _measure(
            "psfs",
            "PSFS",
            "patient-chosen activities",
            10,
            Better.HIGHER,
            2.3,
            _JOSPT,
            "1.3 small, 2.3 medium, 2.7 large",
        ),
        _measure(
            "nprs",
            "Pain (NPRS)",
            "pain, 0 none to 10 worst",
            10,
            Better.LOWER,
            2,
            _JOSPT,
            "1.5-3.5; rule of thumb 2 points or 30%",
        ),
        _measure(
            "koos_jr",
            "KOOS JR",
            "knee replacement function",
            100,
            Better.HIGHER,
            14,
            "J Bone Joint Surg 2025, doi:10.2106/JBJS.25.00952",  # [Q6]
            "7.5 by distribution, 14 by anchor; substantial benefit 20",
        ),
        _measure(
            "hoos_jr",
            "HOOS JR",
            "hip replacement function",
            100,
            Better.HIGHER,
            7.76,
            "PubMed 41016609 (2025)",  # [Q8]
            "7.76; acceptable state 76.8; substantial benefit 22",
        ),
    )
}


def number(value: float) -> str:
    """A figure as people write it: no trailing zeros, at most two decimals, a true minus."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−") if text not in ("-0", "") else "0"


def signed(value: float) -> str:
    """A change with its sign always shown; no change is a bare 0."""
    return f"+{number(value)}" if value > 0 else number(value)


def verdict_on(scores: Iterable[Score]) -> str:
    """The bottom line of the scores, in one short paragraph.

    Says "On track" only when at least one measure changed meaningfully for the better and none
    for the worse; never averages across instruments. Empty when there is nothing to judge.
    """
    judged = list(scores)
    if not judged:
        return ""
    if any(s.worse for s in judged):
        opening = "Needs review."
    elif any(s.meaningful for s in judged):
        opening = "On track."
    else:
        opening = "No meaningful change yet."
    return " ".join([opening, *(_sentence(s) for s in judged)])


def _sentence(score: Score) -> str:
    points = number(score.measure.meaningful)
    moved = f"{score.measure.name} {number(score.baseline.value)} → {number(score.now.value)}"
    if score.meaningful:
        return f"{moved}, at least the {points}-point meaningful change."
    if score.worse:
        return f"{moved}, worse by at least the {points}-point meaningful change."
    return f"{moved}, less than the {points}-point meaningful change."
