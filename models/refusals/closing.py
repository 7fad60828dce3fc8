"""Closing and reopening: a person decides, and not while something is owed (policy.md rule 16)."""

from __future__ import annotations

from models import holds
from models.facts import ClosedReason, ReferralClosed, Reopened, Urgency
from models.referral import Referral
from models.refusals.base import Refusal
from models.tasks import CALLS, SPECS, TaskKind, kind_of

_QUESTIONS = frozenset({TaskKind.CONFIRM_ATTENDANCE, TaskKind.UNMATCHED_EVENT})
# What the patient wrote, and no person has settled.
_UNSETTLED = frozenset({TaskKind.ANSWER_PATIENT, TaskKind.RED_FLAG})


def close(r: Referral, decision: ReferralClosed) -> Refusal | None:
    """Closed with a reason; as lost only while nothing is owed, after the evaluation never."""
    reason = decision.reason
    if (decision.declined_for or decision.sister_clinic_id) and (
        reason is not ClosedReason.DECLINED_BY_CLINIC
    ):
        return Refusal(
            code="not_declined",
            sentence="Only a referral that the clinic declines needs declined_for or "
            "sister_clinic_id; leave them out, or give the reason declined_by_clinic.",
        )
    if reason is ClosedReason.COMPLETED:
        return Refusal(
            code="completed_by_itself",
            sentence="A referral completes by itself once its letters are out; give a reason.",
        )
    if reason in {ClosedReason.DECEASED, ClosedReason.ENTERED_IN_ERROR}:
        return None
    if r.unconfirmed():  # whoever it names would be told of a patient they may never have sent
        return Refusal(
            code="unconfirmed",
            sentence="A machine read this referral and nobody has vouched for it: confirm or "
            "reject it instead; once confirmed it can be closed.",
        )
    if r.evaluated():  # the loop closes with a discharge summary (ARCHITECTURE §7)
        return Refusal(code="evaluated", sentence="The patient was evaluated; discharge instead.")
    return _lose(r, reason) if reason.lost else None


def reopen(r: Referral, decision: Reopened) -> Refusal | None:
    """Only what ended without care goes on; a course that was completed, or a death, does not."""
    closed = r.closing()
    if not r.over() and closed is None:
        return Refusal(code="not_closed", sentence="This referral is open; there is nothing to do.")
    if r.died() or (closed is not None and closed.reason is ClosedReason.DECEASED):
        return Refusal(code="deceased", sentence="The patient has died; nothing goes on.")
    if r.taken_back():
        return Refusal(
            code="entered_in_error",
            sentence="The request itself was taken back; whoever sent it must send it again.",
        )
    if closed is not None and closed.reason is ClosedReason.COMPLETED:
        return Refusal(
            code="completed", sentence="Care was completed; a new course needs a new referral."
        )
    if closed is not None and decision.at <= closed.at:
        return Refusal(
            code="too_early", sentence="This referral was closed only after that moment."
        )
    return None


def _lose(r: Referral, reason: ClosedReason) -> Refusal | None:
    """Lost only with nothing left that may still bring the patient; says what there is."""
    if r.appointment() is not None:
        return Refusal(
            code="booked", sentence="An evaluation is booked; cancel it before closing as lost."
        )
    kinds = {kind_of(task.task): None for task in r.open_tasks()}  # a dict keeps their order
    question = next((kind for kind in kinds if kind in _QUESTIONS), None)
    if question is not None:
        return Refusal(
            code="open_question",
            sentence=f"An open question must be answered first: {_says(question)}.",
        )
    if reason is ClosedReason.DECLINED_BY_PATIENT:  # their own word; nothing is left to try
        return None
    if r.received.urgency is Urgency.POST_OP:
        return Refusal(
            code="post_op",
            sentence="A patient after surgery is not given up as lost: reach them through the "
            "surgeon's office, or close with the reason that office gives.",
        )
    waits = holds.standing(r)
    if waits:
        return Refusal(
            code="on_hold",
            sentence=f"The referral waits for {holds.WORDS[waits[0].reason]}; "
            "lift the hold before closing as lost.",
        )
    unsettled = next((kind for kind in kinds if kind in _UNSETTLED), None)
    if r.unread_reply() or unsettled is not None:
        return Refusal(
            code="unread_reply", sentence="The patient has written; answer before closing as lost."
        )
    call = next((kind for kind in kinds if kind in CALLS), None)
    if call is not None:
        return Refusal(
            code="open_call",
            sentence=f"A call is still open, make or dismiss it first: {_says(call)}.",
        )
    return None


def _says(kind: TaskKind) -> str:
    return SPECS[kind].says.rstrip("?.")
