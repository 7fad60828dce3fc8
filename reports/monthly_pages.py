"""The pages behind the first one: the way of a referral, sources, and care with its footnotes."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.platypus import (
    Flowable,
    KeepTogether,
    Paragraph,
    Spacer,
)
from reportlab.platypus import Table as Placed

from models.monthly import Figure, MonthlyReport
from reports import monthly_sentences as sentences
from reports import monthly_source_tables as source_tables
from reports import monthly_tables as tables
from reports import monthly_words as words
from reports.kit import blocks
from reports.kit.page import BODY_WIDTH
from reports.kit.pen import Pen
from reports.kit.scene_pdf import to_drawing
from reports.kit.sheet import Story, grid
from reports.kit.text import markup
from reports.monthly_charts import ageing, funnel, sparkline
from reports.monthly_rows import Table
from reports.monthly_trend import trend

_LINES = 6  # figures drawn as lines; all of them stand in a table
HOLLOW = (
    "A hollow dot is of fewer than ten, or not final because some may still come true. The dashed "
    "line is the target, the tinted side of it where the figure should be."
)
NO_LINES = "No month has any data yet."


def way_page(pen: Pen, report: MonthlyReport) -> Story:
    """Page 2: the funnel, the lines and the open referrals by age."""
    size = 8.5 * pen.fit.scale
    came = report.funnel[0].number if report.funnel else 0
    lines = drawn(report)
    return [
        pen.head(f"The way of {words.many(came, 'referral')} received this month"),
        to_drawing(funnel(report.funnel, BODY_WIDTH, size)) if came else pen.write(tables.NOBODY),
        pen.head("Twelve months"),
        *(_lines(pen, lines) if lines else [pen.write(NO_LINES)]),
        *([pen.write(HOLLOW, pen.small)] if lines else []),
        *_ages(pen, report, size),
    ]


def drawn(report: MonthlyReport) -> list[Figure]:
    """The figures drawn as lines: the tiles' first, then the others in their order.

    Those of which no month knows anything are left out.
    """
    first = [report.figure(name) for name in report.tiles]
    rest = [one for one in report.figures if one.name not in report.tiles]
    return [one for one in (*first, *rest) if any(point.amount.value for point in one.months)][
        :_LINES
    ]


def _lines(pen: Pen, figures: Sequence[Figure]) -> Story:
    gap, size = 14.0, 7.8 * pen.fit.scale
    each = (BODY_WIDTH - 2 * gap) / 3
    charts: list[Flowable] = [to_drawing(trend(one, each, 15 * size, size)) for one in figures]
    rows = [charts[at : at + 3] for at in range(0, len(charts), 3)]
    rows = [[*row, *[Spacer(0, 0)] * (3 - len(row))] for row in rows]
    style = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
    ]
    widths = [each + gap, each + gap, each]
    return [Placed(rows, colWidths=widths, style=blocks.styled(style), hAlign="LEFT")]


def _ages(pen: Pen, report: MonthlyReport, size: float) -> Story:
    table = tables.ageing(report)
    if not table.rows:
        return [pen.head(table.caption), pen.write(table.empty)]
    chart = to_drawing(ageing(report.ageing, 340, size))
    return [KeepTogether([pen.head(table.caption), chart])]


def sources_page(pen: Pen, report: MonthlyReport) -> Story:
    """Page 3: sources, relationships lost and found, channels."""
    third = BODY_WIDTH / 3
    return [
        *write_sources(pen, report),
        *write_table(pen, source_tables.silent(report), [104, 100, 58, 242]),
        *write_table(pen, source_tables.returned(report), [104, 100, 58, 242]),
        *write_table(pen, tables.channels(report), [120, 60, 130, 60, 134]),
        *_beside(
            [
                _small(pen, tables.heard(report), third - 12),
                _small(pen, tables.campaigns(report), third - 12),
                _small(pen, tables.oddities(report), third - 12),
            ],
            third,
        ),
    ]


def care_page(pen: Pen, report: MonthlyReport) -> Story:
    """Page 4: outcomes, every figure, and what each of them means."""
    value = tables.worth(report)
    outcomes, few = tables.outcomes(report), tables.withheld(report)
    story: Story = [
        KeepTogether(
            [
                *write_table(pen, outcomes, _outcome_widths(len(outcomes.columns))),
                *([pen.write(sentences.OUTCOMES, pen.small)] if report.outcomes else []),
                *([pen.write(few, pen.small)] if few else []),
            ]
        ),
        *write_figures(pen, report),
    ]
    if value:
        story += [Spacer(1, pen.gap), pen.write(value)]
    return [*story, *_definitions(pen, report)]


def _outcome_widths(columns: int) -> list[float]:
    each = (BODY_WIDTH - 156) / max(columns - 2, 1)
    return [104, 52, *[each] * (columns - 2)]


def write_table(pen: Pen, table: Table, widths: Sequence[float]) -> Story:
    """A table under its caption, or its sentence for when it is empty."""
    if not table.rows:
        return [pen.head(table.caption), pen.write(table.empty)]
    shown, left = pen.rows(table.rows)
    rows = [_cells(pen, row.cells, table.columns, strong=row.strong) for row in shown]
    return [
        *pen.head_of_table(table.caption),
        grid(_head(pen, table.columns), rows, widths),
        *_more(pen, left + table.more),
    ]


def write_sources(pen: Pen, report: MonthlyReport) -> Story:
    """The largest sources, each with a line of twelve months."""
    table = source_tables.sources(report)
    if not table.rows:
        return [pen.head(table.caption), pen.write(table.empty)]
    shown, left = pen.rows(table.rows)
    picked = (0, 1, 2, 3, 6, 8)
    columns = tuple(table.columns[at] for at in picked)
    rows = [
        [
            *_cells(pen, [row.cells[at] for at in picked], columns, strong=row.strong),
            to_drawing(sparkline(row.line, 46, 10)),
        ]
        for row in shown
    ]
    head = [*_head(pen, columns), pen.write("12 months", blocks.bold(pen, pen.small))]
    widths = [110, 31, 28, 31, 114, 140, 50]
    return [
        *pen.head_of_table(table.caption),
        grid(head, rows, widths, 1.0),
        *_more(pen, left + table.more),
    ]


def write_movers(pen: Pen, report: MonthlyReport) -> Story:
    """The sources to know about, for page 1; nothing where there are no sources at all."""
    table = source_tables.movers(report)
    if not report.sources:
        return []
    if not table.rows:
        return [pen.head(table.caption), pen.write(table.empty)]
    shown, left = pen.rows(table.rows)
    rows = [
        [*_cells(pen, row.cells, table.columns), to_drawing(sparkline(row.line, 92, 12))]
        for row in shown
    ]
    head = [*_head(pen, table.columns), pen.write("12 months", blocks.bold(pen, pen.small))]
    more = left + table.more
    return [
        *pen.head_of_table(table.caption),
        grid(head, rows, [160, 50, 194, 100], 1.0),
        *([pen.write(f"And {more:,} more among the sources.", pen.small)] if more else []),
    ]


def write_figures(pen: Pen, report: MonthlyReport) -> Story:
    """Every figure with its changes, never cut."""
    table = tables.figures(report)
    picked = (0, 1, 3, 5, 6)
    columns = tuple(table.columns[at] for at in picked)
    rows = [
        [
            *_cells(pen, [row.cells[at] for at in picked], columns),
            to_drawing(sparkline(row.line, 46, 10)),
        ]
        for row in table.rows
    ]
    head = [*_head(pen, columns), pen.write("12 months", blocks.bold(pen, pen.small))]
    widths = [126, 118, 76, 76, 58, 50]
    return [*pen.head_of_table(table.caption), grid(head, rows, widths, 1.0)]


def _head(pen: Pen, columns: Sequence[str]) -> list[Flowable]:
    small = blocks.bold(pen, pen.small)
    right = small.clone("right", alignment=pen.figure.alignment)
    return [
        pen.write(name.removeprefix(">"), right if name.startswith(">") else small)
        for name in columns
    ]


def _cells(
    pen: Pen, cells: Sequence[str], columns: Sequence[str], *, strong: bool = False
) -> list[Flowable]:
    style = blocks.bold(pen, pen.small) if strong else pen.small
    right = style.clone("number", alignment=pen.figure.alignment)
    return [
        pen.write(pen.label(cell), right if name.startswith(">") else style)
        for cell, name in zip(cells, columns, strict=True)
    ]


def _more(pen: Pen, left: int) -> Story:
    if not left:
        return []
    return [pen.write(f"And {left:,} more in the spreadsheet.", pen.small)]


def _small(pen: Pen, table: Table, width: float) -> Story:
    """A narrow table to stand beside others."""
    head = pen.write(table.caption, blocks.bold(pen))
    if not table.rows:
        return [head, pen.write(table.empty, pen.small)]
    shown, left = pen.rows(table.rows)
    first, *rows = [_cells(pen, row.cells, ("", ">"), strong=row.strong) for row in shown]
    return [head, grid(first, rows, [width - 40, 40], 1.0), *_more(pen, left + table.more)]


def _beside(parts: Sequence[Story], width: float) -> Story:
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 8),
    ]
    return [Placed([list(parts)], colWidths=[width] * len(parts), style=blocks.styled(style))]


def _definitions(pen: Pen, report: MonthlyReport) -> Story:
    if not report.definitions:
        return []
    tiny = pen.small.clone(
        "tiny", fontSize=7 * pen.fit.scale, leading=8.6 * pen.fit.scale, spaceAfter=1.5
    )
    notes: Story = [
        Paragraph(f"[{at}] <b>{markup(one.title)}.</b> {markup(one.note)}", tiny)
        for at, one in enumerate(report.definitions, 1)
    ]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
    ]
    columns = _halves(notes, report)  # read down the left one, then down the right one
    table = Placed([columns], colWidths=[BODY_WIDTH / 2] * 2, style=blocks.styled(style))
    return [KeepTogether([*pen.head_of_table("What the figures mean"), table])]


def _halves(notes: Story, report: MonthlyReport) -> list[Story]:
    """The footnotes in two columns of about the same length."""
    lengths = [len(one.title) + len(one.note) for one in report.definitions]
    half = next(at for at in range(1, len(lengths) + 1) if 2 * sum(lengths[:at]) >= sum(lengths))
    return [notes[:half], notes[half:] or [Spacer(0, 0)]]
