"""Every table of the record; ``Table.metadata`` knows them all once this module is imported.

``at`` and ``created_at`` are when something happened, by the clock of whoever told it (virtual in
a fast-forwarded life); ``recorded_at`` is when the store learned it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from store.columns import Table, UtcDateTime, Words
from store.slots import SlotRow, SlotSource, SlotState
from store.tables_board import BoardViewRow, NoteRow
from store.tables_book import GiftRow, MergeRow, TouchRow
from store.tables_desk import InviteRow, PasswordRow, SessionRow
from store.tables_fax import (
    FaxArrivalRow,
    FaxCorrectionRow,
    FaxPageRow,
    FaxPartRow,
    FaxRow,
    ReturnCodeRow,
)
from store.tables_ledger import ClosingRow, LedgerBookRow, LedgerRow, LedgerScoreRow
from store.tables_people import (
    ConsentRow,
    ConsentState,
    DeadNumberRow,
    PatientRow,
    PracticeRow,
    ProviderRow,
    ReplyRow,
    SourceRow,
)
from store.tables_post import (
    DeliveryRow,
    DeliveryState,
    MessageRow,
    MessageState,
    SentLetterRow,
    SubjectType,
)
from store.tables_scorecard import ReportKeyRow, ScorecardLetterRow
from store.tables_sources import SourceStateRow, SourceVerdictRow
from store.tables_talk import DeskTextRow, ThreadRow

__all__ = [
    "AuditRow",
    "BoardViewRow",
    "CallLockRow",
    "ClosingRow",
    "ConsentRow",
    "ConsentState",
    "DeadNumberRow",
    "DeliveryRow",
    "DeliveryState",
    "DeskTextRow",
    "DocumentRow",
    "ExternalIdRow",
    "FactRow",
    "FaxArrivalRow",
    "FaxCorrectionRow",
    "FaxPageRow",
    "FaxPartRow",
    "FaxRow",
    "GiftRow",
    "InboxRow",
    "InboxState",
    "InviteRow",
    "LedgerBookRow",
    "LedgerRow",
    "LedgerScoreRow",
    "MergeRow",
    "MessageRow",
    "MessageState",
    "NoteRow",
    "PasswordRow",
    "PatientRow",
    "PracticeRow",
    "ProviderRow",
    "ReferralRow",
    "ReplyRow",
    "ReportKeyRow",
    "ReturnCodeRow",
    "ScorecardLetterRow",
    "SentLetterRow",
    "SessionRow",
    "SlotRow",
    "SlotSource",
    "SlotState",
    "SourceRow",
    "SourceStateRow",
    "SourceVerdictRow",
    "SubjectType",
    "Table",
    "TaskRow",
    "TaskState",
    "ThreadRow",
    "TouchRow",
]


class InboxState(StrEnum):
    """What became of an event from outside."""

    RECEIVED = "received"
    APPLIED = "applied"
    WAITING = "waiting"  # for a referral nobody knows yet
    REJECTED = "rejected"  # kept, but the sender was told no
    TASK = "task"  # a person looks at it


class TaskState(StrEnum):
    """Whether somebody still has to do it."""

    OPEN = "open"
    DONE = "done"
    MOOT = "moot"  # overtaken by the facts


class ReferralRow(Table, table=True):
    """One request to treat one patient, with its card.

    The columns from ``stage`` on are the card: written only by ``store.record``, by the fold.
    """

    __tablename__ = "referrals"
    __table_args__ = (
        UniqueConstraint("org", "assigner", "external_value"),
        Index(None, "org", "clinic_id", "stage"),
        Index(None, "org", "stage", "closed_at"),
        Index(None, "org", "received_at"),
        Index(None, "org", "evaluation_at"),
        Index(None, "source_id", "received_at"),
        Index(None, "patient_id", "received_at"),
        Index(None, "duplicate_of"),
    )

    id: str = Field(primary_key=True)
    org: str
    clinic_id: str
    patient_id: str = Field(foreign_key="patients.id")
    source_id: str = Field(foreign_key="sources.id")
    received_at: datetime = Field(sa_type=UtcDateTime)
    assigner: str | None = Field(default=None, sa_type=Words)
    external_value: str | None = Field(default=None, sa_type=Words)
    urgency: str = "routine"
    duplicate_of: str | None = Field(default=None, foreign_key="referrals.id")
    linked_as: str | None = None  # models.linking.Link, where it points to another
    region: str | None = None  # models.regions.Region
    reason: str | None = Field(default=None, sa_type=Words)  # PHI: why the patient was sent
    fax_from: str | None = None  # E.164: where the pages came from that a machine read
    heard: str | None = None  # models.attribution.Heard, in the patient's own words
    campaign: str | None = None
    rules: dict[str, Any] = Field(sa_type=JSON)  # models.policy.Rules, pinned at the start
    policy_version: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    # --- the card ---
    certifier_id: str | None = None  # as told; see the fact
    stage: str = "received"
    certification: str = "needs_signature"
    next_key: str | None = None
    next_says: str | None = None
    next_owner: str | None = None
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    open_tasks: int = 0
    last_touch_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    contact_within: datetime | None = Field(default=None, sa_type=UtcDateTime)
    contact_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    attempted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reached_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    evaluation_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    evaluated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    holds: list[str] = Field(default_factory=list, sa_type=JSON)
    in_hands_of: str | None = None  # a staff id
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_reason: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    payer: str | None = None  # models.facts.Payer: the first of the list
    confirmed: bool = True  # False: a machine read it, and nobody has vouched for it yet
    version: str = ""


class ExternalIdRow(Table, table=True):
    """Another id of a referral, learned after it came: by an event that names both, or a person."""

    __tablename__ = "external_ids"

    org: str = Field(primary_key=True)
    assigner: str = Field(primary_key=True, sa_type=Words)
    value: str = Field(primary_key=True, sa_type=Words)
    referral_id: str = Field(foreign_key="referrals.id")
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class FactRow(Table, table=True):
    """One telling of one fact; append-only.

    ``digest`` is part of the key because two tellings may share key and moment and still differ
    (a retraction without an ``as_of`` of its own); the fold decides between them the same way in
    any order, so the store keeps both.
    """

    __tablename__ = "facts"
    __table_args__ = (UniqueConstraint("referral_id", "key", "as_of", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    org: str
    referral_id: str = Field(foreign_key="referrals.id")
    key: str
    kind: str
    at: datetime = Field(sa_type=UtcDateTime)
    as_of: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    retracted: bool = False
    digest: str
    body: dict[str, Any] = Field(sa_type=JSON)


class InboxRow(Table, table=True):
    """One event from outside, as it came; the same id with another body is a row of its own.

    ``received_at`` is wall time. The ``wait_*`` columns say which referral a waiting row is for.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("org", "origin", "event_id", "body_hash"),
        Index(None, "state", "received_at"),
        Index(None, "org", "wait_assigner", "wait_value"),
        Index(None, "org", "wait_referral"),
        Index(None, "org", "wait_patient"),
    )

    id: str = Field(primary_key=True)
    org: str
    origin: str
    event_id: str = Field(sa_type=Words)
    body_hash: str  # sha256, hexadecimal
    body: bytes = Field(sa_type=LargeBinary)
    headers: dict[str, str] = Field(sa_type=JSON)  # those without PHI
    received_at: datetime = Field(sa_type=UtcDateTime)
    state: str = InboxState.RECEIVED
    reason: str | None = None  # a code
    referral_id: str | None = Field(default=None, foreign_key="referrals.id")
    attempts: int = 0
    next_try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    wait_assigner: str | None = Field(default=None, sa_type=Words)
    wait_value: str | None = Field(default=None, sa_type=Words)
    wait_referral: str | None = Field(default=None, sa_type=Words)
    wait_patient: str | None = None  # PatientRow.person
    wait_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    matched_to: str | None = None  # the referral a person said it is about


class DocumentRow(Table, table=True):
    """Clinical content as it came: fields, the signed PDF, or both."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("org", "referral_id", "kind", "sha256"),
        Index(None, "referral_id"),
    )

    id: str = Field(primary_key=True)
    org: str
    referral_id: str | None = Field(default=None, foreign_key="referrals.id")
    kind: str
    content: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    pdf: bytes | None = Field(default=None, sa_type=LargeBinary)
    sha256: str
    signed_by_therapist: bool = False
    signed_by_provider: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)


class TaskRow(Table, table=True):
    """Something a person must do; ``subject`` is the referral, source or practice, or ``org``."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("org", "subject", "key"),
        Index(None, "org", "state", "role", "due"),
        Index(None, "org", "state", "done_at"),
        Index(None, "referral_id"),
        Index(None, "source_id"),
        Index(None, "practice_id"),
        Index(None, "gathered_in"),
    )

    id: str = Field(primary_key=True)
    org: str
    clinic_id: str | None = None  # None: every clinic of the organization
    subject: str
    referral_id: str | None = Field(default=None, foreign_key="referrals.id")
    source_id: str | None = Field(default=None, foreign_key="sources.id")
    inbox_id: str | None = Field(default=None, foreign_key="inbox.id")
    practice_id: str | None = Field(default=None, foreign_key="practices.id")  # store/gathering.py
    gathered_in: str | None = Field(default=None, foreign_key="tasks.id")
    key: str
    kind: str
    role: str
    owner: str | None = None  # a staff id: who has taken it
    taken_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    raised_to: str | None = None  # a role that has it as well, because it lay too long
    due: datetime = Field(sa_type=UtcDateTime)
    says: str = Field(sa_type=Words)
    state: str = TaskState.OPEN
    opened_at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_by: str | None = None
    outcome: str | None = None  # done | dismissed


class CallLockRow(Table, table=True):
    """Somebody is calling a number just now (policy.md rule 18, §2 call.lock)."""

    __tablename__ = "call_locks"

    org: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    by: str
    until: datetime = Field(sa_type=UtcDateTime)


class AuditRow(Table, table=True):
    """Who did what to which subject; append-only, ids and codes only."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "org", "subject"), Index(None, "org", "who", "id"))

    id: int | None = Field(default=None, primary_key=True)
    org: str
    at: datetime = Field(sa_type=UtcDateTime)
    who: str
    what: str
    subject: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
