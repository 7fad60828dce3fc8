"""The words facts are told in: endings, reasons, payers, outcomes."""

from __future__ import annotations

from enum import StrEnum


class Signer(StrEnum):
    """Who signed a plan of care (policy.md rule 3)."""

    THERAPIST = "therapist"
    PROVIDER = "provider"


class Ending(StrEnum):
    """Why care ended; the good endings alone earn a cheerful message (policy.md rule 22)."""

    GOALS_MET = "goals_met"
    PLATEAU = "plateau"
    PATIENT_CHOICE = "patient_choice"
    MOVED = "moved"
    STOPPED_COMING = "stopped_coming"
    MEDICAL = "medical"
    PAYER = "payer"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"
    DECEASED = "deceased"

    @property
    def good(self) -> bool:
        """Whether thank-you and check-in may follow."""
        return self in {Ending.GOALS_MET, Ending.PLATEAU, Ending.PATIENT_CHOICE, Ending.MOVED}


class ClosedReason(StrEnum):
    """Why a referral left the board."""

    COMPLETED = "completed"
    UNABLE_TO_REACH = "unable_to_reach"
    DECLINED_BY_PATIENT = "declined_by_patient"
    DECLINED_BY_CLINIC = "declined_by_clinic"
    WITHDRAWN = "withdrawn"
    NOT_EVALUATED = "not_evaluated"
    DECEASED = "deceased"
    ENTERED_IN_ERROR = "entered_in_error"

    @property
    def lost(self) -> bool:
        """Closed without care: an evaluation or a booking reopens it (ARCHITECTURE §7)."""
        return self in {
            ClosedReason.UNABLE_TO_REACH,
            ClosedReason.DECLINED_BY_PATIENT,
            ClosedReason.NOT_EVALUATED,
        }


class Urgency(StrEnum):
    """How soon the patient must be reached."""

    ROUTINE = "routine"
    URGENT = "urgent"
    POST_OP = "post_op"


class Payer(StrEnum):
    """Payer classes with a rule of their own for certification (policy.md rule 5)."""

    MEDICARE_PART_B = "medicare_part_b"
    MEDICARE_ADVANTAGE = "medicare_advantage"
    MEDICAID = "medicaid"
    WORKERS_COMP = "workers_comp"
    COMMERCIAL = "commercial"
    SELF_PAY = "self_pay"


class Scope(StrEnum):
    """What a patient's authorization lets somebody read."""

    STATUS = "status"  # whether the patient came, and that it is over
    REPORTS = "reports"  # that, progress reports and the discharge summary


class CallOutcome(StrEnum):
    """What came of a call a person made."""

    REACHED = "reached"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    DECLINED = "declined"

    @property
    def spoken(self) -> bool:
        """Somebody spoke to whom they called."""
        return self in {CallOutcome.REACHED, CallOutcome.DECLINED}


class CallWhy(StrEnum):
    """Why a patient declined, or what is the matter with the number that was called."""

    ELSEWHERE = "elsewhere"  # they go to another clinic
    BETTER = "better"  # they need no therapy any more
    COST = "cost"
    NO_TIME = "no_time"
    TOO_FAR = "too_far"
    UNSAID = "unsaid"  # they gave no reason
    STRANGER = "stranger"  # it is somebody else's
    OUT_OF_SERVICE = "out_of_service"

    @property
    def of_number(self) -> bool:
        """It is about the number, so the office is asked for another one (policy.md rule 17)."""
        return self in {CallWhy.STRANGER, CallWhy.OUT_OF_SERVICE}


class PageVerdict(StrEnum):
    """What a person found on a page that came back (policy.md rule 4)."""

    SIGNED = "signed"  # and dated
    SIGNED_WITH_CHANGES = "signed_with_changes"
    UNDATED = "undated"  # signed, but without a date
    DECLINED = "declined"
    BLANK = "blank"

    @property
    def certifies(self) -> bool:
        """Only a signature with its date does."""
        return self in {PageVerdict.SIGNED, PageVerdict.SIGNED_WITH_CHANGES}


class WhyDeclined(StrEnum):
    """Why a provider did not sign."""

    NOT_OUR_PATIENT = "not_our_patient"
    WANTS_VISIT_FIRST = "wants_visit_first"
    DISAGREES = "disagrees"


class DeclinedFor(StrEnum):
    """Why the clinic cannot take a patient (policy.md rule 14)."""

    CAPACITY = "capacity"  # no free place in the time the patient should be seen
    PAYER = "payer"  # the clinic has no contract with the insurer
    SCOPE = "scope"  # what is asked for is not offered here


class HoldReason(StrEnum):
    """Why a referral waits (policy.md rule 15)."""

    AUTHORIZATION = "authorization"
    BENEFITS = "benefits"
    ORDER_MISSING = "order_missing"
    NOT_BEFORE = "not_before"  # surgery not yet done
    PATIENT_AWAY = "patient_away"
    CAPACITY = "capacity"

    @property
    def insurer(self) -> bool:
        """The wait is for the patient's insurer: the patient is told that we wait."""
        return self in {HoldReason.AUTHORIZATION, HoldReason.BENEFITS}


class AuthorizationStatus(StrEnum):
    """How far a payer's approval is."""

    REQUIRED = "required"
    REQUESTED = "requested"
    GRANTED = "granted"
    DENIED = "denied"
    EXPIRED = "expired"

    @property
    def holds(self) -> bool:
        """While it stands at this the patient cannot be treated on the payer's word."""
        return self not in {AuthorizationStatus.GRANTED, AuthorizationStatus.EXPIRED}


class HoldEnd(StrEnum):
    """Why a person ended a hold."""

    OVER = "over"  # what was waited for has come
    NOT_NEEDED = "not_needed"  # it goes on without, such as a patient who pays
    GIVEN_UP = "given_up"


class RejectedWhy(StrEnum):
    """Why a request that a machine read is none (policy.md rule 7)."""

    JUNK = "junk"
    ANOTHER_CLINIC = "another_clinic"  # meant for somebody else
    DUPLICATE = "duplicate"


class ReturnedWhy(StrEnum):
    """Why a task is nobody's again (policy.md §2 task.lease)."""

    BY_HAND = "by_hand"
    EXPIRED = "expired"  # the lease or the shift has ended
    ABSENT = "absent"
    LEFT = "left"  # no longer on the staff
    MOVED = "moved"  # the referral went on to a clinic where they do not work


class Meaning(StrEnum):
    """What a text from a patient asks of us, the gravest first (policy.md rule 17)."""

    RED_FLAG = "red_flag"
    STOP = "stop"
    WRONG_NUMBER = "wrong_number"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"
    HELP = "help"
    START = "start"
    CONFIRM = "confirm"
    SCORE = "score"  # a number, where one was asked for; see models.replies.score
    OTHER = "other"


class WhyReopened(StrEnum):
    """Why a closed referral goes on after all."""

    CAME_BACK = "came_back"  # the patient, or their source, wants it after all
    PLACE_FREE = "place_free"  # the clinic can take the patient now
    IN_ERROR = "in_error"  # it was closed, or taken back, by mistake
