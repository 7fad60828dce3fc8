"""What a liaison keeps about sources: touches, gifts, and which two turned out to be one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from store.columns import Table, UtcDateTime, Words


class TouchRow(Table, table=True):
    """One visit, call or note about a source; struck out by who wrote it wrongly, never erased.

    ``id`` is made with the form, so that a form sent twice is one touch.
    """

    __tablename__ = "touches"
    __table_args__ = (Index(None, "source_id", "at"), Index(None, "org", "at"))

    id: str = Field(primary_key=True)
    org: str
    source_id: str = Field(foreign_key="sources.id")
    kind: str  # models.book.TouchKind
    outcome: str | None = None  # models.book.Outcome
    words: str | None = Field(default=None, sa_type=Words)  # about the source, not a patient
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    struck_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    struck_by: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class GiftRow(Table, table=True):
    """What one recipient was given; append-only, put right by a row of the opposite amount.

    The recipient is the provider, across all clinics; of a source that is none, the source itself.
    """

    __tablename__ = "gifts"
    __table_args__ = (
        UniqueConstraint("reverses"),
        Index(None, "org", "provider_id", "year"),
        Index(None, "source_id", "year"),
        Index(None, "org", "given_on"),
    )

    id: str = Field(primary_key=True)
    org: str
    source_id: str = Field(foreign_key="sources.id")  # on whose page it stands
    provider_id: str | None = Field(default=None, foreign_key="providers.id")
    given_on: date
    year: int
    cents: int  # US; below zero where it takes another row back
    what: str = Field(sa_type=Words)
    shared: str | None = None  # one gift to a practice, split: the same for each part
    reverses: str | None = Field(default=None, foreign_key="gifts.id")
    by: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class MergeRow(Table, table=True):
    """A person said that two sources are one; taken back by another decision."""

    __tablename__ = "source_merges"
    __table_args__ = (Index(None, "gone"), Index(None, "into"))

    id: str = Field(primary_key=True)
    org: str
    gone: str = Field(foreign_key="sources.id")
    into: str = Field(foreign_key="sources.id")
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    lines: list[str] = Field(default_factory=list, sa_type=JSON)  # referrals whose line moved
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # how the two stood
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_by: str | None = None
