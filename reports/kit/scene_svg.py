"""Puts a chart on a page, as inline SVG without a script, a style or a font of its own.

Colours stand as attributes, so that it looks right without a stylesheet, and as classes
(``fill-accent``), so that a stylesheet can make it dark. A text is as long as on paper in whatever
font the reader has: nothing that was laid out apart can collide.
"""

from __future__ import annotations

from html import escape

from markupsafe import Markup

from reports.kit.scene import Bar, Dot, Ink, Mark, Scene, Stroke, Words
from reports.kit.scene_pdf import stripes
from reports.kit.text import tidy

_COLORS = {
    Ink.INK: "#16202a",
    Ink.SOFT: "#475463",
    Ink.ACCENT: "#0b5c8a",
    Ink.TINT: "#e9eff4",
    Ink.PAPER: "#ffffff",
}
_FAMILY = "DejaVu Sans Condensed, Verdana, Roboto, Segoe UI, sans-serif"


def to_svg(scene: Scene, key: str) -> Markup:
    """The scene with its title and description; ``key`` makes their ids unique on the page."""
    name = escape(key)
    return _svg(
        scene,
        f'role="img" aria-labelledby="{name}-title {name}-says"',
        f'<title id="{name}-title">{escape(tidy(scene.title))}</title>'
        f'<desc id="{name}-says">{escape(tidy(scene.says))}</desc>',
    )


def to_hidden_svg(scene: Scene) -> Markup:
    """A small picture of numbers that stand beside it in words: passed over when read aloud."""
    return _svg(scene, 'aria-hidden="true" focusable="false"', "")


def _svg(scene: Scene, attributes: str, head: str) -> Markup:
    body = "".join(_tag(mark) for mark in scene.marks)
    size = f"{_n(scene.width)} {_n(scene.height)}"
    return Markup(  # noqa: S704 - every text and attribute in it is escaped above and below
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {size}" '
        f'width="{_n(scene.width)}" height="{_n(scene.height)}" overflow="visible" '
        f'font-family="{_FAMILY}" '
        f"{attributes}>{head}{body}</svg>"
    )


def _tag(mark: Mark) -> str:
    if isinstance(mark, Bar):
        return _bar(mark)
    if isinstance(mark, Stroke):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in mark.points)
        dashes = ' stroke-dasharray="3 2"' if mark.dashed else ""
        return (
            f'<polyline points="{points}" stroke-width="{_n(mark.width)}" '
            f'stroke-linejoin="round"{dashes} {_paint(stroke=mark.ink)}/>'
        )
    if isinstance(mark, Dot):
        paint = _paint(Ink.PAPER if mark.hollow else mark.ink, mark.ink)
        return f'<circle cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.radius)}" {paint}/>'
    return _text(mark)


def _bar(bar: Bar) -> str:
    box = bar.box
    tag = (
        f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" '
        f'height="{_n(box.height)}" stroke-width="0.7" {_paint(bar.fill, bar.outline)}/>'
    )
    if not bar.striped:
        return tag
    path = " ".join(f"M{_n(x)} {_n(y1)}V{_n(y2)}" for (x, y1), (_, y2) in stripes(bar))
    return f'{tag}<path d="{path}" stroke-width="0.7" {_paint(stroke=bar.outline or Ink.INK)}/>'


def _text(mark: Words) -> str:
    anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
    weight = ' font-weight="bold"' if mark.bold else ""
    return (
        f'<text x="{_n(mark.x)}" y="{_n(mark.y)}" font-size="{_n(mark.size)}"{weight}{anchor} '
        f'textLength="{_n(mark.length)}" lengthAdjust="spacingAndGlyphs" {_paint(mark.ink)}>'
        f"{escape(mark.text)}</text>"
    )


def _paint(fill: Ink | None = None, stroke: Ink | None = None) -> str:
    classes = [*([f"fill-{fill}"] if fill else []), *([f"line-{stroke}"] if stroke else [])]
    return (
        f'class="{" ".join(classes)}" fill="{_COLORS[fill] if fill else "none"}" '
        f'stroke="{_COLORS[stroke] if stroke else "none"}"'
    )


def _n(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
