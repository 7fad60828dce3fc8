"""The doors of the house: a stand-in engine, an intake on a real store, example events."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from sqlmodel import select
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.intake import Intake
from activities.loop import Loop
from activities.tenants import Tenants
from models.contracts import RawRequest, ReferralStart
from models.facts import ClosedReason, Fact, ReferralClosed
from models.policy_file import load
from models.referral import Referral
from store.engine import Store
from store.tables import InboxRow, Table, TaskRow
from web.examples import EVENTS, NEW_REFERRAL

ORG = "riverside"
START = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # a Monday, 10:00 in Albany
LATER = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)
POLICY = Path(__file__).parent.parent / "clinics" / "example.toml"
R = TypeVar("R", bound=Table)
_numbers = itertools.count(1)


class Run(NamedTuple):
    """One run of one workflow, as the stand-in remembers it."""

    workflow: str
    start: Any
    signals: list[tuple[str, Any]]
    options: dict[str, Any]


class StandIn:
    """Speaks the few calls intake makes of a Temporal client, with the server's semantics."""

    namespace = "tests"

    def __init__(self) -> None:
        self.runs: dict[str, list[Run]] = {}
        self.closed: set[str] = set()
        self.down = False
        self.worker = True
        self.calls = 0
        self.updates: list[tuple[str, Any, str | None]] = []
        self.answer: Callable[[Any], str] = lambda _: "v1"

    async def start_workflow(self, workflow: str, arg: Any, *, id: str, **options: Any) -> None:
        self.calls += 1
        if self.down:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        known = self.runs.setdefault(id, [])
        if known and id in self.closed:
            if options["id_reuse_policy"] is WorkflowIDReusePolicy.REJECT_DUPLICATE:
                raise WorkflowAlreadyStartedError(id, workflow)
            self.closed.discard(id)
            known.append(Run(workflow, arg, [], options))
        elif not known:
            known.append(Run(workflow, arg, [], options))
        if options.get("start_signal"):
            known[-1].signals.append((options["start_signal"], options["start_signal_args"][0]))

    @property
    def workflow_service(self) -> StandIn:
        return self

    async def describe_task_queue(self, *_: Any, **__: Any) -> Any:
        if self.down:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        return DescribeTaskQueueResponse(pollers=[PollerInfo()] if self.worker else [])

    def get_workflow_handle(self, id: str) -> StandInHandle:
        return StandInHandle(self, id)

    def run(self, referral_id: str) -> Run:
        """The latest run of a referral."""
        return self.runs[f"referral/{ORG}/{referral_id}"][-1]

    def close(self, referral_id: str) -> None:
        """The referral's workflow has ended."""
        self.closed.add(f"referral/{ORG}/{referral_id}")

    def told(self, referral_id: str) -> list[str]:
        """What was signalled to the latest run, by name."""
        return [name for name, _ in self.run(referral_id).signals]


class StandInHandle:
    def __init__(self, engine: StandIn, id: str) -> None:
        self.engine, self.id = engine, id

    def _running(self) -> Run:
        if self.engine.down:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        if self.id not in self.engine.runs or self.id in self.engine.closed:
            raise RPCError("gone", RPCStatusCode.NOT_FOUND, b"")
        return self.engine.runs[self.id][-1]

    async def signal(self, name: str, arg: Any = None, **_: Any) -> None:
        self._running().signals.append((name, arg))

    async def execute_update(self, name: str, arg: Any, *, id: str | None, **_: Any) -> str:
        self._running()
        self.engine.updates.append((name, arg, id))
        return self.engine.answer(arg)


class Door:
    """An intake on a real store, with a clock that stands where it is put."""

    def __init__(self, store: Store, engine: StandIn | None = None) -> None:
        self.store = store
        self.engine = engine or StandIn()
        self.now = START
        self.tenants = Tenants([load(POLICY)])
        loop = Loop(cast(Client, self.engine), "tests")
        self.intake = Intake(store, loop, self.tenants, lambda: self.now)

    async def tell(self, event: dict[str, Any], event_id: str | None = None) -> InboxRow:
        """Accept and dispatch one event as it would come by the hook; its row afterwards."""
        row = self.accept(event, event_id)
        await self.intake.dispatch(row.id)
        return self.intake.status(ORG, row.id)

    def accept(self, content: Any, event_id: str | None = None, origin: Any = "events") -> InboxRow:
        """Accept one event, dispatch nothing."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        at = max(self.now, _at(content))
        request = RawRequest(origin=origin, body=body, received_at=at)
        return self.intake.accept(ORG, request, event_id or f"e{next(_numbers)}")

    async def refer(self, **changes: Any) -> str:
        """A new referral on record and running; its id."""
        row = await self.tell(referral_event(**changes))
        assert row.state == "applied", row.reason
        assert row.referral_id is not None
        return row.referral_id

    def referral(self, referral_id: str) -> Referral:
        """Everything the record knows."""
        return self.intake.record.referral(ORG, referral_id)

    def rows(self, table: type[R]) -> list[R]:
        """Everything in a table."""
        with self.store.read() as session:
            return list(session.exec(select(table)).all())

    def open_tasks(self) -> list[tuple[str, str]]:
        """Open tasks by kind, with their sentences."""
        return sorted((t.kind, t.says) for t in self.rows(TaskRow) if t.state == "open")

    async def closed(self, reason: ClosedReason, *told: str) -> str:
        """A referral that was closed in March, a day ago, after these events; its id."""
        referral_id = await self.refer()
        for kind in told:
            await self.tell(event(kind))
        self.now = LATER
        self.write(referral_id, ReferralClosed(at=LATER, by="lee", reason=reason))
        self.engine.close(referral_id)
        self.now = LATER + timedelta(days=1)
        return referral_id

    def write(self, referral_id: str, *facts: Fact) -> None:
        """Facts that workflows and activities would have written."""
        self.intake.record.write(ORG, referral_id, *facts, recorded_at=self.now)


def event(kind: str, **data: Any) -> dict[str, Any]:
    """The example of one type, its data changed; ``at``, ``retracted`` … go to the event."""
    told = copy.deepcopy(EVENTS[kind])
    for name in ("at", "as_of", "retracted", "referral", "document"):
        if name in data:
            told[name] = data.pop(name)
    told["data"] |= data
    return told


def referral_event(
    external: str | None = "R-1001", at: datetime = START, **changes: Any
) -> dict[str, Any]:
    """A new referral as an event; ``patient`` and ``source`` are changed key by key."""
    data: dict[str, Any] = copy.deepcopy(NEW_REFERRAL)
    for part in ("patient", "source"):
        data[part] |= changes.pop(part, {})
    data |= changes
    data["external"] = {"assigner": "example-emr", "value": external} if external else None
    return {"type": "referral_received", "at": at.isoformat(), "data": data}


def start_of(run: Run) -> ReferralStart:
    """The input of a referral's run."""
    assert isinstance(run.start, ReferralStart)
    return run.start


def kinds(facts: Sequence[Fact]) -> list[str]:
    """What facts are about, in order."""
    return [fact.kind for fact in facts]


def _at(content: Any) -> datetime:
    """Events come when they are told, so far as that can be read."""
    if not isinstance(content, dict):
        return START
    try:
        told = datetime.fromisoformat(content.get("as_of") or content["at"])
        return min(told, LATER + timedelta(days=900))
    except (KeyError, TypeError, ValueError):
        return START
