"""Several letters in one fax: each on pages of its own, marked for whom it is and which it is."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject
from reportlab.pdfgen.canvas import Canvas

from reports.kit import fonts
from reports.kit.page import HEIGHT, MARGIN, ONE_AT_A_TIME, WIDTH
from reports.kit.text import fitted

_SIZE = 8.5
_TOP = HEIGHT - 28


class Part(NamedTuple):
    """One letter, and whom the office hands it to."""

    attention: str
    pdf: bytes


def build(parts: Sequence[Part]) -> bytes:
    """One file of all letters in the order given; same input, same bytes.

    The first page of each, which is always ours, is marked above its band: an office that pulls
    the fax apart sees where the next letter begins (policy.md rule 13). Pages behind it may be a
    clinician's signed original and are not drawn on.
    """
    writer = PdfWriter()
    letters = [PdfReader(BytesIO(part.pdf)) for part in parts]
    total = sum(len(letter.pages) for letter in letters)
    first = 1
    for number, (part, letter) in enumerate(zip(parts, letters, strict=True), start=1):
        last = first + len(letter.pages) - 1
        pages = f"page {first}" if first == last else f"pages {first} to {last}"
        says = f"Letter {number} of {len(parts)} in this fax, {pages} of {total}"
        for place, page in enumerate(letter.pages):
            added = writer.add_page(page)
            if place == 0:
                added.merge_page(_mark(f"Attn: {part.attention}", says))
        first = last + 1
    writer.add_metadata({"/Title": f"{len(parts)} letters", "/Producer": "referral-loop"})
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _mark(attention: str, says: str) -> PageObject:
    out = BytesIO()
    with ONE_AT_A_TIME:
        canvas = Canvas(
            out,
            pagesize=(WIDTH, HEIGHT),
            invariant=1,
            initialFontName=fonts.REGULAR,  # type: ignore[arg-type]  # the stubs say a number
        )
        room = WIDTH - 2 * MARGIN - fonts.width(says, fonts.REGULAR, _SIZE) - 12
        canvas.setFont(fonts.BOLD, _SIZE)
        canvas.drawString(MARGIN, _TOP, fitted(attention, fonts.BOLD, _SIZE, room))
        canvas.setFont(fonts.REGULAR, _SIZE)
        canvas.drawRightString(WIDTH - MARGIN, _TOP, says)
        canvas.save()
    return PdfReader(out).pages[0]
