"""Makes sure the namespace and its search attributes exist, as often as one likes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
)
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode, ServiceClient

from engine.attributes import ALL
from models.errors import ConfigError, EngineUnavailable

RETENTION = timedelta(days=90)


async def ensure(
    service: ServiceClient,
    namespace: str,
    *,
    retention: timedelta = RETENTION,
    attributes: Iterable[SearchAttributeKey[Any]] = ALL,
) -> None:
    """Register the namespace, then add the search attributes it lacks; harmless when run twice.

    The order matters: looking a namespace up before it is registered makes it "not found" for
    about a second (engine-traps.md §5). An existing namespace keeps its retention. An account
    that may not register namespaces is taken to use one an administrator made.

    Raises ConfigError when an attribute exists with another type (the server would accept adding
    it again in silence) and EngineUnavailable when the server refuses.
    """
    try:
        await _register(service, namespace, retention)
        await _add_attributes(service, namespace, tuple(attributes))
    except RPCError as error:
        raise EngineUnavailable(
            f"The Temporal server did not let us prepare the namespace {namespace!r}: "
            f"{error.status.name}. Ask its administrator to create the namespace and these search "
            f"attributes: {', '.join(key.name for key in attributes)}."
        ) from error


async def searchable(
    service: ServiceClient,
    namespace: str,
    attributes: Iterable[SearchAttributeKey[Any]] = ALL,
) -> None:
    """Ask for every attribute once; raises EngineUnavailable while the server does not know one.

    A production server learns of new attributes only after a while, and until then it refuses to
    start a workflow that has them.
    """
    # No value is looked for, so this asks for the name alone, whatever the attribute's type.
    query = " AND ".join(f"{key.name} IS NULL" for key in attributes)
    request = CountWorkflowExecutionsRequest(namespace=namespace, query=query)
    try:
        await service.workflow_service.count_workflow_executions(request)
    except RPCError as error:
        raise EngineUnavailable(
            f"The Temporal server cannot search the namespace {namespace!r} yet: "
            f"{error.status.name}."
        ) from error


async def retention(service: ServiceClient, namespace: str) -> timedelta:
    """How long the namespace keeps workflows that have ended; raises EngineUnavailable."""
    try:
        told = await service.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=namespace)
        )
    except RPCError as error:
        raise EngineUnavailable(
            f"The Temporal server did not describe the namespace {namespace!r}: "
            f"{error.status.name}."
        ) from error
    return told.config.workflow_execution_retention_ttl.ToTimedelta()


async def _register(service: ServiceClient, namespace: str, retention: timedelta) -> None:
    period = Duration()
    period.FromTimedelta(retention)
    request = RegisterNamespaceRequest(
        namespace=namespace,
        workflow_execution_retention_period=period,
        description="referral-loop",
    )
    try:
        await service.workflow_service.register_namespace(request, retry=True)
    except RPCError as error:
        if error.status not in (RPCStatusCode.ALREADY_EXISTS, RPCStatusCode.PERMISSION_DENIED):
            raise


async def _add_attributes(
    service: ServiceClient, namespace: str, attributes: tuple[SearchAttributeKey[Any], ...]
) -> None:
    listed = await service.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=namespace), retry=True
    )
    known = dict(listed.custom_attributes)
    wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in attributes}
    for name in sorted(wanted.keys() & known.keys()):
        if known[name] != wanted[name]:
            raise ConfigError(
                f"The search attribute {name} of the namespace {namespace!r} is "
                f"{_say(known[name])}; it must be {_say(wanted[name])}. Use another namespace, or "
                f"remove the attribute with `temporal operator search-attribute remove`."
            )
    missing = {name: kind for name, kind in wanted.items() if name not in known}
    if missing:
        await service.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=namespace, search_attributes=missing), retry=True
        )


def _say(kind: IndexedValueType.ValueType) -> str:
    return IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_").title()
