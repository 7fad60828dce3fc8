"""What a chart consists of, before it is paper or screen: bars, lines, dots and words in a box.

One chart is drawn once, as a ``Scene``, and then put on paper (``scene_pdf``) and on a page
(``scene_svg``). Lengths are points; x grows to the right and y downwards. Meaning is in lengths,
outlines, stripes and words; colours only please, so a grey print loses nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from reports.kit import fonts
from reports.kit.bidi import visual
from reports.kit.text import cut

_ASCENT, _DESCENT = 0.76, 0.22  # of DejaVu Sans Condensed, in parts of its size


class Ink(StrEnum):
    """What a colour is for; what it looks like is the business of paper and page."""

    INK = "ink"
    SOFT = "soft"
    ACCENT = "accent"
    TINT = "tint"
    PAPER = "paper"


@dataclass(frozen=True)
class Box:
    """A rectangle; the first corner is the upper left one."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        return (
            self.x < other.x + other.width - 0.01
            and other.x < self.x + self.width - 0.01
            and self.y < other.y + other.height - 0.01
            and other.y < self.y + self.height - 0.01
        )

    def crossed(self, points: Sequence[tuple[float, float]]) -> bool:
        """Whether a line through the points runs through the box."""
        return any(_through(self, first, last) for first, last in itertools.pairwise(points))


def _through(box: Box, first: tuple[float, float], last: tuple[float, float]) -> bool:
    """Liang and Barsky's test of a straight line against a rectangle."""
    enters, leaves = 0.0, 1.0
    for axis, low, size in ((0, box.x, box.width), (1, box.y, box.height)):
        begin, step = first[axis], last[axis] - first[axis]
        if step == 0:
            if not low < begin < low + size:
                return False
            continue
        one, other = sorted(((low - begin) / step, (low + size - begin) / step))
        enters, leaves = max(enters, one), min(leaves, other)
    return enters < leaves


@dataclass(frozen=True)
class Bar:
    """A filled, outlined or striped rectangle."""

    box: Box
    fill: Ink | None = Ink.ACCENT
    outline: Ink | None = None
    striped: bool = False


@dataclass(frozen=True)
class Stroke:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    ink: Ink = Ink.INK
    width: float = 0.6
    dashed: bool = False


@dataclass(frozen=True)
class Dot:
    """A point of a line; a hollow one is not final, or of too few."""

    x: float
    y: float
    radius: float = 2.0
    hollow: bool = False
    ink: Ink = Ink.ACCENT


@dataclass(frozen=True)
class Words:
    """One line of text; ``y`` is its baseline. In reading order, whatever its script."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False
    anchor: Literal["start", "middle", "end"] = "start"
    ink: Ink = Ink.INK

    @property
    def font(self) -> str:
        return fonts.BOLD if self.bold else fonts.REGULAR

    @property
    def length(self) -> float:
        """How wide it is drawn."""
        return fonts.width(visual(self.text), self.font, self.size)

    @property
    def box(self) -> Box:
        """Where it is, from the top of its tallest letter to below its lowest one."""
        left = {"start": 0.0, "middle": self.length / 2, "end": self.length}[self.anchor]
        height = (_ASCENT + _DESCENT) * self.size
        return Box(self.x - left, self.y - _ASCENT * self.size, self.length, height)


Mark = Bar | Stroke | Dot | Words


@dataclass(frozen=True)
class Scene:
    """A finished chart. ``title`` names it and ``says`` tells in words what it shows."""

    width: float
    height: float
    title: str
    says: str
    marks: tuple[Mark, ...]


def words(
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    room: float | None = None,
    bold: bool = False,
    anchor: Literal["start", "middle", "end"] = "start",
    ink: Ink = Ink.INK,
) -> Words:
    """A line of text from anywhere: what cannot be drawn becomes a box, what is too long is cut."""
    font = fonts.BOLD if bold else fonts.REGULAR
    fitting = cut(text, font, size, room if room is not None else 10_000)
    return Words(x, y, fitting, size, bold, anchor, ink)
