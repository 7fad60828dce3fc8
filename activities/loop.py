"""What the store's side asks of the engine: workflows and signals by name, each call repeatable."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeVar

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from engine.attributes import CLINIC, NEEDS_ATTENTION, ORGANIZATION, SOURCE, STAGE
from models.contracts import ReferralStart, SourceStart
from models.errors import EngineUnavailable, Refused
from models.facts import AnyDecision, AnyFact
from models.fax import FaxStart
from models.ids import fax_workflow_id, referral_workflow_id, source_workflow_id
from models.referral import Referral
from models.view import view_of
from settings import TASK_QUEUE

REFERRAL, SOURCE_WATCH, FAX = "ReferralWorkflow", "SourceWorkflow", "InboundFaxWorkflow"
RPC_TIMEOUT = timedelta(seconds=10)
HEALTH_TIMEOUT = timedelta(seconds=2)
DECISION_TIMEOUT = timedelta(seconds=8)  # what a person waits for; then it is "pending"

T = TypeVar("T")


class Decided(NamedTuple):
    """What came of a decision: applied, or admitted and applied once a worker is there."""

    state: Literal["done", "pending", "closed"]
    version: str = ""


class EngineHealth(NamedTuple):
    """Whether Temporal answers, and whether a worker has asked it for work lately."""

    reachable: bool
    worker_seen: bool


class Loop:
    """The running workflows, as intake addresses them; without a client the engine is away."""

    def __init__(self, client: Client | None = None, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._queue = task_queue

    def connect(self, client: Client) -> None:
        """Use this client from now on."""
        self._client = client

    async def begin(self, start: ReferralStart) -> None:
        """Start a referral's workflow, once for all its life; running or closed ones stay."""
        try:
            await self._start(start, WorkflowIDReusePolicy.REJECT_DUPLICATE)
        except WorkflowAlreadyStartedError:
            return

    async def reopen(self, start: ReferralStart) -> None:
        """Start a closed referral again, with everything the record knows."""
        await self._start(start, WorkflowIDReusePolicy.ALLOW_DUPLICATE)

    async def resume(self, start: ReferralStart, *, anew: bool = False) -> None:
        """Start a referral from the record unless it runs; *anew* ends the run there is first.

        Raises EngineUnavailable.
        """
        ways = WorkflowIDConflictPolicy
        conflict = ways.TERMINATE_EXISTING if anew else ways.USE_EXISTING
        await self._start(start, WorkflowIDReusePolicy.ALLOW_DUPLICATE, conflict=conflict)

    async def watch(self, org: str, source_id: str, quiet: bool) -> None:
        """Start a source's watch unless it runs; ``quiet`` as the record knows it.

        Raises EngineUnavailable.
        """
        await self._watch(SourceStart(org=org, source_id=source_id, quiet=quiet))

    async def tell(self, start: ReferralStart, facts: Sequence[AnyFact]) -> bool:
        """Signal facts, starting the workflow if it never ran; False when its story has ended."""
        try:
            for fact in facts:
                await self._start(start, WorkflowIDReusePolicy.REJECT_DUPLICATE, fact)
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def signal(self, org: str, referral_id: str, fact: AnyFact) -> bool:
        """Signal a fact to a running workflow; False when none runs.

        Raises EngineUnavailable.
        """
        handle = self._engine().get_workflow_handle(referral_workflow_id(org, referral_id))
        try:
            await handle.signal(fact.kind, fact, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise _away(error) from error
        except RuntimeError as error:  # a lazy client fails its first call plainly
            raise _away(error) from error
        return True

    async def source_heard(self, org: str, source_id: str, at: datetime) -> None:
        """Tell a source's watch that it sent a referral, starting the watch if there is none.

        ``at`` goes with the signal because every workflow has its own virtual clock
        (engine-traps.md §2). Raises EngineUnavailable.
        """
        await self._watch(SourceStart(org=org, source_id=source_id), "referral_received", at)

    async def source_changed(self, org: str, source_id: str) -> None:
        """Have a source's watch look again, if it runs; raises EngineUnavailable."""
        await self._look_again(source_workflow_id(org, source_id))

    async def fax_came(self, start: FaxStart, content_hash: str) -> None:
        """Start the workflow of a fax, once for all its life; raises EngineUnavailable."""
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(ORGANIZATION, start.org),
            SearchAttributePair(NEEDS_ATTENTION, False),
        ]
        if start.clinic_id is not None:
            attributes.append(SearchAttributePair(CLINIC, start.clinic_id))
        try:
            await self._do(
                self._engine().start_workflow(
                    FAX,
                    start,
                    id=fax_workflow_id(start.org, content_hash),
                    task_queue=self._queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    search_attributes=TypedSearchAttributes(attributes),
                    static_summary="One fax that came in",
                    rpc_timeout=RPC_TIMEOUT,
                )
            )
        except WorkflowAlreadyStartedError:
            return

    async def fax_changed(self, org: str, content_hash: str) -> None:
        """Have a fax's workflow look again, if it runs; raises EngineUnavailable."""
        await self._look_again(fax_workflow_id(org, content_hash))

    async def _look_again(self, workflow_id: str) -> None:
        handle = self._engine().get_workflow_handle(workflow_id)
        try:
            await handle.signal("look_again", rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise _away(error) from error
        except RuntimeError as error:  # a lazy client fails its first call plainly
            raise _away(error) from error

    async def decide(self, org: str, referral_id: str, decision: AnyDecision) -> Decided:
        """Ask the workflow to take a decision; the same decision again is the same update.

        Without a worker the update stays admitted and runs later (engine-traps.md §6), so the
        answer is then ``pending`` and never a failure; ``closed`` when no workflow runs. Raises
        Refused with the reason, and EngineUnavailable.
        """
        handle = self._engine().get_workflow_handle(referral_workflow_id(org, referral_id))
        try:
            version = await handle.execute_update(
                "decide",
                decision,
                id=_update_id(decision),
                result_type=str,
                rpc_timeout=DECISION_TIMEOUT,
            )
        except WorkflowUpdateFailedError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError):
                raise Refused(cause.message, code=cause.type or "refused") from None
            raise
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            return Decided("pending")
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return Decided("closed")
            raise _away(error) from error
        except RuntimeError as error:
            raise _away(error) from error
        return Decided("done", version)

    async def health(self) -> EngineHealth:
        """How the engine is, within ``HEALTH_TIMEOUT``; raises nothing."""
        try:
            client = self._engine()
            described = await client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=client.namespace,
                    task_queue=TaskQueue(name=self._queue),
                    task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
                ),
                timeout=HEALTH_TIMEOUT,
            )
        except (EngineUnavailable, RPCError, RuntimeError):
            return EngineHealth(reachable=False, worker_seen=False)
        return EngineHealth(reachable=True, worker_seen=bool(described.pollers))

    async def _watch(self, start: SourceStart, signal: str | None = None, *told: datetime) -> None:
        await self._do(
            self._engine().start_workflow(
                SOURCE_WATCH,
                start,
                id=source_workflow_id(start.org, start.source_id),
                task_queue=self._queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=signal,
                start_signal_args=told,
                search_attributes=TypedSearchAttributes(
                    [
                        SearchAttributePair(ORGANIZATION, start.org),
                        SearchAttributePair(SOURCE, start.source_id),
                        SearchAttributePair(NEEDS_ATTENTION, start.quiet),
                    ]
                ),
                static_summary="Watches one source for silence",
                rpc_timeout=RPC_TIMEOUT,
            )
        )

    async def _start(
        self,
        start: ReferralStart,
        reuse: WorkflowIDReusePolicy,
        fact: AnyFact | None = None,
        conflict: WorkflowIDConflictPolicy = WorkflowIDConflictPolicy.USE_EXISTING,
    ) -> None:
        view = view_of(Referral(start.facts))
        # The workflow only reports changes of these, so it must begin with the same ones.
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(ORGANIZATION, start.org),
            SearchAttributePair(CLINIC, start.clinic_id),
            SearchAttributePair(SOURCE, start.source_id),
            SearchAttributePair(STAGE, str(view.stage)),
            SearchAttributePair(NEEDS_ATTENTION, view.needs_attention),
        ]
        await self._do(
            self._engine().start_workflow(
                REFERRAL,
                start,
                id=referral_workflow_id(start.org, start.referral_id),
                task_queue=self._queue,
                id_reuse_policy=reuse,
                id_conflict_policy=conflict,
                start_signal=fact.kind if fact else None,
                start_signal_args=[fact] if fact else [],
                search_attributes=TypedSearchAttributes(attributes),
                static_summary=f"One referral at {start.clinic_id}",
                rpc_timeout=RPC_TIMEOUT,
            )
        )

    def _engine(self) -> Client:
        if self._client is None:
            raise EngineUnavailable("Temporal is not connected yet; what came in is kept.")
        return self._client

    async def _do(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except (RPCError, RuntimeError) as error:  # a lazy client fails its first call plainly
            raise _away(error) from error


def _update_id(decision: AnyDecision) -> str:
    """The same decision, word for word, has the same id; another at the same moment has its own.

    Hashed, because ids lie readable in the engine and callers name calls and tasks.
    """
    return hashlib.sha256(decision.model_dump_json().encode()).hexdigest()[:32]


def _away(error: Exception) -> EngineUnavailable:
    what = error.status.name if isinstance(error, RPCError) else type(error).__name__
    return EngineUnavailable(f"Temporal did not take the call ({what}); it is tried again.")
