"""A small line chart of one measure that survives a 1-bit fax.

Black lines only: the change is solid with dots, the goal dashed, the band of change too small to
matter outlined. First and last value are written at the line; the same figures stand in a table.
"""

from __future__ import annotations

from typing import Literal

from reportlab.graphics.shapes import Circle, Drawing, Group, Line, PolyLine, Rect, String
from reportlab.lib.colors import black, white

from models.outcomes import Better, Score, number
from reports.figures import band, scale, source
from reports.kit import fonts
from reports.kit.text import day, drawn, fitted

_SMALL = 7.5
_STEP = 9.5  # least distance between two labels in the right gutter


def line_chart(score: Score, width: float, height: float = 114.0) -> Drawing:
    """Readings over time on the full scale of the measure; ``width`` and ``height`` in points."""
    fonts.register()
    drawing = Drawing(width, height)
    left, right, bottom, top = 22.0, width - 62.0, 38.0, height - 16.0
    m = score.measure

    def y(value: float) -> float:
        inside = min(max(value, m.low), m.high)
        return bottom + (inside - m.low) / (m.high - m.low) * (top - bottom)

    first, last = score.baseline.on, score.now.on
    span = max((last - first).days, 1)

    def x(reading_day: int) -> float:
        return left + 10 + min(max(reading_day / span, 0), 1) * (right - left - 18)

    drawing.add(_text(0, height - 8, fitted(scale(score), fonts.BOLD, 8.5, width), 8.5, bold=True))
    drawing.add(Line(left, bottom, left, top, strokeWidth=0.6, strokeColor=black))
    drawing.add(Line(left, bottom, right, bottom, strokeWidth=0.6, strokeColor=black))
    for value in (m.low, m.high):
        drawing.add(_text(left - 3, y(value) - 2.5, number(value), _SMALL, anchor="end"))

    step = m.meaningful if m.better is Better.HIGHER else -m.meaningful
    low, high = sorted((y(score.baseline.value), y(score.baseline.value + step)))
    drawing.add(_rect(left, low, right - left, high - low, outlined=True))
    labels = [(y(score.now.value), f"{number(score.now.value)} now", True)]
    if score.goal is not None:
        at = y(score.goal)
        drawing.add(
            Line(left, at, right, at, strokeWidth=0.9, strokeColor=black, strokeDashArray=[4, 3])
        )
        labels.append((at, f"{number(score.goal)} goal", False))

    points = [(x((r.on - first).days), y(r.value)) for r in score.readings]
    flat = [c for point in points for c in point]
    drawing.add(PolyLine(flat, strokeWidth=1.8, strokeColor=black))
    for px, py in points:
        drawing.add(Circle(px, py, 2.4, fillColor=black, strokeColor=black))

    drawing.add(_first_label(points, number(score.baseline.value), bottom, top))
    for at, label, bold in _apart(labels, bottom, top):
        drawing.add(_text(right + 4, at - 2.5, label, 8.5 if bold else _SMALL, bold=bold))
    drawing.add(_text(left, bottom - 10, day(first), _SMALL))
    drawing.add(_text(right, bottom - 10, day(last), _SMALL, anchor="end"))
    for at, line in ((13, band(score)), (3.5, source(score))):
        drawing.add(_text(0, at, fitted(line, fonts.REGULAR, _SMALL, width), _SMALL))
    return drawing


def _first_label(points: list[tuple[float, float]], text: str, bottom: float, top: float) -> Group:
    """The first value, on the side the line does not take, on a white ground."""
    px, py = points[0]
    rising = points[1][1] >= py
    above = (not rising and py + 14 <= top) or py - 13 < bottom
    at = py + 6 if above else py - 12
    wide = fonts.width(text, fonts.BOLD, 8.5)
    group = Group()
    group.add(_rect(px - 5, at - 1.5, wide + 3, 9.5, outlined=False))
    group.add(_text(px - 3.5, at, text, 8.5, bold=True))
    return group


def _apart(
    labels: list[tuple[float, str, bool]], bottom: float, top: float
) -> list[tuple[float, str, bool]]:
    """Move labels of the right gutter up or down until none touches another."""
    placed = sorted(labels)
    if len(placed) == 2 and placed[1][0] - placed[0][0] < _STEP:
        middle = (placed[0][0] + placed[1][0]) / 2
        middle = min(max(middle, bottom + _STEP / 2), top - _STEP / 2)
        placed = [
            (middle - _STEP / 2, *placed[0][1:]),
            (middle + _STEP / 2, *placed[1][1:]),
        ]
    return placed


def _rect(x: float, y: float, width: float, height: float, *, outlined: bool) -> Rect:
    rect = Rect(x, y, width, height)
    rect.fillColor = None if outlined else white
    rect.strokeColor = black if outlined else None
    rect.strokeWidth = 0.3
    return rect


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    bold: bool = False,
    anchor: Literal["start", "end"] = "start",
) -> String:
    font = fonts.BOLD if bold else fonts.REGULAR
    return String(x, y, drawn(text), fontName=font, fontSize=size, textAnchor=anchor)
