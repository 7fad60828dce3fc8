"""Which release a worker runs, told by the name it polls under.

Two releases may poll one queue for a while: runs begun by either go on, but a run that has taken
up a new step is turned down by an old worker until a new one gets it. So the operator must see it.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from models.errors import EngineUnavailable

_ROOT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"release-([0-9a-f]{8})@")
# A poll lasts up to a minute; the server forgets a worker only after five.
_POLLS_STILL = timedelta(seconds=75)
_TIMEOUT = timedelta(seconds=5)


@cache
def release() -> str:
    """A fingerprint of the code that replays histories: ``workflows/`` and ``models/``."""
    digest = hashlib.sha256()
    for folder in ("models", "workflows"):
        for path in sorted((_ROOT / folder).rglob("*.py")):
            digest.update(path.relative_to(_ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def identity() -> str:
    """The name a worker polls under: its release, its machine, its process."""
    return f"release-{release()}@{socket.gethostname()}:{os.getpid()}"


def machine_of(identity: str) -> str | None:
    """The machine a worker of ours named; None for a name that is not ours."""
    told = re.fullmatch(r"release-[0-9a-f]{8}@(.+):\d+", identity)
    return told[1] if told else None


async def polling(client: Client, task_queue: str) -> frozenset[str]:
    """The releases whose workers poll a queue, by wall clock, as far as they tell.

    A worker that was stopped counts for up to 75 seconds more. Raises EngineUnavailable.
    """
    try:
        described = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=task_queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            ),
            timeout=_TIMEOUT,
        )
    except RPCError as error:
        raise EngineUnavailable(
            f"Temporal did not say who polls {task_queue} ({error.status.name})."
        ) from error
    since = datetime.now(UTC) - _POLLS_STILL
    names = (
        _NAME.match(one.identity)
        for one in described.pollers
        if one.last_access_time.ToDatetime(UTC) >= since
    )
    return frozenset(name[1] for name in names if name)
