"""The thank-you letter to the referring office: one page, one patient, no advertising."""

from __future__ import annotations

from reportlab.platypus import Flowable, Spacer

from models.documents import ThankYouLetter
from reports import words
from reports.kit import blocks
from reports.kit.page import Part, typeset
from reports.kit.pen import Pen


def build(data: ThankYouLetter) -> bytes:
    """One page that says what happens next and what we need; same data, same bytes."""

    def page(pen: Pen) -> list[Flowable]:
        story = blocks.opening(pen, data)
        story += [
            Spacer(1, 4),
            pen.write(f"Dear {pen.label(data.to.name)},"),
            pen.write(pen.free(words.thanks(data))),
            pen.head("What happens next"),
            pen.write(pen.free(data.next_step)),
        ]
        story.append(pen.head("What we need from you"))
        if data.needs:
            story += blocks.bullets(pen, data.needs, mark="☐")
        else:
            story.append(pen.write(words.NOTHING_NEEDED))
        story += [
            Spacer(1, pen.gap),
            pen.write(pen.free(words.contact_line(data))),
            Spacer(1, pen.gap),
            pen.write(words.CLOSING),
            pen.write(pen.label(data.sender or data.letterhead.clinic), pen.strong),
        ]
        if data.sender:
            story.append(pen.write(pen.label(data.letterhead.clinic)))
        return story

    return typeset(data, Part(page))
