"""The workflow of the monthly reports on the real engine, with the real store."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from activities.closing import Closing
from models.contracts import MonthsClosed, ReportAsked
from tests.activities.office import CLINIC, ORG, Office
from tests.activities.test_closing import DUE, MARCH
from tests.databases import sqlite_store
from workflows.report import MonthlyReportWorkflow


@pytest.mark.engine
async def test_it_closes_what_is_due_and_mails_a_link_once(client: Client, tmp_path: Path) -> None:
    with sqlite_store(tmp_path) as store, ThreadPoolExecutor(2) as threads:
        office = Office(store, tmp_path / "outbox")
        office.receive()
        office.wall = DUE
        closing = Closing(
            store, office.tenants, office.clients, lambda: office.wall, "https://desk.example.org"
        )
        queue = f"reports-{uuid.uuid4().hex[:8]}"
        async with Worker(
            client,
            task_queue=queue,
            workflows=[MonthlyReportWorkflow],
            activities=[closing.close, closing.mail],
            activity_executor=threads,
        ):
            for _ in range(2):
                told: MonthsClosed = await client.execute_workflow(
                    MonthlyReportWorkflow.run,
                    ReportAsked(org=ORG, scope=CLINIC),
                    id=f"report/{queue}",
                    task_queue=queue,
                )
                assert told.months == (MARCH,)
        assert len(office.email.accepted) == 1
