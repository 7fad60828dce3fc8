"""Which of our workflows run, as the engine's own list says."""

from __future__ import annotations

from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from engine.pages import RPC_TIMEOUT
from models.errors import EngineUnavailable

LIVES: Final = (
    "WorkflowType IN ('ReferralWorkflow', 'SourceWorkflow') AND ExecutionStatus = 'Running'"
)


async def running(client: Client) -> frozenset[str]:
    """The workflow ids of running referrals and of the watches over sources.

    The list lags a second or two behind. Raises EngineUnavailable.
    """
    try:
        found = client.list_workflows(LIVES, page_size=1000, rpc_timeout=RPC_TIMEOUT)
        return frozenset([one.id async for one in found])
    except (RPCError, RuntimeError) as error:  # a lazy client fails its first call plainly
        what = error.status.name if isinstance(error, RPCError) else "no connection"
        raise EngineUnavailable(f"Temporal did not say what is running ({what}).") from error
