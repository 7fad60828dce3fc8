"""Every promised date, as a pure function of facts and pinned policy.

A function answers None when it promises nothing at present. Steps wait on these very functions
and ``agenda`` lists them, so the card, the Temporal details, ``explain`` and the timers can never
disagree. No date here is "now + n": walking a step again arms the same date.
"""

from __future__ import annotations

from datetime import datetime

from models import came_back
from models.due import Due
from models.dues import (
    answers,
    begin,
    care,
    copies,
    end,
    holding,
    linked,
    moves,
    patient,
    plan,
    reminding,
    telling,
)
from models.dues.answers import answer, answer_late, texts_owed
from models.dues.asking import CERTIFIER, PATIENT, SOURCE, DueRule, recipient, soonest
from models.dues.begin import (
    acknowledged,
    call_by,
    order_stale,
    receipt,
    request,
    thank_you,
    thanks,
    thanks_owed,
    unconfirmed,
    verified,
)
from models.dues.calls import call_back
from models.dues.care import (
    engagement,
    kept_up,
    progress_overdue,
    progress_report,
    report_days,
    report_to_send,
    reporting,
    under_scheduled,
)
from models.dues.end import (
    check_in,
    check_in_answer,
    last_papers,
    low_score,
    missing_evaluation,
    patient_thanks,
    summary,
)
from models.dues.holding import (
    authorization,
    authorization_low,
    first_day,
    hold_check,
    hold_limit,
    pause_end,
    waiting_word,
    watched_holds,
)
from models.dues.moves import transfer_call
from models.dues.patient import (
    attendance,
    booking_request,
    call_beside,
    confirmation,
    confirmed_anew,
    evaluation_window,
    intake_help,
    intake_reminder,
    reach,
    rebooking,
)
from models.dues.plan import (
    certifier,
    certifier_missing,
    changed_plan,
    chase,
    declined_plan,
    plan_sent,
    plan_signature,
    recertification,
    returned_page,
    signature,
    undated_page,
)
from models.dues.reminding import next_reminder, reminder
from models.policy import Rules
from models.referral import MessageRef, Referral

__all__ = [
    "AT_ONCE",
    "AT_ONCE_SINCE",
    "CERTIFIER",
    "CONDITIONS",
    "PATIENT",
    "RULES",
    "SOURCE",
    "DueRule",
    "acknowledged",
    "agenda",
    "ahead",
    "answer",
    "answer_late",
    "attendance",
    "authorization",
    "authorization_low",
    "booking_request",
    "call_back",
    "call_beside",
    "call_by",
    "certifier",
    "certifier_missing",
    "changed_plan",
    "chase",
    "check_in",
    "check_in_answer",
    "confirmation",
    "confirmed_anew",
    "copies",
    "declined_plan",
    "engagement",
    "evaluation_window",
    "first_day",
    "held",
    "hold_check",
    "hold_limit",
    "intake_help",
    "intake_reminder",
    "kept_up",
    "last_papers",
    "linked",
    "low_score",
    "missing_evaluation",
    "moves",
    "next_reminder",
    "order_stale",
    "patient_thanks",
    "pause_end",
    "plan_sent",
    "plan_signature",
    "progress_overdue",
    "progress_report",
    "reach",
    "rebooking",
    "receipt",
    "recertification",
    "recipient",
    "reminder",
    "report_days",
    "report_to_send",
    "reporting",
    "request",
    "returned_page",
    "signature",
    "soonest",
    "summary",
    "telling",
    "texts_owed",
    "thank_you",
    "thanks",
    "thanks_owed",
    "transfer_call",
    "unconfirmed",
    "undated_page",
    "under_scheduled",
    "verified",
    "waiting_word",
    "watched_holds",
]

# Dates that keep acts back and are no acts themselves; no step waits on them.
CONDITIONS = frozenset({"first_day", "pause_end"})

# The same, asked since a change of behaviour: the patch that marks it, and the rule.
AT_ONCE_SINCE: tuple[tuple[str, DueRule], ...] = (("2026-11-order-stale", order_stale),)

# What a fact by itself asks of a person at once, wherever the story stands.
AT_ONCE: tuple[DueRule, ...] = (
    answer,
    returned_page,
    undated_page,
    declined_plan,
    low_score,
    transfer_call,
    booking_request,
    call_back,
)

RULES: tuple[DueRule, ...] = (
    *begin.RULES,
    *holding.RULES,
    *answers.RULES,
    *patient.RULES,
    *reminding.RULES,
    *plan.RULES,
    *care.RULES,
    *end.RULES,
    *AT_ONCE,
    *(rule for _, rule in AT_ONCE_SINCE),
)


def held(r: Referral) -> list[Due]:
    """Messages that wait for their hour; they are rows already, so the card can name them."""
    return [
        Due(
            key=f"held:{hold.message}",
            at=hold.until,
            says=f"Send when its time comes: {_name(hold.message)}",
        )
        for hold in r.held()
        if hold.until is not None
    ]


def agenda(r: Referral, rules: Rules) -> list[Due]:
    """Everything promised at present, soonest first: card, Temporal details, explain, rehearsal."""
    if r.over():
        owed = [*telling.promises(r, rules), *came_back.promises(r, rules)]
        return sorted(owed, key=lambda d: (d.at, d.key))
    promises = RULES if r.is_received() else (request,)
    if r.unconfirmed():
        promises = (unconfirmed, *AT_ONCE)
    due = [promised for rule in promises if (promised := rule(r, rules)) is not None]
    return sorted(
        [
            *due,
            *linked.promises(r, rules),
            *copies.promises(r, rules),
            *moves.promises(r, rules),
            *came_back.promises(r, rules),
            *held(r),
        ],
        key=lambda d: (d.at, d.key),
    )


def ahead(r: Referral, rules: Rules, now: datetime) -> list[Due]:
    """The agenda as people read it at a moment: a condition that has passed is no news."""
    return [due for due in agenda(r, rules) if due.key not in CONDITIONS or due.at > now]


def _name(message: str) -> str:
    return MessageRef.parse(message).kind.replace("_", " ")
