"""What people must do: every kind of task with its role, its words, and when it is overtaken.

A task's key is ``<kind>:<occasion>``. A task is *moot* once the facts show that nobody need do it
any more (a call to a patient who has booked); moot tasks leave the board by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from models.roles import Role

if TYPE_CHECKING:
    from models.referral import Referral


class TaskKind(StrEnum):
    """Every reason to ask a person."""

    VERIFY_SENDER = "verify_sender"
    ACKNOWLEDGE = "acknowledge"
    CALL_PATIENT = "call_patient"
    ASK_OFFICE = "ask_office"
    PROPOSE_CLOSE = "propose_close"
    CONFIRM_ATTENDANCE = "confirm_attendance"
    REBOOK_CALL = "rebook_call"
    DECIDE_NO_SHOWS = "decide_no_shows"
    INTAKE_HELP = "intake_help"
    EVALUATION_OVERDUE = "evaluation_overdue"
    NAME_CERTIFIER = "name_certifier"
    ATTACH_DOCUMENT = "attach_document"
    SIGN_PLAN = "sign_plan"
    CALL_CERTIFIER = "call_certifier"
    DIRECTOR_CALL = "director_call"
    JUDGE_RETURNED_PLAN = "judge_returned_plan"
    REVIEW_CHANGED_PLAN = "review_changed_plan"
    RECERTIFY = "recertify"
    WRITE_PROGRESS = "write_progress"
    PROGRESS_OVERDUE = "progress_overdue"
    NO_NEXT_VISIT = "no_next_visit"
    DROPOUT = "dropout"
    PROPOSE_DISCHARGE = "propose_discharge"
    MISSING_EVALUATION = "missing_evaluation"
    SIGN_SUMMARY = "sign_summary"
    LOW_SCORE = "low_score"
    UNDELIVERABLE = "undeliverable"
    UNCERTAIN_DELIVERY = "uncertain_delivery"
    APPROVE_MESSAGE = "approve_message"
    AFTER_CLOSING = "after_closing"
    RETRACTED_AFTER_LETTER = "retracted_after_letter"
    UNREADABLE_EVENT = "unreadable_event"
    STEP_FAILED = "step_failed"
    UNMATCHED_EVENT = "unmatched_event"
    RE_ENGAGEMENT = "re_engagement"


class TaskSpec(NamedTuple):
    """Who does it, what the board says, and when it is overtaken."""

    role: Role
    says: str
    moot: Callable[[Referral], bool]


def _never(_: Referral) -> bool:
    return False


def _contacted(r: Referral) -> bool:
    return r.booked() or r.over()


def _in_care_or_over(r: Referral) -> bool:
    return r.evaluated() or r.discharged() or r.over()


def _plan_known(r: Referral) -> bool:
    return r.plan_signed_by_therapist() or r.over()


def _signed(r: Referral) -> bool:
    return r.certified() or r.over()


def _care_over(r: Referral) -> bool:
    return r.discharged() or r.over()


def _summary_known(r: Referral) -> bool:
    return r.summary_signed() or r.over()


SPECS: dict[TaskKind, TaskSpec] = {
    TaskKind.VERIFY_SENDER: TaskSpec(
        Role.FRONT_DESK, "Confirm who sent this referral; nobody is thanked until then", _never
    ),
    TaskKind.ACKNOWLEDGE: TaskSpec(
        Role.LEAD, "Thank the source by phone: no written thank-you went out in time", _never
    ),
    TaskKind.CALL_PATIENT: TaskSpec(
        Role.FRONT_DESK, "Call the patient to book the evaluation", _contacted
    ),
    TaskKind.ASK_OFFICE: TaskSpec(
        Role.FRONT_DESK, "Ask the referring office for another number for the patient", _contacted
    ),
    TaskKind.PROPOSE_CLOSE: TaskSpec(
        Role.LEAD, "Decide: close as unable to reach, or keep trying", _contacted
    ),
    TaskKind.CONFIRM_ATTENDANCE: TaskSpec(
        Role.FRONT_DESK, "Did the patient attend the evaluation?", _in_care_or_over
    ),
    TaskKind.REBOOK_CALL: TaskSpec(
        Role.FRONT_DESK, "Call the patient to book the missed evaluation again", _contacted
    ),
    TaskKind.DECIDE_NO_SHOWS: TaskSpec(
        Role.LEAD, "Third missed evaluation: decide how to go on, and tell the office", _contacted
    ),
    TaskKind.INTAKE_HELP: TaskSpec(
        Role.FRONT_DESK,
        "Forms are still open a day before the evaluation: help the patient",
        lambda r: r.intake_done() or r.over(),
    ),
    TaskKind.EVALUATION_OVERDUE: TaskSpec(
        Role.LEAD, "No evaluation in the window: book it, or propose to close", _in_care_or_over
    ),
    TaskKind.NAME_CERTIFIER: TaskSpec(
        Role.FRONT_DESK,
        "Name the provider who certifies the plan of care",
        lambda r: r.over() or (r.is_received() and r.received.certifier_id is not None),
    ),
    TaskKind.ATTACH_DOCUMENT: TaskSpec(
        Role.THERAPIST, "Attach the signed document: the event brought none", lambda r: r.over()
    ),
    TaskKind.SIGN_PLAN: TaskSpec(Role.THERAPIST, "Write and sign the plan of care", _plan_known),
    TaskKind.CALL_CERTIFIER: TaskSpec(
        Role.FRONT_DESK, "Call the provider's office about the unsigned plan of care", _signed
    ),
    TaskKind.DIRECTOR_CALL: TaskSpec(
        Role.DIRECTOR, "Call the provider personally about the unsigned plan of care", _signed
    ),
    TaskKind.JUDGE_RETURNED_PLAN: TaskSpec(
        Role.FRONT_DESK, "A plan of care came back: say what is on the page", _signed
    ),
    TaskKind.REVIEW_CHANGED_PLAN: TaskSpec(
        Role.THERAPIST, "The provider changed the plan: review it before the next visit", _care_over
    ),
    TaskKind.RECERTIFY: TaskSpec(
        Role.THERAPIST, "Prepare the recertification, or discharge", _care_over
    ),
    TaskKind.WRITE_PROGRESS: TaskSpec(
        Role.THERAPIST, "Write the progress report by the tenth treatment day", _care_over
    ),
    TaskKind.PROGRESS_OVERDUE: TaskSpec(
        Role.DIRECTOR, "The tenth treatment day has passed without a progress report", _care_over
    ),
    TaskKind.NO_NEXT_VISIT: TaskSpec(
        Role.FRONT_DESK, "No next visit is booked: call the patient", _care_over
    ),
    TaskKind.DROPOUT: TaskSpec(
        Role.FRONT_DESK, "No visit for too long: call the patient before they drop out", _care_over
    ),
    TaskKind.PROPOSE_DISCHARGE: TaskSpec(
        Role.THERAPIST, "No visit for a month: decide on a discharge", _care_over
    ),
    TaskKind.MISSING_EVALUATION: TaskSpec(
        Role.THERAPIST,
        "Discharged, but no evaluation on record: complete it so that the letter has no holes",
        lambda r: r.evaluation_on_record() or r.over(),
    ),
    TaskKind.SIGN_SUMMARY: TaskSpec(
        Role.THERAPIST, "Write and sign the discharge summary", _summary_known
    ),
    TaskKind.LOW_SCORE: TaskSpec(
        Role.LEAD, "The patient was not satisfied: call them today", _never
    ),
    TaskKind.UNDELIVERABLE: TaskSpec(
        Role.FRONT_DESK, "No channel took this message: reach the recipient by phone", _never
    ),
    TaskKind.UNCERTAIN_DELIVERY: TaskSpec(
        Role.FRONT_DESK,
        "It is unknown whether this message went out: ask the recipient before sending again",
        _never,
    ),
    TaskKind.APPROVE_MESSAGE: TaskSpec(
        Role.LEAD, "Read this message and let it go, or stop it", lambda r: r.over()
    ),
    TaskKind.AFTER_CLOSING: TaskSpec(
        Role.LEAD, "Something was told after closing: check whether a letter must follow", _never
    ),
    TaskKind.RETRACTED_AFTER_LETTER: TaskSpec(
        Role.LEAD, "A fact was taken back after a letter named it: decide what to tell", _never
    ),
    TaskKind.UNREADABLE_EVENT: TaskSpec(
        Role.ADMIN, "An event could not be read: the original is attached", _never
    ),
    TaskKind.STEP_FAILED: TaskSpec(
        Role.ADMIN, "A step failed and needs a person: the timeline says where", _never
    ),
    TaskKind.UNMATCHED_EVENT: TaskSpec(
        Role.FRONT_DESK, "An event matches no referral, or several: say which one", _never
    ),
    TaskKind.RE_ENGAGEMENT: TaskSpec(
        Role.LIAISON, "A source has gone quiet: call, or write a personal note", _never
    ),
}


def task_key(kind: TaskKind, occasion: str) -> str:
    """The key of one task within its subject."""
    return f"{kind}:{occasion}"


def kind_of(key: str) -> TaskKind:
    """The kind inside a task key."""
    return TaskKind(key.split(":", 1)[0])


def judge_key(version: int) -> str:
    """The task in which a person says what a returned page is."""
    return task_key(TaskKind.JUDGE_RETURNED_PLAN, f"v{version}")


def moot(key: str, r: Referral) -> bool:
    """Whether the facts have overtaken the task.

    A referral closed for good keeps only what must still be told or repaired.
    """
    kind = kind_of(key)
    if kind is TaskKind.REVIEW_CHANGED_PLAN and r.plan_version > _version_in(key):
        return True
    if kind in {TaskKind.WRITE_PROGRESS, TaskKind.PROGRESS_OVERDUE}:
        return _progress_written(key, r) or SPECS[kind].moot(r)
    return SPECS[kind].moot(r)


def _version_in(key: str) -> int:
    return int(key.rsplit("v", 1)[1])


def _progress_written(key: str, r: Referral) -> bool:
    # The occasion is the number of reports written before this period began.
    return len(r.progress_reports()) > int(key.rsplit(":", 1)[1])
