"""One typed signal per milestone: what the world outside may tell a referral.

A signal's name is its fact's ``kind``. Facts are never refused; one that cannot be read becomes a
task (the store keeps the original), because the engine would drop it with a log line only.
"""

from __future__ import annotations

from collections.abc import Sequence

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from models.facts import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AuthorizationChanged,
    BookingRequested,
    CadenceShared,
    CallLogged,
    CallMissed,
    CertifierNamed,
    CheckInAnswered,
    CoSourceAdded,
    Discharged,
    DischargeSummarySigned,
    EvaluationCompleted,
    Fact,
    IntakeCompleted,
    IntakeOpened,
    MessageCameBack,
    MessageDelivered,
    MessageFailed,
    NotBeforeChanged,
    OrderReceived,
    OutcomeRecorded,
    PatientDied,
    PatientReplied,
    PlanOfCareReturned,
    PlanOfCareSigned,
    ProgressReportSigned,
    ProviderLeft,
    ReferralReceived,
    ReferralWithdrawn,
    ReleaseRecorded,
    ReleaseRevoked,
    TaskEscalated,
    TaskOpened,
    VisitCompleted,
)

NO_BODY = RawValue(Payload())  # what a signal sent without a body reads; it is not an error there


class Milestones:
    """The signal handlers of a referral; each only takes its fact in."""

    def hear(self, fact: Fact) -> None:
        """Take a fact in; the workflow says how."""
        raise NotImplementedError

    def unreadable(self, name: str) -> None:
        """A signal came that cannot be read; the workflow asks a person."""
        raise NotImplementedError

    def _read(self, kind: type[Fact], raw: RawValue) -> None:
        try:
            fact = workflow.payload_converter().from_payload(raw.payload, kind)
            if not isinstance(fact, kind):
                raise TypeError("a signal with a body of another encoding")
        except (ValueError, TypeError, KeyError, RuntimeError):
            self.unreadable(kind.model_fields["kind"].default)
        else:
            self.hear(fact)

    @workflow.signal(description="The request itself, or a correction of it")
    def referral_received(self, fact: RawValue = NO_BODY) -> None:
        self._read(ReferralReceived, fact)

    @workflow.signal(description="The first day of care has moved, such as with the surgery")
    def not_before_changed(self, fact: RawValue = NO_BODY) -> None:
        self._read(NotBeforeChanged, fact)

    @workflow.signal(description="A payer's approval is needed, asked for, given, or refused")
    def authorization_changed(self, fact: RawValue = NO_BODY) -> None:
        self._read(AuthorizationChanged, fact)

    @workflow.signal(description="The EMR has an appointment, or moved it")
    def appointment_booked(self, fact: RawValue = NO_BODY) -> None:
        self._read(AppointmentBooked, fact)

    @workflow.signal(description="An appointment will not take place")
    def appointment_cancelled(self, fact: RawValue = NO_BODY) -> None:
        self._read(AppointmentCancelled, fact)

    @workflow.signal(description="The patient did not come")
    def appointment_missed(self, fact: RawValue = NO_BODY) -> None:
        self._read(AppointmentMissed, fact)

    @workflow.signal(description="The patient asked for one of the times on offer")
    def booking_requested(self, fact: RawValue = NO_BODY) -> None:
        self._read(BookingRequested, fact)

    @workflow.signal(description="The patient has opened their forms")
    def intake_opened(self, fact: RawValue = NO_BODY) -> None:
        self._read(IntakeOpened, fact)

    @workflow.signal(description="The patient's forms are complete")
    def intake_completed(self, fact: RawValue = NO_BODY) -> None:
        self._read(IntakeCompleted, fact)

    @workflow.signal(description="The initial evaluation took place")
    def evaluation_completed(self, fact: RawValue = NO_BODY) -> None:
        self._read(EvaluationCompleted, fact)

    @workflow.signal(description="A written order is on file")
    def order_received(self, fact: RawValue = NO_BODY) -> None:
        self._read(OrderReceived, fact)

    @workflow.signal(description="The therapist or the provider signed the plan of care")
    def plan_of_care_signed(self, fact: RawValue = NO_BODY) -> None:
        self._read(PlanOfCareSigned, fact)

    @workflow.signal(description="A page of the plan came back; a person judges it")
    def plan_of_care_returned(self, fact: RawValue = NO_BODY) -> None:
        self._read(PlanOfCareReturned, fact)

    @workflow.signal(description="One completed visit")
    def visit_completed(self, fact: RawValue = NO_BODY) -> None:
        self._read(VisitCompleted, fact)

    @workflow.signal(description="One score on one measure")
    def outcome_recorded(self, fact: RawValue = NO_BODY) -> None:
        self._read(OutcomeRecorded, fact)

    @workflow.signal(description="The clinician signed a progress report")
    def progress_report_signed(self, fact: RawValue = NO_BODY) -> None:
        self._read(ProgressReportSigned, fact)

    @workflow.signal(description="Care ended")
    def discharged(self, fact: RawValue = NO_BODY) -> None:
        self._read(Discharged, fact)

    @workflow.signal(description="The therapist signed the discharge summary")
    def discharge_summary_signed(self, fact: RawValue = NO_BODY) -> None:
        self._read(DischargeSummarySigned, fact)

    @workflow.signal(description="The source took the referral back")
    def referral_withdrawn(self, fact: RawValue = NO_BODY) -> None:
        self._read(ReferralWithdrawn, fact)

    @workflow.signal(description="Every message stops at once")
    def patient_died(self, fact: RawValue = NO_BODY) -> None:
        self._read(PatientDied, fact)

    @workflow.signal(description="The patient answered a message")
    def patient_replied(self, fact: RawValue = NO_BODY) -> None:
        self._read(PatientReplied, fact)

    @workflow.signal(description="The patient called, and nobody answered")
    def call_missed(self, fact: RawValue = NO_BODY) -> None:
        self._read(CallMissed, fact)

    @workflow.signal(description="The patient answered the one question after discharge")
    def check_in_answered(self, fact: RawValue = NO_BODY) -> None:
        self._read(CheckInAnswered, fact)

    @workflow.signal(description="A receipt proves that a message arrived")
    def message_delivered(self, fact: RawValue = NO_BODY) -> None:
        self._read(MessageDelivered, fact)

    @workflow.signal(description="A receipt says that a message did not arrive; it goes again")
    def message_came_back(self, fact: RawValue = NO_BODY) -> None:
        self._read(MessageCameBack, fact)

    @workflow.signal(description="A receipt says that a message did not arrive by this channel")
    def message_failed(self, fact: RawValue = NO_BODY) -> None:
        self._read(MessageFailed, fact)

    @workflow.signal(description="A task that was opened outside this workflow")
    def task_opened(self, fact: RawValue = NO_BODY) -> None:
        self._read(TaskOpened, fact)

    @workflow.signal(description="Another source asked for the same patient")
    def co_source_added(self, fact: RawValue = NO_BODY) -> None:
        self._read(CoSourceAdded, fact)

    @workflow.signal(description="The patient is reached for two referrals at once, or no longer")
    def cadence_shared(self, fact: RawValue = NO_BODY) -> None:
        self._read(CadenceShared, fact)

    @workflow.signal(description="The patient was called about another referral of theirs")
    def call_logged(self, fact: RawValue = NO_BODY) -> None:
        self._read(CallLogged, fact)

    @workflow.signal(description="The patient lets somebody read about them")
    def release_recorded(self, fact: RawValue = NO_BODY) -> None:
        self._read(ReleaseRecorded, fact)

    @workflow.signal(description="The patient took an authorization back")
    def release_revoked(self, fact: RawValue = NO_BODY) -> None:
        self._read(ReleaseRevoked, fact)

    @workflow.signal(description="A provider whom this referral names has left")
    def provider_left(self, fact: RawValue = NO_BODY) -> None:
        self._read(ProviderLeft, fact)

    @workflow.signal(description="Who certifies from now on, as it follows from who has left")
    def certifier_named(self, fact: RawValue = NO_BODY) -> None:
        self._read(CertifierNamed, fact)

    @workflow.signal(description="A task lay too long, and somebody else has it as well")
    def task_escalated(self, fact: RawValue = NO_BODY) -> None:
        self._read(TaskEscalated, fact)

    @workflow.signal(dynamic=True)
    def unknown(self, name: str, args: Sequence[RawValue]) -> None:
        """A signal this code does not know: from a newer release, or a slip of the pen."""
        del args  # the store keeps what was told
        self.unreadable(name)
