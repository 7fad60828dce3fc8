"""The building blocks of our pages: verdict box, tables, signature line.

Weight and outline carry the meaning, never a tint. Everything given is plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.lib.colors import black
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Paragraph, Spacer, Table, TableStyle

from models.documents import Document, Goal
from models.outcomes import Score
from reports import figures, words
from reports.kit import fonts
from reports.kit.charts import line_chart
from reports.kit.page import BODY_WIDTH, name_was_cut
from reports.kit.pen import Pen
from reports.kit.text import markup

PAD = 7.0
_HAIR = 0.4


def opening(pen: Pen, document: Document, title: str | None = None) -> list[Flowable]:
    """The title, and the patient's full name when the band had to cut it."""
    story: list[Flowable] = [pen.write(title or document.title, pen.title)]
    if name_was_cut(document) and document.about is not None:
        about = document.about
        name = pen.label(about.name)
        story.append(
            pen.labelled("Patient:", words.patient_line(about.model_copy(update={"name": name})))
        )
    return story


def verdict_box(
    pen: Pen, verdict: str, ask: str, *, lines: Sequence[str] = (), red_flags: Sequence[str] = ()
) -> list[Flowable]:
    """Red flags first, then the bottom line in bold, then what is asked."""
    shown, left = pen.rows(red_flags)
    cells: list[Flowable] = [pen.labelled("Red flag:", pen.lead(flag)) for flag in shown]
    if left:
        cells.append(pen.labelled("Red flags:", words.more_red_flags(left)))
    cells.append(pen.write(pen.lead(verdict), pen.verdict))
    cells.extend(pen.write(pen.free(line)) for line in lines if line)
    if ask:
        cells.append(pen.labelled("→", pen.lead(ask), pen.strong))
    return [boxed(pen, cells), Spacer(1, pen.gap)]


def facts(pen: Pen, rows: Sequence[tuple[str, str]]) -> list[Flowable]:
    """Label and value side by side; a long value may run over a page end."""
    if not rows:
        return []
    label = 104.0
    table = Table(
        [[pen.write(k, bold(pen)), pen.write(pen.free(v), pen.cell)] for k, v in rows],
        colWidths=[label, BODY_WIDTH - label],
        splitInRow=1,
        style=styled(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
                ("LINEBELOW", (0, 0), (-1, -1), _HAIR, black),
            ]
        ),
    )
    return [table, Spacer(1, pen.gap)]


def running(pen: Pen, rows: Sequence[tuple[str, str]]) -> list[Flowable]:
    """Short paragraphs, each opened by its label."""
    return [pen.labelled(f"{title}.", pen.free(text)) for title, text in rows]


def bullets(pen: Pen, items: Sequence[str], mark: str = "•") -> list[Flowable]:
    """A list; ``mark`` may be a box for a pen."""
    shown, left = pen.rows(items)
    style = pen.body.clone("bullet", leftIndent=13, bulletIndent=1)
    story: list[Flowable] = [
        Paragraph(markup(pen.free(item)), style, bulletText=mark) for item in shown
    ]
    if left:
        story.append(Paragraph(f"and {left} more in our record", style))
    return story


def numbered(pen: Pen, items: Sequence[str]) -> list[Flowable]:
    """A numbered list."""
    style = pen.body.clone("numbered", leftIndent=16, bulletIndent=1)
    return [
        Paragraph(markup(pen.free(item)), style, bulletText=f"{i}.")
        for i, item in enumerate(items, 1)
    ]


def score_table(pen: Pen, scores: Sequence[Score]) -> list[Flowable]:
    """Measures with signed change and the threshold beside it."""
    shown, left = pen.rows(scores)
    rows: list[list[Flowable]] = []
    for score in shown:
        r = figures.score_row(score)
        values = r[1:6]
        rows.append(
            [
                pen.write(pen.label(r.measure), pen.cell),
                *(pen.write(v, pen.figure) for v in values),
                pen.write(r.result, pen.cell),
            ]
        )
    widths = [152.0, 66.0, 38.0, 46.0, 38.0, 64.0, 100.0]
    return _table(pen, figures.SCORE_COLUMNS, rows, widths, left)


def start_table(pen: Pen, scores: Sequence[Score]) -> list[Flowable]:
    """Measures taken once so far: where the patient starts and where the plan goes."""
    shown, left = pen.rows(scores)
    rows: list[list[Flowable]] = []
    for score in shown:
        measure, *values = figures.start_row(score)
        rows.append(
            [
                pen.write(pen.label(measure), pen.cell),
                *(pen.write(v, pen.figure) for v in values),
                Spacer(0, 0),
            ]
        )
    return _table(pen, (*figures.START_COLUMNS, ""), rows, [190.0, 72.0, 60.0, 92.0, 90.0], left)


def goal_table(pen: Pen, goals: Sequence[Goal]) -> list[Flowable]:
    """Goals with where they began, where they are and how they stand."""
    shown, left = pen.rows(goals)
    rows: list[list[Flowable]] = []
    for goal in shown:
        r = figures.goal_row(goal)
        text = markup(pen.free(r.goal))
        if r.why:
            text += f"<br/><i>{markup(pen.free(r.why))}</i>"
        rows.append(
            [
                Paragraph(text, pen.cell),
                *(pen.write(pen.label(f), pen.figure) for f in r[1:5]),
                pen.write(r.status, bold(pen)),
            ]
        )
    widths = [222.0, 62.0, 56.0, 46.0, 58.0, 60.0]
    return _table(pen, figures.GOAL_COLUMNS, rows, widths, left)


def _table(
    pen: Pen,
    columns: Sequence[str],
    rows: list[list[Flowable]],
    widths: list[float],
    left: int,
) -> list[Flowable]:
    last = len(columns) - 1
    small = bold(pen, pen.small)
    right = small.clone("right", alignment=pen.figure.alignment)
    header: list[Flowable] = [
        pen.write(c, small if i in (0, last) else right) for i, c in enumerate(columns)
    ]
    style: list[Any] = [
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("VALIGN", (0, 1), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("LEFTPADDING", (1, 0), (-1, -1), 3),
        ("LEFTPADDING", (last, 0), (last, -1), 8),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, black),
        ("LINEBELOW", (0, 1), (-1, -1), _HAIR, black),
    ]
    if left:
        note = pen.write(f"and {left} more in our record", pen.small)
        rows = [*rows, [note, *([Spacer(0, 0)] * last)]]
        style.append(("SPAN", (0, len(rows)), (-1, len(rows))))
    table = Table(
        [header, *rows],
        colWidths=widths,
        repeatRows=1,
        style=styled(style),
    )
    return [table, Spacer(1, pen.gap)]


def charts(pen: Pen, scores: Sequence[Score]) -> list[Flowable]:
    """At most two charts side by side: function and pain."""
    pair = scores[:2]
    if not pair:
        return []
    each = (BODY_WIDTH - 18) / 2
    height = 114 * max(pen.fit.scale, 0.9)
    row = [line_chart(score, each - 4, height) for score in pair]
    table = Table(
        [row],
        colWidths=[each + 9] * len(row),
        hAlign="LEFT",
        style=styled([("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]),
    )
    return [table, Spacer(1, 2)]


def signed_by(pen: Pen, document: Document) -> Flowable:
    """Who signed and when, or that nobody has; the hash of the content is in the foot."""
    author = document.author
    if author is None:
        return pen.write("Draft. Not signed by a clinician; do not send.", bold(pen))
    return pen.write(words.signed_line(author, document.letterhead.time_zone), bold(pen))


def styled(commands: list[Any]) -> TableStyle:
    """A table style in our font: reportlab's own default would leave a font unembedded."""
    return TableStyle([("FONTNAME", (0, 0), (-1, -1), fonts.REGULAR), *commands])


def boxed(pen: Pen, cells: Sequence[Flowable]) -> Table:
    """One outlined box around some paragraphs."""
    last = len(cells) - 1
    return Table(
        [[cell] for cell in cells],
        colWidths=[BODY_WIDTH],
        style=styled(
            [
                ("BOX", (0, 0), (-1, -1), 1.4, black),
                ("LEFTPADDING", (0, 0), (-1, -1), PAD),
                ("RIGHTPADDING", (0, 0), (-1, -1), PAD),
                ("TOPPADDING", (0, 0), (-1, -1), 2 * pen.fit.scale),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2 * pen.fit.scale),
                ("TOPPADDING", (0, 0), (-1, 0), 5),
                ("BOTTOMPADDING", (0, last), (-1, last), 6),
            ]
        ),
    )


def bold(pen: Pen, style: ParagraphStyle | None = None) -> ParagraphStyle:
    """A style in the bold font; that of table cells unless another is given."""
    return ParagraphStyle("bold", style or pen.cell, fontName=fonts.BOLD)
