"""What reports are counted from: a line for each referral, as it was known from when until when.

A line that changes after a month was closed is kept beside its successor, so that the closed month
computed again gives the same numbers (store/ledger.py writes it).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import Index
from sqlmodel import Field

from store.columns import Table, UtcDateTime

#: Until when the newest line of a referral holds.
FOR_EVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


class LedgerRow(Table, table=True):
    """One referral as counted while it was known like this; the columns are models.ledger.Line."""

    __tablename__ = "ledger"
    __table_args__ = (
        Index(None, "referral_id", "known_until"),
        Index(None, "org", "received_month", "clinic_id"),
        Index(None, "org", "source_id", "received_on"),
        Index(None, "org", "evaluated_month"),
        Index(None, "org", "discharged_month"),
        Index(None, "org", "asked_month"),
        Index(None, "org", "closed_month"),
        Index(None, "org", "stage", "known_until"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org: str
    referral_id: str = Field(foreign_key="referrals.id")
    known_from: datetime = Field(sa_type=UtcDateTime)
    known_until: datetime = Field(default=FOR_EVER, sa_type=UtcDateTime)
    clinic_id: str
    counted: str
    source_id: str
    source_kind: str
    heard: str | None = None
    campaign: str | None = None
    origin: str | None = None
    urgency: str | None = None
    payer: str | None = None
    region: str | None = None
    stage: str
    received_at: datetime = Field(sa_type=UtcDateTime)
    received_on: date
    received_month: str
    thanked_minutes: int | None = None
    thanks_unwanted: bool = False
    attempted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    contact_within: datetime | None = Field(default=None, sa_type=UtcDateTime)
    contact_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    contact_minutes: int | None = None
    contact_open_minutes: int | None = None
    reached_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    booked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    missed_evaluations: int = 0
    evaluated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    evaluated_on: date | None = None
    evaluated_month: str | None = None
    evaluation_days: int | None = None
    visits: int = 0
    missed_visits: int = 0
    plan_signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    plan_sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    plan_minutes: int | None = None
    certification: str | None = None
    certified: bool = False
    reports: int = 0
    prompt_reports: int = 0
    discharged_on: date | None = None
    discharged_month: str | None = None
    ending: str | None = None
    summary_signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    summary_sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    summary_minutes: int | None = None
    asked_on: date | None = None
    asked_month: str | None = None
    score: int | None = None
    texts_sent: int = 0
    texts_delivered: int = 0
    texts_failed: int = 0
    faxes_sent: int = 0
    faxes_delivered: int = 0
    faxes_failed: int = 0
    mails_sent: int = 0
    mails_delivered: int = 0
    mails_failed: int = 0
    replied: bool = False
    closed_on: date | None = None
    closed_month: str | None = None
    closed_reason: str | None = None
    lost_why: str | None = None
    odd: str | None = None


class LedgerScoreRow(Table, table=True):
    """One reading against the first one, while it was known; the columns are ScoreLine."""

    __tablename__ = "ledger_scores"
    __table_args__ = (
        Index(None, "referral_id", "known_until"),
        Index(None, "org", "day", "taken_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org: str
    referral_id: str = Field(foreign_key="referrals.id")
    known_from: datetime = Field(sa_type=UtcDateTime)
    known_until: datetime = Field(default=FOR_EVER, sa_type=UtcDateTime)
    measure: str
    taken_on: date
    day: int
    value: float
    improved: float
    percent: float | None = None
    meaningful: bool = False


class LedgerBookRow(Table, table=True):
    """The organization's books: when a month was last closed; writers of lines take turns here."""

    __tablename__ = "ledger_books"

    org: str = Field(primary_key=True)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClosingRow(Table, table=True):
    """One month of one clinic (or ``*``, all of them) was closed: what was known then counts."""

    __tablename__ = "closings"

    org: str = Field(primary_key=True)
    clinic_id: str = Field(primary_key=True)
    month: str = Field(primary_key=True)  # YYYY-MM
    closed_at: datetime = Field(sa_type=UtcDateTime)
    by: str  # a staff id, or "schedule"
