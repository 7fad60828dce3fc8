"""Moves open referrals onto the code of the day: asks each to turn the page and looks until it has.

A run that has begun on an older release keeps to that release's tracks (``since``). Asked to turn
the page it continues as new at its next quiet moment, with everything it knows, on the code its
worker has today.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NamedTuple

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from engine.attributes import ORGANIZATION
from models.errors import EngineUnavailable

REFERRALS = "WorkflowType = 'ReferralWorkflow' AND ExecutionStatus = 'Running'"
AT_ONCE = 20  # calls under way: gentle to a server that has patients to serve
PATIENCE = timedelta(minutes=2)
RPC_TIMEOUT = timedelta(seconds=10)
LOOK_EVERY = 0.5  # seconds between two looks at those that have not turned yet


class Turned(NamedTuple):
    """What came of it, as workflow ids; those that wait turn by themselves when they can."""

    turned: tuple[str, ...]
    ended: tuple[str, ...]  # closed meanwhile
    waiting: tuple[str, ...]  # an activity is under way, or no worker took the signal yet


async def open_referrals(client: Client, org: str | None = None) -> dict[str, str]:
    """The running referral workflows, of one organization or all: workflow id to run id.

    Visibility lags a second or two behind; who started that lately runs today's code already.
    ``org`` is an organization's id. Raises EngineUnavailable.
    """
    mine = f" AND {ORGANIZATION.name} = '{org}'" if org else ""
    try:
        found = client.list_workflows(REFERRALS + mine, rpc_timeout=RPC_TIMEOUT)
        return {one.id: one.run_id async for one in found}
    except RPCError as error:
        raise _away(error) from error


async def turn_pages(
    client: Client,
    runs: Iterable[tuple[str, str]],
    *,
    patience: timedelta = PATIENCE,
    told: Callable[[int], None] = lambda _: None,
) -> Turned:
    """Ask each run to turn the page, then wait until it has, at most for ``patience`` in all.

    ``runs`` are workflow and run ids; ``told`` hears how many still wait. Asking twice turns a
    page twice, which changes nothing but history. The signal lasts: who does not turn in time
    does so later. Raises EngineUnavailable when the server does not answer.
    """
    before = dict(runs)
    gate = asyncio.Semaphore(AT_ONCE)
    ended: list[str] = []
    turned: list[str] = []

    async def ask(workflow_id: str) -> None:
        async with gate:
            handle = client.get_workflow_handle(workflow_id)
            try:
                await handle.signal("turn_the_page", rpc_timeout=RPC_TIMEOUT)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise _away(error) from error
                ended.append(workflow_id)

    async def look(workflow_id: str) -> None:
        async with gate:
            handle = client.get_workflow_handle(workflow_id)
            try:
                now = await handle.describe(rpc_timeout=RPC_TIMEOUT)
            except RPCError as error:
                raise _away(error) from error
        if now.run_id != before[workflow_id]:
            turned.append(workflow_id)
        elif now.status is not WorkflowExecutionStatus.RUNNING:
            ended.append(workflow_id)

    await asyncio.gather(*(ask(one) for one in before))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience.total_seconds()
    while waiting := sorted(before.keys() - {*turned, *ended}):
        told(len(waiting))
        await asyncio.gather(*(look(one) for one in waiting))
        if loop.time() >= deadline:
            break
        if len(turned) + len(ended) < len(before):
            await asyncio.sleep(LOOK_EVERY)  # between two looks at a condition
    waiting = sorted(before.keys() - {*turned, *ended})
    return Turned(tuple(sorted(turned)), tuple(sorted(ended)), tuple(waiting))


def _away(error: RPCError) -> EngineUnavailable:
    return EngineUnavailable(
        f"Temporal did not take the call ({error.status.name}); nothing is lost, ask again."
    )
