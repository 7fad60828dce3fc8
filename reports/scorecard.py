"""An office's scorecard as one page that survives a fax: tables and sentences, no tint."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.platypus import Flowable, Spacer

from models.scorecard import ScorecardLetter
from reports import scorecard_words as words
from reports import words as house
from reports.kit import blocks
from reports.kit.page import BODY_WIDTH, Part, typeset
from reports.kit.pen import Pen
from reports.kit.sheet import grid


def build(data: ScorecardLetter) -> bytes:
    """Exactly one page; the same data gives the same bytes."""

    def page(pen: Pen) -> list[Flowable]:
        card = data.card
        story = [
            *blocks.opening(pen, data),
            pen.write(f"Dear {pen.label(data.to.name)},"),
            pen.write(pen.free(words.opening(data))),
            Spacer(1, pen.gap),
            _table(
                pen, words.COLUMNS, [words.figure_row(one) for one in card.figures], (52, 22), 1
            ),
            *pen.head_of_table("Improvement of function and pain"),
        ]
        if card.outcomes:
            shown, left = pen.rows(card.outcomes)
            rows = [words.outcome_row(one) for one in shown]
            story.append(_table(pen, words.OUTCOME_COLUMNS, rows, (46, 17, 17), 2))
            if left:
                story.append(pen.write(f"and {left} more in our record", pen.small))
        else:
            story.append(pen.write(words.NO_OUTCOMES))
        story += [
            Spacer(1, pen.gap),
            pen.write(pen.free(words.left_out(card))),
            pen.write(pen.free(words.questions(data))),
            pen.write(house.CLOSING),
            pen.write(pen.label(data.sender or data.letterhead.clinic), pen.strong),
            Spacer(1, pen.gap),
            blocks.boxed(pen, [pen.write(words.stop_line(data))]),
            pen.head(words.HOW),
            *(pen.write(pen.free(note), pen.small) for note in words.notes(card)),
        ]
        return story

    return typeset(data, Part(page))


def _table(
    pen: Pen,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    percents: Sequence[int],
    value: int,
) -> Flowable:
    """A table with one column in bold; widths in percent, the last column takes the rest."""
    given = [BODY_WIDTH * one / 100 for one in percents]
    widths = [*given, BODY_WIDTH - sum(given)]
    small, strong = blocks.bold(pen, pen.small), blocks.bold(pen)
    head = [pen.write(one, small) for one in columns]
    body = [
        [
            pen.write(pen.label(cell), strong if place == value else pen.cell)
            for place, cell in enumerate(row)
        ]
        for row in rows
    ]
    return grid(head, body, widths)
