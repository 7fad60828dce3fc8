"""Tells a verified office that its pages arrived, without a word about the patient."""

from __future__ import annotations

from reportlab.platypus import Flowable

from models.documents import ReceiptNotice
from reports import words
from reports.kit import blocks
from reports.kit.page import Part, typeset
from reports.kit.pen import Pen


def build(data: ReceiptNotice) -> bytes:
    """One page with the count of pages, when they came and what happens next."""

    def page(pen: Pen) -> list[Flowable]:
        return [
            *blocks.opening(pen, data),
            *blocks.verdict_box(pen, words.receipt(data), "", lines=[data.next_step]),
            pen.write(words.NO_PATIENT_NAMED),
        ]

    return typeset(data, Part(page))
