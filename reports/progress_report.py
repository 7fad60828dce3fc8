"""The physician progress report: one page, readable in 20 seconds, answerable with a pen."""

from __future__ import annotations

from reportlab.platypus import Flowable, Spacer

from models.documents import ProgressReport, missing_elements
from reports import report_words, words
from reports.kit import answer, blocks
from reports.kit.page import Part, typeset
from reports.kit.pen import Pen
from reports.refuse import refuse_if_missing


def build(data: ProgressReport) -> bytes:
    """Exactly one page; same data, same bytes.

    Raises BadRequest (``missing_elements``) when Medicare's content is not complete [G9][G10].
    """
    refuse_if_missing("progress report", missing_elements(data))

    def page(pen: Pen) -> list[Flowable]:
        return [
            *blocks.opening(pen, data),
            *blocks.verdict_box(
                pen,
                report_words.report_verdict(data),
                data.ask or words.NO_ACTION,
                red_flags=data.red_flags,
            ),
            pen.write(pen.free(report_words.report_facts(data)), pen.cell),
            Spacer(1, pen.gap),
            *blocks.charts(pen, data.scores),
            *blocks.goal_table(pen, data.goals),
            *blocks.running(pen, report_words.report_sections(data)),
            Spacer(1, 2),
            blocks.signed_by(pen, data),
            Spacer(1, pen.gap),
            answer.respond_box(
                pen, data, data.return_code, words.answers(data), needed=bool(data.ask)
            ),
        ]

    return typeset(data, Part(page))
