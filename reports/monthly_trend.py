"""One figure over twelve months: a line with its target and both ends written at it.

A month of fewer than ten, or one that is still open, is a hollow dot on a dashed piece of line.
Labels look for a place of their own: none lies on another, on the line or on the target.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from models.monthly import Amount, Figure, Good, Unit
from reports.kit import fonts
from reports.kit.scene import Bar, Box, Dot, Ink, Mark, Scene, Stroke, Words, words
from reports.kit.text import fits
from reports.monthly_charts import runs
from reports.monthly_words import NOTHING, Said, month_name, of, said, target, with_unit

_SENSE = {Good.UP: "higher is better", Good.DOWN: "lower is better", Good.NEITHER: ""}
_SHORT = ((" open hours", " h"), (" open hour", " h"), (" hours", " h"), (" hour", " h"))
_UNITS = {
    Unit.COUNT: "count",
    Unit.PERCENT: "percent",
    Unit.OPEN_HOURS: "hours while open",
    Unit.HOURS: "hours",
    Unit.DAYS: "days",
    Unit.VISITS: "visits",
    Unit.SCORE: "0 to 10",
    Unit.MONEY: "US dollars",
}


def trend(figure: Figure, width: float, height: float = 112.0, size: float = 8.0) -> Scene:
    """Twelve months of a figure; ``width`` and ``height`` in points."""
    low, high = scale(figure)
    small = size * 0.9
    plot = Box(3.2 * size, 3.6 * size, width - 3.2 * size - 8.6 * size, height - 5.2 * size)

    def y(value: float) -> float:
        inside = min(max(value, low), high)
        return plot.y + plot.height * (high - inside) / (high - low)

    step = plot.width / max(len(figure.months) - 1, 1)
    values = [one.amount.value for one in figure.months]
    points = {at: (plot.x + at * step, y(v)) for at, v in enumerate(values) if v is not None}
    marks: list[Mark] = [
        words(0, size, figure.title, size * 1.08, bold=True, room=width),
        words(0, 2.25 * size, _subtitle(figure, small, width), small, room=width, ink=Ink.SOFT),
    ]
    at_target = None if figure.target is None else y(figure.target)
    if at_target is not None:
        marks.extend(_band(figure, plot, at_target))
    right, bottom = plot.x + plot.width, plot.y + plot.height
    marks.append(Stroke(((plot.x, plot.y), (plot.x, bottom), (right, bottom)), Ink.SOFT))
    for value in (low, high):
        text = _axis(value, figure.unit)
        marks.append(words(plot.x - 3, y(value) + 0.35 * small, text, small, anchor="end"))
    marks.extend(_line(figure, values, points))
    if figure.months:
        first, last = figure.months[0].month, figure.months[-1].month
        under = bottom + 1.4 * small
        marks.append(words(plot.x, under, month_name(first), small, ink=Ink.SOFT))
        marks.append(words(right, under, month_name(last), small, anchor="end", ink=Ink.SOFT))
    marks.extend(_labels(figure, plot, points, at_target, size))
    return Scene(width, height, figure.title, trend_says(figure), tuple(marks))


def scale(figure: Figure) -> tuple[float, float]:
    """The lowest and the highest value of the axis, round ones around all values and the target.

    Counts begin at zero; a share never goes beyond 0 and 100, a score not beyond 10.
    """
    values = [one.amount.value for one in figure.months if one.amount.value is not None]
    values += [] if figure.target is None else [figure.target]
    if figure.unit is Unit.PERCENT and not values:
        return 0.0, 100.0
    top = max(values, default=1.0)
    bottom = 0.0 if figure.unit in (Unit.COUNT, Unit.MONEY) else min(values, default=0.0)
    least = 4.0 if figure.unit is Unit.COUNT else 0.5
    spread = max(top - bottom, abs(top) * 0.2, least)
    nice = _nice(spread / 4)
    low = min(math.floor((bottom - 0.05 * spread) / nice) * nice, bottom)
    high = math.ceil((top + 0.05 * spread) / nice) * nice
    low = max(low, 0.0) if bottom >= 0 else low
    most = {Unit.PERCENT: 100.0, Unit.SCORE: 10.0}.get(figure.unit)
    high = high if most is None else max(min(high, most), top)
    return (low, high) if high > low else (low, low + 1.0)


def _nice(step: float) -> float:
    """The next of 1, 2, 2.5, 5, 10, 20 … above."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= step * 0.999)


def trend_says(figure: Figure) -> str:
    """The line in sentences: both ends, the extremes, the target."""
    told = [one for one in figure.months if one.amount.value is not None]
    if not told:
        return f"No data in these {len(figure.months)} months."
    first, last = told[0], told[-1]
    top = max(told, key=lambda one: one.amount.value or 0.0)
    least = min(told, key=lambda one: one.amount.value or 0.0)
    ends = f"{month_name(first.month)}: {said(first.amount, figure.unit)}."
    if last is not first:
        ends += f" {month_name(last.month)}: {said(last.amount, figure.unit)}."
        ends += f" Highest in {month_name(top.month)}, lowest in {month_name(least.month)}."
    aim = target(figure)
    return f"{ends} Target {aim}." if aim else ends


def _short(text: str) -> str:
    """The units as a chart has room for them; its second line says them in full."""
    for long, short in _SHORT:
        text = text.replace(long, short)
    return text


def _subtitle(figure: Figure, size: float, width: float) -> str:
    """Scale and direction, and of which referrals where there is room for all of it."""
    parts = [part for part in (_UNITS[figure.unit], _SENSE[figure.good], figure.counts) if part]
    full = " · ".join(parts)
    if not figure.counts or fits(full, fonts.REGULAR, size, width):
        return full
    return " · ".join(parts[:-1])


def _axis(value: float, unit: Unit) -> str:
    return with_unit(value, unit) if unit in (Unit.PERCENT, Unit.MONEY) else f"{value:,g}"


def _band(figure: Figure, plot: Box, at: float) -> list[Mark]:
    """Where the figure should be: a tinted band that ends in a dashed line."""
    up = figure.good is not Good.DOWN
    top, bottom = (plot.y, at) if up else (at, plot.y + plot.height)
    marks: list[Mark] = []
    if bottom > top:
        marks.append(Bar(Box(plot.x, top, plot.width, bottom - top), Ink.TINT))
    marks.append(Stroke(((plot.x, at), (plot.x + plot.width, at)), Ink.INK, 0.8, dashed=True))
    return marks


def _unsure(amount: Amount, unit: Unit) -> bool:
    return bool(amount.open) or (amount.few and unit not in (Unit.COUNT, Unit.MONEY))


def _line(
    figure: Figure, values: Sequence[float | None], points: dict[int, tuple[float, float]]
) -> list[Mark]:
    unsure = [_unsure(one.amount, figure.unit) for one in figure.months]
    marks: list[Mark] = []
    for run in runs(values):
        for (at, _), (after, _) in itertools.pairwise(run):
            dashed = unsure[at] or unsure[after]
            ends = (points[at], points[after])
            marks.append(Stroke(ends, Ink.ACCENT, 1.6, dashed=dashed))
    marks.extend(Dot(*at, radius=1.9, hollow=unsure[place]) for place, at in points.items())
    return marks


def _labels(
    figure: Figure,
    plot: Box,
    points: dict[int, tuple[float, float]],
    at_target: float | None,
    size: float,
) -> list[Mark]:
    """The last value and the target in the right gutter, the first one where it finds room."""
    right = plot.x + plot.width + 5
    room = 8.6 * size - 5
    if not points:
        return [words(right, plot.y + plot.height / 2, NOTHING, size, room=room)]
    final = figure.months[-1].amount
    blocks = [_stack(right, points, figure, size, room)]
    if at_target is not None:
        blocks.append(_aim(right, at_target, _short(target(figure)), size, room))
    marks: list[Mark] = [*_apart(blocks, plot.y - size, plot.y + plot.height + 1.6 * size)]
    start = min(points)
    if len(points) > 1 and figure.months[start].amount is not final:
        marks.extend(_first(figure, start, plot, points, at_target, size))
    return marks


def _stack(
    x: float, points: dict[int, tuple[float, float]], figure: Figure, size: float, room: float
) -> list[Words]:
    """The last month's value, of how many, and what to know about it: one line each."""
    last = len(figure.months) - 1
    at = points.get(last, points[max(points)])[1]
    told: Said = said(figure.months[-1].amount, figure.unit)
    amount = figure.months[-1].amount
    lines = [_short(told.value), told.of, *(told.note.split(", ") if told.note else [])]
    lines = [line for line in lines if line]
    if told.value == NOTHING or not amount.n:
        lines = lines[:1]
    y = at + 0.3 * size
    return [
        words(x, y + 1.15 * size * place, text, size, bold=place == 0, room=room)
        for place, text in enumerate(lines)
    ]


def _aim(x: float, y: float, aim: str, size: float, room: float) -> list[Words]:
    small = size * 0.9
    return [
        words(x, y - 0.25 * small, "target", small, room=room, ink=Ink.SOFT),
        words(x, y + 0.85 * small, aim, small, room=room, ink=Ink.SOFT),
    ]


def _apart(blocks: Sequence[list[Words]], top: float, bottom: float) -> list[Words]:
    """All in one column, each as near as there is room to where it would like to be."""
    column = sorted(blocks, key=lambda lines: lines[0].box.y)
    above = top
    for at, lines in enumerate(column):  # down, until nothing lies on what is above it
        column[at] = _moved(lines, max(above - lines[0].box.y, 0))
        above = _low(column[at]) + 1
    below = bottom
    for at in reversed(range(len(column))):  # and up again where the foot is too near
        column[at] = _moved(column[at], min(below - _low(column[at]), 0))
        below = column[at][0].box.y - 1
    return [line for lines in column for line in lines]


def _low(lines: Sequence[Words]) -> float:
    return lines[-1].box.y + lines[-1].box.height


def _moved(lines: Sequence[Words], by: float) -> list[Words]:
    return [
        Words(one.x, one.y + by, one.text, one.size, one.bold, one.anchor, one.ink) for one in lines
    ]


def _first(
    figure: Figure,
    start: int,
    plot: Box,
    points: dict[int, tuple[float, float]],
    at_target: float | None,
    size: float,
) -> list[Mark]:
    """The first value, above or below the line, or left out if there is no room for it."""
    amount = figure.months[start].amount
    told = said(amount, figure.unit)
    text = _short(f"{told.value} ({of(amount)})" if told.of else told.value)
    px, py = points[start]
    line = [points[at] for at in sorted(points)]
    aim = [] if at_target is None else [(plot.x, at_target), (plot.x + plot.width, at_target)]
    for by in (-0.7, 1.35, -1.6, 2.2, -2.6, 3.2, -3.6, 4.2):
        label = words(px + 2, py + by * size, text, size * 0.95, bold=True, room=plot.width)
        box = label.box
        around = Box(box.x, box.y - 3, box.width + 3, box.height + 6)  # a dot's radius, and air
        if (
            plot.y <= box.y <= plot.y + plot.height - box.height
            and box.x + box.width <= plot.x + plot.width
            and not around.crossed(line)
            and not around.crossed(aim)
        ):
            break
    else:
        return []
    ground = Box(box.x - 1, box.y, box.width + 2, box.height)
    return [Bar(ground, Ink.PAPER), label]
