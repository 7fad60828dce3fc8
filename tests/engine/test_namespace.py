"""The namespace and its search attributes: there after one call, unchanged after two."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from engine.attributes import ALL, NEEDS_ATTENTION, ORGANIZATION, STAGE
from engine.client import connect
from engine.codec import KeyRing
from engine.namespace import ensure
from engine.server import Engine
from models.errors import ConfigError, EngineUnavailable
from tests.engine.tiny import Note, Reads

pytestmark = pytest.mark.engine


async def test_twice_is_like_once_and_workflows_can_start_at_once(
    engine: Engine, client: Client, keyring: KeyRing
) -> None:
    name = f"ns-{uuid.uuid4()}"
    await ensure(client.service_client, name)
    await ensure(client.service_client, name)
    fresh = await connect(engine.address, name, keyring=keyring)
    handle = await fresh.start_workflow(
        Reads.run,
        Note(patient="nobody"),
        id="first",
        task_queue="none",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(ORGANIZATION, "example"),
                SearchAttributePair(STAGE, "new"),
                SearchAttributePair(NEEDS_ATTENTION, True),
            ]
        ),
    )
    described = await handle.describe()
    assert described.typed_search_attributes[ORGANIZATION] == "example"
    assert described.typed_search_attributes[NEEDS_ATTENTION] is True


async def test_retention_is_ninety_days_unless_said_otherwise(client: Client) -> None:
    kept = {}
    for days in (None, 7):
        name = f"ns-{uuid.uuid4()}"
        if days is None:
            await ensure(client.service_client, name)
        else:
            await ensure(client.service_client, name, retention=timedelta(days=days))
        answer = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=name)
        )
        kept[days] = answer.config.workflow_execution_retention_ttl.ToTimedelta().days
    assert kept == {None: 90, 7: 7}


async def test_an_attribute_of_another_type_is_refused_by_name(client: Client) -> None:
    name = f"ns-{uuid.uuid4()}"
    await ensure(client.service_client, name, attributes=[SearchAttributeKey.for_bool("Stage")])
    with pytest.raises(ConfigError, match=r"Stage .* is Bool; it must be Keyword"):
        await ensure(client.service_client, name, attributes=ALL)


async def test_what_a_server_does_not_take_is_said_to_its_administrator(client: Client) -> None:
    with pytest.raises(EngineUnavailable, match="Ask its administrator"):
        await ensure(client.service_client, "no/such name allowed" * 100)
