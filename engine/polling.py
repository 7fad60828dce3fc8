"""Whether a worker of one machine asks the server for work: what "healthy" means for a worker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.service import RPCError, ServiceClient

from engine.release import machine_of
from models.errors import EngineUnavailable

# A poll lasts up to a minute and the server notes when it began; the server itself forgets a
# poller after five, which is too late to know that a worker hangs.
SEEN_WITHIN = timedelta(seconds=90)
_KINDS = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)


async def polls_from(
    service: ServiceClient, namespace: str, task_queue: str, host: str, now: datetime
) -> bool:
    """Whether a worker on *host* polled for workflows and for activities within 90 seconds.

    *host* is what our workers call their machine: in a container the container itself.
    Raises EngineUnavailable when the server does not answer.
    """
    for kind in _KINDS:
        request = DescribeTaskQueueRequest(
            namespace=namespace, task_queue=TaskQueue(name=task_queue), task_queue_type=kind
        )
        try:
            described = await service.workflow_service.describe_task_queue(request)
        except RPCError as error:
            raise EngineUnavailable(
                f"The Temporal server does not tell who polls {task_queue!r}: {error.status.name}."
            ) from error
        if not any(
            machine_of(one.identity) == host
            and now - one.last_access_time.ToDatetime(UTC) < SEEN_WITHIN
            for one in described.pollers
        ):
            return False
    return True
