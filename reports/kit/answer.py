"""Where the provider answers with a pen, and the code that says which page came back."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.colors import black
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from models.documents import Document
from reports import plan_words, words
from reports.kit.blocks import PAD, boxed, styled
from reports.kit.page import BODY_WIDTH
from reports.kit.pen import Pen
from reports.kit.text import shortened

_TICK = "☐"
_GAP = "\u00a0\u00a0 "  # a Paragraph would fold plain spaces into one


def certify_box(
    pen: Pen, document: Document, return_code: str, subject: str, *, certify: bool = True
) -> Flowable:
    """Where the provider answers with a pen: sign, sign with changes, or decline.

    The three answers are those a person can judge when the page is back (policy.md rule 4).
    """
    signed = f"{_TICK} Signed as written. {plan_words.CERTIFY}" if certify else f"{_TICK} Agreed."
    blank = "_" * 12
    declines = _GAP.join(f"{_TICK} {reason}" for reason in plan_words.DECLINES)
    answers = [
        signed,
        f"{_TICK} Signed with changes: {blank} times a week, until {blank}. Other: {'_' * 26}",
        f"{_TICK} Declined:{_GAP}{declines} {blank}",
    ]
    return _answer_box(pen, document, answers, return_code, subject, needed=certify)


def respond_box(
    pen: Pen, document: Document, return_code: str, subject: str, *, needed: bool
) -> Flowable:
    """The answer to a progress report: continue, modify or discharge."""
    keep, change, end = words.ANSWERS
    answers = [_GAP.join((f"{_TICK} {keep}", f"{_TICK} {change}: {'_' * 42}", f"{_TICK} {end}"))]
    return _answer_box(pen, document, answers, return_code, subject, needed=needed)


def _answer_box(
    pen: Pen,
    document: Document,
    answers: Sequence[str],
    return_code: str,
    subject: str,
    *,
    needed: bool,
) -> Flowable:
    roomy = pen.cell.clone("answer", leading=pen.cell.leading + 3)
    cells: list[Flowable] = [
        pen.labelled("Your answer.", words.how_to_answer(document, needed), pen.cell)
    ]
    cells += [pen.write(answer, roomy) for answer in answers]
    inner = BODY_WIDTH - 2 * PAD
    line = Table(
        [
            [Spacer(0, 22), Spacer(0, 0), Spacer(0, 0)],
            [
                pen.write(f"Signature of {shortened(document.to.name, 60)}", pen.small),
                Spacer(0, 0),
                pen.write("Date (month / day / year)", pen.small),
            ],
        ],
        colWidths=[inner - 176, 16, 160],
        style=styled(
            [
                ("LINEABOVE", (0, 1), (0, 1), 0.8, black),
                ("LINEABOVE", (2, 1), (2, 1), 0.8, black),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        ),
    )
    # 1.15 pt per bar is more than three dots of a fine fax line.
    code = Code128(return_code, barHeight=20, barWidth=1.15, quiet=False, humanReadable=False)
    code.hAlign = "LEFT"
    tag = Table(
        [
            [
                code,
                [pen.labelled("Return code", return_code, pen.cell), pen.write(subject, pen.small)],
            ]
        ],
        colWidths=[code.width + 14, inner - code.width - 14],
        style=styled(
            [
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ]
        ),
    )
    return KeepTogether([boxed(pen, [*cells, line, tag]), Spacer(1, pen.gap)])
