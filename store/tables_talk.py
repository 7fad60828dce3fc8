"""Talks by text: which number a thread stands for, and what people of the desk wrote in it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from store.columns import Table, UtcDateTime, Words

_TO_ANSWER = text("asked_at IS NOT NULL AND (answered_at IS NULL OR answered_at < asked_at)")


class ThreadRow(Table, table=True):
    """The talk with one phone number, by an id that may stand in an address.

    It belongs to the number, whoever's it is (policy.md rule 12). ``asked_at`` is the last text
    that wants a person's answer, ``answered_at`` the last answer, by text, by a call or in so
    many words.
    """

    __tablename__ = "threads"
    __table_args__ = (
        UniqueConstraint("org", "phone"),
        Index(None, "org", "last_at"),
        # Every page of the desk counts these; they are few, however many talks there are.
        Index("ix_threads_to_answer", "org", sqlite_where=_TO_ANSWER, postgresql_where=_TO_ANSWER),
    )

    id: str = Field(primary_key=True)
    org: str
    phone: str  # E.164
    last_at: datetime = Field(sa_type=UtcDateTime)
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    owner: str | None = None  # a staff id: whose it is to answer


class DeskTextRow(Table, table=True):
    """What a person wrote to a number, word for word; facts hold its id alone.

    ``nonce`` is of the form it came by: sent twice it is one text. ``handed_at`` is when the
    referral took it over; until then the inbox chore hands it over again. ``send_at`` is the moment
    they chose for it, where they did.
    """

    __tablename__ = "desk_texts"
    __table_args__ = (
        UniqueConstraint("org", "nonce"),
        Index(None, "org", "phone", "at"),
        Index(None, "handed_at", "recorded_at"),
    )

    id: str = Field(primary_key=True)
    org: str
    referral_id: str = Field(foreign_key="referrals.id")
    phone: str  # E.164
    body: str | None = Field(default=None, sa_type=Words)  # None once purged
    by: str
    nonce: str
    live: bool = False
    at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    send_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refused: str | None = None  # a code: the referral did not take it
