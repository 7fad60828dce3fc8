"""Every place where a fact about a patient must not be, read as bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import httpx
from sqlalchemy import text
from sqlmodel import select
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DescribeScheduleRequest,
    DescribeWorkflowExecutionRequest,
    ListSchedulesRequest,
)

from store.tables import AuditRow, Table
from tests.e2e.phi.run import Run

Reader = Callable[[Run], Awaitable[bytes]]


async def record(run: Run) -> bytes:
    """Everything in our own store, a row a line."""
    found: list[bytes] = []
    with run.store.read() as session:
        for table in Table.metadata.sorted_tables:
            for row in session.connection().execute(table.select()):
                found += [one if isinstance(one, bytes) else str(one).encode() for one in row]
    return b"\n".join(found)


async def _ids(run: Run) -> bytes:
    """Our own ids: they stand in addresses, logs and workflows."""
    found: list[str] = []
    with run.store.read() as session:
        for table in Table.metadata.sorted_tables:
            for name in {*table.columns.keys()} & {"id", "reference", "org", "clinic_id"}:
                found += (
                    session.connection().execute(text(f"SELECT {name} FROM {table.name}")).scalars()
                )
    return "\n".join(str(one) for one in found).encode()


async def _audit(run: Run) -> bytes:
    """Who did what to which subject: read by people who may not see the record."""
    with run.store.read() as session:
        rows = session.exec(select(AuditRow)).all()
    assert {"viewed", "signed_in"} <= {row.what for row in rows}
    return "\n".join(f"{row.who} {row.what} {row.subject}" for row in rows).encode()


async def _addresses(run: Run) -> bytes:
    """Where pages, redirects, and what vendors are given lead to."""
    told = [text.callback for text in run.vendors.twilio.texts]
    return "\n".join([*run.addresses, *told]).encode()


async def _web_json(run: Run) -> bytes:
    return (run.folder / "web.json.log").read_bytes()


async def _web_text(run: Run) -> bytes:
    return (run.folder / "web.text.log").read_bytes()


async def _worker(run: Run) -> bytes:
    return (run.settings.data_dir / "worker.log").read_bytes()


async def _server_logs(run: Run) -> bytes:
    # By name as well: a server on a machine that is not busy has nothing to warn of.
    files = (run.settings.data_dir / "temporal").glob("*.log")
    return b"\n".join(path.name.encode() + b"\n" + path.read_bytes() for path in files)


async def _metrics(run: Run) -> bytes:
    async with httpx.AsyncClient(trust_env=False) as http:
        return b"\n".join([(await http.get(one)).content for one in run.metrics])


async def _histories(run: Run) -> bytes:
    """Every event of every run as the server keeps it; and as the UI shows it, undecoded."""
    found: list[bytes] = []
    async for one in run.client.list_workflows():
        handle = run.client.get_workflow_handle(one.id, run_id=one.run_id)
        history = await handle.fetch_history()
        found += [event.SerializeToString() for event in history.events]
        found.append(one.id.encode())
    return b"\n".join(found)


async def _descriptions(run: Run) -> bytes:
    """Memo, search attributes, summary and details, pending activities and their failures."""
    found: list[bytes] = []
    async for one in run.client.list_workflows():
        execution = WorkflowExecution(workflow_id=one.id, run_id=one.run_id)
        asked = DescribeWorkflowExecutionRequest(
            namespace=run.client.namespace, execution=execution
        )
        told = await run.client.workflow_service.describe_workflow_execution(asked)
        found += [told.SerializeToString(), one.raw_info.SerializeToString()]
    return b"\n".join(found)


async def _schedules(run: Run) -> bytes:
    service, namespace = run.client.workflow_service, run.client.namespace
    listed = await service.list_schedules(ListSchedulesRequest(namespace=namespace))
    found = [listed.SerializeToString()]
    for one in listed.schedules:
        asked = DescribeScheduleRequest(namespace=namespace, schedule_id=one.schedule_id)
        found.append((await service.describe_schedule(asked)).SerializeToString())
    return b"\n".join(found)


async def _database(run: Run) -> bytes:
    """What the Temporal server wrote to disk: every update id, failure and summary is in there."""
    files = (run.settings.data_dir / "temporal").glob("temporal.db*")
    content = b"".join(path.read_bytes() for path in files)
    assert b"ReferralWorkflow" in content
    return content


async def _file_names(run: Run) -> bytes:
    return "\n".join(
        str(path.relative_to(run.settings.data_dir)) for path in run.settings.data_dir.rglob("*")
    ).encode()


async def _crm(run: Run) -> bytes:
    files = (run.settings.outbox_dir / "crm").glob("*.jsonl")
    content = b"".join(path.read_bytes() for path in files)
    assert b"re_engagement" in content, "a source has gone quiet, and the draft is there"
    return content


async def _answers(run: Run) -> bytes:
    return b"\n".join(run.answers)


async def _openapi(run: Run) -> bytes:
    return (await run.stage.http.get("/openapi.json")).content


async def _said(run: Run) -> bytes:
    return "\n".join(run.said).encode()


# What may be there after all. The CRM is about sources; ``show`` and ``explain`` answer a person
# who may read the record, and name facts by their keys, of which ids of other systems are a part.
ALLOWED: Mapping[str, set[str]] = {
    "CRM file": {
        *("physician", "practice", "practice's fax", "practice's mailbox"),
        *("faxed physician", "faxed practice", "faxed from"),
    },
    "commands and exceptions": {"appointment", "call"},
}
PLACES: Mapping[str, Reader] = {
    "web log, JSON": _web_json,
    "web log, text": _web_text,
    "worker log, JSON and text": _worker,
    "Temporal's logs": _server_logs,
    "metrics": _metrics,
    "workflow histories": _histories,
    "workflow descriptions": _descriptions,
    "schedules": _schedules,
    "Temporal's database": _database,
    "file names": _file_names,
    "CRM file": _crm,
    "our ids": _ids,
    "audit subjects": _audit,
    "addresses": _addresses,
    "refusals over HTTP": _answers,
    "OpenAPI page": _openapi,
    "commands and exceptions": _said,
}
