"""The workflow of a fax on a real server: read, asked about, raised, settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from models.fax import FaxRead, FaxStanding, FaxStart
from workflows.fax import InboundFaxWorkflow

pytestmark = pytest.mark.engine


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


@pytest.mark.parametrize("unreadable", [False, True])
async def test_it_waits_for_a_person_with_a_limit_and_ends_when_one_has_looked(
    client: Client, unreadable: bool
) -> None:
    room = Room()
    room.unreadable = unreadable
    queue = f"faxes-{unreadable}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[InboundFaxWorkflow],
        activities=[room.read, room.give_up, room.route],
    ):
        start = FaxStart(org="riverside", fax_id="fax_1")
        handle = await client.start_workflow(
            "InboundFaxWorkflow", start, id=f"fax/riverside/{queue}", task_queue=queue
        )
        while room.asked.count("look") < 2:  # the second look is that of the limit
            await handle.describe()
        room.open = 0
        await handle.signal("look_again")
        assert FaxStanding.model_validate(await handle.result()).settled
    reading = ["read", "not_read"] if unreadable else ["read"]
    assert room.asked == [*reading, "look", "look", "look"]
