"""Facts: what happened, as keyed and timed values that may be told twice, late or out of order.

A fact's ``kind`` is also the name of the signal that carries it. ``key`` says which thing it is
about; a second fact with the same key and a later ``as_of`` corrects the first, ``retracted``
takes it back. Facts hold ids, dates and codes; names and clinical text stay in the store.

``at`` is when it happened, ``as_of`` when the teller knew it (defaults to ``at``). Both are aware
and normalised to UTC.
"""

from __future__ import annotations

from datetime import UTC, date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter, model_validator

from models.base import Model
from models.kinds import Kind

UtcDatetime = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
# No colon: ids are joined by colons into the keys of facts, messages and tasks.
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


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


class CallOutcome(StrEnum):
    """What came of a call a person made."""

    REACHED = "reached"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    DECLINED = "declined"


class Fact(Model):
    """One keyed thing that happened; see the module."""

    kind: str
    at: UtcDatetime
    as_of: UtcDatetime
    retracted: bool = False

    @model_validator(mode="before")
    @classmethod
    def _known_when_it_happened(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("as_of") is None and "at" in given:
            return {**given, "as_of": given["at"]}
        return given

    @property
    def key(self) -> str:
        """What this fact is about, unique within a referral."""
        return self.kind


# --- heard from outside -----------------------------------------------------------------------


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


class AppointmentBooked(Fact):
    """The EMR has an appointment; told again with a later ``as_of`` it has moved."""

    kind: Literal["appointment_booked"] = "appointment_booked"
    appointment_id: Id
    starts_at: UtcDatetime
    purpose: Literal["evaluation", "visit"] = "evaluation"

    @property
    def key(self) -> str:
        return f"appointment:{self.appointment_id}"


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

    @property
    def key(self) -> str:
        return f"order:{self.order_id}"


class PlanOfCareSigned(Fact):
    """A plan of care was signed: by the therapist (send it) or the provider (certified).

    ``changed`` marks a provider's signature that alters the plan: a new version must follow
    (policy.md rule 4).
    """

    kind: Literal["plan_of_care_signed"] = "plan_of_care_signed"
    by: Signer
    version: int = Field(default=1, ge=1, le=99)
    document_id: Id | None = None
    ends_on: date | None = None
    changed: bool = False
    verbal: bool = False  # a spoken approval; the signature must follow within 14 days [G1]
    recertifies: bool = False  # a new period after plan end or day 90; needs a signature [G3]

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


class PatientReplied(Fact):
    """The patient answered a message; the words stay in the store."""

    kind: Literal["patient_replied"] = "patient_replied"
    reply_id: Id

    @property
    def key(self) -> str:
        return f"reply:{self.reply_id}"


class CheckInAnswered(Fact):
    """The patient's answer to the one question after discharge, 0 to 10."""

    kind: Literal["check_in_answered"] = "check_in_answered"
    score: int = Field(ge=0, le=10)


# --- decided by staff ---------------------------------------------------------------------------


class Decision(Fact):
    """A person's decision; ``seen`` is the version token of the card they looked at."""

    by: Id
    seen: str | None = None


class CallLogged(Decision):
    """Somebody called the patient or an office."""

    kind: Literal["call_logged"] = "call_logged"
    call_id: Id
    party: Literal["patient", "source", "certifier"] = "patient"
    outcome: CallOutcome

    @property
    def key(self) -> str:
        return f"call:{self.call_id}"


class TaskCompleted(Decision):
    """A task was done or dismissed."""

    kind: Literal["task_completed"] = "task_completed"
    task: str = Field(max_length=150)
    outcome: Literal["done", "dismissed"] = "done"

    @property
    def key(self) -> str:
        return f"task_done:{self.task}"


class MessageApproved(Decision):
    """The named person let a message go (``approve`` in the policy)."""

    kind: Literal["message_approved"] = "message_approved"
    message: str = Field(max_length=150)

    @property
    def key(self) -> str:
        return f"approved:{self.message}"


class CertificationWaived(Decision):
    """A director ends the chase for a signature that will not come; the state stays ``late``."""

    kind: Literal["certification_waived"] = "certification_waived"


class ReferralClosed(Decision):
    """The referral left the board: by a person, or by the story's own end (``by`` = system)."""

    kind: Literal["referral_closed"] = "referral_closed"
    reason: ClosedReason


# --- learned from our own acts ------------------------------------------------------------------


class _AboutMessage(Fact):
    message: str = Field(max_length=150)


class MessageHeld(_AboutMessage):
    """A message is a row already and goes out at ``until`` (or once approved)."""

    kind: Literal["message_held"] = "message_held"
    until: UtcDatetime | None = None
    why: str = Field(max_length=60)  # a code: quiet_hours, cap, busy, approval …

    @property
    def key(self) -> str:
        return f"held:{self.message}"


class MessageSent(_AboutMessage):
    """A vendor accepted a message; accepted is not delivered."""

    kind: Literal["message_sent"] = "message_sent"
    message_kind: Kind
    channel: str

    @property
    def key(self) -> str:
        return f"sent:{self.message}"


class MessageDelivered(_AboutMessage):
    """A receipt proves arrival at ``recipient_id`` (a provider, practice or patient id)."""

    kind: Literal["message_delivered"] = "message_delivered"
    message_kind: Kind
    channel: str
    recipient_id: Id | None = None

    @property
    def key(self) -> str:
        return f"delivered:{self.message}"


class MessageFailed(_AboutMessage):
    """One rung of the ladder is spent."""

    kind: Literal["message_failed"] = "message_failed"
    rung: int
    channel: str
    code: str = Field(max_length=60)

    @property
    def key(self) -> str:
        return f"failed:{self.message}:{self.rung}"


class MessageDropped(_AboutMessage):
    """A message will not go: refused by consent or policy, overtaken, or the ladder is spent."""

    kind: Literal["message_dropped"] = "message_dropped"
    why: str = Field(max_length=60)

    @property
    def key(self) -> str:
        return f"dropped:{self.message}"


class TaskOpened(Fact):
    """A person has something to do, in a role, by a time, for a reason."""

    kind: Literal["task_opened"] = "task_opened"
    task: str = Field(max_length=150)
    role: str
    due: UtcDatetime

    @property
    def key(self) -> str:
        return f"task:{self.task}"


Milestone = (
    ReferralReceived
    | AppointmentBooked
    | AppointmentCancelled
    | AppointmentMissed
    | IntakeCompleted
    | EvaluationCompleted
    | OrderReceived
    | PlanOfCareSigned
    | PlanOfCareReturned
    | VisitCompleted
    | OutcomeRecorded
    | ProgressReportSigned
    | Discharged
    | DischargeSummarySigned
    | ReferralWithdrawn
    | PatientDied
    | PatientReplied
    | CheckInAnswered
)
AnyDecision = CallLogged | TaskCompleted | MessageApproved | CertificationWaived | ReferralClosed
OwnFact = MessageHeld | MessageSent | MessageDelivered | MessageFailed | MessageDropped | TaskOpened
AnyDecisionFact = Annotated[AnyDecision, Field(discriminator="kind")]
AnyFact = Annotated[Milestone | AnyDecision | OwnFact, Field(discriminator="kind")]

MILESTONES: dict[str, type[Fact]] = {
    cls.model_fields["kind"].default: cls for cls in Milestone.__args__
}
DECISIONS: dict[str, type[Decision]] = {
    cls.model_fields["kind"].default: cls for cls in AnyDecision.__args__
}

_ADAPTER: TypeAdapter[Any] = TypeAdapter(AnyFact)


def parse_fact(body: dict[str, Any] | str) -> AnyFact:
    """A fact from its JSON, chosen by ``kind``; raises pydantic.ValidationError."""
    if isinstance(body, str):
        return _ADAPTER.validate_json(body)  # type: ignore[no-any-return]
    return _ADAPTER.validate_python(body)  # type: ignore[no-any-return]
