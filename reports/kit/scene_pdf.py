"""Puts a chart on paper, as a drawing that reportlab sets like a paragraph."""

from __future__ import annotations

from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, Shape, String
from reportlab.lib.colors import Color, HexColor, black, white

from reports.kit import fonts
from reports.kit.bidi import visual
from reports.kit.scene import Bar, Dot, Ink, Mark, Scene, Stroke, Words

#: Accent and soft pass 4.5:1 on white and stay dark in grey (style.md, "All PDFs").
COLORS: dict[Ink, Color] = {
    Ink.INK: black,
    Ink.SOFT: HexColor(0x475463),
    Ink.ACCENT: HexColor(0x0B5C8A),
    Ink.TINT: HexColor(0xE9EFF4),
    Ink.PAPER: white,
}
STRIPE = 2.6


def to_drawing(scene: Scene) -> Drawing:
    """The scene at its own size in points."""
    fonts.register()
    drawing = Drawing(scene.width, scene.height)
    for mark in scene.marks:
        for shape in _shapes(mark, scene.height):
            drawing.add(shape)
    return drawing


def stripes(bar: Bar) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The upright lines of a striped bar."""
    box = bar.box
    count = int(box.width / STRIPE)
    return [
        ((box.x + STRIPE * at, box.y), (box.x + STRIPE * at, box.y + box.height))
        for at in range(1, count + 1)
        if STRIPE * at < box.width
    ]


def _shapes(mark: Mark, height: float) -> list[Shape]:
    if isinstance(mark, Bar):
        return _bar(mark, height)
    if isinstance(mark, Stroke):
        flat = [c for x, y in mark.points for c in (x, height - y)]
        line = PolyLine(flat, strokeWidth=mark.width, strokeColor=COLORS[mark.ink])
        if mark.dashed:
            line.strokeDashArray = [3, 2]
        line.strokeLineJoin = 1
        return [line]
    if isinstance(mark, Dot):
        fill = white if mark.hollow else COLORS[mark.ink]
        dot = Circle(mark.x, height - mark.y, mark.radius, fillColor=fill)
        dot.strokeColor, dot.strokeWidth = COLORS[mark.ink], 1.0
        return [dot]
    return [_string(mark, height)]


def _bar(bar: Bar, height: float) -> list[Shape]:
    box = bar.box
    rect = Rect(box.x, height - box.y - box.height, box.width, box.height)
    rect.fillColor = None if bar.fill is None else COLORS[bar.fill]
    rect.strokeColor = None if bar.outline is None else COLORS[bar.outline]
    rect.strokeWidth = 0.7
    if not bar.striped:
        return [rect]
    color = COLORS[bar.outline or Ink.INK]
    lines = [
        Line(x1, height - y1, x2, height - y2, strokeWidth=0.7, strokeColor=color)
        for (x1, y1), (x2, y2) in stripes(bar)
    ]
    return [rect, *lines]


def _string(mark: Words, height: float) -> String:
    return String(
        mark.x,
        height - mark.y,
        visual(mark.text),
        fontName=mark.font,
        fontSize=mark.size,
        textAnchor=mark.anchor,
        fillColor=COLORS[mark.ink],
    )
