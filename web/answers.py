"""What the endpoints answer; PHI-free, because answers end up in senders' logs."""

from __future__ import annotations

from collections.abc import Sequence

from models.base import Model
from models.contracts import Card
from models.facts import UtcDatetime
from models.monthly import Good, Unit
from models.shared_lines import IdentifiedLine, SharedLine
from store.report.asks import How, Month
from store.report.behind import Which
from store.tables import InboxRow, TaskRow


class Accepted(Model):
    """An event is kept and will be applied."""

    id: str
    status: str
    status_url: str


class EventStatus(Accepted):
    """What became of an event.

    ``received`` not yet applied · ``applied`` · ``waiting`` for a referral nobody knows yet ·
    ``task`` a person looks at it · ``rejected`` the sender was told why.
    """

    received_at: UtcDatetime
    settled_at: UtcDatetime | None = None
    reason: str | None = None
    referral_id: str | None = None


class TimelineEntry(Model):
    """One fact: what, when it happened, when the teller knew, when we learned it."""

    kind: str
    key: str
    at: UtcDatetime
    as_of: UtcDatetime
    recorded_at: UtcDatetime
    retracted: bool = False


class ReferralView(Model):
    """A referral as the board shows it, and how it came there."""

    card: Card
    timeline: tuple[TimelineEntry, ...]


class DecisionAnswer(Model):
    """``done`` with the card's new version token, or ``pending`` until a worker is there."""

    state: str
    version: str = ""


class TaskView(Model):
    """Something a person must do; ids and codes, and words that name nobody."""

    id: str
    kind: str
    says: str
    role: str
    raised_to: str | None = None
    due: UtcDatetime
    state: str
    owner: str | None = None
    leased_until: UtcDatetime | None = None
    clinic_id: str | None = None
    referral_id: str | None = None
    source_id: str | None = None
    event_id: str | None = None
    practice_id: str | None = None
    parts: tuple[TaskView, ...] = ()  # what a call to a practice is about; done with it


class CallLock(Model):
    """Who is calling a patient's number, and until when at most."""

    by: str
    until: UtcDatetime


class Health(Model):
    """How this process and what it needs are; ``degraded`` still takes events."""

    status: str
    store: str | None = None
    engine: str | None = None
    worker: str | None = None


def status_url(base_url: str, row: InboxRow) -> str:
    """Where to ask what became of an event."""
    return f"{base_url}/hooks/{row.org}/events/{row.id}"


def accepted(base_url: str, row: InboxRow) -> Accepted:
    """The answer to an event."""
    return Accepted(id=row.id, status=row.state, status_url=status_url(base_url, row))


def event_status(base_url: str, row: InboxRow) -> EventStatus:
    """The answer to the question what became of it."""
    return EventStatus(
        id=row.id,
        status=row.state,
        status_url=status_url(base_url, row),
        received_at=row.received_at,
        settled_at=row.settled_at,
        reason=row.reason,
        referral_id=row.referral_id,
    )


def task_view(row: TaskRow, parts: Sequence[TaskRow] = ()) -> TaskView:
    """A task as the API shows it; ``parts`` are what one of a practice gathers."""
    shown = row.model_dump(include=set(TaskView.model_fields))
    gathered = tuple(task_view(part) for part in parts)
    return TaskView(**shown, event_id=row.inbox_id, parts=gathered)


class MeasureView(Model):
    """One figure of the reports: what it counts, in which month, in which unit.

    ``asked`` says of which referrals, ``note`` is its footnote in the reports.
    """

    name: str
    title: str
    note: str
    unit: Unit
    how: How
    month: Month
    asked: str
    good: Good
    target: float | None = None


class PageOfLines(Model):
    """What a page of lines says of itself; ``next`` is None on the last one.

    ``as_of`` is the closing of a closed month, and of an open one (``preliminary``) the moment its
    first page was asked for.
    """

    scope: str
    month: str
    measure: str | None = None
    which: Which | None = None
    as_of: UtcDatetime
    preliminary: bool
    next: str | None = None


class LinesPage(PageOfLines):
    """Lines without names, ids and days."""

    lines: tuple[SharedLine, ...]


class IdentifiedPage(PageOfLines):
    """Lines with days and ids, for a token that says ``identified``."""

    lines: tuple[IdentifiedLine, ...]
