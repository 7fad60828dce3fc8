"""Decided by staff: taken as updates, and refused with a reason where they cannot be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.facts.base import Fact, Id
from models.facts.codes import CallOutcome, ClosedReason


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
