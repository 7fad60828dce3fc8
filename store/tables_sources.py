"""How the relationship with each source stood, and how it did: two histories, append-only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from store.columns import Table, UtcDateTime


class SourceStateRow(Table, table=True):
    """From ``since`` on a source stood so, as far as was known from ``known_at`` on.

    On a day it stood as the row with the highest ``id`` among those that begin by then (and were
    known by the moment asked about): a row takes back those before it that begin later.
    """

    __tablename__ = "source_states"
    __table_args__ = (
        Index(None, "source_id", "id"),
        Index(None, "org", "since"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org: str
    source_id: str = Field(foreign_key="sources.id")
    state: str  # models.source_states.SourceState
    since: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)  # the latest referral at that moment
    known_at: datetime = Field(sa_type=UtcDateTime)
    facts: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON
    )  # models.re_engagement.Facts, and its words as ``says``


class SourceVerdictRow(Table, table=True):
    """How a source did, as seen at the beginning of a week; the rate is recent over before."""

    __tablename__ = "source_verdicts"
    __table_args__ = (Index(None, "source_id", "week"),)

    org: str = Field(primary_key=True)
    week: date = Field(primary_key=True)  # its Monday; the figures end with the day before
    source_id: str = Field(primary_key=True, foreign_key="sources.id")
    verdict: str  # models.verdicts.Verdict
    recent: int  # referrals of models.verdicts.RECENT weeks
    before: int  # of ``weeks`` weeks before them
    weeks: int
    bursts: float = 1.0
    low: float | None = None  # None: nothing to compare with
    high: float | None = None  # None as well where it has no end
    known_at: datetime = Field(sa_type=UtcDateTime)
