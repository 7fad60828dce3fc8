"""Whether a staff decision is allowed now; refused ones leave no history and say why."""

from __future__ import annotations

from datetime import timedelta

from models.facts import (
    LEASES,
    AnyDecision,
    CallLogged,
    CallOutcome,
    CertificationWaived,
    CertifierNamed,
    HandedOver,
    HoldLifted,
    HoldPlaced,
    MatchChosen,
    MessageApproved,
    MessageStopped,
    PageJudged,
    PageVerdict,
    Paused,
    ReferralClosed,
    Reopened,
    RequestConfirmed,
    RequestRejected,
    Resumed,
    TaskCompleted,
    TaskHandedOver,
    TaskReturned,
    TaskTaken,
    TextWritten,
    Transferred,
    WhyDeclined,
)
from models.referral import MessageRef, Referral
from models.refusals import closing, hands, moving, texting, waiting
from models.refusals.base import Refusal
from models.returned import LONGEST_PLAN
from models.tasks import LETS_GO, TaskKind, kind_of

__all__ = ["Refusal", "refusal"]

_ANYWHERE = timedelta(hours=14)  # the earliest zone has tomorrow's date by then


def refusal(r: Referral, decision: AnyDecision) -> Refusal | None:
    """The reason against a decision, or None. The same decision told again is never refused."""
    known = next((fact for fact in r.facts if fact.key == decision.key), None)
    if known == decision:
        return None
    undoes = decision.retracted
    reopens = isinstance(decision, Reopened) or (undoes and isinstance(decision, ReferralClosed))
    still_taken = isinstance(
        decision, (TaskCompleted, MatchChosen, TextWritten, MessageStopped, *LEASES)
    )
    if r.closed() and not (reopens or still_taken or _owed_call(r, decision)):
        return Refusal(code="closed", sentence="This referral is closed; reopen it first.")
    if decision.seen is not None and decision.seen != r.version:
        return _stale(r)
    if isinstance(decision, Transferred):
        return moving.transfer(r, decision)
    if isinstance(decision, TextWritten):
        return texting.write(r, decision)
    if isinstance(decision, MessageStopped):
        return texting.stop(r, decision)
    if undoes:
        if known is None or known.retracted:
            return Refusal(code="nothing_to_undo", sentence="There is nothing to take back.")
        return None
    if isinstance(decision, TaskCompleted):
        return _task(r, decision)
    if isinstance(decision, TaskTaken | TaskHandedOver | TaskReturned):
        return hands.lease(r, decision)
    if isinstance(decision, HandedOver) and r.over():
        return Refusal(code="over", sentence="This referral is over; there is nothing to hand on.")
    if isinstance(decision, ReferralClosed):
        return closing.close(r, decision)
    if isinstance(decision, Reopened):
        return closing.reopen(r, decision)
    if isinstance(decision, MessageApproved):
        return _approve(r, decision)
    if isinstance(decision, RequestConfirmed | RequestRejected):
        return _request(r, decision)
    if isinstance(decision, PageJudged):
        return _page(r, decision)
    if isinstance(decision, HoldPlaced):
        return waiting.hold(r, decision)
    if isinstance(decision, HoldLifted):
        return waiting.lift(r, decision)
    if isinstance(decision, Paused | Resumed):
        return waiting.pause(r, decision)
    if isinstance(decision, CertifierNamed):
        return _certifier(decision)
    if isinstance(decision, CertificationWaived) and r.plan() is None:
        return Refusal(code="no_plan", sentence="There is no plan of care to give up on yet.")
    if isinstance(decision, CallLogged) and not _fits(decision):
        return Refusal(
            code="why_of_call",
            sentence="A reason goes with a patient who declined, or with a wrong number alone.",
        )
    if _calls_patient(decision) and r.over() and not _owed_call(r, decision):
        return Refusal(code="over", sentence="This referral is over; nobody should call.")
    return None


def _calls_patient(decision: AnyDecision) -> bool:
    return isinstance(decision, CallLogged) and decision.party == "patient"


def _fits(call: CallLogged) -> bool:
    """Whether the reason is one of this outcome; none always is."""
    if call.why is None:
        return True
    about = CallOutcome.WRONG_NUMBER if call.why.of_number else CallOutcome.DECLINED
    return call.outcome is about


def _owed_call(r: Referral, decision: AnyDecision) -> bool:
    """The one call that is made after the end: the patient hears why (policy.md rule 14)."""
    owed = any(kind_of(task.task) is TaskKind.TELL_PATIENT for task in r.open_tasks())
    return _calls_patient(decision) and owed


def _stale(r: Referral) -> Refusal:
    """Says who decided what since the card was opened; ids and codes only."""
    latest = r.decisions()[-1:]
    what = latest[0].kind.replace("_", " ") if latest else ""
    who = f"{latest[0].by} has decided something since ({what})" if latest else "It has changed"
    return Refusal(
        code="stale",
        sentence=f"This is not what you saw when you opened it. {who}; look again, then decide.",
    )


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
    approves = kind_of(decision.task) in LETS_GO and decision.outcome == "done"
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


def _request(r: Referral, decision: RequestConfirmed | RequestRejected) -> Refusal | None:
    """Only what a machine read is confirmed or rejected; a detail may be corrected later."""
    if r.over():
        return Refusal(code="over", sentence="This referral is over; reopen it first.")
    if r.unconfirmed():
        return None
    if isinstance(decision, RequestConfirmed) and decision.corrected:
        return None
    return Refusal(
        code="confirmed_already",
        sentence="Somebody has vouched for this referral already; correct it, or close it.",
    )


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


def _approve(r: Referral, decision: MessageApproved) -> Refusal | None:
    try:
        message = MessageRef.parse(decision.message)
    except ValueError:
        return Refusal(code="no_message", sentence="There is no such message on this referral.")
    if r.settled(message):
        return Refusal(code="already_settled", sentence="This message has gone out or was stopped.")
    return None
