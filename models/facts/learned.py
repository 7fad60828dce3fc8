"""Learned from our own acts: what was sent, held, dropped, asked of people, and linked."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from models.facts.base import Fact, Id, UtcDatetime
from models.facts.codes import Payer
from models.kinds import Kind
from models.roles import Role


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
    starts_at: UtcDatetime | None = None  # the appointment it named; None: none, or not kept then

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


class MessageCameBack(_AboutMessage):
    """A vendor took a message and reported later that it did not arrive; ``rung`` says which try.

    ``again_at`` is when it goes out once more by the same channel (policy.md §2 fax.retry). None:
    its tries there are used up, and the next channel, or a person, has it at once.
    """

    kind: Literal["message_came_back"] = "message_came_back"
    rung: int
    channel: str
    code: str = Field(max_length=60)
    again_at: UtcDatetime | None = None

    @property
    def key(self) -> str:
        return f"came_back:{self.message}:{self.rung}"


class MessageSentAgain(_AboutMessage):
    """A vendor took a message once more that had come back; accepted is not delivered."""

    kind: Literal["message_sent_again"] = "message_sent_again"
    message_kind: Kind
    rung: int
    channel: str

    @property
    def key(self) -> str:
        return f"sent_again:{self.message}:{self.rung}"


class MessageDropped(_AboutMessage):
    """A message will not go: refused by consent or policy, overtaken, or the ladder is spent."""

    kind: Literal["message_dropped"] = "message_dropped"
    why: str = Field(max_length=60)

    @property
    def key(self) -> str:
        return f"dropped:{self.message}"


class TaskOpened(Fact):
    """A person has something to do, in a role, by a time, for a reason.

    ``about`` is the key of the message it was opened for, where it was one.
    """

    kind: Literal["task_opened"] = "task_opened"
    task: str = Field(max_length=150)
    role: str
    due: UtcDatetime
    about: str | None = None

    @property
    def key(self) -> str:
        return f"task:{self.task}"


class CoSourceAdded(Fact):
    """Another source asked for the same patient; it is acknowledged as well (policy.md rule 2).

    Its request is linked, and fills in what the first one left open: who certifies, who hears the
    reports, who pays.
    """

    kind: Literal["co_source_added"] = "co_source_added"
    source_id: Id
    source_kind: str
    may_thank: bool = True
    verified: bool = True
    confirmed_at: UtcDatetime
    certifier_id: Id | None = None
    certifier_may_certify: bool = True
    recipients: tuple[Id, ...] = ()
    payers: tuple[Payer, ...] = ()

    @property
    def key(self) -> str:
        return f"co_source:{self.source_id}"


class ProviderLeft(Fact):
    """A provider whom this referral names no longer practises there, or at all.

    Told once for the organization, and by us to every referral it concerns: their letters go to
    the successor, where there is one.
    """

    kind: Literal["provider_left"] = "provider_left"
    provider_id: Id
    on: date
    successor_id: Id | None = None

    @property
    def key(self) -> str:
        return f"provider_left:{self.provider_id}"


class TaskEscalated(Fact):
    """A task lay too long, and somebody else has it as well now (policy.md §2 task)."""

    kind: Literal["task_escalated"] = "task_escalated"
    task: str = Field(max_length=150)
    to: Role

    @property
    def key(self) -> str:
        return f"escalated:{self.task}:{self.to}"


class TaskHeld(Fact):
    """A question was not put: it would have been inferred from a feed that is silent (rule 9).

    It is put at ``until`` if nothing answered it by then and the feed speaks again.
    """

    kind: Literal["task_held"] = "task_held"
    task: str = Field(max_length=150)
    until: UtcDatetime

    @property
    def key(self) -> str:
        return f"task_held:{self.task}"


class CadenceShared(Fact):
    """Two open referrals of one patient are reached as one (policy.md rule 12).

    ``led_by`` is the referral for which the patient is texted and called; None: this one, from
    ``at`` on. ``began`` is when the cadence began that it goes on with; without one it begins anew,
    because the patient was spoken to about the other one at ``spoken_at``.
    """

    kind: Literal["cadence_shared"] = "cadence_shared"
    led_by: Id | None = None
    began: UtcDatetime | None = None
    spoken_at: UtcDatetime | None = None
