"""Whether a staff decision is allowed now; refused ones leave no history and say why."""

from __future__ import annotations

from datetime import timedelta

from models import duty, holds
from models.base import Model
from models.facts import (
    LEASES,
    AnyDecision,
    CallLogged,
    CertificationWaived,
    CertifierNamed,
    ClosedReason,
    HandedOver,
    HoldLifted,
    HoldPlaced,
    MessageApproved,
    PageJudged,
    PageVerdict,
    Paused,
    ReferralClosed,
    Resumed,
    TaskCompleted,
    TaskHandedOver,
    TaskReturned,
    TaskTaken,
    WhyDeclined,
)
from models.referral import MessageRef, Referral
from models.returned import LONGEST_PLAN
from models.tasks import CALLS, TaskKind, kind_of

# Not worth keeping a referral open for: what proposes the closing, and what it answers.
_ANSWERED_BY_CLOSING = {
    TaskKind.PROPOSE_CLOSE,
    TaskKind.EVALUATION_OVERDUE,
    TaskKind.ASK_OFFICE,
    TaskKind.DECIDE_NO_SHOWS,
}
_OPEN_QUESTIONS = {TaskKind.CONFIRM_ATTENDANCE, TaskKind.UNMATCHED_EVENT}
_ANYWHERE = timedelta(hours=14)  # the earliest zone has tomorrow's date by then


class Refusal(Model):
    """Why a decision is not possible, in a sentence for the person who made it."""

    code: str
    sentence: str


def refusal(r: Referral, decision: AnyDecision) -> Refusal | None:
    """The reason against a decision, or None. The same decision told again is never refused."""
    known = next((fact for fact in r.facts if fact.key == decision.key), None)
    if known == decision:
        return None
    undoes = decision.retracted
    reopens = undoes and isinstance(decision, ReferralClosed)
    about_a_task = isinstance(decision, (TaskCompleted, *LEASES))
    if r.closed() and not reopens and not about_a_task:
        return Refusal(code="closed", sentence="This referral is closed; reopen it first.")
    if decision.seen is not None and decision.seen != r.version:
        return Refusal(
            code="stale",
            sentence="Somebody else changed this referral since you opened it; look again.",
        )
    if undoes:
        if known is None or known.retracted:
            return Refusal(code="nothing_to_undo", sentence="There is nothing to take back.")
        return None
    if isinstance(decision, TaskCompleted):
        return _task(r, decision)
    if isinstance(decision, TaskTaken | TaskHandedOver | TaskReturned):
        return _lease(r, decision)
    if isinstance(decision, HandedOver) and r.over():
        return Refusal(code="over", sentence="This referral is over; there is nothing to hand on.")
    if isinstance(decision, ReferralClosed):
        return _close(r, decision)
    if isinstance(decision, MessageApproved):
        return _approve(r, decision)
    if isinstance(decision, PageJudged):
        return _page(r, decision)
    if isinstance(decision, HoldPlaced):
        return _hold(r, decision)
    if isinstance(decision, HoldLifted):
        return _lift(r, decision)
    if isinstance(decision, Paused | Resumed):
        return _pause(r, decision)
    if isinstance(decision, CertifierNamed):
        return _certifier(decision)
    if isinstance(decision, CertificationWaived) and r.plan() is None:
        return Refusal(code="no_plan", sentence="There is no plan of care to give up on yet.")
    if isinstance(decision, CallLogged) and decision.party == "patient" and r.over():
        return Refusal(code="over", sentence="This referral is over; nobody should call.")
    return None


def _certifier(named: CertifierNamed) -> Refusal | None:
    if named.provider_id is None:
        return Refusal(code="nobody_named", sentence="Name the provider who certifies.")
    if not named.may_certify:
        return Refusal(
            code="may_not_certify",
            sentence="A chiropractor or dentist may not certify a plan of care; name another.",
        )
    return None


def _task(r: Referral, decision: TaskCompleted) -> Refusal | None:
    if r.task(decision.task) is None:
        return Refusal(code="no_task", sentence="There is no such task on this referral.")
    message = decision.task.split(":", 1)[1]
    approves = kind_of(decision.task) is TaskKind.APPROVE_MESSAGE and decision.outcome == "done"
    if approves and r.task_open(decision.task) and not r.knows(f"approved:{message}"):
        return Refusal(
            code="not_approved",
            sentence="Let the message go, or dismiss the task to stop it.",
        )
    judges = kind_of(decision.task) is TaskKind.JUDGE_RETURNED_PLAN and decision.outcome == "done"
    if judges and r.task_open(decision.task):
        return Refusal(
            code="not_judged",
            sentence="Say what is on the page (page_judged), or dismiss it as no page of the plan.",
        )
    return None


def _page(r: Referral, said: PageJudged) -> Refusal | None:
    """A judged page must say what its verdict needs, and nothing a plan cannot have (rule 4)."""
    changes = said.verdict is PageVerdict.SIGNED_WITH_CHANGES
    start = r.care_started_at
    latest = (start + LONGEST_PLAN).date() if start else None
    troubles = (
        (
            "no_plan",
            said.version > r.plan_version,
            "The therapist has not signed this version of the plan yet.",
        ),
        (
            "why_declined",
            (said.verdict is PageVerdict.DECLINED) != (said.why is not None),
            "A declined page, and only that, needs the reason: "
            "not_our_patient, wants_visit_first or disagrees.",
        ),
        (
            "changes_missing",
            changes != bool(said.frequency or said.ends_on),
            "Signed with changes, and only that, needs the provider's frequency or end.",
        ),
        (
            "after_day_90",
            bool(said.ends_on and latest and said.ends_on > latest),
            "No plan may end later than 90 days after the first treatment.",
        ),
        (
            "dated_ahead",
            bool(said.signed_on and said.signed_on > (said.at + _ANYWHERE).date()),
            "The date beside the signature lies in the future.",
        ),
        (
            "visit_without_wish",
            bool(said.visit_on) and said.why is not WhyDeclined.WANTS_VISIT_FIRST,
            "A visit is only waited for where the provider wants to see the patient first.",
        ),
    )
    for code, stands, sentence in troubles:
        if stands:
            return Refusal(code=code, sentence=sentence)
    return None


def _lease(r: Referral, decision: TaskTaken | TaskHandedOver | TaskReturned) -> Refusal | None:
    """Of two who take one task the first has it; anybody may put it back or hand it on."""
    if r.task(decision.task) is None:
        return Refusal(code="no_task", sentence="There is no such task on this referral.")
    if not r.task_open(decision.task):
        return Refusal(code="task_over", sentence="This task is done already, or overtaken.")
    held = duty.lease(r, decision.task)
    if held is not None and not held.stands(decision.at):
        held = None
    if isinstance(decision, TaskTaken) and held is not None and held.who != decision.by:
        return taken(held.who)
    if isinstance(decision, TaskReturned) and duty.lease(r, decision.task) is None:
        return Refusal(code="not_taken", sentence="Nobody has this task; it is free to take.")
    return None


def taken(who: str) -> Refusal:
    """Somebody else was faster; *who* is their staff id."""
    return Refusal(
        code="taken",
        sentence=f"{who} has this task: choose another one, or ask {who} to hand it over.",
    )


def _close(r: Referral, decision: ReferralClosed) -> Refusal | None:
    reason = decision.reason
    if reason is ClosedReason.COMPLETED:
        return Refusal(
            code="completed_by_itself",
            sentence="A referral completes by itself once its letters are out; give a reason.",
        )
    if reason in {ClosedReason.DECEASED, ClosedReason.ENTERED_IN_ERROR}:
        return None
    if r.evaluated():  # the loop closes with a discharge summary (ARCHITECTURE §7)
        return Refusal(code="evaluated", sentence="The patient was evaluated; discharge instead.")
    return _lose(r, reason) if reason.lost else None


def _lose(r: Referral, reason: ClosedReason) -> Refusal | None:
    """Lost only with no appointment ahead, hold, unread answer or call to make (rule 16)."""
    if r.appointment() is not None:
        return Refusal(
            code="booked", sentence="An evaluation is booked; cancel it before closing as lost."
        )
    standing = {kind_of(task.task) for task in r.open_tasks()} - _ANSWERED_BY_CLOSING
    if standing & _OPEN_QUESTIONS:
        return Refusal(code="open_question", sentence="An open question must be answered first.")
    if reason is ClosedReason.DECLINED_BY_PATIENT:  # their own word; nothing is left to try
        return None
    waits = holds.standing(r)
    if waits:
        return Refusal(
            code="on_hold",
            sentence=f"The referral waits for {holds.WORDS[waits[0].reason]}; "
            "lift the hold before closing as lost.",
        )
    if r.unread_reply():
        return Refusal(
            code="unread_reply", sentence="The patient has written; answer before closing as lost."
        )
    if standing & CALLS:
        return Refusal(
            code="open_call", sentence="A call to the patient is still open: make or dismiss it."
        )
    return None


def _hold(r: Referral, decision: HoldPlaced) -> Refusal | None:
    """A wait needs somebody who looks after it in time, and an end (rule 15)."""
    if r.over():
        return Refusal(code="over", sentence="This referral is over; nothing is waited for.")
    if decision.limit <= decision.at:
        return Refusal(
            code="limit_passed", sentence="The limit of a hold must lie ahead; say until when."
        )
    if not decision.at <= decision.next_check <= decision.limit:
        return Refusal(
            code="check_out_of_reach",
            sentence="The next check of a hold must lie between now and its limit.",
        )
    return None


def _lift(r: Referral, decision: HoldLifted) -> Refusal | None:
    found = next((h for h in holds.standing(r) if h.hold_id == decision.hold_id), None)
    if found is None:
        return Refusal(code="no_hold", sentence="There is no such hold on this referral.")
    if decision.at < found.since:
        return Refusal(code="too_early", sentence="This hold was placed only after that moment.")
    return None


def _pause(r: Referral, decision: Paused | Resumed) -> Refusal | None:
    """A pause needs an end that lies ahead; only what is paused goes on (ARCHITECTURE §7)."""
    if isinstance(decision, Paused):
        if r.over():
            return Refusal(code="over", sentence="This referral is over; nothing is sent any more.")
        if decision.until <= decision.at:
            return Refusal(
                code="pause_without_end", sentence="The end of a pause must lie ahead; say when."
            )
        return None
    paused = holds.pause(r)
    if paused is None or paused.until <= decision.at:
        return Refusal(code="not_paused", sentence="This referral is not paused.")
    return None


def _approve(r: Referral, decision: MessageApproved) -> Refusal | None:
    try:
        message = MessageRef.parse(decision.message)
    except ValueError:
        return Refusal(code="no_message", sentence="There is no such message on this referral.")
    if r.settled(message):
        return Refusal(code="already_settled", sentence="This message has gone out or was stopped.")
    return None
