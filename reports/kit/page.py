"""The frame of every page, and the promise of how many there are.

Letter size, 0.75 in margins. The band on top names clinic, addressee and patient on every page, so
that a page that falls out of the tray still finds its chart; it serves as header instead of a
cover sheet (policy.md §3). Same input, same bytes: no clock, no random ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from threading import Lock

from reportlab.lib.pagesizes import LETTER
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageBreak, PageTemplate
from reportlab.platypus.doctemplate import LayoutError

from models.base import Model
from models.documents import Document, content_hash
from models.errors import BadRequest
from reports import words
from reports.kit import fonts
from reports.kit.numbered import MeasuringCanvas, NumberedCanvas
from reports.kit.pen import ONE_PAGE, SHRINK, Fit, Pen
from reports.kit.text import day, fits, fitted, wrapped

MARGIN = 0.75 * inch
WIDTH, HEIGHT = LETTER
BODY_WIDTH = WIDTH - 2 * MARGIN
_BODY_TOP = HEIGHT - 114
_BODY_BOTTOM = 68.0
# Fonts are registered for the whole process: first documents drawn by two threads at once came out
# with other bytes. Drawing is pure Python, so taking turns costs no throughput.
ONE_AT_A_TIME = Lock()
# Characters of stored content, names of fields included; 8 pt type holds about half of it.
_NEVER_ON_A_PAGE = 16_000
_MIDDLE = MARGIN + BODY_WIDTH / 2 + 12

Story = list[Flowable]
#: Rungs tried in order: how tight, and on how many pages at most (None: as many as it takes).
Ladder = Sequence[tuple[Fit, int | None]]

EXACTLY_ONE: Ladder = tuple((fit, 1) for fit in ONE_PAGE)
#: One page if a little less air is enough, else two, cut only when two are not enough.
AT_MOST_TWO: Ladder = (*((fit, 1) for fit in SHRINK[:3]), *((fit, 2) for fit in ONE_PAGE))
#: A plan that is signed is never shortened: it takes the pages it needs.
NEVER_SHORTENED: Ladder = (*((fit, 1) for fit in SHRINK[:4]), (Fit(), None))


@dataclass(frozen=True)
class Part:
    """Some pages of a document: what they say at a given tightness, and the rungs allowed.

    ``content`` is what they are about, if that is less than the whole document.
    """

    story: Callable[[Pen], Story]
    ladder: Ladder = EXACTLY_ONE
    content: Model | None = None


def typeset(
    document: Document, *parts: Part, behind: int = 0, attachment: bytes | None = None
) -> bytes:
    """Set the parts one after another, each on fresh pages.

    ``attachment`` is the PDF that will be put behind, ``behind`` its number of pages; its bytes
    count in the content hash that the metadata holds in full.

    Raises BadRequest (``does_not_fit``) when even the last rung of a ladder is too long, which
    takes content beyond anything a document should hold.
    """
    with ONE_AT_A_TIME:
        return _typeset(document, parts, behind, attachment)


def _typeset(
    document: Document, parts: Sequence[Part], behind: int, attachment: bytes | None
) -> bytes:
    story: Story = []
    for part in parts:
        if story:
            story.append(PageBreak())
        story.extend(_fitting(document, part))
    out = BytesIO()
    template = _template(document, out)
    template.keywords = [f"sha256:{content_hash(document, attachment)}"]
    digest = words.hash_line(document, attachment)

    def dress(canvas: Canvas, pages: int) -> None:
        _band(canvas, document, pages + behind)
        _foot(canvas, document, digest, pages + behind)

    template.build(story, canvasmaker=lambda *a, **k: NumberedCanvas(dress, *a, **k))
    return out.getvalue()


def name_was_cut(document: Document) -> bool:
    """Whether the band had to cut the patient's name, so that the body must hold it in full."""
    about = document.about
    return about is not None and not fits(about.name, fonts.BOLD, 9, _VALUE_RIGHT)


def _fitting(document: Document, part: Part) -> Story:
    size = len((part.content or document).model_dump_json())
    for fit, most in part.ladder:
        if most is not None and fit.chars is None and size > most * _NEVER_ON_A_PAGE:
            continue  # measuring a book six times only to cut it would take a minute
        try:
            pages = _count(document, part.story(Pen(fit)))
        except LayoutError:
            continue
        if most is None or pages <= most:
            return part.story(Pen(fit))
    raise BadRequest(
        f"The {document.kind} is too long for its pages even when shortened; write less.",
        code="does_not_fit",
    )


def _count(document: Document, story: Story) -> int:
    template = _template(document, BytesIO())
    template.build(story, canvasmaker=MeasuringCanvas)
    return int(template.page)


def _template(document: Document, out: BytesIO) -> BaseDocTemplate:
    frame = Frame(
        MARGIN,
        _BODY_BOTTOM,
        BODY_WIDTH,
        _BODY_TOP - _BODY_BOTTOM,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    template = BaseDocTemplate(
        out,
        pagesize=LETTER,
        # Metadata travels in file lists and viewers' title bars: ids only, no patient.
        title=f"{document.title} {document.document_id} version {document.version}",
        author=document.letterhead.clinic,
        subject=document.kind,
        creator="referral-loop",
        lang=document.language,
        invariant=1,
        pageCompression=1,
        displayDocTitle=1,
        initialFontName=fonts.REGULAR,
    )

    def draft(canvas: Canvas, _template: object) -> None:
        if document.is_draft:
            _watermark(canvas)

    template.addPageTemplates(PageTemplate(id="page", frames=[frame], onPage=draft))
    return template


def _watermark(canvas: Canvas) -> None:
    """Large outlined letters: a tint would vanish or turn to noise on a fax."""
    canvas.saveState()
    canvas.translate(WIDTH / 2, HEIGHT / 2 - 30)
    canvas.rotate(48)
    canvas.setLineWidth(0.5)
    text = canvas.beginText(-fonts.width("DRAFT", fonts.BOLD, 150) / 2, -40)
    text.setFont(fonts.BOLD, 150)
    text.setTextRenderMode(1)
    text.textOut("DRAFT")
    canvas.drawText(text)
    canvas.restoreState()


_LABEL_LEFT, _LABEL_RIGHT = 30.0, 40.0
_VALUE_LEFT = _MIDDLE - MARGIN - _LABEL_LEFT - 10
_VALUE_RIGHT = WIDTH - MARGIN - _MIDDLE - _LABEL_RIGHT


def _band(canvas: Canvas, document: Document, total: int) -> None:
    head, to = document.letterhead, document.to
    right = WIDTH - MARGIN
    top = HEIGHT - 48
    phone = f"Phone {head.phone}" if head.phone else ""
    fax = f"Fax {head.fax}" if head.fax else ""
    _line(canvas, MARGIN, top, head.clinic, fonts.BOLD, 12, 340)
    _line(canvas, MARGIN, top - 12, ", ".join(head.address), fonts.REGULAR, 8.5, 380)
    canvas.setFont(fonts.REGULAR, 9)
    canvas.drawRightString(right, top, fitted(phone, fonts.REGULAR, 9, 150))
    canvas.drawRightString(right, top - 12, fitted(fax, fonts.REGULAR, 9, 115))
    canvas.setLineWidth(1)
    canvas.line(MARGIN, top - 18, right, top - 18)

    about = document.about
    place = " · ".join(p for p in (to.practice, f"Fax {to.fax}" if to.fax else "") if p)
    pages = "1 page" if total == 1 else f"{total} pages"
    left_lines = [("To", to.name), ("", place), ("Date", f"{day(document.dated)} · {pages}")]
    right_lines = [("From", document.sender or head.clinic)]
    if about is not None:
        born = f"born {day(about.born)}"
        right_lines = [("Patient", about.name), ("", born), *right_lines]
    for x, gutter, room, lines in (
        (MARGIN, _LABEL_LEFT, _VALUE_LEFT, left_lines),
        (_MIDDLE, _LABEL_RIGHT, _VALUE_RIGHT, right_lines),
    ):
        for i, (label, value) in enumerate(lines):
            y = top - 30 - 11.5 * i
            _line(canvas, x, y, label, fonts.REGULAR, 8, gutter)
            font = fonts.BOLD if i == 0 else fonts.REGULAR
            _line(canvas, x + gutter, y, value, font, 9, room)
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, top - 59, right, top - 59)


def _foot(canvas: Canvas, document: Document, digest: str, total: int) -> None:
    right = WIDTH - MARGIN
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, 61, right, 61)
    left = words.version_line(document)
    if document.is_draft:
        left = f"DRAFT, not signed. {left}"
    room = BODY_WIDTH - fonts.width(digest, fonts.REGULAR, 7.5) - 80
    left = fitted(left, fonts.BOLD, 8.5, room)
    _line(canvas, MARGIN, 51, left, fonts.BOLD, 8.5, room)
    after = MARGIN + fonts.width(left, fonts.BOLD, 8.5) + 10
    _line(canvas, after, 51, digest, fonts.REGULAR, 7.5, BODY_WIDTH)
    canvas.setFont(fonts.BOLD, 8.5)
    canvas.drawRightString(right, 51, f"Page {canvas.getPageNumber()} of {total}")
    y = 41.0
    for line in wrapped(words.misdirected(document), fonts.REGULAR, 7.5, BODY_WIDTH, 2):
        _line(canvas, MARGIN, y, line, fonts.REGULAR, 7.5, BODY_WIDTH)
        y -= 9


def _line(
    canvas: Canvas, x: float, y: float, text: str, font: str, size: float, room: float
) -> None:
    canvas.setFont(font, size)
    canvas.drawString(x, y, fitted(text, font, size, room))
