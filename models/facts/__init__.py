"""Facts: what happened, as keyed and timed values that may be told twice, late or out of order.

A fact's ``kind`` is also the name of the signal that carries it. ``key`` says which thing it is
about; a second fact with the same key and a later ``as_of`` corrects the first, ``retracted``
takes it back. Facts hold ids, dates and codes; names and clinical text stay in the store.

``at`` is when it happened, ``as_of`` when the teller knew it (defaults to ``at``). Both are aware
and normalised to UTC.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from models.facts.base import Fact, Id, UtcDatetime
from models.facts.codes import (
    AuthorizationStatus,
    CallOutcome,
    CallWhy,
    ClosedReason,
    DeclinedFor,
    Ending,
    HoldEnd,
    HoldReason,
    Meaning,
    PageVerdict,
    Payer,
    RejectedWhy,
    ReturnedWhy,
    Scope,
    Signer,
    Urgency,
    WhyDeclined,
    WhyReopened,
)
from models.facts.decided import (
    CallLogged,
    CertificationWaived,
    CertifierNamed,
    Decision,
    HandedOver,
    HoldLifted,
    HoldPlaced,
    MatchChosen,
    MessageApproved,
    MessageStopped,
    PageJudged,
    Paused,
    ReferralClosed,
    Reopened,
    RequestConfirmed,
    RequestRejected,
    Resumed,
    TaskCompleted,
    TaskHandedOver,
    TaskReturned,
    TaskTaken,
    TextWritten,
    Transferred,
)
from models.facts.heard import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AuthorizationChanged,
    BookingRequested,
    CallMissed,
    CheckInAnswered,
    Discharged,
    DischargeSummarySigned,
    EvaluationCompleted,
    IntakeCompleted,
    IntakeOpened,
    NotBeforeChanged,
    OrderReceived,
    OutcomeRecorded,
    PatientDied,
    PatientReplied,
    PlanOfCareReturned,
    PlanOfCareSigned,
    ProgressReportSigned,
    ReferralReceived,
    ReferralWithdrawn,
    ReleaseRecorded,
    ReleaseRevoked,
    VisitCompleted,
)
from models.facts.learned import (
    CadenceShared,
    CoSourceAdded,
    MessageCameBack,
    MessageDelivered,
    MessageDropped,
    MessageFailed,
    MessageHeld,
    MessageSent,
    MessageSentAgain,
    ProviderLeft,
    TaskEscalated,
    TaskHeld,
    TaskOpened,
)

__all__ = [
    "DECISIONS",
    "LEASES",
    "MILESTONES",
    "AnyDecision",
    "AnyDecisionFact",
    "AnyFact",
    "AppointmentBooked",
    "AppointmentCancelled",
    "AppointmentMissed",
    "AuthorizationChanged",
    "AuthorizationStatus",
    "BookingRequested",
    "CadenceShared",
    "CallLogged",
    "CallMissed",
    "CallOutcome",
    "CallWhy",
    "CertificationWaived",
    "CertifierNamed",
    "CheckInAnswered",
    "ClosedReason",
    "CoSourceAdded",
    "Decision",
    "DeclinedFor",
    "DischargeSummarySigned",
    "Discharged",
    "Ending",
    "EvaluationCompleted",
    "Fact",
    "HandedOver",
    "HoldEnd",
    "HoldLifted",
    "HoldPlaced",
    "HoldReason",
    "Id",
    "IntakeCompleted",
    "IntakeOpened",
    "MatchChosen",
    "Meaning",
    "MessageApproved",
    "MessageCameBack",
    "MessageDelivered",
    "MessageDropped",
    "MessageFailed",
    "MessageHeld",
    "MessageSent",
    "MessageSentAgain",
    "MessageStopped",
    "Milestone",
    "NotBeforeChanged",
    "OrderReceived",
    "OutcomeRecorded",
    "OwnFact",
    "PageJudged",
    "PageVerdict",
    "PatientDied",
    "PatientReplied",
    "Paused",
    "Payer",
    "PlanOfCareReturned",
    "PlanOfCareSigned",
    "ProgressReportSigned",
    "ProviderLeft",
    "ReferralClosed",
    "ReferralReceived",
    "ReferralWithdrawn",
    "RejectedWhy",
    "ReleaseRecorded",
    "ReleaseRevoked",
    "Reopened",
    "RequestConfirmed",
    "RequestRejected",
    "Resumed",
    "ReturnedWhy",
    "Scope",
    "Signer",
    "TaskCompleted",
    "TaskEscalated",
    "TaskHandedOver",
    "TaskHeld",
    "TaskOpened",
    "TaskReturned",
    "TaskTaken",
    "TextWritten",
    "Transferred",
    "Urgency",
    "UtcDatetime",
    "VisitCompleted",
    "WhyDeclined",
    "WhyReopened",
    "parse_fact",
]

Milestone = (
    ReferralReceived
    | NotBeforeChanged
    | AuthorizationChanged
    | AppointmentBooked
    | AppointmentCancelled
    | AppointmentMissed
    | BookingRequested
    | IntakeOpened
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
    | ReleaseRecorded
    | ReleaseRevoked
    | PatientReplied
    | CallMissed
    | CheckInAnswered
)
AnyDecision = (
    CallLogged
    | TaskCompleted
    | MessageApproved
    | RequestConfirmed
    | RequestRejected
    | PageJudged
    | TaskTaken
    | TaskHandedOver
    | TaskReturned
    | HandedOver
    | HoldPlaced
    | HoldLifted
    | Paused
    | Resumed
    | CertificationWaived
    | CertifierNamed
    | ReferralClosed
    | Reopened
    | Transferred
    | MatchChosen
    | MessageStopped
    | TextWritten
)
OwnFact = (
    MessageHeld
    | MessageSent
    | MessageDelivered
    | MessageFailed
    | MessageCameBack
    | MessageSentAgain
    | MessageDropped
    | TaskOpened
    | CoSourceAdded
    | ProviderLeft
    | TaskEscalated
    | TaskHeld
    | CadenceShared
)
# Who has a task just now; says nothing about the referral itself.
LEASES: tuple[type[Decision], ...] = (TaskTaken, TaskHandedOver, TaskReturned)
AnyDecisionFact = Annotated[AnyDecision, Field(discriminator="kind")]
AnyFact = Annotated[Milestone | AnyDecision | OwnFact, Field(discriminator="kind")]

MILESTONES: dict[str, type[Fact]] = {
    cls.model_fields["kind"].default: cls for cls in Milestone.__args__
}
DECISIONS: dict[str, type[Decision]] = {
    cls.model_fields["kind"].default: cls for cls in AnyDecision.__args__
}

_ADAPTER: TypeAdapter[AnyFact] = TypeAdapter(AnyFact)


def parse_fact(body: dict[str, Any] | str) -> AnyFact:
    """A fact from its JSON, chosen by ``kind``; raises pydantic.ValidationError."""
    if isinstance(body, str):
        return _ADAPTER.validate_json(body)
    return _ADAPTER.validate_python(body)
