"""The worker as it is put together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli.workplace import load_tenants
from engine.client import connect
from engine.server import Engine
from settings import load
from tests.databases import sqlite_store
from tests.doors import POLICY
from worker import THREADS, make_worker


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
