"""The chase for a signature: one page that can be signed and faxed back by itself."""

from __future__ import annotations

from reportlab.platypus import Flowable, Spacer

from models.documents import SignatureRequest
from reports import plan_words
from reports.check_pdf import require_plain
from reports.kit import answer, blocks
from reports.kit.merge import put_behind
from reports.kit.page import Part, typeset
from reports.kit.pen import Pen


def build(data: SignatureRequest, plan_pdf: bytes | None = None) -> bytes:
    """One page; the plan as it was sent may go behind it as ``plan_pdf``.

    Raises BadRequest for a damaged, encrypted or scripted ``plan_pdf``.
    """

    def page(pen: Pen) -> list[Flowable]:
        story = blocks.opening(pen, data)
        story += blocks.verdict_box(
            pen,
            plan_words.REQUEST_VERDICT,
            plan_words.request_ask(data),
            lines=[plan_words.request_reason(data)],
        )
        story += blocks.facts(pen, plan_words.request_rows(data))
        story.append(pen.head("What we need"))
        story += blocks.bullets(pen, plan_words.request_needs(data))
        story.append(Spacer(1, pen.gap))
        story.append(
            answer.certify_box(pen, data, data.return_code, plan_words.request_subject(data))
        )
        story.append(pen.write(plan_words.request_again(data), pen.cell))
        return story

    behind = 0 if plan_pdf is None else require_plain(plan_pdf).pages
    ours = typeset(data, Part(page), behind=behind, attachment=plan_pdf)
    return ours if plan_pdf is None else put_behind(ours, plan_pdf)
