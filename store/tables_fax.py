"""Faxes that came in: the original, its pages as read, its parts, and what people corrected.

Rows hold PHI; nothing but the store does. To forget a person, erase the ``content`` of the fax,
the ``text`` of its pages, the ``fields`` of its parts and the words of its corrections.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from models.fax import FaxKind, FaxState, PartState
from store.columns import Table, UtcDateTime, Words


class FaxRow(Table, table=True):
    """One fax, told apart by its bytes: the same pages again are the same row."""

    __tablename__ = "faxes"
    __table_args__ = (
        UniqueConstraint("org", "sha256"),
        Index(None, "org", "state", "received_at"),
        Index(None, "state", "begun_at"),
    )

    id: str = Field(primary_key=True)
    org: str
    clinic_id: str | None = None  # of the called number; None: no clinic's
    sha256: str
    content: bytes = Field(sa_type=LargeBinary)
    media: str  # models.fax.Media
    from_number: str | None = None  # E.164, of the first arrival; None: withheld
    to_number: str | None = None
    received_at: datetime = Field(sa_type=UtcDateTime)  # of the first arrival
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    state: str = FaxState.RECEIVED
    pages: int | None = None
    trouble: str | None = None  # models.fax.Trouble
    begun_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # its workflow started
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FaxArrivalRow(Table, table=True):
    """One time a fax came, by one door."""

    __tablename__ = "fax_arrivals"
    __table_args__ = (UniqueConstraint("org", "vendor", "vendor_id"), Index(None, "fax_id"))

    id: int | None = Field(default=None, primary_key=True)
    org: str
    fax_id: str = Field(foreign_key="faxes.id")
    vendor: str
    vendor_id: str = Field(sa_type=Words)
    from_number: str | None = None
    to_number: str | None = None
    received_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class FaxPageRow(Table, table=True):
    """One page as a machine read it."""

    __tablename__ = "fax_pages"

    fax_id: str = Field(primary_key=True, foreign_key="faxes.id")
    number: int = Field(primary_key=True)
    text: str = Field(default="", sa_type=Words)
    source: str = "none"  # text | ocr | none
    quality: int = 0  # 0–100: how sure the reader was of its words
    rotate: int = 0  # degrees clockwise to show it upright
    codes: list[str] = Field(default_factory=list, sa_type=JSON)
    doubtful: list[str] = Field(default_factory=list, sa_type=JSON)  # words hardly made out
    trouble: str | None = None


class FaxPartRow(Table, table=True):
    """A run of pages that is one thing; most faxes have a single part."""

    __tablename__ = "fax_parts"
    __table_args__ = (
        UniqueConstraint("fax_id", "number"),
        Index(None, "org", "state", "due"),
        Index(None, "referral_id"),
    )

    id: str = Field(primary_key=True)
    org: str
    clinic_id: str | None = None
    fax_id: str = Field(foreign_key="faxes.id")
    number: int
    first_page: int
    last_page: int
    kind: str = FaxKind.UNCLEAR
    kind_by: str = "machine"  # or a staff id
    state: str = PartState.OPEN
    trouble: str | None = None
    splits: list[int] = Field(default_factory=list, sa_type=JSON)  # pages on which another begins
    fields: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # models.fax_fields
    role: str
    due: datetime = Field(sa_type=UtcDateTime)
    inbox_id: str | None = Field(default=None, foreign_key="inbox.id")
    referral_id: str | None = Field(default=None, foreign_key="referrals.id")
    code: str | None = None  # the return code on it
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_by: str | None = None
    version: int = 1


class FaxCorrectionRow(Table, table=True):
    """What a machine read and what a person says instead; append-only, so that it can be counted.

    ``field`` is the name of a field, or ``kind``; ``read`` None: the machine had nothing.
    """

    __tablename__ = "fax_corrections"
    __table_args__ = (Index(None, "org", "recorded_at"), Index(None, "part_id"))

    id: int | None = Field(default=None, primary_key=True)
    org: str
    part_id: str = Field(foreign_key="fax_parts.id")
    field: str
    sure: str  # how sure the machine was
    read: str | None = Field(default=None, sa_type=Words)
    said: str | None = Field(default=None, sa_type=Words)
    by: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class ReturnCodeRow(Table, table=True):
    """Which referral a code belongs to that is printed on a page we send.

    ``version`` is the plan's; None where the page is no plan of care.
    """

    __tablename__ = "return_codes"

    org: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    referral_id: str = Field(foreign_key="referrals.id")
    version: int | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)
