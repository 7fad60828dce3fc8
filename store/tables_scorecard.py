"""What the read API and the scorecards keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from store.columns import Table, UtcDateTime


class ReportKeyRow(Table, table=True):
    """The key by which an organization's ids become pseudonyms; written once, never changed."""

    __tablename__ = "report_keys"

    org: str = Field(primary_key=True)
    key: bytes = Field(sa_type=LargeBinary)


class ScorecardLetterRow(Table, table=True):
    """A letter about a scorecard: one for an office and quarter, and one for an address.

    ``content`` is models.scorecard.ScorecardLetter as it was approved.
    """

    __tablename__ = "scorecard_letters"
    __table_args__ = (
        UniqueConstraint("org", "about", "quarter"),
        UniqueConstraint("org", "address", "quarter"),
        Index(None, "source_id", "quarter"),
    )

    id: str = Field(primary_key=True)
    org: str
    # practice:<id>, or source:<id> where there is no office; letter:<id> of itself once the office
    # has another of this quarter, to a number that a letter of somebody else was to go to
    about: str
    source_id: str = Field(foreign_key="sources.id")  # on whose page it was asked for
    quarter: str  # 2027-Q1
    channel: str  # fax | email
    address: str  # normalised
    state: str  # store.scorecards.LetterState
    content: dict[str, Any] = Field(sa_type=JSON)
    asked_by: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
