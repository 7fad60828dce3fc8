"""Plays lives on the real engine: fakes instead of store and vendors, the workflow as it is."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker, WorkflowRunner

from engine.attributes import CLINIC, NEEDS_ATTENTION, ORGANIZATION, SOURCE, STAGE
from engine.skipping import Skipper
from models import holds
from models.contracts import (
    Answer,
    DropInput,
    Look,
    Moved,
    RecordInput,
    ReferralEnd,
    ReferralStart,
    SendInput,
    SourceStart,
    TaskInput,
)
from models.dues import agenda
from models.facts import (
    AnyFact,
    Decision,
    Fact,
    MessageApproved,
    MessageDelivered,
    MessageDropped,
    MessageFailed,
    MessageHeld,
    MessageSent,
    MessageSentAgain,
    ReferralReceived,
    TaskHeld,
    TaskOpened,
    Transferred,
)
from models.ids import referral_workflow_id, source_workflow_id
from models.kinds import Kind
from models.policy import Rules
from models.referral import Referral
from models.sending import PAUSED
from models.tasks import SPECS, TaskKind, task_key
from models.view import view_of
from workflows.referral import ReferralWorkflow
from workflows.source import SourceWorkflow


class Fakes:
    """Store and vendors in one: remembers what was sent, once per message, as Post does."""

    def __init__(self) -> None:
        self.sent: Counter[tuple[str, str]] = Counter()  # (referral, message): acceptances
        self.cranks: Counter[tuple[str, str]] = Counter()
        self.learned: dict[tuple[str, str], Fact] = {}
        self.tasks: dict[str, list[TaskOpened]] = {}
        self.recorded: dict[str, list[AnyFact]] = {}
        self.sent_at: dict[tuple[str, str], datetime] = {}
        self.sent_from: dict[tuple[str, str], str] = {}  # by which clinic
        self.asked_at: dict[tuple[str, str], str] = {}  # (referral, task): at which clinic
        self.clinics: dict[str, Rules] = {}  # where a referral may move to
        self.busy: Counter[Kind] = Counter()  # how often a kind is answered "line busy" first
        self.refuse: set[tuple[Kind, int]] = set()  # kinds and rungs that fail for good
        self.broken: Counter[str] = Counter()  # messages that fail for good so many times
        self.hold: dict[tuple[str, Kind], timedelta] = {}  # held once, for so long
        self.approve: set[Kind] = set()  # held for a person
        self.unreleased: Callable[[SendInput, datetime], bool] = lambda *_: False
        self.heard: dict[str, datetime] = {}  # the last referral of each source
        self.looks: list[tuple[datetime, Look]] = []
        self.came_back: set[str] = set()  # messages a vendor took and reported as failed later
        self.sent_again: list[tuple[str, int, datetime]] = []  # message, rung, when
        self.left: set[str] = set()  # sources whose provider has left
        self.quiet_after = timedelta(days=60)
        self.never_quiet = False
        self.silent_until: datetime | None = None  # the feed: nothing is inferred before
        self.put_off: list[tuple[str, str, datetime]] = []  # questions not put meanwhile

    @activity.defn(name="send_message")
    async def send(self, given: SendInput) -> Answer:
        at, key = activity.info().started_time, given.message.key
        if self.broken[key] > 0:
            self.broken[key] -= 1
            raise ApplicationError("broken", type="broken", non_retryable=True)
        self.cranks[given.referral_id, key] += 1
        known = self.learned.get((given.referral_id, f"sent:{key}"))
        channel = "fax" if given.to != "patient" else "sms"
        if known is not None and key in self.came_back:
            self.sent_again.append((key, given.rung, at))
            again = MessageSentAgain(
                at=at,
                as_of=at,
                message=key,
                message_kind=given.kind,
                rung=given.rung,
                channel=channel,
            )
            return Answer(learned=(known, again))
        if known is not None:
            return Answer(learned=(known,))
        if (given.kind, given.rung) in self.refuse:
            failed = MessageFailed(
                at=at, as_of=at, message=key, rung=given.rung, channel=channel, code="dead"
            )
            if given.rung < 1:
                return Answer(learned=(failed,))
            dropped = MessageDropped(at=at, as_of=at, message=key, why="undeliverable")
            return Answer(learned=(failed, dropped))
        if self.unreleased(given, at) and not self._approved(given):
            asked = TaskOpened(
                at=at,
                as_of=at,
                task=task_key(TaskKind.RELEASE_MESSAGE, key),
                role=SPECS[TaskKind.RELEASE_MESSAGE].role,
                due=at + timedelta(days=1),
            )
            self.tasks.setdefault(given.referral_id, []).append(asked)
            held = MessageHeld(at=at, as_of=at, message=key, why="release")
            return Answer(learned=(held, asked))
        if given.kind in self.approve and not self._approved(given):
            asked = TaskOpened(
                at=at,
                as_of=at,
                task=task_key(TaskKind.APPROVE_MESSAGE, key),
                role=SPECS[TaskKind.APPROVE_MESSAGE].role,
                due=at + timedelta(days=1),
            )
            return Answer(
                learned=(MessageHeld(at=at, as_of=at, message=key, why="approval"), asked)
            )
        paused = holds.pause(Referral(self.recorded.get(given.referral_id, [])))
        if paused is not None and at < paused.until and given.to == "patient":
            held = MessageHeld(at=at, as_of=at, message=key, until=paused.until, why=PAUSED)
            return Answer(learned=(held,), held_until=paused.until)
        wait = self.hold.pop((given.referral_id, given.kind), None)
        if self.busy[given.kind] > 0:
            self.busy[given.kind] -= 1
            wait = timedelta(minutes=15)
        if wait is not None:
            until = at + wait
            return Answer(
                learned=(MessageHeld(at=at, as_of=at, message=key, until=until, why="busy"),),
                held_until=until,
            )
        self.sent[given.referral_id, key] += 1
        self.sent_at[given.referral_id, key] = at
        self.sent_from[given.referral_id, key] = given.clinic_id
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
        return Answer(learned=(sent,) if key in self.came_back else (sent, arrived))

    @activity.defn(name="drop_message")
    async def drop(self, given: DropInput) -> Answer:
        at = activity.info().started_time
        dropped = MessageDropped(at=at, as_of=at, message=given.message.key, why=given.why)
        return Answer(learned=(dropped,))

    @activity.defn(name="open_task")
    async def open_task(self, given: TaskInput) -> Answer:
        at = activity.info().started_time
        key = task_key(given.kind, given.occasion)
        if given.infers and self.silent_until is not None and at < self.silent_until:
            until = min(at + timedelta(hours=4), self.silent_until)
            held = TaskHeld(at=at, as_of=at, task=key, until=until)
            self.put_off.append((given.referral_id, key, at))
            return Answer(learned=(held,), held_until=until)
        opened = TaskOpened(at=at, as_of=at, task=key, role=given.role, due=given.due)
        known = self.learned.setdefault((given.referral_id, opened.key), opened)
        self.asked_at.setdefault((given.referral_id, key), given.clinic_id)
        if known is opened:
            self.tasks.setdefault(given.referral_id, []).append(opened)
        return Answer(learned=(known,))

    @activity.defn(name="record_facts")
    async def record(self, given: RecordInput) -> Answer:
        self.recorded.setdefault(given.referral_id, []).extend(given.facts)
        moves = [fact for fact in given.facts if isinstance(fact, Transferred)]
        moved = None
        if moves:
            clinic_id = moves[-1].clinic_id
            moved = Moved(clinic_id=clinic_id, rules=self.clinics[clinic_id])
        return Answer(learned=given.facts, moved=moved)

    @activity.defn(name="look_at_source")
    async def look(self, start: SourceStart) -> Look:
        at = activity.info().started_time
        again = self.heard[start.source_id] + self.quiet_after
        quiet = at >= again and not self.never_quiet
        look = Look(quiet=True) if quiet else Look(again_at=again)
        if start.source_id in self.left:
            look = Look(closed=True)
        self.looks.append((at, look))
        return look

    @property
    def activities(self) -> list[Any]:
        return [self.send, self.drop, self.open_task, self.record, self.look]

    def _approved(self, given: SendInput) -> bool:
        return any(
            isinstance(fact, MessageApproved) and fact.message == given.message.key
            for fact in self.recorded.get(given.referral_id, [])
        )

    def messages(self, referral_id: str) -> dict[str, int]:
        """Acceptances of one referral by message."""
        return {message: n for (who, message), n in sorted(self.sent.items()) if who == referral_id}

    def sent_on(self, referral_id: str) -> dict[str, datetime]:
        """When each message of a referral went out."""
        return {message: at for (who, message), at in self.sent_at.items() if who == referral_id}

    def asked_on(self, referral_id: str) -> dict[str, tuple[str, datetime]]:
        """Whom each task of a referral was given to, and when."""
        return {one.task: (one.role, one.at) for one in self.tasks.get(referral_id, [])}

    def task_keys(self, referral_id: str) -> list[str]:
        return [task.task for task in self.tasks.get(referral_id, [])]


class Theater:
    """A worker, a driver of virtual time, and referrals on stage."""

    def __init__(
        self, client: Client, start: datetime, cache: int, runner: WorkflowRunner | None
    ) -> None:
        self.skipper = Skipper(client, start=start)
        self.client = self.skipper.client
        self.queue = f"stage-{uuid.uuid4().hex[:8]}"
        self.org = self.queue  # tenants share a server and no id
        self.fakes = Fakes()
        self.ids: list[str] = []
        self.sources: list[str] = []
        self.rules: dict[str, Rules] = {}
        self._plain = client
        self._options: dict[str, Any] = {"max_cached_workflows": cache}
        if runner is not None:
            self._options["workflow_runner"] = runner
        self._worker: Worker | None = None

    # --- the worker -------------------------------------------------------------------------------

    async def raise_curtain(self) -> None:
        """Start a worker."""
        self._worker = Worker(
            self._plain,
            task_queue=self.queue,
            workflows=[ReferralWorkflow, SourceWorkflow],
            activities=self.fakes.activities,
            **self._options,
        )
        await self._worker.__aenter__()

    async def drop_curtain(self) -> None:
        """Stop the worker; everything it held in memory is gone."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.__aexit__(None, None, None)

    async def restart(self) -> None:
        """Another worker takes over."""
        await self.drop_curtain()
        await self.raise_curtain()

    # --- referrals --------------------------------------------------------------------------------

    async def begin(
        self, referral_id: str, first: ReferralReceived | None, rules: Rules, *facts: AnyFact
    ) -> None:
        """Start one referral at the driver's time, with what is known already."""
        source_id = first.source_id if first else "prv_1"
        start = ReferralStart(
            org=self.org,
            clinic_id="east",
            referral_id=referral_id,
            source_id=source_id,
            rules=rules,
            facts=(first, *facts) if first else facts,
        )
        referral = Referral(start.facts)
        workflow_id = referral_workflow_id(self.org, referral_id)
        await self.client.start_workflow(
            "ReferralWorkflow",
            start,
            id=workflow_id,
            task_queue=self.queue,
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(ORGANIZATION, self.org),
                    SearchAttributePair(CLINIC, "east"),
                    SearchAttributePair(SOURCE, source_id),
                    SearchAttributePair(STAGE, str(view_of(referral).stage)),
                    SearchAttributePair(NEEDS_ATTENTION, view_of(referral).needs_attention),
                ]
            ),
        )
        self.rules[referral_id] = rules
        if workflow_id not in self.ids:
            self.ids.append(workflow_id)

    async def begin_source(self, source_id: str) -> None:
        """Start the silence watch of one source at the driver's time."""
        workflow_id = source_workflow_id(self.org, source_id)
        await self.client.start_workflow(
            "SourceWorkflow",
            SourceStart(org=self.org, source_id=source_id),
            id=workflow_id,
            task_queue=self.queue,
        )
        self.sources.append(workflow_id)

    def handle(self, referral_id: str) -> WorkflowHandle[Any, Any]:
        """The running workflow of a referral."""
        return self.client.get_workflow_handle(referral_workflow_id(self.org, referral_id))

    async def tell(self, referral_id: str, fact: Fact) -> None:
        """Signal a fact as intake does, or have a decision taken; nothing to who has closed."""
        try:
            if isinstance(fact, Decision):
                await self.decide(referral_id, fact)
            else:
                await self.handle(referral_id).signal(fact.kind, fact)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def decide(self, referral_id: str, decision: Decision) -> str:
        """Have a decision taken; raises WorkflowUpdateFailedError when it is refused."""
        return str(await self.handle(referral_id).execute_update("decide", decision))

    async def signal(self, referral_id: str, name: str, *body: Any) -> None:
        """A signal by its name, with any body."""
        await self.handle(referral_id).signal(name, args=list(body))

    async def known(self, referral_id: str) -> Referral:
        """What the workflow knows."""
        return Referral(await self.handle(referral_id).query("facts", result_type=list[AnyFact]))

    # --- time -------------------------------------------------------------------------------------

    async def advance(self, to: datetime) -> None:
        """Move everybody on stage to a moment."""
        await self.skipper.advance(to, [self.ids, self.sources])

    async def settle(self) -> None:
        """Wait until nobody has anything to do at this moment."""
        await self.skipper.settle([*self.ids, *self.sources])

    async def play(
        self,
        script: Sequence[tuple[datetime, str, Fact]],
        until: datetime,
        *,
        watched: bool = False,
    ) -> None:
        """Tell each fact at its time, then go on; ``watched`` checks the promises at each step."""
        for at, referral_id, fact in sorted(script, key=lambda line: (line[0], line[1])):
            if at > self.skipper.now:
                await self.advance(at)
                if watched:
                    await self.check_promises()
            await self.tell(referral_id, fact)
        await self.advance(until)
        if watched:
            await self.check_promises()

    async def check_promises(self) -> None:
        """What is waited on is on the agenda, and every open referral has a next action (24)."""
        await asyncio.gather(
            *(self._check(workflow_id) for workflow_id in await self.open_at_end())
        )

    async def _check(self, workflow_id: str) -> None:
        referral_id = workflow_id.rsplit("/", 1)[1]
        waits = await self.handle(referral_id).query("waits", result_type=dict[str, datetime])
        referral = await self.known(referral_id)
        if referral.over():
            return  # nothing is promised any more; last words may still wait for their hour
        moved = referral.transfer()
        rules = self.fakes.clinics[moved.clinic_id] if moved else self.rules[referral_id]
        promised = agenda(referral, rules)
        assert promised or referral.open_tasks() or not referral.facts, f"{referral_id} is idle"
        for key, at in waits.items():
            rule = key if key.startswith("held:") else key.split(":")[0]
            dates = [due.at for due in promised if due.key == rule or due.key.split(":")[0] == rule]
            assert dates, f"{referral_id} waits for {key}, which is not on the agenda"
            # A date that moved away is noticed when the old one comes; never a nearer one.
            assert min(dates) >= at, f"{referral_id}: {key} is promised earlier than waited for"

    # --- the end ----------------------------------------------------------------------------------

    async def end(self, referral_id: str) -> ReferralEnd:
        """What a closed referral left behind."""
        handle = self.client.get_workflow_handle(
            referral_workflow_id(self.org, referral_id), result_type=ReferralEnd
        )
        async with asyncio.timeout(20):  # open still: the poll itself has no end
            return await handle.result()

    async def open_at_end(self) -> list[str]:
        """Referral workflows that are still running."""
        handles = [self.client.get_workflow_handle(workflow_id) for workflow_id in self.ids]
        described = await asyncio.gather(*(handle.describe() for handle in handles))
        return [one.id for one in described if one.status is WorkflowExecutionStatus.RUNNING]


@asynccontextmanager
async def on_stage(
    client: Client, start: datetime, *, cache: int = 1000, runner: WorkflowRunner | None = None
) -> AsyncIterator[Theater]:
    """A theater with its own task queue and worker."""
    theater = Theater(client, start, cache, runner)
    await theater.raise_curtain()
    try:
        yield theater
    finally:
        await theater.drop_curtain()
