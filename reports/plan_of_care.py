"""The one fax to the certifying provider: progress update in front, plan of care behind.

With fields, page 1 is the update and the plan with the answer box follows. With the EMR's own
signed PDF, our one-page sheet goes in front and carries the answer box (policy.md rules 3 and 6).
"""

from __future__ import annotations

from collections.abc import Callable

from reportlab.platypus import Flowable, Spacer

from models.documents import PlanOfCare, PlanOfCareFax, missing_elements
from models.errors import BadRequest
from reports import figures, plan_words, words
from reports.check_pdf import require_plain
from reports.kit import answer, blocks
from reports.kit.merge import put_behind
from reports.kit.page import NEVER_SHORTENED, Part, typeset
from reports.kit.pen import Pen
from reports.refuse import refuse_if_missing


def build(data: PlanOfCareFax, emr_pdf: bytes | None = None) -> bytes:
    """One PDF for one fax; same data and same ``emr_pdf``, same bytes.

    Raises BadRequest when a required element of the plan is missing (``missing_elements``), when
    there is neither a plan nor a PDF or both (``one_plan``), and for a damaged, encrypted or
    scripted PDF.
    """
    if (data.plan is None) == (emr_pdf is None):
        raise BadRequest(
            "Give either the fields of the plan of care or the signed PDF of it, not both.",
            code="one_plan",
        )
    if emr_pdf is not None:
        pages = require_plain(emr_pdf).pages
        sheet = typeset(data, Part(_sheet(data)), behind=pages, attachment=emr_pdf)
        return put_behind(sheet, emr_pdf)
    plan = data.plan
    assert plan is not None  # one of the two is there, and it is not the PDF
    refuse_if_missing("plan of care", missing_elements(plan))
    return typeset(
        data,
        Part(_update(data), content=data.update),
        Part(_plan(data, plan), NEVER_SHORTENED, content=plan),
    )


def _update(data: PlanOfCareFax) -> Callable[[Pen], list[Flowable]]:
    def page(pen: Pen) -> list[Flowable]:
        return [
            *_front(pen, data),
            Spacer(1, pen.gap),
            pen.write(plan_words.PLAN_FOLLOWS, pen.cell),
        ]

    return page


def _sheet(data: PlanOfCareFax) -> Callable[[Pen], list[Flowable]]:
    def page(pen: Pen) -> list[Flowable]:
        return [
            *_front(pen, data),
            Spacer(1, pen.gap),
            _box(pen, data),
            blocks.signed_by(pen, data),
        ]

    return page


def _plan(data: PlanOfCareFax, plan: PlanOfCare) -> Callable[[Pen], list[Flowable]]:
    def pages(pen: Pen) -> list[Flowable]:
        return [
            pen.write(plan_words.plan_title(plan), pen.title),
            *blocks.facts(pen, plan_words.plan_rows(plan)),
            pen.head("Long-term goals"),
            *blocks.numbered(pen, [figures.goal_sentence(g) for g in plan.long_term_goals]),
            Spacer(1, pen.gap),
            blocks.signed_by(pen, data),
            Spacer(1, pen.gap),
            _box(pen, data),
        ]

    return pages


def _front(pen: Pen, data: PlanOfCareFax) -> list[Flowable]:
    """Verdict, plan in one line, the ask; then what was found."""
    update = data.update
    story = blocks.opening(pen, data, plan_words.UPDATE_TITLE)
    story += blocks.verdict_box(
        pen,
        update.verdict,
        plan_words.plan_ask(data),
        lines=[f"Plan: {plan_words.plan_summary(data)}"],
        red_flags=update.red_flags,
    )
    if update.findings:
        story.append(pen.head(plan_words.findings_title(update)))
        story += blocks.bullets(pen, update.findings)
    if update.scores:
        story.append(pen.head("Measures"))
        table = blocks.start_table if figures.taken_once(update.scores) else blocks.score_table
        story += table(pen, update.scores)
    return story


def _box(pen: Pen, data: PlanOfCareFax) -> Flowable:
    return answer.certify_box(
        pen,
        data,
        data.return_code,
        words.answers(data),
        certify=data.signature_needed,
    )
