"""Every kind of task, how its key is made, and what each kind must say of itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from models.roles import Role

if TYPE_CHECKING:
    from models.referral import Referral


class TaskKind(StrEnum):
    """Every reason to ask a person."""

    CONFIRM_REQUEST = "confirm_request"
    VERIFY_SENDER = "verify_sender"
    NAME_GUARDIAN = "name_guardian"
    ACKNOWLEDGE = "acknowledge"
    CALL_PATIENT = "call_patient"
    ASK_OFFICE = "ask_office"
    PROPOSE_CLOSE = "propose_close"
    ANSWER_PATIENT = "answer_patient"
    CALL_BACK = "call_back"
    RED_FLAG = "red_flag"
    WRONG_NUMBER = "wrong_number"
    CALL_AFTER_STOP = "call_after_stop"
    CALL_AFTER_CANCEL = "call_after_cancel"
    CALL_TO_RESCHEDULE = "call_to_reschedule"
    BOOK_REQUEST = "book_request"
    CONFIRM_ATTENDANCE = "confirm_attendance"
    REBOOK_CALL = "rebook_call"
    DECIDE_NO_SHOWS = "decide_no_shows"
    INTAKE_HELP = "intake_help"
    EVALUATION_OVERDUE = "evaluation_overdue"
    CHECK_HOLD = "check_hold"
    HOLD_LIMIT = "hold_limit"
    REQUEST_AUTHORIZATION = "request_authorization"
    CHASE_AUTHORIZATION = "chase_authorization"
    AUTHORIZATION_DENIED = "authorization_denied"
    RENEW_AUTHORIZATION = "renew_authorization"
    TELL_WAITING = "tell_waiting"
    ORDER_STALE = "order_stale"
    NAME_CERTIFIER = "name_certifier"
    ATTACH_DOCUMENT = "attach_document"
    SIGN_PLAN = "sign_plan"
    CALL_CERTIFIER = "call_certifier"
    DIRECTOR_CALL = "director_call"
    JUDGE_RETURNED_PLAN = "judge_returned_plan"
    REVIEW_CHANGED_PLAN = "review_changed_plan"
    PLAN_UNDATED = "plan_undated"
    PLAN_NOT_THEIR_PATIENT = "plan_not_their_patient"
    PLAN_VISIT_FIRST = "plan_visit_first"
    PLAN_DISAGREED = "plan_disagreed"
    RECERTIFY = "recertify"
    WRITE_PROGRESS = "write_progress"
    PROGRESS_OVERDUE = "progress_overdue"
    UNDER_SCHEDULED = "under_scheduled"
    NO_NEXT_VISIT = "no_next_visit"
    DROPOUT = "dropout"
    PROPOSE_DISCHARGE = "propose_discharge"
    MISSING_EVALUATION = "missing_evaluation"
    SIGN_SUMMARY = "sign_summary"
    LOW_SCORE = "low_score"
    UNDELIVERABLE = "undeliverable"
    UNCERTAIN_DELIVERY = "uncertain_delivery"
    APPROVE_MESSAGE = "approve_message"
    RELEASE_MESSAGE = "release_message"
    AFTER_CLOSING = "after_closing"
    RETRACTED_AFTER_LETTER = "retracted_after_letter"
    UNREADABLE_EVENT = "unreadable_event"
    STEP_FAILED = "step_failed"
    UNMATCHED_EVENT = "unmatched_event"
    TELL_SOURCE = "tell_source"
    TELL_PATIENT = "tell_patient"
    CALL_AFTER_TRANSFER = "call_after_transfer"
    SORT_FAX = "sort_fax"
    FEED_SILENT = "feed_silent"
    RE_ENGAGEMENT = "re_engagement"
    CALL_PRACTICE = "call_practice"
    QUIET_PRACTICE = "quiet_practice"
    ASK_FAX_NUMBER = "ask_fax_number"
    APPROVE_SCORECARD = "approve_scorecard"
    SCORECARD_LOST = "scorecard_lost"
    SCORECARD_UNCERTAIN = "scorecard_uncertain"


Moot = Callable[["Referral", str], bool]  # of a referral and the task's occasion


class TaskSpec(NamedTuple):
    """Who does it, what the board says, and when it is overtaken."""

    role: Role
    says: str
    moot: Moot
    urgent: bool = False  # held for an hour at most, and raised within hours
    own_ladder: bool = False  # its promise itself asks the next in line
    infers: bool = False  # asked because nothing was told: not while the feed is silent (rule 9)


# One call for a whole practice, one word about its silence (policy.md rule 13): what is gathered
# into which task, where a practice has more than one of it.
GATHERED: dict[TaskKind, TaskKind] = {
    TaskKind.CALL_CERTIFIER: TaskKind.CALL_PRACTICE,
    TaskKind.DIRECTOR_CALL: TaskKind.CALL_PRACTICE,
    TaskKind.UNDELIVERABLE: TaskKind.CALL_PRACTICE,
    TaskKind.RE_ENGAGEMENT: TaskKind.QUIET_PRACTICE,
}

# Tasks to call a patient; those of a patient after surgery cannot wait.
CALLS = frozenset(
    {
        TaskKind.CALL_PATIENT,
        TaskKind.REBOOK_CALL,
        TaskKind.CALL_AFTER_STOP,
        TaskKind.CALL_AFTER_CANCEL,
        TaskKind.CALL_TO_RESCHEDULE,
        TaskKind.CALL_AFTER_TRANSFER,
    }
)

# Who dismisses one of these stops the message; who lets it go says so by ``message_approved``.
LETS_GO = (TaskKind.APPROVE_MESSAGE, TaskKind.RELEASE_MESSAGE)


def task_key(kind: TaskKind, occasion: str) -> str:
    """The key of one task within its subject."""
    return f"{kind}:{occasion}"


def kind_of(key: str) -> TaskKind:
    """The kind inside a task key."""
    return TaskKind(key.split(":", 1)[0])


def judge_key(version: int, document_id: str | None = None) -> str:
    """The task in which a person says what a returned page is; each page has its own."""
    page = f"-{document_id}" if document_id else ""
    return task_key(TaskKind.JUDGE_RETURNED_PLAN, f"v{version}{page}")


def hold_occasion(hold_id: str, at: datetime) -> str:
    """The occasion of a task about a hold: which, and the moment it is about, in UTC."""
    return f"{hold_id}-{at:%Y%m%dT%H%M%S}"


def again(occasion: str, time: int) -> str:
    """The occasion of a task that comes round again because it was done in vain."""
    return f"{occasion}-again-{time}"


def dead_number_occasion(number: str, at: datetime) -> str:
    """The occasion of a task about a fax number that takes nothing: it, and the day in UTC."""
    return f"{number}-{at:%Y%m%d}"


def dead_number_of(key: str) -> str:
    """The number such a task is about."""
    return key.partition(":")[2].rpartition("-")[0]


def never(_: Referral, __: str) -> bool:
    """Only a person ends it."""
    return False


def base_of(occasion: str) -> str:
    """The occasion without how often it came round again."""
    return occasion.split("-again-")[0]


def number_of(occasion: str) -> int:
    """The first number of an occasion: of a plan version, of treatment days, of reports."""
    found = re.search(r"\d+", occasion)
    return int(found[0]) if found else 0
