"""Whether a staff decision is allowed now; refused ones leave no history and say why."""

from __future__ import annotations

from models.base import Model
from models.facts import (
    AnyDecision,
    CallLogged,
    CertificationWaived,
    ClosedReason,
    MessageApproved,
    ReferralClosed,
    TaskCompleted,
)
from models.referral import MessageRef, Referral
from models.tasks import TaskKind, kind_of


class Refusal(Model):
    """Why a decision is not possible, in a sentence for the person who made it."""

    code: str
    sentence: str


def refusal(r: Referral, decision: AnyDecision) -> Refusal | None:
    """The reason against a decision, or None. The same decision told again is never refused."""
    if decision.key in {fact.key for fact in r.facts}:
        return None
    if r.closed() and not isinstance(decision, TaskCompleted):
        return Refusal(code="closed", sentence="This referral is closed; reopen it first.")
    if decision.seen is not None and decision.seen != r.version:
        return Refusal(
            code="stale",
            sentence="Somebody else changed this referral since you opened it; look again.",
        )
    if isinstance(decision, TaskCompleted):
        return _task(r, decision)
    if isinstance(decision, ReferralClosed):
        return _close(r, decision)
    if isinstance(decision, MessageApproved):
        return _approve(r, decision)
    if isinstance(decision, CertificationWaived) and r.plan() is None:
        return Refusal(code="no_plan", sentence="There is no plan of care to give up on yet.")
    if isinstance(decision, CallLogged) and decision.party == "patient" and r.over():
        return Refusal(code="over", sentence="This referral is over; nobody should call.")
    return None


def _task(r: Referral, decision: TaskCompleted) -> Refusal | None:
    if r.task(decision.task) is None:
        return Refusal(code="no_task", sentence="There is no such task on this referral.")
    return None


def _close(r: Referral, decision: ReferralClosed) -> Refusal | None:
    if decision.reason is ClosedReason.COMPLETED:
        return Refusal(
            code="completed_by_itself",
            sentence="A referral completes by itself once its letters are out; give a reason.",
        )
    if not decision.reason.lost:
        return None
    # policy.md rule 16: lost only without an appointment ahead or an unread answer.
    if r.appointment() is not None:
        return Refusal(
            code="booked", sentence="An evaluation is booked; cancel it before closing as lost."
        )
    if r.evaluated():
        return Refusal(code="evaluated", sentence="The patient was evaluated; discharge instead.")
    waiting = {TaskKind.CONFIRM_ATTENDANCE, TaskKind.UNMATCHED_EVENT}
    if any(kind_of(task.task) in waiting for task in r.open_tasks()):
        return Refusal(code="open_question", sentence="An open question must be answered first.")
    return None


def _approve(r: Referral, decision: MessageApproved) -> Refusal | None:
    if r.settled(MessageRef.parse(decision.message)):
        return Refusal(code="already_settled", sentence="This message has gone out or was stopped.")
    return None
