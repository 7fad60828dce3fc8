"""The monthly report on paper: page 1 says it all, the pages behind it say why.

Two to four pages for usual months; a report with very many figures takes the pages it needs.
Everything is cut visibly and nothing for good: the twin and the spreadsheet hold it in full.
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from reportlab.lib.colors import black
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import CondPageBreak, PageBreak, Paragraph, Spacer, Table

from models.monthly import Figure, MonthlyReport, Unit
from reports import monthly_sentences as sentences
from reports import monthly_tables as tables
from reports import monthly_words as words
from reports.kit import blocks, fonts
from reports.kit.page import BODY_WIDTH
from reports.kit.pen import Fit, Pen
from reports.kit.scene_pdf import to_drawing
from reports.kit.sheet import BODY_HEIGHT, Sheet, Story, bound
from reports.kit.text import markup, shortened
from reports.monthly_charts import sparkline
from reports.monthly_pages import (
    care_page,
    sources_page,
    way_page,
    write_movers,
    write_table,
)
from reports.monthly_words import compared, said

PAGES = 4
ENOUGH = 0.35 * BODY_HEIGHT  # of a page for the next part to begin on it
_FITS = (
    Fit(1.0, 240, 18),
    Fit(0.95, 240, 18),
    Fit(0.9, 200, 16),
    Fit(0.86, 200, 16),
    Fit(0.86, 200, 13),
    Fit(0.86, 160, 10),
    Fit(0.82, 90, 8),
    Fit(0.82, 90, 6),
)


def build(report: MonthlyReport, desk: str | None = None) -> bytes:
    """The PDF; ``desk`` is the address of the desk, for links to the referrals behind a figure.

    The same report gives the same bytes.
    """
    note = f"{sentences.status(report)}. No patient is named. Data {sentences.fingerprint(report)}"
    sheet = Sheet(
        title=f"Monthly report {report.month}, {shortened(report.scope_name, 60)}",
        head=report.org_name,
        about=f"{report.scope_name} · {report.month_says}",
        foot=note,
        subject="monthly_report",
    )

    def story(pen: Pen) -> Story:
        return [
            *_first_page(pen, report, desk),
            # Where nobody came there is little to show: it goes on below, if there is room.
            CondPageBreak(ENOUGH) if not _came(report) else PageBreak(),
            *way_page(pen, report),
            CondPageBreak(ENOUGH),  # where next to nothing was drawn the page goes on
            *sources_page(pen, report),
            *care_page(pen, report),
        ]

    return bound(sheet, story, _FITS, PAGES)


def _came(report: MonthlyReport) -> bool:
    return bool(report.funnel and report.funnel[0].number)


def _first_page(pen: Pen, report: MonthlyReport, desk: str | None) -> Story:
    name = pen.label(report.scope_name)
    story: Story = [
        pen.write(f"Monthly report: {report.month_says}, {name}", pen.title),
        blocks.boxed(pen, [pen.write(pen.lead(report.verdict), pen.verdict)]),
        Spacer(1, 2 * pen.gap),
        *_tiles(pen, report, desk),
        Spacer(1, pen.gap),
        pen.head("Three things to do" if len(report.things) == 3 else "To do"),
        *_things(pen, report, desk),
    ]
    story += write_movers(pen, report)
    if report.clinics:
        story += write_table(pen, tables.clinics(report), _clinic_widths(report))
    story.append(pen.head("How sure these figures are"))
    sure = (sentences.known(report), sentences.late(report), sentences.zones(report))
    story += [pen.write(line) for line in sure if line]
    return story


def _clinic_widths(report: MonthlyReport) -> list[float]:
    """A share brings its two counts along and needs the most room, a count the least."""
    first = 0.21 * BODY_WIDTH
    units = [report.figure(name).unit for name in report.tiles]
    parts = [{Unit.COUNT: 4.0, Unit.PERCENT: 10.0}.get(unit, 7.0) for unit in units]
    return [first, *[(BODY_WIDTH - first) * part / sum(parts) for part in parts]]


def _tiles(pen: Pen, report: MonthlyReport, desk: str | None) -> Story:
    """Five figures side by side, each part of them on a line of its own across all."""
    tiles = [_tile(pen, report, report.figure(name), desk) for name in report.tiles]
    if not tiles:
        return []
    rows = [list(row) for row in zip(*tiles, strict=True)]
    lines = [("LINEBEFORE", (at, 0), (at, -1), 0.4, black) for at in range(1, len(tiles))]
    style = blocks.styled(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("LEFTPADDING", (1, 0), (-1, -1), 7),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            *lines,
        ]
    )
    width = BODY_WIDTH / len(tiles)
    return [Table(rows, colWidths=[width] * len(tiles), style=style)]


def _tile(pen: Pen, report: MonthlyReport, figure: Figure, desk: str | None) -> Story:
    told = said(figure.now, figure.unit)
    number, unit = words.parted(told.value)
    value = _linked(number, sentences.drill(report, figure.name), desk)
    width = BODY_WIDTH / len(report.tiles) - 16
    size, small = _sizes(pen, number, unit, width)
    big = pen.title.clone("tile", fontSize=size, leading=24 * pen.fit.scale)
    under = ", ".join(part for part in (told.of, told.note) if part) or figure.counts
    last, year = compared(figure, report.month)
    return [
        pen.write(figure.title, blocks.bold(pen, pen.small)),
        Paragraph(f'{value} <font size="{small:g}">{markup(unit)}</font>', big),
        pen.write(under, pen.small),
        to_drawing(sparkline(tables.line(figure), width, 30)),
        pen.write(last, pen.small),
        pen.write(year, pen.small),
    ]


def _sizes(pen: Pen, number: str, unit: str, room: float) -> tuple[float, float]:
    """Type of a tile's number and of its unit, as large as one line allows."""
    small = 8.5 * pen.fit.scale
    for size in (20.0, 17.0, 14.0):
        wide = fonts.width(f"{number} ", fonts.BOLD, size * pen.fit.scale)
        if wide + fonts.width(unit, fonts.BOLD, small) <= room:
            return size * pen.fit.scale, small
    return 12 * pen.fit.scale, small


def _things(pen: Pen, report: MonthlyReport, desk: str | None) -> Story:
    if not report.things:
        return [pen.write("Nothing stands out this month.")]
    story: Story = []
    for at, thing in enumerate(report.things, 1):
        says = _linked(pen.lead(thing.says), thing.link, desk)
        story.append(Paragraph(f"<b>{says}</b>", pen.body, bulletText=f"{at}."))
        why = markup(pen.free(thing.why))
        where = "" if desk is None else f" {markup(f'{desk}{thing.link}')}"  # for who holds paper
        story.append(Paragraph(f"{why}{where}", _indented(pen)))
    return story


def _indented(pen: Pen) -> ParagraphStyle:
    return pen.small.clone("why", leftIndent=12, spaceAfter=4)


def _linked(text: str, path: str, desk: str | None) -> str:
    """Markup of a text, and where we know the desk's address a link to a page of it."""
    if desk is None:
        return markup(text)
    return f"<link href={quoteattr(desk + path)}>{markup(text)}</link>"
