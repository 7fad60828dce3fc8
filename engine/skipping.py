"""Plays weeks in seconds: moves several workflows, each with a clock of its own, in lockstep.

Time skipping gives every workflow its own virtual clock (temporal.md §1), so the driver keeps
them together: workflows are born at its virtual now, and all of them are moved from one event of
a script to the next, those who send signals before those who receive them (the recipe of
engine-traps.md §2). Nothing is approximated: the server, the workers and the timers are the real
ones. For demonstrations, tests and rehearsals on a development server; production never skips.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

# Not exported by SDK 1.35, which calls all of time skipping experimental.
from temporalio.testing._timeskipping import FastForwardConfig

from engine.watching import MARGIN, TRANSIENT, Look, Watcher
from models.errors import EngineUnavailable

Layers = Sequence[Sequence[str]]

# The server stops a session after 200 skips by itself (engine-traps.md §3).
SKIPS_PER_SESSION = 1000
PATIENCE = timedelta(seconds=60)
# The virtual clock is kept in whole milliseconds on the way; less than this is "there".
THERE = timedelta(milliseconds=2)
# Standing still while real time passes is no progress, and so many times in a row is a fault.
CREEP = timedelta(seconds=1)
FRUITLESS_ROUNDS = 5
# A look older than half the margin for timers is looked again, but not for ever.
FRESH_SECONDS = MARGIN.total_seconds() / 2
STALE_LOOKS = 20
# A timer due so soon is gone to by a step of its own: if the order to move the clock is slow, so
# that the timer is due by then, it is jumped over by that step and not by weeks.
NEAR = timedelta(seconds=30)


def _wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Event:
    """Something that happens from outside at a moment of virtual time."""

    at: datetime
    do: Callable[[], Awaitable[None]]


class Skipper:
    """The driver's clock, and the workflows that follow it.

    Start every workflow through :attr:`client`; one started by another client lives in real time.
    """

    def __init__(
        self,
        client: Client,
        *,
        start: datetime,
        patience: timedelta = PATIENCE,
        clock: Callable[[], datetime] = _wall_clock,
    ) -> None:
        """Begin at ``start`` (aware), which may lie in the future but not in the past.

        ``patience`` is the real time for which nothing may move before the driver gives up, long
        enough for a killed worker to come back. ``clock`` is the server's real time.
        """
        if start < clock() - timedelta(minutes=1):
            raise ValueError("virtual time cannot start in the past: no clock runs backwards")
        self._now = start
        self._clock = clock
        self._patience = patience
        config = client.config()
        config["interceptors"] = [*config["interceptors"], _BornNow(self)]
        self.client = Client(**config)
        self._skips = TimeSkipper(
            client, config=TimeSkippingConfig(max_session_skip_count=SKIPS_PER_SESSION)
        )
        self._watcher = Watcher(client, clock=clock, patience=patience)

    @property
    def now(self) -> datetime:
        """The virtual time everybody has reached; what an event sent now must bear as its time."""
        return max(self._now, self._clock())

    @property
    def lead(self) -> timedelta:
        """How far virtual time is ahead of real time; never negative."""
        return self.now - self._clock()

    async def settle(self, ids: Iterable[str]) -> None:
        """Return when none of these workflows has anything to do before its clock moves.

        Closed and unknown workflows count as settled. Raises EngineUnavailable when one makes no
        progress for the whole patience, naming what it waits for.
        """
        await _all(self._watcher.settled(workflow_id) for workflow_id in ids)

    async def advance(self, to: datetime, layers: Layers) -> None:
        """Move every open workflow to ``to``, layer by layer, then the driver's clock.

        Put senders in earlier layers than the receivers of their signals. A second call with the
        same time changes nothing. Raises EngineUnavailable as :meth:`settle` does.
        """
        for layer in layers:
            await _all(self._forward(workflow_id, to) for workflow_id in layer)
        await self.settle([workflow_id for layer in layers for workflow_id in layer])
        self._now = max(self._now, to)

    async def play(
        self,
        script: Iterable[Event],
        layers: Callable[[], Layers],
        *,
        until: datetime | None = None,
    ) -> None:
        """Let each event of the script happen at its time, in time order, then go on to ``until``.

        Only the times in the script are stopped at, never every day. ``layers`` is asked before
        each step, because events start workflows.
        """
        for event in sorted(script, key=lambda event: event.at):
            if event.at > self._now:
                await self.advance(event.at, layers())
            await event.do()
        await self.advance(until or self._now, layers())

    async def _forward(self, workflow_id: str, to: datetime) -> None:
        """Move one workflow to ``to`` and wait until it has done all that was due on the way."""
        handle: WorkflowHandle[Any, Any] = self.client.get_workflow_handle(workflow_id)
        # Each round looks anew: a timer due but not yet fired would be jumped over, a worker may
        # have been killed, the skip limit reached, the run continued as new or closed.
        loop = asyncio.get_running_loop()
        reached, step = None, CREEP
        fruitless = stale = 0
        while (look := await self._watcher.settled(workflow_id)) is not None:
            if look.now >= to - THERE:
                return
            if loop.time() - look.asked_at > FRESH_SECONDS and stale < STALE_LOOKS:
                stale += 1  # a busy machine: by now another timer may be due
                continue
            crept = reached is not None and look.now - reached < min(CREEP, step / 2)
            fruitless = fruitless + 1 if crept else 0
            if fruitless == FRUITLESS_ROUNDS:
                raise EngineUnavailable(
                    f"The clock of {workflow_id} does not move on. Does this server skip time, "
                    "and is a worker running?"
                )
            reached, step = look.now, _step(look, to)
            await self._skip(handle, step)

    async def _skip(self, handle: WorkflowHandle[Any, Any], by: timedelta) -> None:
        """One fast-forward; how far it got is for the caller to look at."""
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                await self._skips.fast_forward(handle, by)
        except TimeoutError:
            return
        except RPCError as error:
            if error.status not in (RPCStatusCode.NOT_FOUND, *TRANSIENT):
                raise EngineUnavailable(
                    f"The Temporal server did not move a clock: {error.status.name}, "
                    f"{error.message}. Does it skip time (server 1.32.0 or later, switched on)?"
                ) from error
        except RuntimeError:  # replaced by a later fast-forward of the same workflow
            return


def _step(look: Look, to: datetime) -> timedelta:
    """How far the clock may go at once."""
    if look.next_at is not None and look.next_at < min(to, look.now + NEAR):
        return look.next_at - look.now
    return to - look.now


async def _all(parts: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Run side by side; the first failure ends the others and is raised as it is."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _BornNow(Interceptor):
    """Workflows take their first step at the driver's time, not at real time."""

    def __init__(self, skipper: Skipper) -> None:
        self._skipper = skipper

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _BornNowOutbound(next, self._skipper)


class _BornNowOutbound(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, skipper: Skipper) -> None:
        super().__init__(next)
        self._skipper = skipper

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        """Delay the start by the driver's lead and skip exactly that delay; also signal-with-start.

        A workflow that runs already takes no notice of either.
        """
        lead = self._skipper.lead
        if lead > timedelta(0):
            input.start_delay = lead + (input.start_delay or timedelta(0))
            born = TimeSkippingConfig(
                fast_forward_config=FastForwardConfig(id=str(uuid.uuid4()), duration=lead),
                max_session_skip_count=SKIPS_PER_SESSION,
            )
            # The SDK has no public way yet to give it at a start.
            input.time_skipping_config = born._to_proto()
        return await super().start_workflow(input)
