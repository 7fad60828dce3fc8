"""Faxes that come in: how one arrives, what it may be, who looks at it and by when.

Nothing a machine reads contacts anybody (policy.md rule 7), and nothing is ever only in the
mailbox: every kind has a role, a due time, and those above who hear of it when it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field

from models.base import Model
from models.clock import Calendar
from models.facts import UtcDatetime
from models.hours import Span
from models.policy import Policy
from models.roles import Role

MAX_FAX_BYTES = 50 * 1024 * 1024  # the largest file a fax line hands over (Telnyx)
Told = Annotated[str, Field(min_length=1, max_length=200)]


class FaxArrival(Model):
    """One fax as a door took it in: a vendor's callback, a folder, a mailbox, an upload.

    ``vendor`` and ``vendor_id`` name this arrival, and the same pair again is the same arrival.
    Numbers are as told, None where the line withheld them; ``pages`` is the vendor's own count.
    """

    vendor: Told
    vendor_id: Told
    content: bytes
    content_type: Annotated[str, Field(max_length=100)] = ""
    received_at: UtcDatetime
    from_number: Annotated[str, Field(max_length=60)] | None = None
    to_number: Annotated[str, Field(max_length=60)] | None = None
    pages: Annotated[int, Field(ge=0)] | None = None


class Media(StrEnum):
    """What a file is by its first bytes; what its sender calls it proves nothing."""

    PDF = "pdf"
    TIFF = "tiff"
    PNG = "png"
    JPEG = "jpeg"
    UNKNOWN = "unknown"


_MAGIC = {
    b"%PDF-": Media.PDF,
    b"II*\x00": Media.TIFF,
    b"MM\x00*": Media.TIFF,
    b"\x89PNG\r\n\x1a\n": Media.PNG,
    b"\xff\xd8\xff": Media.JPEG,
}


def media_of(content: bytes) -> Media:
    """What a file is; a PDF may begin within its first kilobyte, as readers allow."""
    for magic, media in _MAGIC.items():
        if content.startswith(magic):
            return media
    return Media.PDF if b"%PDF-" in content[:1024] else Media.UNKNOWN


class FaxState(StrEnum):
    """How far a fax has come."""

    RECEIVED = "received"  # stored; nobody has looked
    OPEN = "open"  # a part of it waits for a person
    SETTLED = "settled"  # every part has become something


class PartState(StrEnum):
    """What became of one part of a fax."""

    OPEN = "open"  # a person looks
    LEAD = "lead"  # it is a referral now, which waits for its own confirmation
    ATTACHED = "attached"  # it belongs to a referral on record
    DONE = "done"  # a person has seen to it
    JUNK = "junk"
    DIVIDED = "divided"  # its pages are other parts now


class FaxKind(StrEnum):
    """What a fax, or a part of one, is."""

    NEW_REFERRAL = "new_referral"
    RETURNED_PLAN = "returned_plan"
    ORDER_RENEWAL = "order_renewal"
    AUTHORIZATION = "authorization"
    CANCELLED = "cancelled"
    QUESTION = "question"
    RECORDS_REQUEST = "records_request"
    ANOTHER_CLINIC = "another_clinic"
    JUNK = "junk"
    UNCLEAR = "unclear"


class Trouble(StrEnum):
    """Why a machine could not read a fax, or not enough of it; a person does instead."""

    EMPTY = "empty"  # no bytes at all
    NOT_A_FAX = "not_a_fax"  # no file we can show
    PASSWORD = "password"  # noqa: S105  (a reason)
    DAMAGED = "damaged"
    TOO_LONG = "too_long"  # only the first pages were read
    TOO_SLOW = "too_slow"  # reading ran out of its time
    BLANK = "blank"
    UNREADABLE = "unreadable"  # hand-written, or too poor
    NO_READER = "no_reader"  # OCR is not installed on this machine
    NOT_READ = "not_read"  # reading failed again and again
    MISSING_FIELDS = "missing_fields"  # a new referral without name, birth date or sender
    TWO_PATIENTS = "two_patients"
    NO_REFERRAL = "no_referral"  # a returned page whose referral is not known
    UNSURE = "unsure"  # it is not clear what it is


class KindSpec(NamedTuple):
    """Who looks at a kind of fax, and what the board says."""

    role: Role
    says: str
    pressing: bool = False  # the ladder of an unconfirmed request, not that of tasks


KINDS: dict[FaxKind, KindSpec] = {
    FaxKind.NEW_REFERRAL: KindSpec(
        Role.FRONT_DESK, "A fax looks like a new referral: fill in what is missing", True
    ),
    FaxKind.RETURNED_PLAN: KindSpec(
        Role.FRONT_DESK, "A fax looks like a plan that came back: say whose it is", True
    ),
    FaxKind.ORDER_RENEWAL: KindSpec(
        Role.FRONT_DESK, "A fax looks like a renewed order: say whose it is"
    ),
    FaxKind.AUTHORIZATION: KindSpec(
        Role.BILLING, "A fax looks like an authorization or a denial: say whose it is"
    ),
    FaxKind.CANCELLED: KindSpec(
        Role.FRONT_DESK, "A fax seems to cancel a referral: say which one", True
    ),
    FaxKind.QUESTION: KindSpec(Role.FRONT_DESK, "A fax asks a question: answer it"),
    FaxKind.RECORDS_REQUEST: KindSpec(Role.COMPLIANCE, "A fax asks for records: see to it"),
    FaxKind.ANOTHER_CLINIC: KindSpec(
        Role.FRONT_DESK, "A fax seems meant for another clinic: tell its sender"
    ),
    FaxKind.JUNK: KindSpec(Role.FRONT_DESK, "A fax looks like advertising: mark it as junk"),
    FaxKind.UNCLEAR: KindSpec(Role.FRONT_DESK, "A fax needs a person: say what it is", True),
}

TROUBLE_SAYS: dict[Trouble, str] = {
    Trouble.EMPTY: "The file is empty: ask the sender to fax it again",
    Trouble.NOT_A_FAX: "The file is no PDF, TIFF, PNG or JPEG: ask the sender to fax it again",
    Trouble.PASSWORD: "The PDF needs a password: ask the sender for it, or to fax it again",
    Trouble.DAMAGED: "The file is damaged: ask the sender to fax it again",
    Trouble.TOO_LONG: "The fax is very long and only its first pages were read: look at the rest",
    Trouble.TOO_SLOW: "Reading the fax took too long: read it yourself",
    Trouble.BLANK: "The pages are blank: the sender may have put them in upside down; ask them",
    Trouble.UNREADABLE: "The writing could not be read: read it yourself",
    Trouble.NO_READER: "No reader is installed on this machine: read the fax yourself",
    Trouble.NOT_READ: "Reading the fax failed: read it yourself",
    Trouble.MISSING_FIELDS: "Not everything a referral needs could be read: fill it in",
    Trouble.TWO_PATIENTS: "The fax names more than one patient: divide it",
    Trouble.NO_REFERRAL: "Whose plan came back could not be read: say which referral it is",
    Trouble.UNSURE: "It is not clear what this fax is: say what it is",
}


class Ladder(NamedTuple):
    """When a part is due, and when the lead and the director hear of one that lies (UTC)."""

    due: datetime
    lead: datetime
    director: datetime

    def raised(self, at: datetime) -> Role | None:
        """Who above its own role has it by now."""
        if at >= self.director:
            return Role.DIRECTOR
        return Role.LEAD if at >= self.lead else None

    def next(self, at: datetime) -> datetime | None:
        """The next moment somebody else must hear of it; None once the director has."""
        return next((step for step in (self.lead, self.director) if step > at), None)


def ladder(kind: FaxKind, came: datetime, policy: Policy, calendar: Calendar) -> Ladder:
    """The limits of a part that waits for a person, from its arrival.

    What may be a patient waiting, and what nobody has understood, has the times of an unconfirmed
    request (policy.md §2 capture.confirm_due); the others those of ``[mailroom]`` and of tasks.
    """
    if KINDS[kind].pressing:
        capture = policy.capture
        due = calendar.after(came, _span_of(kind, policy))
        return Ladder(
            due,
            max(due, calendar.after(came, capture.lead_after)),
            max(due, calendar.after(came, capture.director_after)),
        )
    due = calendar.after(came, _span_of(kind, policy))
    return Ladder(
        due,
        calendar.after(due, policy.task.lead_after),
        calendar.after(due, policy.task.director_after),
    )


def _span_of(kind: FaxKind, policy: Policy) -> Span:
    mailroom = policy.mailroom
    spans = {
        FaxKind.RETURNED_PLAN: policy.poc.returned_check,
        FaxKind.ORDER_RENEWAL: mailroom.order_renewal,
        FaxKind.AUTHORIZATION: mailroom.authorization,
        FaxKind.CANCELLED: mailroom.cancelled,
        FaxKind.QUESTION: mailroom.question,
        FaxKind.RECORDS_REQUEST: mailroom.records_request,
        FaxKind.ANOTHER_CLINIC: mailroom.another_clinic,
        FaxKind.JUNK: mailroom.junk,
    }
    return spans.get(kind, policy.capture.confirm_due)


# --- what the workflow and its activities tell each other; ids, codes and dates only -------------


class FaxStart(Model):
    """How the workflow of one fax begins."""

    org: str
    fax_id: str
    clinic_id: str | None = None  # None: the called number is no clinic's


class FaxRead(Model):
    """What came of reading: how many pages and parts, and why a person must look, if so."""

    pages: int = 0
    parts: int = 0
    trouble: str | None = None


class FaxStanding(Model):
    """Where a fax stands: what waits, and when to look again; ``next_at`` None: told is enough."""

    settled: bool = False
    open: int = 0
    leads: int = 0
    attached: int = 0
    next_at: UtcDatetime | None = None


def says_of(kind: FaxKind, trouble: Trouble | None) -> str:
    """What the task about a part says; never a word of what the fax says."""
    told = KINDS[kind].says
    return f"{told}. {TROUBLE_SAYS[trouble]}" if trouble is not None else told


def soonest(steps: Sequence[datetime | None]) -> datetime | None:
    """The earliest of several moments, None without any."""
    return min((step for step in steps if step is not None), default=None)
