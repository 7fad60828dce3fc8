"""The end: the last papers, thanks, and one question."""

from __future__ import annotations

from datetime import datetime

from models.due import Due
from models.dues.asking import (
    PATIENT,
    DueRule,
    asked,
    once,
    soonest,
)
from models.facts import (
    CheckInAnswered,
)
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import TaskKind


def missing_evaluation(r: Referral, rules: Rules) -> Due | None:
    """Discharged before the evaluation was told: three days, then the therapist's task."""
    end = r.discharged_at
    if end is None or not r.discharged() or r.evaluation_on_record():
        return None
    due = Due(
        key="missing_evaluation",
        at=rules.calendar.after(end, rules.policy.discharge.wait_for_evaluation),
        owner=Role.THERAPIST,
        task=TaskKind.MISSING_EVALUATION,
        says="Wait for the missing evaluation record",
    )
    return asked(r, rules, due)


def summary(r: Referral, rules: Rules) -> Due | None:
    """The discharge summary is signed in 3 business days, 7 days when unplanned [G12]."""
    end = r.discharged_at
    if end is None or not r.discharged() or r.summary_signed():
        return None
    cal, policy = rules.calendar, rules.policy.discharge
    at = cal.after(end, policy.sign if r.planned_ending() else policy.sign_unplanned)
    therapist = Due(
        key="summary",
        at=at,
        owner=Role.THERAPIST,
        task=TaskKind.SIGN_SUMMARY,
        says="Wait for the signed discharge summary",
    )
    director = therapist.model_copy(
        update={
            "key": "summary:director",
            "at": cal.after(at, policy.director_after),
            "owner": Role.DIRECTOR,
            "occasion": "director",
        }
    )
    return asked(r, rules, therapist, director)


last_papers = soonest(missing_evaluation, summary)


def patient_thanks(r: Referral, rules: Rules) -> Due | None:
    """A thank-you one business day after a good ending (policy.md rule 22)."""
    at = _good_end(r)
    message = MessageRef(Kind.PATIENT_THANKS, PATIENT, "1")
    if at is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    cal = rules.calendar
    day = cal.local_date(cal.after(at, rules.policy.followup.thank_you))
    return Due(key="patient_thanks", at=cal.opening(day), says="Wait a day to thank the patient")


def check_in(r: Referral, rules: Rules) -> Due | None:
    """One question a week after a good ending; not to who has told us already."""
    at = _good_end(r)
    message = MessageRef(Kind.CHECK_IN, PATIENT, "1")
    if at is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    if r.check_in_answered():
        return None
    return Due(
        key="check_in",
        at=rules.calendar.after(at, rules.policy.followup.check_in),
        says="Wait a week to ask the patient how it went",
    )


def check_in_answer(r: Referral, rules: Rules) -> Due | None:
    """The link to the one question lives seven days; then nothing more is asked."""
    message = MessageRef(Kind.CHECK_IN, PATIENT, "1")
    sent = r.settled_at(message) if r.sent(message) else None
    if sent is None or r.check_in_answered():
        return None
    return Due(
        key="check_in_answer",
        at=rules.calendar.after(sent, rules.policy.retention.scheduling_link),
        says="Wait a week for the patient's answer",
    )


def low_score(r: Referral, rules: Rules) -> Due | None:
    """Who was not content is called within four business hours."""
    answer, policy = r.last(CheckInAnswered), rules.policy.followup
    if answer is None or answer.score > policy.call_at_or_below:
        return None
    due = Due(
        key="low_score",
        at=answer.at,
        owner=Role.LEAD,
        task=TaskKind.LOW_SCORE,
        by=rules.calendar.after(answer.at, policy.call_within),
        says="The patient was not content: somebody calls",
    )
    return once(r, due)


def _good_end(r: Referral) -> datetime | None:
    ending = r.ending()
    return r.discharged_at if ending is not None and ending.good else None


RULES: tuple[DueRule, ...] = (
    missing_evaluation,
    summary,
    patient_thanks,
    check_in,
    check_in_answer,
)
