"""Pages of a report: its own head and foot, "Page x of y", and tables with hairlines.

A report is not a letter: nobody is addressed and no patient is named, so the band of ``page`` is
not for it. Same input, same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

from reportlab.lib.colors import black
from reportlab.lib.pagesizes import LETTER
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Table, TableStyle

from reports.kit import fonts
from reports.kit.numbered import MeasuringCanvas, NumberedCanvas
from reports.kit.page import BODY_WIDTH, HEIGHT, MARGIN, ONE_AT_A_TIME, WIDTH
from reports.kit.pen import Fit, Pen
from reports.kit.text import fitted

Story = list[Flowable]
_TOP, _BOTTOM = HEIGHT - 70, 56.0
BODY_HEIGHT = _TOP - _BOTTOM


@dataclass(frozen=True)
class Sheet:
    """What stands on every page: head on the left and the right, foot on the left."""

    title: str
    head: str
    about: str
    foot: str
    subject: str
    language: str = "en-US"


def bound(sheet: Sheet, story: Callable[[Pen], Story], fits: Sequence[Fit], most: int) -> bytes:
    """The pages, as loose as ``most`` of them allow; with the last fit as many as it takes."""
    with ONE_AT_A_TIME:
        chosen = next((fit for fit in fits[:-1] if _count(sheet, story, fit) <= most), fits[-1])
        out = BytesIO()

        def dress(canvas: Canvas, pages: int) -> None:
            _dress(canvas, sheet, pages)

        _template(sheet, out).build(
            story(Pen(chosen)), canvasmaker=lambda *a, **k: NumberedCanvas(dress, *a, **k)
        )
        return out.getvalue()


def _count(sheet: Sheet, story: Callable[[Pen], Story], fit: Fit) -> int:
    template = _template(sheet, BytesIO())
    template.build(story(Pen(fit)), canvasmaker=MeasuringCanvas)
    return int(template.page)


def _template(sheet: Sheet, out: BytesIO) -> BaseDocTemplate:
    fonts.register()
    frame = Frame(MARGIN, _BOTTOM, BODY_WIDTH, BODY_HEIGHT, 0, 0, 0, 0, id="body")
    template = BaseDocTemplate(
        out,
        pagesize=LETTER,
        title=sheet.title,
        author=sheet.head,
        subject=sheet.subject,
        creator="referral-loop",
        lang=sheet.language,
        invariant=1,
        pageCompression=1,
        displayDocTitle=1,
        initialFontName=fonts.REGULAR,
    )
    template.addPageTemplates(PageTemplate(id="page", frames=[frame]))
    return template


def _dress(canvas: Canvas, sheet: Sheet, pages: int) -> None:
    right = WIDTH - MARGIN
    half = BODY_WIDTH / 2 - 6
    canvas.setLineWidth(0.8)
    canvas.setFont(fonts.BOLD, 9)
    canvas.drawString(MARGIN, HEIGHT - 48, fitted(sheet.head, fonts.BOLD, 9, half))
    canvas.setFont(fonts.REGULAR, 9)
    canvas.drawRightString(right, HEIGHT - 48, fitted(sheet.about, fonts.REGULAR, 9, half))
    canvas.line(MARGIN, HEIGHT - 54, right, HEIGHT - 54)
    canvas.setLineWidth(0.4)
    canvas.line(MARGIN, 46, right, 46)
    canvas.setFont(fonts.REGULAR, 7.5)
    canvas.drawString(MARGIN, 36, fitted(sheet.foot, fonts.REGULAR, 7.5, BODY_WIDTH - 70))
    canvas.setFont(fonts.BOLD, 8)
    canvas.drawRightString(right, 36, f"Page {canvas.getPageNumber()} of {pages}")


TOGETHER = 3  # rows of a table that are not parted from its head, nor from its end


def grid(
    columns: Sequence[Flowable],
    rows: Sequence[Sequence[Flowable]],
    widths: Sequence[float],
    pad: float = 2.0,
) -> Table:
    """A table with a repeated head, hairlines between rows and no vertical line.

    Where it goes on to another page, some rows stand on each: none is left alone.
    """
    last = len(rows)
    return Table(
        [list(columns), *(list(row) for row in rows)],
        colWidths=list(widths),
        repeatRows=1,
        hAlign="LEFT",
        style=TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), fonts.REGULAR),
                ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
                ("VALIGN", (0, 1), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("LEFTPADDING", (1, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), pad),
                ("BOTTOMPADDING", (0, 0), (-1, -1), pad),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, black),
                ("LINEBELOW", (0, 1), (-1, -1), 0.3, black),
                ("NOSPLIT", (0, 0), (-1, min(TOGETHER, last))),
                ("NOSPLIT", (0, max(last - TOGETHER + 1, 0)), (-1, last)),
            ]
        ),
    )
