"""What goes out: messages and their deliveries."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from store.columns import Table, UtcDateTime


class MessageState(StrEnum):
    """Where a message stands; ``sent`` and ``dropped`` are final."""

    QUEUED = "queued"
    HELD = "held"
    SENT = "sent"
    DROPPED = "dropped"


class DeliveryState(StrEnum):
    """How far one attempt on one channel has come; only ever forward."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"  # nobody can tell; a person decides, or a late receipt does
    FAILED = "failed"
    DELIVERED = "delivered"


class SubjectType(StrEnum):
    """What a delivery carries out."""

    MESSAGE = "message"
    FACT = "fact"
    TASK = "task"
    REPORT = "report"  # a notice that a month's report is there
    SCORECARD = "scorecard"  # a letter to an office, about none of its patients
    SOURCE_STATE = "source_state"
    TOUCH = "touch"  # with a source, by somebody of ours


class MessageRow(Table, table=True):
    """One thing we owe to one party on one occasion; ``key`` is ``MessageRef.key``."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("referral_id", "key"),
        Index(None, "org", "kind", "state"),
        Index(None, "org", "line"),
    )

    id: str = Field(primary_key=True)
    org: str
    referral_id: str = Field(foreign_key="referrals.id")
    key: str
    kind: str
    to_party: str
    occasion: str
    state: str = MessageState.QUEUED
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    why: str | None = None  # a code: quiet_hours, cap, approval, opted_out …
    line: str | None = None  # the fax number it waits for, while others may go along
    created_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class SentLetterRow(Table, table=True):
    """The pages of one delivery as they went out; PHI, gone with the purge."""

    __tablename__ = "sent_letters"

    delivery_id: str = Field(primary_key=True, foreign_key="deliveries.id")
    pdf: bytes = Field(sa_type=LargeBinary)


class DeliveryRow(Table, table=True):
    """One way out for one subject on one channel: the only outbox there is.

    ``address_ref`` is the normalised number or mailbox: caps and dead numbers count by it.
    ``acceptances`` counts distinct vendor ids; more than one on a rung is a double send. While it
    is ``sending``, whoever claimed it may be talking to the vendor up to ``in_hand_until``. Letters
    that travel together share one ``carrier``: the reference the vendor was given for all of them.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("reference"),
        UniqueConstraint("subject_type", "subject_id", "channel", "rung"),
        Index(None, "state", "prove_by"),
        Index(None, "channel", "state", "recorded_at"),
        Index(None, "org", "address_ref", "claimed_at"),
        Index(None, "referral_id"),
        Index(None, "vendor_id"),
        Index(None, "carrier"),
    )

    id: str = Field(primary_key=True)
    org: str
    subject_type: str
    subject_id: str
    referral_id: str | None = Field(default=None, foreign_key="referrals.id")
    channel: str  # fax | sms | email | crm
    rung: int = 0
    reference: str
    carrier: str | None = None  # None until claimed
    pages: int | None = None  # of a fax
    state: str = DeliveryState.QUEUED
    attempt: int = 0
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    in_hand_until: datetime | None = Field(default=None, sa_type=UtcDateTime)  # wall time
    vendor_id: str | None = None
    acceptances: int = 0
    prove_by: datetime | None = Field(default=None, sa_type=UtcDateTime)  # wall time
    address_ref: str | None = None
    code: str | None = None
    payload: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    created_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
