"""What a physician does with a plan that came by fax: sign the page with the box, send it back."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from io import BytesIO
from typing import Any

import pypdfium2
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

_SIGN_HERE, _DATE_HERE, _AS_WRITTEN = "Signature of", "Date (month", "☐ Signed as written"
_INK = (0.05, 0.1, 0.45)


class Answer(StrEnum):
    """How a page comes back."""

    SIGNED = "signed"
    UNDATED = "undated"
    BLANK = "blank"


def page_to_sign(content: bytes) -> int | None:
    """The number of the page that has room for a signature, from 0; None when none has."""
    with pypdfium2.PdfDocument(content) as document:
        for number in range(len(document)):
            if _place(document[number], _SIGN_HERE) is not None:
                return number
    return None


def returned(content: bytes, answer: Answer, name: str, day: date) -> bytes:
    """The page with the signature box alone, answered; the last page where there is no box."""
    number = page_to_sign(content)
    reader = PdfReader(BytesIO(content))
    chosen = reader.pages[-1 if number is None else number]
    writer = PdfWriter()
    page = writer.add_page(chosen)
    if number is not None and answer is not Answer.BLANK:
        ink = _ink(content, number, answer, name, day)
        page.merge_page(PdfReader(BytesIO(ink)).pages[0])
    made = BytesIO()
    writer.write(made)
    return made.getvalue()


def picture(content: bytes, number: int, width: int = 900) -> bytes | None:
    """One page of a PDF, a TIFF or a picture as a PNG; None when there is no such page."""
    if not content.startswith(b"%PDF"):
        return _frame(content, number)
    try:
        with pypdfium2.PdfDocument(content) as document:
            page = document[number]
            drawn = page.render(scale=width / page.get_width()).to_pil()
    except (pypdfium2.PdfiumError, IndexError):
        return None
    made = BytesIO()
    drawn.save(made, "PNG")
    return made.getvalue()


def _frame(content: bytes, number: int) -> bytes | None:
    made = BytesIO()
    try:
        with Image.open(BytesIO(content)) as image:
            image.seek(number)
            image.convert("RGB").save(made, "PNG")
    except (OSError, EOFError):
        return None
    return made.getvalue()


def _ink(content: bytes, number: int, answer: Answer, name: str, day: date) -> bytes:
    made = BytesIO()
    with pypdfium2.PdfDocument(content) as document:
        page = document[number]
        pen = Canvas(made, pagesize=page.get_size())
        pen.setFillColorRGB(*_INK)
        pen.setStrokeColorRGB(*_INK)
        if (box := _place(page, _AS_WRITTEN)) is not None:
            pen.setFont("Helvetica-Bold", 11)
            pen.drawString(box[0], box[1], "X")
        if (line := _place(page, _SIGN_HERE)) is not None:
            pen.setFont("Times-Italic", 20)
            pen.drawString(line[0] + 12, line[1] + 12, name)
        if answer is Answer.SIGNED and (line := _place(page, _DATE_HERE)) is not None:
            pen.setFont("Times-Italic", 15)
            pen.drawString(line[0] + 8, line[1] + 12, f"{day:%m/%d/%Y}")
    pen.save()
    return made.getvalue()


def _place(page: Any, words: str) -> tuple[float, float] | None:
    """Where some words begin on a page: left and bottom, in points."""
    text = page.get_textpage()
    found = text.search(words).get_next()
    if found is None:
        return None
    left, bottom, _, _ = text.get_charbox(found[0])
    return left, bottom
