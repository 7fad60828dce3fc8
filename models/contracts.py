"""The values that cross borders: workflow inputs, activity inputs and answers, channel parcels.

One input and one result per workflow and activity; a new field with a default is the only
compatible change. They carry ids, dates and codes; a parcel alone carries words, and it never
leaves the process that sends it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from models.base import Model
from models.errors import Verdict
from models.facts import AnyFact, ClosedReason, UtcDatetime
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.source_states import SourceState
from models.tasks import TaskKind

Channel = Literal["fax", "sms", "email", "crm"]


# --- workflows ----------------------------------------------------------------------------------


class ReferralStart(Model):
    """How a referral's workflow begins, and begins again on a new page or after reopening."""

    org: str
    clinic_id: str
    referral_id: str
    source_id: str
    rules: Rules
    facts: tuple[AnyFact, ...] = ()
    page: int = 1

    def at(self, moved: Moved) -> ReferralStart:
        """The same referral at another clinic."""
        return self.model_copy(update={"clinic_id": moved.clinic_id, "rules": moved.rules})

    def resumed(self, referral: Referral) -> ReferralStart:
        """The start of the next page: the same referral with all that is known by now."""
        return self.model_copy(update={"facts": referral.facts, "page": self.page + 1})


class ReferralEnd(Model):
    """What a referral's workflow leaves behind in the engine."""

    referral_id: str
    reason: ClosedReason


class SourceStart(Model):
    """How a source's silence watch begins; it holds no history of its own."""

    org: str
    source_id: str
    quiet: bool = False  # as the page before this one left it


class Look(Model):
    """The store's answer to "how does this source stand?"; ``again_at`` None waits for a referral.

    ``quiet``: it is silent and somebody should call; ``asked``: somebody has been asked to.
    ``state`` is how it stands and ``then`` what comes next if nobody comes; an older answer has
    neither. ``away``: its physician is on leave. ``closed``: its provider has left, or it turned
    out to be another source, and the watch ends until a referral begins it again.
    """

    quiet: bool = False
    closed: bool = False
    again_at: UtcDatetime | None = None
    state: SourceState | None = None
    then: SourceState | None = None
    asked: bool = True
    away: bool = False


class ReportAsked(Model):
    """One look at whether a month of a clinic (``*``: of all) is due for its report."""

    org: str
    scope: str


class ReportMail(Model):
    """One person is to be told that a month's report is there."""

    org: str
    scope: str
    month: str
    staff_id: str


class MonthsClosed(Model):
    """The months that are closed now, and who is told; both empty on most days."""

    months: tuple[str, ...] = ()
    mails: tuple[ReportMail, ...] = ()


class SweepInput(Model):
    """One run of one chore."""

    chore: str


# --- activities ---------------------------------------------------------------------------------


class SendInput(Model):
    """One turn of the crank for one message on one rung of its ladder."""

    org: str
    clinic_id: str
    referral_id: str
    kind: Kind
    to: str
    occasion: str
    rung: int = 0

    @property
    def message(self) -> MessageRef:
        """Which message this is."""
        return MessageRef(self.kind, self.to, self.occasion)


class DropInput(Model):
    """A held message that events have overtaken; ``rung``: how many tries are behind it."""

    org: str
    referral_id: str
    kind: Kind
    to: str
    occasion: str
    why: str
    rung: int = 0

    @property
    def message(self) -> MessageRef:
        """Which message this is."""
        return MessageRef(self.kind, self.to, self.occasion)


class TaskInput(Model):
    """A task to stand on the board."""

    org: str
    clinic_id: str
    referral_id: str
    kind: TaskKind
    occasion: str
    role: Role
    due: UtcDatetime
    says: str
    infers: bool = False  # from absence: not put while the feed is silent


class RecordInput(Model):
    """Facts a workflow itself decides, such as its own closing."""

    org: str
    referral_id: str
    facts: tuple[AnyFact, ...]


class Moved(Model):
    """Where a referral is from now on: its clinic, and the rules with that clinic's calendar."""

    clinic_id: str
    rules: Rules


class Answer(Model):
    """What an activity lets its workflow learn."""

    learned: tuple[AnyFact, ...] = ()
    held_until: UtcDatetime | None = None
    moved: Moved | None = None


class ChoreDone(Model):
    """What one run of a chore did, as counts for the timeline."""

    chore: str
    seen: int = 0
    moved: int = 0


# --- channels -----------------------------------------------------------------------------------


class Attachment(Model):
    """One file of a parcel; its name holds no PHI."""

    filename: str
    media_type: str
    content: bytes


class Parcel(Model):
    """What goes over a channel; ``reference`` is ours and is found again at the vendor."""

    reference: str
    channel: Channel
    to: str
    org: str = ""  # whose it is: the address of a vendor's callback names it
    sender: str = ""
    subject: str = ""
    body: str = ""
    attachments: tuple[Attachment, ...] = ()


class Sent(Model):
    """What we know of a parcel that its vendor is asked about.

    ``since`` is when it was claimed, by the wall's clock; ``vendor_id`` is empty after a lost
    answer.
    """

    reference: str
    to: str = ""
    body: str = ""
    vendor_id: str = ""
    since: UtcDatetime | None = None


class ReceiptState(StrEnum):
    """How far a vendor says a message came; only ever forward (rule 3 of the house)."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"


class Receipt(Model):
    """A vendor's word on one parcel.

    ``verdict`` says what a failure asks for: *later* another try, *permanent* another way at once,
    *fix* another try and somebody to mend the account.
    """

    reference: str
    state: ReceiptState
    at: UtcDatetime
    vendor_id: str = ""
    code: str = ""
    verdict: Verdict = Verdict.LATER


# --- the way in ---------------------------------------------------------------------------------


class RawRequest(Model):
    """Bytes from outside, before anything is believed."""

    # hand: an event told at the keyboard; texts: a text or a call by a vendor's callback;
    # page: a patient's own page; fax: what a fax says
    origin: Literal["events", "api", "file", "hand", "texts", "page", "fax"]
    headers: dict[str, str] = Field(default_factory=dict)
    body: bytes
    received_at: UtcDatetime


class Card(Model):
    """A referral as the board shows it; written with the facts, by the same fold."""

    referral_id: str
    org: str
    clinic_id: str
    stage: str
    certification: str
    next_key: str | None = None
    next_says: str | None = None
    next_owner: str | None = None
    next_at: datetime | None = None
    open_tasks: int = 0
    last_touch_at: datetime | None = None
    contact_within: datetime | None = None  # 24 wall hours after the request came
    contact_by: datetime | None = None  # the end of the business day after it came
    attempts: int = 0  # delivered texts and logged calls to the patient (policy.md rule 19)
    attempted_at: datetime | None = None  # the first of them
    reached_at: datetime | None = None  # the first two-way contact
    evaluation_at: datetime | None = None  # when the evaluation is booked for
    evaluated_at: datetime | None = None
    holds: tuple[str, ...] = ()  # why it waits, as codes (models.facts.HoldReason)
    paused_until: datetime | None = None  # nothing goes to the patient before
    in_hands_of: str | None = None  # a staff id
    closed_reason: str | None = None
    closed_at: datetime | None = None
    payer: str | None = None  # whose rules come first (models.facts.Payer)
    confirmed: bool = True
    version: str = ""


def learned(*facts: AnyFact) -> Answer:
    """An answer that only teaches."""
    return Answer(learned=facts)
