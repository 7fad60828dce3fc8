"""What is asked during care and at its end: reports, visits, the summary, how it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.planned import Goal
from models.roles import Role
from models.tasks.base import TaskKind, TaskSpec, never, number_of

if TYPE_CHECKING:
    from models.referral import Referral


def _report_written(r: Referral, occasion: str) -> bool:
    # The occasion is the number of reports written before this period began.
    return r.discharged() or r.over() or len(r.progress_reports()) > number_of(occasion)


def _seen_again(r: Referral, occasion: str) -> bool:
    return r.discharged() or r.over() or len(r.treatment_days()) > number_of(occasion)


def _next_visit_known(r: Referral, occasion: str) -> bool:
    last = r.last_visit_at()
    return _seen_again(r, occasion) or (last is not None and r.next_visit_at(last) is not None)


def _enough_booked(r: Referral, occasion: str) -> bool:
    # The occasion says how many are enough, and in which weeks; a newer plan asks anew.
    if r.discharged() or r.over():
        return True
    goal = Goal.parse(occasion)
    return goal.met(r) or not goal.stands(r)


def _summary_known(r: Referral, _: str) -> bool:
    return r.summary_signed() or r.over()


def _evaluation_told(r: Referral, _: str) -> bool:
    return r.evaluation_on_record() or r.over()


SPECS: dict[TaskKind, TaskSpec] = {
    TaskKind.WRITE_PROGRESS: TaskSpec(
        Role.THERAPIST,
        "Write the progress report by the tenth treatment day",
        _report_written,
        own_ladder=True,
    ),
    TaskKind.PROGRESS_OVERDUE: TaskSpec(
        Role.DIRECTOR,
        "The tenth treatment day has passed without a progress report",
        _report_written,
    ),
    TaskKind.UNDER_SCHEDULED: TaskSpec(
        Role.FRONT_DESK,
        "Too few of the visits planned for the first weeks are booked: book more with the patient",
        _enough_booked,
        infers=True,
    ),
    TaskKind.NO_NEXT_VISIT: TaskSpec(
        Role.FRONT_DESK, "No next visit is booked: call the patient", _next_visit_known, infers=True
    ),
    TaskKind.DROPOUT: TaskSpec(
        Role.FRONT_DESK,
        "No visit for too long: call the patient before they drop out",
        _seen_again,
        infers=True,
    ),
    TaskKind.PROPOSE_DISCHARGE: TaskSpec(
        Role.THERAPIST, "No visit for a month: decide on a discharge", _seen_again, infers=True
    ),
    TaskKind.MISSING_EVALUATION: TaskSpec(
        Role.THERAPIST,
        "Discharged, but no evaluation on record: complete it so that the letter has no holes",
        _evaluation_told,
    ),
    TaskKind.SIGN_SUMMARY: TaskSpec(
        Role.THERAPIST, "Write and sign the discharge summary", _summary_known, own_ladder=True
    ),
    TaskKind.LOW_SCORE: TaskSpec(
        Role.LEAD, "The patient was not satisfied: call them today", never, urgent=True
    ),
}
