"""Heard from outside: milestones, told by an EMR, a form or a person."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from models.facts.base import Fact, Id, UtcDatetime
from models.facts.codes import AuthorizationStatus, Ending, Meaning, Payer, Scope, Signer, Urgency


class ReferralReceived(Fact):
    """Somebody asked us to treat a patient; who must be told what follows from it."""

    kind: Literal["referral_received"] = "referral_received"
    confirmed_at: UtcDatetime  # when a person or a trusted system vouched for it: cadences start
    origin: str = "api"
    source_id: Id
    source_kind: str
    source_verified: bool = True
    may_thank: bool = True  # policy.md rule 8; False for self-referrals
    certifier_id: Id | None = None
    certifier_may_certify: bool = True  # chiropractors and dentists may not [G6]
    recipients: tuple[Id, ...] = ()
    payers: tuple[Payer, ...] = ()
    urgency: Urgency = Urgency.ROUTINE
    not_before: UtcDatetime | None = None  # surgery not yet done: deadlines start here
    order_signed_and_dated: bool = False  # the certifier's own order (policy.md rule 5)
    order_holds_full_plan: bool = False
    # A machine read it: nobody is contacted until a person has confirmed it (policy.md rule 7).
    confirmed: bool = True
    pages: int = Field(default=0, ge=0)  # of the fax it was read from
    fax_verified: bool = False  # the number that sent them belongs to an office we know


class NotBeforeChanged(Fact):
    """The first day of care has moved, such as with the surgery before it; none: nothing waits.

    Whichever was known last counts, this or ``not_before`` of the request; every date follows.
    """

    kind: Literal["not_before_changed"] = "not_before_changed"
    not_before: UtcDatetime | None = None


class AuthorizationChanged(Fact):
    """How far a payer's approval is; while none is given the referral waits (policy.md rule 15).

    ``visits`` and ``ends_on`` say what was granted: so many treatment days, the last on that day.
    Each status is a fact of its own, so that when the wait began stays known.
    """

    kind: Literal["authorization_changed"] = "authorization_changed"
    authorization_id: Id
    status: AuthorizationStatus
    visits: int | None = Field(default=None, ge=1, le=500)
    ends_on: date | None = None

    @property
    def key(self) -> str:
        return f"authorization:{self.authorization_id}:{self.status}"


class AppointmentBooked(Fact):
    """The EMR has an appointment; told again with a later ``as_of`` it has moved."""

    kind: Literal["appointment_booked"] = "appointment_booked"
    appointment_id: Id
    starts_at: UtcDatetime
    purpose: Literal["evaluation", "visit"] = "evaluation"

    @property
    def key(self) -> str:
        return f"appointment:{self.appointment_id}"


class BookingRequested(Fact):
    """The patient asked for one of the times they were offered; nothing is booked by it (rule 18).

    ``slot_id`` names the offered time where it is one of ours. The EMR's ``appointment_booked``
    settles it; a later request takes its place.
    """

    kind: Literal["booking_requested"] = "booking_requested"
    request_id: Id
    starts_at: UtcDatetime
    slot_id: Id | None = None

    @property
    def key(self) -> str:
        return f"request:{self.request_id}"


class AppointmentCancelled(Fact):
    """An appointment will not take place."""

    kind: Literal["appointment_cancelled"] = "appointment_cancelled"
    appointment_id: Id

    @property
    def key(self) -> str:
        return f"appointment:{self.appointment_id}:cancelled"


class AppointmentMissed(Fact):
    """The patient did not come; told by the EMR or confirmed by the desk, never inferred."""

    kind: Literal["appointment_missed"] = "appointment_missed"
    appointment_id: Id

    @property
    def key(self) -> str:
        return f"appointment:{self.appointment_id}:missed"


class IntakeCompleted(Fact):
    """The patient's forms are complete."""

    kind: Literal["intake_completed"] = "intake_completed"


class IntakeOpened(Fact):
    """The patient has opened their forms; whether they are complete is another fact."""

    kind: Literal["intake_opened"] = "intake_opened"


class EvaluationCompleted(Fact):
    """The initial evaluation took place; the first treatment day unless an earlier one is told."""

    kind: Literal["evaluation_completed"] = "evaluation_completed"
    day: date  # local treatment day
    therapist_id: Id | None = None
    episode_id: Id | None = None


class OrderReceived(Fact):
    """A written order or referral is on file."""

    kind: Literal["order_received"] = "order_received"
    order_id: Id
    provider_id: Id
    signed_and_dated: bool
    holds_full_plan: bool = False
    source_id: Id | None = None  # a renewal came as a request: this source is acknowledged for it
    confirmed_at: UtcDatetime | None = None  # when somebody vouched for that request

    @property
    def key(self) -> str:
        return f"order:{self.order_id}"


class PlanOfCareSigned(Fact):
    """A plan of care was signed: by the therapist (send it) or the provider (certified).

    ``changed`` marks a provider's signature that alters the plan: a new version must follow
    (policy.md rule 4). ``weekly`` is how many visits a week the plan asks for, where it says so.
    """

    kind: Literal["plan_of_care_signed"] = "plan_of_care_signed"
    by: Signer
    version: int = Field(default=1, ge=1, le=99)
    document_id: Id | None = None
    ends_on: date | None = None
    changed: bool = False
    verbal: bool = False  # a spoken approval; the signature must follow within 14 days [G1]
    recertifies: bool = False  # a new period after plan end or day 90; needs a signature [G3]
    weekly: int | None = Field(default=None, ge=1, le=14)
    signed_on: date | None = None  # the date beside the signature, where another than the event's

    @property
    def key(self) -> str:
        spoken = ":verbal" if self.verbal else ""
        return f"plan:{self.version}:{self.by}{spoken}"


class PlanOfCareReturned(Fact):
    """A page came back; not yet a signature. The chase pauses until a person has judged it."""

    kind: Literal["plan_of_care_returned"] = "plan_of_care_returned"
    version: int = Field(default=1, ge=1, le=99)
    document_id: Id | None = None

    @property
    def key(self) -> str:
        return f"plan:{self.version}:returned"


class VisitCompleted(Fact):
    """One completed visit; several on one local day are one treatment day [G9]."""

    kind: Literal["visit_completed"] = "visit_completed"
    visit_id: Id
    day: date
    by: Literal["clinician", "assistant"] = "clinician"

    @property
    def key(self) -> str:
        return f"visit:{self.visit_id}"


class OutcomeRecorded(Fact):
    """One score on one named measure."""

    kind: Literal["outcome_recorded"] = "outcome_recorded"
    measure: Id
    score: float
    day: date

    @property
    def key(self) -> str:
        return f"outcome:{self.measure}:{self.day.isoformat()}"


class ProgressReportSigned(Fact):
    """The clinician wrote and signed a progress report; the count of ten starts again."""

    kind: Literal["progress_report_signed"] = "progress_report_signed"
    report_id: Id
    document_id: Id | None = None
    day: date

    @property
    def key(self) -> str:
        return f"progress:{self.report_id}"


class Discharged(Fact):
    """Care ended."""

    kind: Literal["discharged"] = "discharged"
    reason: Ending
    planned: bool = True


class DischargeSummarySigned(Fact):
    """The therapist signed the discharge summary."""

    kind: Literal["discharge_summary_signed"] = "discharge_summary_signed"
    document_id: Id | None = None


class ReferralWithdrawn(Fact):
    """The source took the referral back."""

    kind: Literal["referral_withdrawn"] = "referral_withdrawn"


class PatientDied(Fact):
    """Every message stops at once, in all referrals (policy.md rule 22)."""

    kind: Literal["patient_died"] = "patient_died"


class ReleaseRecorded(Fact):
    """The patient's authorization is on file: what somebody who does not treat them may read.

    Good through ``ends_on``, a local day; without one, until it is revoked.
    """

    kind: Literal["release_recorded"] = "release_recorded"
    release_id: Id
    recipient_id: Id
    scope: Scope = Scope.REPORTS
    ends_on: date | None = None

    @property
    def key(self) -> str:
        return f"release:{self.release_id}"


class ReleaseRevoked(Fact):
    """The patient took an authorization back; what was sent before stays sent."""

    kind: Literal["release_revoked"] = "release_revoked"
    release_id: Id

    @property
    def key(self) -> str:
        return f"release:{self.release_id}:revoked"


class PatientReplied(Fact):
    """A text came from the patient's number; the words stay in the store.

    It is told to every open referral on that number: the thread belongs to the phone (policy.md
    rule 12). ``meaning`` is the gravest thing it asks and ``also`` the rest; a reply without one
    was told before texts were read. Only the referral for which ``here`` is true answers it and
    asks people about it; the others know that it came.
    """

    kind: Literal["patient_replied"] = "patient_replied"
    reply_id: Id
    meaning: Meaning | None = None
    also: tuple[Meaning, ...] = ()
    here: bool = True

    def says(self, *wanted: Meaning) -> bool:
        """Whether any of these is among what it asks."""
        return any(one in wanted for one in (self.meaning, *self.also))

    @property
    def key(self) -> str:
        return f"reply:{self.reply_id}"


class CallMissed(Fact):
    """The patient called and nobody answered; the numbers stay in the store.

    It is told to every open referral on that number; the one for which ``here`` is true answers.
    """

    kind: Literal["call_missed"] = "call_missed"
    call_id: Id
    here: bool = True

    @property
    def key(self) -> str:
        return f"call_missed:{self.call_id}"


class CheckInAnswered(Fact):
    """The patient's answer to the one question after discharge, 0 to 10."""

    kind: Literal["check_in_answered"] = "check_in_answered"
    score: int = Field(ge=0, le=10)
