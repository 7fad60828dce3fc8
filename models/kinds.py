"""The closed list of messages we send (policy.md §3) and who may own each."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Kind(StrEnum):
    """One kind of message; ``re_engagement`` is a task first and a letter only by a person."""

    # to the office that sent the referral
    RECEIPT_NOTICE = "receipt_notice"
    THANK_YOU = "thank_you"
    THANK_YOU_PAST_PATIENT = "thank_you_past_patient"
    NEED_INFORMATION = "need_information"
    UNABLE_TO_REACH = "unable_to_reach"
    DECLINED = "declined"
    TRANSFERRED = "transferred"
    # to the certifying provider and the report recipients
    PLAN_OF_CARE = "plan_of_care"
    PROGRESS_UPDATE = "progress_update"
    SIGNATURE_REQUEST = "signature_request"
    PROGRESS_REPORT = "progress_report"
    DISCHARGE_SUMMARY = "discharge_summary"
    # about a source that fell silent
    RE_ENGAGEMENT = "re_engagement"
    # to the patient
    SCHEDULE_TEXT = "schedule_text"
    REACH_FOLLOWUP = "reach_followup"
    LAST_TEXT = "last_text"
    BOOKED = "booked"
    INTAKE = "intake"
    INTAKE_REMINDER = "intake_reminder"
    REMINDER = "reminder"
    MISSED = "missed"
    WAITING_ON_INSURER = "waiting_on_insurer"
    NEW_CLINIC = "new_clinic"
    REBOOK = "rebook"
    PATIENT_THANKS = "patient_thanks"
    CHECK_IN = "check_in"
    OPT_OUT_CONFIRMATION = "opt_out_confirmation"
    CLOSED_HOURS = "closed_hours"
    HELP = "help"
    MISSED_CALL = "missed_call"
    # by a person at the desk, word for word
    DESK_TEXT = "desk_text"
    # to a practice, each quarter
    SCORECARD = "scorecard"


# Written by a person: no switch, no cadence and no pause is about them (policy.md rule 10).
BY_HAND = frozenset({Kind.DESK_TEXT})

Owner = Literal["us", "emr", "nobody"]
"""Whose job a message is (policy.md rule 10): ours, the EMR's, or nobody sends it."""
