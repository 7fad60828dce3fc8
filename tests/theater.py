"""Plays lives on the real engine: fakes instead of store and vendors, the workflow as it is."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from engine.attributes import CLINIC, NEEDS_ATTENTION, ORGANIZATION, SOURCE, STAGE
from engine.skipping import Skipper
from models.contracts import (
    Answer,
    DropInput,
    RecordInput,
    ReferralEnd,
    ReferralStart,
    SendInput,
    TaskInput,
)
from models.facts import (
    AnyFact,
    Fact,
    MessageDelivered,
    MessageDropped,
    MessageFailed,
    MessageHeld,
    MessageSent,
    ReferralReceived,
    TaskOpened,
)
from models.ids import referral_workflow_id
from models.kinds import Kind
from models.policy import Rules
from models.tasks import task_key
from workflows.referral import ReferralWorkflow


class Fakes:
    """Store and vendors in one: remembers what was sent, once per message, as Post does."""

    def __init__(self) -> None:
        self.sent: Counter[tuple[str, str]] = Counter()  # (referral, message): acceptances
        self.cranks: Counter[tuple[str, str]] = Counter()
        self.learned: dict[tuple[str, str], Fact] = {}
        self.tasks: dict[str, list[TaskOpened]] = {}
        self.recorded: dict[str, list[AnyFact]] = {}
        self.sent_at: dict[tuple[str, str], datetime] = {}
        self.busy: Counter[Kind] = Counter()  # how often a kind is answered "line busy" first
        self.refuse: set[tuple[Kind, int]] = set()  # kinds and rungs that fail for good
        self.broken: Counter[str] = Counter()  # activities that fail for good so many times

    @activity.defn(name="send_message")
    async def send(self, given: SendInput) -> Answer:
        at, key = activity.info().started_time, given.message.key
        if self.broken[key] > 0:
            self.broken[key] -= 1
            raise ApplicationError("broken", type="broken", non_retryable=True)
        self.cranks[given.referral_id, key] += 1
        known = self.learned.get((given.referral_id, f"sent:{key}"))
        if known is not None:
            return Answer(learned=(known,))  # type: ignore[arg-type]
        channel = "fax" if given.to != "patient" else "sms"
        if (given.kind, given.rung) in self.refuse:
            failed = MessageFailed(
                at=at, as_of=at, message=key, rung=given.rung, channel=channel, code="dead"
            )
            if given.rung < 1:
                return Answer(learned=(failed,))
            dropped = MessageDropped(at=at, as_of=at, message=key, why="undeliverable")
            return Answer(learned=(failed, dropped))
        if self.busy[given.kind] > 0:
            self.busy[given.kind] -= 1
            until = at + timedelta(minutes=15)
            return Answer(
                learned=(MessageHeld(at=at, as_of=at, message=key, until=until, why="busy"),),
                held_until=until,
            )
        self.sent[given.referral_id, key] += 1
        self.sent_at[given.referral_id, key] = at
        sent = MessageSent(at=at, as_of=at, message=key, message_kind=given.kind, channel=channel)
        arrived = MessageDelivered(
            at=at,
            as_of=at,
            message=key,
            message_kind=given.kind,
            channel=channel,
            recipient_id="prv_1" if given.to != "patient" else None,
        )
        self.learned[given.referral_id, f"sent:{key}"] = sent
        return Answer(learned=(sent, arrived))

    @activity.defn(name="drop_message")
    async def drop(self, given: DropInput) -> Answer:
        at = activity.info().started_time
        dropped = MessageDropped(at=at, as_of=at, message=given.message.key, why=given.why)
        return Answer(learned=(dropped,))

    @activity.defn(name="open_task")
    async def open_task(self, given: TaskInput) -> Answer:
        at = activity.info().started_time
        key = task_key(given.kind, given.occasion)
        opened = TaskOpened(at=at, as_of=at, task=key, role=given.role, due=given.due)
        known = self.learned.setdefault((given.referral_id, opened.key), opened)
        if known is opened:
            self.tasks.setdefault(given.referral_id, []).append(opened)
        return Answer(learned=(known,))  # type: ignore[arg-type]

    @activity.defn(name="record_facts")
    async def record(self, given: RecordInput) -> Answer:
        self.recorded.setdefault(given.referral_id, []).extend(given.facts)
        return Answer(learned=given.facts)

    @property
    def activities(self) -> list[Any]:
        return [self.send, self.drop, self.open_task, self.record]

    def messages(self, referral_id: str) -> dict[str, int]:
        """Acceptances of one referral by message."""
        return {message: n for (who, message), n in sorted(self.sent.items()) if who == referral_id}

    def task_keys(self, referral_id: str) -> list[str]:
        return [task.task for task in self.tasks.get(referral_id, [])]


class Theater:
    """A worker, a driver of virtual time, and referrals on stage."""

    def __init__(self, client: Client, queue: str, fakes: Fakes, start: datetime) -> None:
        self.skipper = Skipper(client, start=start)
        self.client = self.skipper.client
        self.queue = queue
        self.fakes = fakes
        self.ids: list[str] = []

    async def begin(self, referral_id: str, first: ReferralReceived, rules: Rules) -> None:
        """Start one referral at the driver's time."""
        start = ReferralStart(
            org="riverside",
            clinic_id="east",
            referral_id=referral_id,
            source_id=first.source_id,
            rules=rules,
            facts=(first,),
        )
        workflow_id = referral_workflow_id("riverside", referral_id)
        await self.client.start_workflow(
            "ReferralWorkflow",
            start,
            id=workflow_id,
            task_queue=self.queue,
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(ORGANIZATION, "riverside"),
                    SearchAttributePair(CLINIC, "east"),
                    SearchAttributePair(SOURCE, first.source_id),
                    SearchAttributePair(STAGE, "received"),
                    SearchAttributePair(NEEDS_ATTENTION, False),
                ]
            ),
        )
        self.ids.append(workflow_id)

    async def tell(self, referral_id: str, fact: Fact) -> None:
        """Signal a fact as intake does."""
        handle = self.client.get_workflow_handle(referral_workflow_id("riverside", referral_id))
        await handle.signal(fact.kind, fact)

    async def signal(self, referral_id: str, name: str) -> None:
        """A signal without a body."""
        handle = self.client.get_workflow_handle(referral_workflow_id("riverside", referral_id))
        await handle.signal(name)

    async def advance(self, to: datetime) -> None:
        """Move everybody on stage to a moment."""
        await self.skipper.advance(to, [self.ids])

    async def play(self, script: Sequence[tuple[datetime, str, Fact]], until: datetime) -> None:
        """Tell each fact at its time, then go on."""
        for at, referral_id, fact in sorted(script, key=lambda line: (line[0], line[1])):
            if at > self.skipper.now:
                await self.advance(at)
            await self.tell(referral_id, fact)
        await self.advance(until)

    async def end(self, referral_id: str) -> ReferralEnd:
        """What a closed referral left behind."""
        handle = self.client.get_workflow_handle(
            referral_workflow_id("riverside", referral_id), result_type=ReferralEnd
        )
        return await handle.result(rpc_timeout=timedelta(seconds=20))

    async def open_at_end(self) -> list[str]:
        """Workflows that are still running."""
        still = []
        for workflow_id in self.ids:
            described = await self.client.get_workflow_handle(workflow_id).describe()
            if described.status is not None and described.status.name == "RUNNING":
                still.append(workflow_id)
        return still


@asynccontextmanager
async def on_stage(client: Client, start: datetime, *, cache: int = 1000) -> AsyncIterator[Theater]:
    """A theater with its own task queue and worker."""
    queue = f"stage-{uuid.uuid4().hex[:8]}"
    fakes = Fakes()
    theater = Theater(client, queue, fakes, start)
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[ReferralWorkflow],
        activities=fakes.activities,
        max_cached_workflows=cache,
    )
    async with worker:
        yield theater
