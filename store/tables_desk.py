"""Who may sign in to the desk, and who has: passwords, invitations, sessions.

Nothing here opens a door by itself: of passwords, invitations and sessions only hashes are kept.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from store.columns import Table, UtcDateTime


class PasswordRow(Table, table=True):
    """How somebody of the staff signs in; the failures since the last time that worked."""

    __tablename__ = "staff_passwords"

    org: str = Field(primary_key=True)
    staff_id: str = Field(primary_key=True)
    hash: str | None = None  # argon2id; None: none set yet, only failures are counted
    set_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class InviteRow(Table, table=True):
    """A link with which somebody sets their password, once."""

    __tablename__ = "staff_invites"

    token_hash: str = Field(primary_key=True)  # sha256, hexadecimal
    org: str
    staff_id: str
    invited_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SessionRow(Table, table=True):
    """One browser in which somebody has signed in."""

    __tablename__ = "staff_sessions"
    __table_args__ = (Index(None, "org", "staff_id"), Index(None, "expires_at"))

    token_hash: str = Field(primary_key=True)  # sha256, hexadecimal
    org: str
    staff_id: str
    began_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)  # a person's request, not a page's own poll
    expires_at: datetime = Field(sa_type=UtcDateTime)
