"""What really happened: read from the record of a scene when its story has ended."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from pypdf import PdfReader
from sqlmodel import select

from demo.stage import Stage
from models.facts import AnyFact, MessageSent, TaskOpened
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.tasks import kind_of
from store.record import Record
from store.tables import DeliveryRow, InboxRow, MessageRow, ReferralRow, TaskRow, TaskState


class Known(NamedTuple):
    """A fact, and when it was known here: a late one counts from its arrival."""

    at: datetime
    fact: AnyFact


class Sent(NamedTuple):
    """A message that a vendor took."""

    life: str
    at: datetime
    message: MessageRef
    channel: str
    address: str
    acceptances: int
    paper: Path | None  # what went out, in the outbox
    content: str = ""  # its hash: the same input makes the same bytes

    @property
    def where(self) -> tuple[str, str]:
        """Address and content: the same twice is one thing said twice."""
        return self.address, self.content

    def words(self) -> str:
        """What is written on it."""
        if self.paper is None:
            return ""
        if self.paper.suffix == ".pdf":
            pages = (page.extract_text() for page in PdfReader(self.paper).pages)
            return " ".join(" ".join(pages).split())
        return " ".join(self.paper.read_text().split())


class Task(NamedTuple):
    """A task that was put to people; ``gone`` is when it was done or overtaken."""

    life: str  # "" for one of a source or of the organization
    kind: str
    key: str
    role: str
    at: datetime
    due: datetime
    gone: datetime | None
    how: str  # done | moot | open


class End(NamedTuple):
    """Where a referral stands."""

    stage: str
    certification: str
    closed: str | None
    hands: str | None = None


@dataclass
class Evidence:
    """Everything a verdict is found on."""

    known: dict[str, list[Known]] = field(default_factory=dict)
    rules: dict[str, Rules] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    ends: dict[str, End] = field(default_factory=dict)
    until: datetime | None = None  # the end of the story
    inbox: dict[str, str] = field(default_factory=dict)  # what became of each event, by its id
    papers: Counter[tuple[str, str]] = field(default_factory=Counter)  # address, content: times


def gather(stage: Stage) -> Evidence:
    """Read the record; the driver's clock must stand still."""
    found = Evidence()
    record = Record(stage.store)
    with stage.store.read() as session:
        referrals = session.exec(select(ReferralRow)).all()
        messages = session.exec(select(MessageRow)).all()
        deliveries = session.exec(select(DeliveryRow)).all()
        tasks = session.exec(select(TaskRow)).all()
        inbox = session.exec(select(InboxRow)).all()
    duplicates = {row.id for row in referrals if row.duplicate_of is not None}
    for life, referral_id in stage.referral_ids.items():
        card = record.card(stage.org, referral_id)
        hands = record.referral(stage.org, referral_id).in_hands_of()
        found.ends[life] = End(card.stage, card.certification, card.closed_reason, hands)
        found.rules[life] = record.rules(stage.org, referral_id)
        # A duplicate has nothing of its own; the first has it all.
        told = [] if referral_id in duplicates else record.timeline(stage.org, referral_id)
        known = [Known(max(one.recorded_at, one.fact.as_of), one.fact) for one in told]
        found.known[life] = sorted(known, key=lambda one: one.at)
        found.tasks += _asked(life, found.known[life])
        found.sent += _sent(stage, life, found.known[life], messages, deliveries)
    ours = set(stage.referral_ids.values())
    found.tasks += [_task(row) for row in tasks if row.referral_id not in ours]
    found.sent.sort(key=lambda one: (one.at, one.life, one.message))
    found.tasks.sort(key=lambda one: (one.at, one.life, one.key))
    # Several letters may go as one fax: the same file is one thing said once.
    found.papers = Counter(where for where, _ in {(one.where, one.paper) for one in found.sent})
    found.until = stage.skipper.now
    found.inbox = {row.event_id: row.state for row in inbox}
    return found


def _sent(
    stage: Stage,
    life: str,
    known: list[Known],
    messages: Sequence[MessageRow],
    deliveries: Sequence[DeliveryRow],
) -> list[Sent]:
    """What vendors took of one referral, with the paper it went out on."""
    rows = {row.key: row for row in messages if row.referral_id == stage.referral_ids[life]}
    sent = []
    for at, fact in known:
        if not isinstance(fact, MessageSent):
            continue
        row = rows.get(fact.message)
        mine = [one for one in deliveries if row is not None and one.subject_id == row.id]
        out = next((one for one in mine if one.acceptances), None)
        paper = _paper(stage, out) if out else None
        sent.append(
            Sent(
                life,
                at,
                MessageRef.parse(fact.message),
                fact.channel,
                (out.address_ref or "") if out else "",
                sum(one.acceptances for one in mine),
                paper,
                hashlib.sha256(paper.read_bytes()).hexdigest() if paper else fact.message,
            )
        )
    return sent


def _paper(stage: Stage, delivery: DeliveryRow) -> Path | None:
    folder = stage.settings.outbox_dir / delivery.channel
    reference = getattr(delivery, "carrier", None) or delivery.reference
    return next(folder.glob(f"{reference}.*"), None)


def _task(row: TaskRow) -> Task:
    """A task of a source or of the organization."""
    gone = row.done_at if row.state != TaskState.OPEN else None
    return Task("", row.kind, row.key, row.role, row.opened_at, row.due, gone, row.state)


def _asked(life: str, known: list[Known]) -> list[Task]:
    """Each task of a referral, and when it ceased to stand: the fold says it, fact by fact."""
    referral, standing, gone = Referral(), dict[str, TaskOpened](), dict[str, datetime]()
    for one in known:
        referral.learn(one.fact)
        if isinstance(one.fact, TaskOpened):
            standing.setdefault(one.fact.task, one.fact)
        for key in standing:
            if referral.task_open(key):
                gone.pop(key, None)  # stands again: what had overtaken it was taken back
            else:
                gone.setdefault(key, one.at)
    return [
        Task(
            life,
            kind_of(key),
            key,
            opened.role,
            opened.at,
            opened.due,
            gone.get(key),
            "open" if key not in gone else "done" if referral.task_done(key) else "moot",
        )
        for key, opened in standing.items()
    ]
