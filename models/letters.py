"""What a fact means for letters that have gone out, and what the chart cannot mean.

Nothing is unsent: where a letter said what is no longer true, a person decides what to tell
(ARCHITECTURE §7). All functions are pure.
"""

from __future__ import annotations

from datetime import timedelta

from models import returned
from models.facts import (
    AnyFact,
    AppointmentBooked,
    BookingRequested,
    CheckInAnswered,
    CoSourceAdded,
    Discharged,
    DischargeSummarySigned,
    Ending,
    EvaluationCompleted,
    MessageSent,
    OrderReceived,
    OutcomeRecorded,
    PatientDied,
    PlanOfCareSigned,
    ProgressReportSigned,
    ReferralReceived,
    Signer,
    VisitCompleted,
)
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral, appointment_of

# How long before its referral a fact may be dated and still be late paperwork; judgment, and the
# same fortnight in which two referrals are taken for one (capture.dedupe_window).
LATE_PAPERWORK = timedelta(days=14)

_SUMMARY = frozenset({Kind.DISCHARGE_SUMMARY})
_PLAN = frozenset({Kind.PLAN_OF_CARE, Kind.PROGRESS_UPDATE, Kind.SIGNATURE_REQUEST})
_REPORTS = frozenset({Kind.PROGRESS_REPORT, Kind.DISCHARGE_SUMMARY})
_TIMES = frozenset({Kind.BOOKED, Kind.INTAKE, Kind.INTAKE_REMINDER, Kind.REMINDER})
_THANKS = frozenset({Kind.THANK_YOU, Kind.THANK_YOU_PAST_PATIENT})
_QUOTED_BY: dict[type, frozenset[Kind]] = {
    ReferralReceived: _THANKS,
    AppointmentBooked: _TIMES,
    EvaluationCompleted: _PLAN | _SUMMARY,
    PlanOfCareSigned: _PLAN,
    VisitCompleted: _REPORTS,
    OutcomeRecorded: _REPORTS,
    ProgressReportSigned: frozenset({Kind.PROGRESS_REPORT}),
    Discharged: _SUMMARY,
    DischargeSummarySigned: _SUMMARY,
}


def quoted_in(r: Referral, fact: AnyFact) -> list[MessageRef]:
    """The messages that went out after a fact was known and may have named it, oldest first."""
    kinds = _QUOTED_BY.get(type(fact), frozenset())
    sent = [MessageRef.parse(m.message) for m in r.all(MessageSent) if m.at >= fact.at]
    return [message for message in sent if message.kind in kinds and _names(message, fact)]


def changes_a_letter(fact: AnyFact, rules: Rules) -> bool:
    """Whether a fact told after closing would have changed what was written or done.

    Only then is a person asked (ARCHITECTURE §7). A low score counts: nobody has called; so do
    another source, which nobody has thanked, and a time that the patient asks for.
    """
    if isinstance(fact, OrderReceived):
        return fact.source_id is not None
    if isinstance(fact, PlanOfCareSigned):
        return fact.by is Signer.THERAPIST
    if isinstance(fact, PatientDied):
        return fact.retracted  # everything was stopped for it
    if isinstance(fact, CheckInAnswered):
        return fact.score <= rules.policy.followup.call_at_or_below
    return isinstance(
        fact,
        EvaluationCompleted
        | VisitCompleted
        | OutcomeRecorded
        | ProgressReportSigned
        | Discharged
        | DischargeSummarySigned
        | CoSourceAdded
        | BookingRequested,
    )


def death_told(fact: AnyFact) -> PatientDied | None:
    """The death that a fact tells of, by itself or as the reason why care ended (rule 22)."""
    if isinstance(fact, PatientDied):
        return fact
    if isinstance(fact, Discharged) and fact.reason is Ending.DECEASED:
        return PatientDied(at=fact.at, as_of=fact.as_of, retracted=fact.retracted)
    return None


def contradiction(r: Referral, fact: AnyFact) -> str | None:
    """Why a fact cannot be dated as it is beside the rest of the chart, as a sentence, or None.

    By day, in UTC: many systems tell midnight for a time they do not know. Only a person who sees
    the chart can say which date is wrong, so the sender is not refused.
    """
    if fact.retracted or not r.is_received():
        return None
    day, received = fact.at.date(), r.received.at.date()
    ends = isinstance(fact, Discharged | DischargeSummarySigned)
    if ends and day < received:
        return "An event says that care ended before the referral came: say which date is right"
    if not isinstance(fact, OrderReceived) and day < received - LATE_PAPERWORK:
        return "An event is dated long before its referral: say which date is right"
    if isinstance(fact, Discharged) and r.evaluation_on_record():
        began = r.evaluated_at
        if began is not None and day < began.date():
            return "An event says that care ended before it began: say which date is right"
    if isinstance(fact, PlanOfCareSigned) and fact.by is Signer.THERAPIST:
        allowed = returned.changed(r)
        until = allowed.ends_on if allowed and allowed.version < fact.version else None
        if until and fact.ends_on and fact.ends_on > until and not fact.recertifies:
            return "The new plan ends later than the provider wrote: say which end is right"
    if isinstance(fact, EvaluationCompleted):
        ended = r.last(Discharged)
        if ended is not None and ended.at.date() < day:
            return "An event says that care began after it ended: say which date is right"
    return None


def _names(message: MessageRef, fact: AnyFact) -> bool:
    if isinstance(fact, AppointmentBooked):
        return appointment_of(message.occasion) == fact.appointment_id
    if isinstance(fact, ProgressReportSigned):
        return message.occasion == fact.report_id
    if isinstance(fact, PlanOfCareSigned) and message.kind is Kind.PLAN_OF_CARE:
        return message.occasion.split("-")[0] == f"v{fact.version}"
    return True
