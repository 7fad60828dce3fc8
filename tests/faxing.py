"""A fax without its pages: stand-ins for what its workflow asks, ending when told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from models.fax import FaxRead, FaxStanding, FaxStart
from models.ids import fax_workflow_id
from workflows.fax import InboundFaxWorkflow


class Room:
    """Stand-ins for the activities, which answer what they are told to."""

    def __init__(self) -> None:
        self.unreadable = False
        self.asked: list[str] = []
        self.open = 1

    @activity.defn(name="read_fax")
    async def read(self, start: FaxStart) -> FaxRead:
        self.asked.append("read")
        if self.unreadable:
            raise ApplicationError("broken", non_retryable=True)
        return FaxRead(pages=1, parts=1)

    @activity.defn(name="give_up_reading")
    async def give_up(self, start: FaxStart, trouble: str) -> FaxRead:
        self.asked.append(trouble)
        return FaxRead(trouble=trouble)

    @activity.defn(name="route_fax")
    async def route(self, start: FaxStart) -> FaxStanding:
        self.asked.append("look")
        first = self.asked.count("look") == 1
        soon = datetime.now(UTC) + timedelta(milliseconds=200)
        return FaxStanding(settled=self.open == 0, open=self.open, next_at=soon if first else None)


async def through(client: Client, room: Room, name: str) -> WorkflowHandle[object, object]:
    """One fax from its arrival until a person has looked; its closed workflow."""
    queue = f"faxes-{name}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[InboundFaxWorkflow],
        activities=[room.read, room.give_up, room.route],
    ):
        start = FaxStart(org="riverside", fax_id="fax_1")
        handle: WorkflowHandle[object, object] = await client.start_workflow(
            "InboundFaxWorkflow", start, id=fax_workflow_id("riverside", name), task_queue=queue
        )
        while room.asked.count("look") < 2:  # the second look is that of the limit
            await handle.describe()
        room.open = 0
        await handle.signal("look_again")
        await handle.result()
    return handle
