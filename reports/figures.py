"""Scores and goals as rows of plain text, written once for the PDF and its HTML twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from models.documents import Goal
from models.outcomes import Better, Score, number, signed
from reports.kit.text import day

SCORE_COLUMNS = ("Measure", "At evaluation", "Now", "Change", "Goal", "Meaningful", "Result")
START_COLUMNS = ("Measure", "At evaluation", "Goal", "Meaningful change")
GOAL_COLUMNS = ("Goal", "At evaluation", "Now", "Change", "Goal value", "Status")


class ScoreRow(NamedTuple):
    """One row of the measures table."""

    measure: str
    baseline: str
    now: str
    change: str
    goal: str
    meaningful: str
    result: str


class GoalRow(NamedTuple):
    """One row of the goals table; ``why`` is a second line under the goal."""

    goal: str
    baseline: str
    now: str
    change: str
    target: str
    status: str
    why: str


def scale(score: Score) -> str:
    """Title of a chart: scale and direction."""
    m = score.measure
    return f"{m.name} ({number(m.low)}–{number(m.high)}, {m.better.value} is better)"


def band(score: Score) -> str:
    """What the outlined band of a chart means."""
    points = number(score.measure.meaningful)
    return f"Change {signed(score.change)}. Outlined: the {points} points that count as meaningful."


def source(score: Score) -> str:
    """Where the threshold of a measure comes from."""
    return f"Source: {score.measure.citation}"


def result(score: Score) -> str:
    if score.meaningful:
        return "Better, meaningful"
    if score.worse:
        return "Worse, meaningful"
    if score.improvement > 0:
        return "Better, small"
    return "No change" if score.improvement == 0 else "Worse, small"


def start_row(score: Score) -> tuple[str, str, str, str]:
    """One row for a measure taken once: no change to speak of yet."""
    r = score_row(score)
    return (r.measure, r.baseline, r.goal, r.meaningful)


def taken_once(scores: Sequence[Score]) -> bool:
    """Whether no measure has a second reading."""
    return all(s.now.on == s.baseline.on for s in scores)


def score_row(score: Score) -> ScoreRow:
    m = score.measure
    arrow = "+" if m.better is Better.HIGHER else "−"
    return ScoreRow(
        scale(score),
        number(score.baseline.value),
        number(score.now.value),
        signed(score.change),
        "–" if score.goal is None else number(score.goal),
        f"{arrow}{number(m.meaningful)}",
        result(score),
    )


def goal_row(goal: Goal) -> GoalRow:
    unit = _unit(goal.unit)
    change = "" if goal.change is None else signed(goal.change)
    return GoalRow(
        goal.text,
        _figure(goal.baseline, unit),
        _figure(goal.now, unit),
        change,
        _figure(goal.target, unit),
        goal.status.value if goal.status else "",
        goal.why,
    )


def _unit(unit: str) -> str:
    """Degrees and percent stand at the figure, words a space away."""
    return unit if unit in ("", "°", "%") else f" {unit}"


def _figure(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{number(value)}{unit}"


def goal_sentence(goal: Goal) -> str:
    """A goal of a plan in one sentence with its figures."""
    unit = _unit(goal.unit)
    parts = [goal.text.rstrip(".")]
    if goal.baseline is not None and goal.target is not None:
        parts.append(f"from {number(goal.baseline)} to {number(goal.target)}{unit}")
    elif goal.target is not None:
        parts.append(f"to {number(goal.target)}{unit}")
    if goal.by:
        parts.append(f"by {day(goal.by)}")
    return f"{parts[0]}{': ' if len(parts) > 1 else ''}{' '.join(parts[1:])}."
