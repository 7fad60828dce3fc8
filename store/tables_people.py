"""Who is treated, who sends, who certifies; and what may be sent to which address.

Rows hold PHI; nothing but the store does. To forget a person, erase ``PatientRow`` (names, numbers
and addresses), the ``reason`` of their referrals, their documents and notes, the texts of
``ReplyRow``, the bodies of their inbox rows, the payloads of their deliveries and the letters sent
with them; facts hold ids, dates and codes only.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from store.columns import Table, UtcDateTime, Words


class ConsentState(StrEnum):
    """What the person at an address wants."""

    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"


class PatientRow(Table, table=True):
    """A person to be treated; ``identity`` is what a second referral finds them by."""

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("org", "identity"),
        Index(None, "org", "person"),
        Index(None, "org", "phone"),
        Index(None, "org", "guardian_phone"),
        Index(None, "org", "email"),
    )

    id: str = Field(primary_key=True)
    org: str
    identity: str  # a hash of name, birth date and phone, folded
    person: str  # the same without the phone: for who names no number
    given_name: str = Field(sa_type=Words)
    family_name: str = Field(sa_type=Words)
    born: date
    phone: str | None = None  # E.164
    email: str | None = None
    language: str = "en"
    state: str | None = None
    guardian_name: str | None = Field(default=None, sa_type=Words)
    guardian_phone: str | None = None
    guardian_language: str | None = None
    may_text: bool = True
    phone_by_friend: bool = False  # nobody else vouches for it: never texted by itself (rule 8)
    may_email: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)

    @property
    def texted(self) -> bool:
        """Whether automated texts may go to the number, as far as senders have said."""
        return self.may_text and not self.phone_by_friend


class PracticeRow(Table, table=True):
    """An office; fax numbers belong to it, not to its providers (policy.md rule 13)."""

    __tablename__ = "practices"
    __table_args__ = (
        UniqueConstraint("org", "fax"),
        Index(None, "org", "name_key"),
    )

    id: str = Field(primary_key=True)
    org: str
    name: str = Field(sa_type=Words)
    name_key: str = Field(sa_type=Words)  # folded, to find it by
    fax: str | None = None  # E.164
    phone: str | None = None
    email: str | None = None
    prefers: str = "fax"  # fax | email
    wants_thanks: bool = True
    fax_verified: bool = False  # a person, or a system we trust, has said that it is theirs
    created_at: datetime = Field(sa_type=UtcDateTime)


class ProviderRow(Table, table=True):
    """Someone who orders or certifies; found again by NPI."""

    __tablename__ = "providers"
    __table_args__ = (
        UniqueConstraint("org", "npi"),
        Index(None, "org", "name_key"),
    )

    id: str = Field(primary_key=True)
    org: str
    npi: str | None = None
    name: str = Field(sa_type=Words)
    name_key: str = Field(sa_type=Words)
    credential: str = "other"  # models.people.Credential
    practice_id: str | None = Field(default=None, foreign_key="practices.id")
    phone: str | None = None
    email: str | None = None
    prefers: str = "fax"
    left_on: date | None = None  # retired, or moved to where nobody has heard from them yet
    successor_id: str | None = Field(default=None, foreign_key="providers.id")
    created_at: datetime = Field(sa_type=UtcDateTime)


class SourceRow(Table, table=True):
    """Whoever sends patients, with the state of its silence watch.

    ``identity`` names what it stands for: a provider, a practice, a past patient, or a name.
    """

    __tablename__ = "sources"
    __table_args__ = (
        UniqueConstraint("org", "identity"),
        Index(None, "org", "state"),
        Index(None, "org", "owner_id"),
        Index(None, "org", "next_touch_at"),
        Index(None, "provider_id"),
        Index(None, "practice_id"),
        Index(None, "merged_into"),
    )

    id: str = Field(primary_key=True)
    org: str
    identity: str
    kind: str  # models.events.SourceKind
    name: str = Field(sa_type=Words)
    provider_id: str | None = Field(default=None, foreign_key="providers.id")
    practice_id: str | None = Field(default=None, foreign_key="practices.id")
    patient_id: str | None = Field(default=None, foreign_key="patients.id")
    phone: str | None = None  # only where neither provider nor practice nor patient holds it
    fax: str | None = None
    email: str | None = None
    prefers: str = "fax"
    verified: bool = True
    wants_thanks: bool = True  # beside the practice's own word, which binds its number (rule 13)
    best_hours: str | None = Field(default=None, sa_type=Words)  # in their words: Tue before 9
    hears: str | None = Field(default=None, sa_type=Words)  # what they want to hear of us
    key_source: bool = False  # set by the liaison: its silence is always urgent (rule 20)
    last_received_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    quiet_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_touch_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    left_on: date | None = None  # its provider has left: no silence means anything since
    state: str | None = None  # models.source_states.SourceState; None: never judged
    state_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    owner_id: str | None = None  # a staff id: whose relationship it is; None: any liaison's
    away_from: date | None = None  # on leave, both days included: they do not count as silence
    away_until: date | None = None
    away_why: str | None = Field(default=None, sa_type=Words)
    # It turned out to be another one: what is told about it counts for that.
    merged_into: str | None = Field(default=None, foreign_key="sources.id")
    created_at: datetime = Field(sa_type=UtcDateTime)


class ConsentRow(Table, table=True):
    """What was said about an address, newest wins.

    It belongs to the number or mailbox, not to a patient (policy.md rule 12).
    """

    __tablename__ = "consent"
    __table_args__ = (Index(None, "org", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    org: str
    address: str  # E.164, or an email address in lower case
    purpose: str  # what the answer is about; "all" covers every purpose
    state: str  # ConsentState
    at: datetime = Field(sa_type=UtcDateTime)
    why: str  # a code: stop_reply, referral, staff …
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class ReplyRow(Table, table=True):
    """One text from outside, word for word; what it means goes into facts, the words never do."""

    __tablename__ = "replies"
    __table_args__ = (
        UniqueConstraint("org", "reply_id"),
        Index(None, "org", "phone", "at"),
    )

    id: str = Field(primary_key=True)
    org: str
    reply_id: str  # the vendor's own, or the sender's
    phone: str | None = None  # E.164; None where nobody told and no referral says
    text: str | None = Field(default=None, sa_type=Words)  # None: the sender kept the words
    meanings: str  # models.replies.Meaning, the gravest first, joined by spaces
    at: datetime = Field(sa_type=UtcDateTime)
    inbox_id: str = Field(foreign_key="inbox.id")
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class DeadNumberRow(Table, table=True):
    """An address that takes nothing any more (policy.md §2, fax.retry)."""

    __tablename__ = "dead_numbers"

    org: str = Field(primary_key=True)
    address: str = Field(primary_key=True)
    since: datetime = Field(sa_type=UtcDateTime)
    why: str
