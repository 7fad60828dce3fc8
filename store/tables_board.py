"""What people keep beside the facts: notes on a referral, and their own views of the board."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from store.columns import Table, UtcDateTime, Words


class NoteRow(Table, table=True):
    """A note somebody wrote on a referral; append-only, and PHI."""

    __tablename__ = "notes"
    __table_args__ = (Index(None, "referral_id", "at"),)

    id: str = Field(primary_key=True)
    org: str
    referral_id: str = Field(foreign_key="referrals.id")
    by: str  # a staff id
    text: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class BoardViewRow(Table, table=True):
    """Filters of the board that somebody gave a name; ``query`` is what stands in the address."""

    __tablename__ = "board_views"
    __table_args__ = (UniqueConstraint("org", "staff_id", "name"),)

    id: str = Field(primary_key=True)
    org: str
    staff_id: str
    name: str = Field(sa_type=Words)
    query: str
    created_at: datetime = Field(sa_type=UtcDateTime)
