"""A plain letter in the words of a template: one page, one patient, our letterhead."""

from __future__ import annotations

from typing import ClassVar

from reportlab.platypus import Flowable, Spacer

from models.documents import PatientDocument
from reports import words
from reports.check_pdf import require_plain
from reports.kit import blocks
from reports.kit.merge import put_behind
from reports.kit.page import Part, typeset
from reports.kit.pen import Pen


class PlainLetter(PatientDocument):
    """A heading and paragraphs, divided by empty lines."""

    kind: ClassVar[str] = "letter"
    title: ClassVar[str] = "Letter"

    heading: str
    text: str


def build(data: PlainLetter, behind: bytes | None = None) -> bytes:
    """One page, and somebody's signed PDF behind it where there is one; same input, same bytes.

    Raises BadRequest for a PDF that is damaged, encrypted or scripted.
    """

    def page(pen: Pen) -> list[Flowable]:
        story = blocks.opening(pen, data, data.heading)
        for paragraph in data.text.split("\n\n"):
            story += [pen.write(pen.free(" ".join(paragraph.split()))), Spacer(1, pen.gap)]
        story.append(pen.write(words.CLOSING))
        story.append(pen.write(pen.label(data.sender or data.letterhead.clinic), pen.strong))
        return story

    if behind is None:
        return typeset(data, Part(page))
    pages = require_plain(behind).pages
    return put_behind(typeset(data, Part(page), behind=pages, attachment=behind), behind)
