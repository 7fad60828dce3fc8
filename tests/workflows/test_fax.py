"""The workflow of a fax on a real server: read, asked about, raised, settled."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from models.fax import FaxStanding
from tests.faxing import Room, through

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("unreadable", [False, True])
async def test_it_waits_for_a_person_with_a_limit_and_ends_when_one_has_looked(
    client: Client, unreadable: bool
) -> None:
    room = Room()
    room.unreadable = unreadable
    handle = await through(client, room, f"test-{unreadable}")
    assert FaxStanding.model_validate(await handle.result()).settled
    reading = ["read", "not_read"] if unreadable else ["read"]
    assert room.asked == [*reading, "look", "look", "look"]
