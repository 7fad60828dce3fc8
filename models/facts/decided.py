"""Decided by staff: taken as updates, and refused with a reason where they cannot be."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from models.facts.base import Fact, Id, UtcDatetime
from models.facts.codes import (
    CallOutcome,
    CallWhy,
    ClosedReason,
    DeclinedFor,
    HoldEnd,
    HoldReason,
    PageVerdict,
    RejectedWhy,
    ReturnedWhy,
    WhyDeclined,
    WhyReopened,
)
from models.roles import Role

# Visits over time as a code: "2/week", "1-2/week", "1/2weeks", "1/month".
Frequency = Annotated[str, Field(pattern=r"^\d{1,2}(-\d{1,2})?/(\d?weeks?|month)$")]


class Decision(Fact):
    """A person's decision; ``seen`` is the version token of the card they looked at."""

    by: Id
    seen: str | None = None


class CallLogged(Decision):
    """Somebody called the patient or an office.

    ``why`` is the reason of a patient who declined, or what is the matter with a wrong number;
    with that one the number is neither called nor texted any more.
    """

    kind: Literal["call_logged"] = "call_logged"
    call_id: Id
    party: Literal["patient", "source", "certifier"] = "patient"
    outcome: CallOutcome
    why: CallWhy | None = None

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


class TaskTaken(Decision):
    """Somebody does a task now; nobody else need. It returns by itself at ``until``.

    ``until`` is worked out when the decision comes in, from the policy and who it is; what a caller
    says there does not count.
    """

    kind: Literal["task_taken"] = "task_taken"
    task: str = Field(max_length=150)
    until: UtcDatetime | None = None

    @property
    def key(self) -> str:
        return f"taken:{self.task}"


class TaskHandedOver(Decision):
    """A task goes to one colleague; ``until`` as for one that was taken."""

    kind: Literal["task_handed_over"] = "task_handed_over"
    task: str = Field(max_length=150)
    to: Id
    until: UtcDatetime | None = None

    @property
    def key(self) -> str:
        return f"handed_over:{self.task}"


class TaskReturned(Decision):
    """A task is everybody's again who has its role: put back, or its lease has ended."""

    kind: Literal["task_returned"] = "task_returned"
    task: str = Field(max_length=150)
    why: ReturnedWhy = ReturnedWhy.BY_HAND

    @property
    def key(self) -> str:
        return f"returned:{self.task}"


class HandedOver(Decision):
    """The referral is in one colleague's hands from now on; ``note_id`` names a note on file."""

    kind: Literal["handed_over"] = "handed_over"
    to: Id
    note_id: Id | None = None


class MessageApproved(Decision):
    """The named person let a message go (``approve`` in the policy)."""

    kind: Literal["message_approved"] = "message_approved"
    message: str = Field(max_length=150)

    @property
    def key(self) -> str:
        return f"approved:{self.message}"


class MessageStopped(Decision):
    """Somebody stops one message to the patient, whether it waits already or is still to come."""

    kind: Literal["message_stopped"] = "message_stopped"
    message: str = Field(max_length=150)

    @property
    def key(self) -> str:
        return f"stopped:{self.message}"


class TextWritten(Decision):
    """Somebody at the desk wrote to the patient; the words stay in the store under ``text_id``.

    ``live``: it answers a text the patient had just sent. ``carried_by`` is the other referral on
    the number by which it goes out; here it only counts as the answer. ``not_before`` is the later
    moment they chose for it; None: as soon as the hours allow.
    """

    kind: Literal["text_written"] = "text_written"
    text_id: Id
    live: bool = False
    carried_by: Id | None = None
    not_before: UtcDatetime | None = None

    @property
    def key(self) -> str:
        return f"written:{self.text_id}"


class RequestConfirmed(Decision):
    """A person vouches for what a machine read: name, birth date, phone and sender.

    ``corrected`` names the fields they changed; the values are in the store. ``further`` is worked
    out by us: somebody had vouched before, so this corrects a detail and moves no date.
    """

    kind: Literal["request_confirmed"] = "request_confirmed"
    corrected: tuple[Annotated[str, Field(max_length=60)], ...] = ()
    further: bool = False

    @property
    def key(self) -> str:
        return f"request_confirmed:{self.at:%Y%m%dT%H%M%S}" if self.further else self.kind

    def says_as(self, other: RequestConfirmed) -> bool:
        """Whether the two are one word, told twice."""
        return self == other.model_copy(update={"further": self.further})


class RequestRejected(Decision):
    """What a machine read is no request to us; nobody is contacted about it."""

    kind: Literal["request_rejected"] = "request_rejected"
    why: RejectedWhy


class PageJudged(Decision):
    """A person says what is on a page of the plan that came back (policy.md rule 4).

    Told again about the same page it corrects what was said. ``signed_on`` is the date beside the
    signature; ``frequency`` and ``ends_on`` are the provider's own numbers, where they changed the
    plan; ``visit_on`` is when the provider sees the patient, once that is known.
    """

    kind: Literal["page_judged"] = "page_judged"
    version: int = Field(default=1, ge=1, le=99)
    document_id: Id | None = None
    verdict: PageVerdict
    why: WhyDeclined | None = None
    signed_on: date | None = None
    frequency: Frequency | None = None
    ends_on: date | None = None
    visit_on: date | None = None

    @property
    def key(self) -> str:
        page = f":{self.document_id}" if self.document_id else ""
        return f"judged:{self.version}{page}"


class HoldPlaced(Decision):
    """The referral waits for something; told again with the same id it waits on other terms.

    ``owner`` looks after it at ``next_check``; at ``limit`` it is the lead's (policy.md rule 15).
    """

    kind: Literal["hold_placed"] = "hold_placed"
    hold_id: Id
    reason: HoldReason
    owner: Role
    next_check: UtcDatetime
    limit: UtcDatetime

    @property
    def key(self) -> str:
        return f"hold:{self.hold_id}"


class HoldLifted(Decision):
    """A hold ended; ``hold_id`` may name an authorization that is not waited for any more."""

    kind: Literal["hold_lifted"] = "hold_lifted"
    hold_id: Id
    why: HoldEnd = HoldEnd.OVER

    @property
    def key(self) -> str:
        return f"hold:{self.hold_id}:lifted"


class Paused(Decision):
    """Nothing is sent to the patient until then, and no thanks to the source.

    It ends by itself. What the law or a payer asks for goes out all the same, and no date moves
    (ARCHITECTURE §7). ``owner`` answers for it meanwhile.
    """

    kind: Literal["paused"] = "paused"
    until: UtcDatetime
    owner: Role


class Resumed(Decision):
    """A pause ended before its time."""

    kind: Literal["resumed"] = "resumed"


class CertificationWaived(Decision):
    """A director ends the chase for a signature that will not come; the state stays ``late``."""

    kind: Literal["certification_waived"] = "certification_waived"


class ReferralClosed(Decision):
    """The referral left the board: by a person, or by the story's own end (``by`` = system).

    ``declined_for`` says why the clinic cannot take the patient (policy.md rule 14), and
    ``sister_clinic_id`` which other clinic of the organization can; then the source gets a letter.
    """

    kind: Literal["referral_closed"] = "referral_closed"
    reason: ClosedReason
    declined_for: DeclinedFor | None = None
    sister_clinic_id: Id | None = None


class CertifierNamed(Decision):
    """Who certifies the plan of care from now on; None: nobody, until a person names somebody.

    ``instead_of`` is who did so before; the plan then goes out again, to the new one.
    """

    kind: Literal["certifier_named"] = "certifier_named"
    provider_id: Id | None = None
    may_certify: bool = True  # worked out by us: chiropractors and dentists may not [G6]
    instead_of: Id | None = None

    @property
    def key(self) -> str:
        return f"certifier:{self.provider_id or 'nobody'}"


class Reopened(Decision):
    """A referral that was closed without care goes on, in a new run with all that is known.

    Every date towards the patient counts from now. Not after a death, and not once care was
    completed: that is a new referral.
    """

    kind: Literal["reopened"] = "reopened"
    why: WhyReopened

    @property
    def key(self) -> str:
        return f"reopened:{self.at:%Y%m%dT%H%M%S}"


class Transferred(Decision):
    """The referral goes on at another clinic of the organization (policy.md rule 1).

    Nothing begins anew: deadlines, messages, plan and the source's credit stay. ``from_clinic_id``
    is where it was, worked out when the decision comes in; what a caller says there does not count.
    """

    kind: Literal["transferred"] = "transferred"
    clinic_id: Id
    from_clinic_id: Id | None = None

    @property
    def key(self) -> str:
        return f"transferred:{self.occasion}"

    @property
    def occasion(self) -> str:
        """The moment in UTC: the occasion of what is sent and asked because of it."""
        return f"{self.at:%Y%m%dT%H%M%S}"


class MatchChosen(Decision):
    """A person says that an event nobody could place is about this referral.

    ``event_id`` is our id of the event. It is applied here at once, as it was told; an id of
    another system that it names belongs to this referral from then on.
    """

    kind: Literal["match_chosen"] = "match_chosen"
    event_id: Id

    @property
    def key(self) -> str:
        return f"match:{self.event_id}"
