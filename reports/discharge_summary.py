"""The discharge summary that closes the loop with the physician: one to two pages."""

from __future__ import annotations

from reportlab.platypus import Flowable, KeepTogether, Spacer

from models.documents import DischargeSummary, missing_elements
from reports import report_words
from reports.kit import blocks
from reports.kit.page import AT_MOST_TWO, Part, typeset
from reports.kit.pen import Pen
from reports.refuse import refuse_if_missing


def build(data: DischargeSummary) -> bytes:
    """One or two pages; says plainly when care ended unplanned; same data, same bytes.

    Raises BadRequest (``missing_elements``) when a required element is not there [G17][G18].
    """
    refuse_if_missing("discharge summary", missing_elements(data))

    def pages(pen: Pen) -> list[Flowable]:
        plain = "" if data.planned else report_words.unplanned(data)
        story = [
            *blocks.opening(pen, data),
            *blocks.verdict_box(
                pen,
                report_words.report_verdict(data),
                report_words.discharge_ask(data),
                lines=[plain],
            ),
            *blocks.facts(pen, report_words.episode_rows(data)),
        ]
        if data.scores:
            measures = [
                pen.head("Measures from start to finish"),
                *blocks.charts(pen, data.scores),
                *blocks.score_table(pen, data.scores),
            ]
            story.append(KeepTogether(measures))
        story += pen.head_of_table("Goals")
        story += blocks.goal_table(pen, data.goals)
        story += blocks.running(pen, report_words.discharge_sections(data))
        story += [
            Spacer(1, pen.gap),
            pen.write(report_words.DISCHARGE_THANKS),
            Spacer(1, pen.gap),
            blocks.signed_by(pen, data),
        ]
        return story

    return typeset(data, Part(pages, AT_MOST_TWO))
