"""A whole policy: its sections, who sends what, and what every promised date is computed from."""

from __future__ import annotations

import hashlib
import json

from pydantic import Field

from models.base import Model
from models.clock import Calendar
from models.kinds import BY_HAND, Kind, Owner
from models.policy.arriving import Ack, Capture, Decline, Mailroom, Office, Order
from models.policy.care import Discharge, Dropout, Followup, Poc, Progress, Recert, UnderScheduled
from models.policy.house import Fax, Feed, Gifts, Report, Retention, Silence, Task, Touch
from models.policy.reaching import Call, InboundText, MissedCall, Reach, StopOrCancel, Text
from models.policy.visits import Authorization, Booking, Evaluation, Intake, Reminders
from models.roles import Role


def _owners() -> dict[Kind, Owner]:
    named = [kind for kind in Kind if kind not in BY_HAND]
    return {kind: "emr" if kind is Kind.REMINDER else "us" for kind in named}


class Policy(Model):
    """One organization's numbers and switches; ``version`` names exactly this set of them."""

    capture: Capture = Capture()
    mailroom: Mailroom = Mailroom()
    ack: Ack = Ack()
    office: Office = Office()
    text: Text = Text()
    call: Call = Call()
    reach: Reach = Reach()
    inbound_text: InboundText = InboundText()
    missed_call: MissedCall = MissedCall()
    stop_or_cancel: StopOrCancel = StopOrCancel()
    evaluation: Evaluation = Evaluation()
    reminders: Reminders = Reminders()
    intake: Intake = Intake()
    booking: Booking = Booking()
    authorization: Authorization = Authorization()
    decline: Decline = Decline()
    order: Order = Order()
    poc: Poc = Poc()
    recert: Recert = Recert()
    progress: Progress = Progress()
    dropout: Dropout = Dropout()
    under_scheduled: UnderScheduled = UnderScheduled()
    discharge: Discharge = Discharge()
    followup: Followup = Followup()
    silence: Silence = Silence()
    touch: Touch = Touch()
    fax: Fax = Fax()
    task: Task = Task()
    feed: Feed = Feed()
    gifts: Gifts = Gifts()
    report: Report = Report()
    retention: Retention = Retention()
    owner: dict[Kind, Owner] = Field(default_factory=_owners)  # rule 10
    # Held until a person of this role lets it go.
    approve: dict[Kind, Role] = Field(default_factory=dict)

    @property
    def version(self) -> str:
        """A hash of the content, 12 hexadecimal digits; the order of keys does not matter."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def ours(self, kind: Kind) -> bool:
        """Whether sending this kind is our job (rule 10)."""
        return kind in BY_HAND or self.owner.get(kind, "nobody") == "us"


class Rules(Model):
    """What every promised date is computed from: the pinned policy and the location's calendar.

    ``policy_version`` is kept as it was when the referral was pinned: the same policy read by
    newer code may gain fields and hash differently.
    """

    policy: Policy
    calendar: Calendar
    policy_version: str = Field(default_factory=lambda given: given["policy"].version)
