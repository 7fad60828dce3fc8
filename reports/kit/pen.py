"""How one page is written: sizes, styles, and how much of a long text it may show.

The one-page promise is kept by a ladder of ``Fit`` values, tried in order until the content fits:

1. smaller type, from 9.75 pt down to 8 pt;
2. then shorter free text, each cut ending in "… (more in our record)";
3. then fewer rows in tables, with a last row that says how many are not shown.

Verdict, ask, red flags and the answer box come first and shrink last. What is cut is never lost:
the data object, its HTML twin and the chart hold it in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import CondPageBreak, Flowable, Paragraph

from reports.kit import fonts
from reports.kit.text import markup, shortened

T = TypeVar("T")

SIZE = 9.75
LEADING = 13.0
MORE = " (more in our record)"


@dataclass(frozen=True)
class Fit:
    """How tight the page is: ``scale`` of type, ``chars`` per free text, ``rows`` per table."""

    scale: float = 1.0
    chars: int | None = None
    rows: int | None = None


SHRINK = tuple(Fit(s) for s in (1.0, 0.95, 0.9, 0.86, 0.82))
SHORTEN = (
    Fit(0.82, 900, 10),
    Fit(0.82, 600, 8),
    Fit(0.82, 400, 6),
    Fit(0.82, 260, 5),
    Fit(0.82, 160, 4),
    Fit(0.82, 90, 3),
    Fit(0.82, 60, 2),
)
ONE_PAGE = SHRINK + SHORTEN


class Pen:
    """Writes paragraphs at the size and length its ``Fit`` allows; all text given is plain."""

    def __init__(self, fit: Fit) -> None:
        fonts.register()
        self.fit = fit
        scale = fit.scale
        self.body = ParagraphStyle(
            "body",
            fontName=fonts.REGULAR,
            fontSize=SIZE * scale,
            leading=LEADING * scale,
            allowWidows=0,
            allowOrphans=0,
            spaceAfter=3 * scale,
            bulletFontName=fonts.REGULAR,
            bulletFontSize=SIZE * scale,
        )
        self.cell = ParagraphStyle("cell", self.body, fontSize=9 * scale, leading=11.5 * scale)
        self.cell.spaceAfter = 0
        self.figure = ParagraphStyle("figure", self.cell, alignment=TA_RIGHT)
        self.small = ParagraphStyle("small", self.cell, fontSize=8 * scale, leading=10 * scale)
        self.strong = ParagraphStyle("strong", self.body, fontName=fonts.BOLD)
        self.title = ParagraphStyle(
            "title", fontName=fonts.BOLD, fontSize=15 * scale, leading=18 * scale, spaceAfter=5
        )
        self.heading = ParagraphStyle(
            "heading",
            fontName=fonts.BOLD,
            fontSize=10.5 * scale,
            leading=13 * scale,
            spaceBefore=8 * scale,
            spaceAfter=2.5 * scale,
            keepWithNext=1,
        )
        self.verdict = ParagraphStyle(
            "verdict", fontName=fonts.BOLD, fontSize=11.5 * scale, leading=14.5 * scale
        )

    @property
    def gap(self) -> float:
        """The usual space between two blocks, in points."""
        return 6 * self.fit.scale

    def free(self, text: str) -> str:
        """Free text as long as this page allows."""
        return shortened(text, self.fit.chars, MORE)

    def lead(self, text: str) -> str:
        """Verdict, ask and red flags: cut only when nothing else is left to cut."""
        limit = None if self.fit.chars is None else max(2 * self.fit.chars, 140)
        return shortened(text, limit, MORE)

    def label(self, text: str) -> str:
        """A name or short field, which is cut only on the tightest pages and without a note."""
        return shortened(text, None if self.fit.chars is None else max(self.fit.chars // 2, 40))

    def rows(self, items: Sequence[T]) -> tuple[list[T], int]:
        """The rows shown and how many are not."""
        if self.fit.rows is None or len(items) <= self.fit.rows:
            return list(items), 0
        return list(items[: self.fit.rows]), len(items) - self.fit.rows

    def write(self, text: str, style: ParagraphStyle | None = None) -> Paragraph:
        """A paragraph of plain text, in full."""
        return Paragraph(markup(text), style or self.body)

    def labelled(self, label: str, text: str, style: ParagraphStyle | None = None) -> Paragraph:
        """``Label: text`` with the label in bold."""
        return Paragraph(f"<b>{markup(label)}</b> {markup(text)}", style or self.body)

    def head(self, text: str) -> Paragraph:
        """A section heading that stays with what follows, as a whole."""
        return Paragraph(markup(text), self.heading)

    def head_of_table(self, text: str) -> list[Flowable]:
        """A heading with room for the first rows below it; the table itself may break."""
        style = ParagraphStyle("table-heading", self.heading, keepWithNext=0)
        return [CondPageBreak(90 * self.fit.scale), Paragraph(markup(text), style)]
