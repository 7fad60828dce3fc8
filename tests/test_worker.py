"""The worker as it is put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.client import Client, ScheduleAlreadyRunningError
from temporalio.service import RPCError, RPCStatusCode

from cli.workplace import load_tenants
from engine.client import connect
from engine.server import Engine
from settings import load
from tests.databases import sqlite_store
from tests.doors import POLICY
from worker import THREADS, make_worker, schedule_reports


@pytest.mark.engine
async def test_it_takes_no_more_activities_than_it_has_threads(
    engine: Engine, tmp_path: Path
) -> None:
    """One that queued for a thread would time out and be sent by two at once."""
    settings = load(_env_file=None, data_dir=tmp_path, policy_files=(POLICY,))
    client = await connect(engine.address, engine.namespace, keyring=settings.keyring)
    with ThreadPoolExecutor(THREADS) as threads, sqlite_store(tmp_path) as store:
        worker = make_worker(client, settings, store, load_tenants(settings), threads)
    assert worker.config(active_config=True)["max_concurrent_activities"] == THREADS


class _Recovering:
    """A server that knows its Schedules, cannot take them at first, and can later."""

    def __init__(self) -> None:
        self.asked = 0

    async def create_schedule(self, *_: Any) -> None:
        raise ScheduleAlreadyRunningError

    def get_schedule_handle(self, _: str) -> _Recovering:
        return self

    async def list_schedules(self) -> AsyncIterator[Any]:
        async def none() -> AsyncIterator[Any]:
            for one in ():
                yield one

        return none()

    async def update(self, _: Any) -> None:
        self.asked += 1
        if self.asked == 1:
            raise RPCError("Timeout expired", RPCStatusCode.CANCELLED, b"")


async def test_a_server_that_is_not_ready_for_the_reports_is_asked_again(tmp_path: Path) -> None:
    tenants = load_tenants(load(_env_file=None, data_dir=tmp_path, policy_files=(POLICY,)))
    server = _Recovering()
    await schedule_reports(cast(Client, server), tenants, again=timedelta(0))
    assert server.asked == 1 + 3  # east, west, and both
