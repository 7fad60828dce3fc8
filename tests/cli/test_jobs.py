"""The one-shot jobs: harmless twice, and clear about what is missing."""

from __future__ import annotations

import asyncio
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.worker import Worker

from cli import health
from cli.jobs import migrate, prepare
from cli.serving import free_port, serve
from cli.workplace import open_record
from engine.client import connect
from engine.codec import KeyRing
from engine.namespace import ensure
from engine.polling import polls_from
from engine.release import identity
from engine.schedules import CHORES
from engine.server import Engine
from models.errors import ConfigError, EngineUnavailable, StoreUnavailable
from settings import TASK_QUEUE, Settings
from store import schema
from store.engine import migrate as to
from store.engine import open_store
from tests.databases import postgres_url
from tests.engine.tiny import Reads, read_aloud
from web.app import from_environment

SOON = timedelta(0)  # no patience: the first answer counts


@pytest.fixture
def production(settings: Settings) -> Settings:
    """As in production, where a process looks at the schema and leaves it alone."""
    return settings.model_copy(update={"environment": "production"})


@pytest.fixture
def on_engine(settings: Settings, engine: Engine) -> Settings:
    """On a real server, in a namespace that nobody has made yet."""
    name = f"jobs-{uuid.uuid4()}"
    return settings.model_copy(
        update={"temporal_address": engine.address, "temporal_namespace": name}
    )


def test_a_command_that_only_reads_says_that_it_has_migrated(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(settings.database_url)
    to(store, "0020")
    store.close()
    open_record(settings).store.close()
    assert f"went from schema 0020 to {schema.newest()}" in capsys.readouterr().err
    open_record(settings).store.close()
    assert capsys.readouterr().err == ""


def test_migrate_says_from_where_to_where(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(settings)
    assert f"from no schema to schema {schema.newest()}" in capsys.readouterr().out
    migrate(settings)
    assert "nothing to do" in capsys.readouterr().out


def test_two_migrations_at_once_are_as_good_as_one(settings: Settings) -> None:
    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(migrate, settings) for _ in range(2)]:
            done.result()
    store = open_store(settings.database_url)
    schema.ready(store, may_migrate=False)
    store.close()


def test_in_production_a_web_process_does_not_migrate(production: Settings) -> None:
    settings = production.model_copy(update={"temporal_address": "127.0.0.1:1"})
    with pytest.raises(StoreUnavailable, match=r"starter\.py migrate"):
        from_environment(settings)
    migrate(settings)
    assert from_environment(settings).title


async def test_without_an_address_there_is_nothing_to_prepare(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="TEMPORAL_ADDRESS"):
        await prepare(settings)


async def test_a_server_that_never_answers_is_given_up(settings: Settings) -> None:
    away = settings.model_copy(update={"temporal_address": f"127.0.0.1:{free_port()}"})
    with pytest.raises(EngineUnavailable):
        await prepare(away, patience=SOON)


@pytest.mark.engine
async def test_prepare_makes_what_a_worker_needs_and_again_changes_nothing(
    on_engine: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await prepare(on_engine) == 0
    assert await prepare(on_engine) == 0
    assert "kept for 90 days" in capsys.readouterr().out
    assert on_engine.temporal_address is not None
    client = await connect(
        on_engine.temporal_address, on_engine.temporal_namespace, keyring=on_engine.keyring
    )
    for chore in CHORES:  # each by its name: a list is behind for a moment
        told = await client.get_schedule_handle(f"chore-{chore}").describe()
        assert not told.schedule.state.paused


@pytest.mark.engine
async def test_a_short_retention_is_told_with_the_command_that_mends_it(
    on_engine: Settings, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    name = on_engine.temporal_namespace
    await ensure(client.service_client, name, retention=timedelta(days=7))
    assert await prepare(on_engine) == 0
    told = capsys.readouterr()
    assert "kept for 7 days" in told.out
    assert f"namespace update --namespace {name} --retention 90d" in told.err


@pytest.mark.engine
async def test_a_worker_is_healthy_once_it_polls(on_engine: Settings, keyring: KeyRing) -> None:
    await prepare(on_engine)
    with pytest.raises(EngineUnavailable, match="has asked Temporal for work"):
        await health.worker(on_engine)
    assert on_engine.temporal_address is not None
    client = await connect(
        on_engine.temporal_address, on_engine.temporal_namespace, keyring=keyring
    )
    async with Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[Reads],
        activities=[read_aloud],
        identity=identity(),
    ):
        while not await polls(client):
            pass
        assert await health.worker(on_engine) == 0
        assert not await polls(client, host="another-machine")
        assert not await polls(client, later=timedelta(minutes=10)), "a poll of long ago counts"


async def polls(client: Client, host: str | None = None, later: timedelta = timedelta(0)) -> bool:
    """Whether the server has noted the polls of a worker on this machine."""
    return await polls_from(
        client.service_client,
        client.namespace,
        TASK_QUEUE,
        host or socket.gethostname(),
        datetime.now(UTC) + later,
    )


@pytest.mark.postgres
async def test_a_web_process_is_healthy_while_it_can_keep_events(settings: Settings) -> None:
    port = free_port()
    changed = {"temporal_address": "127.0.0.1:1", "http_port": port}
    with postgres_url() as url:
        here = settings.model_copy(update={**changed, "store_url": SecretStr(url)})
        with pytest.raises(StoreUnavailable, match="No web process answers"):
            health.web(here)
        serving = serve(from_environment(here), here, port=port)
        await serving.__aenter__()
        await asyncio.to_thread(health.web, here)
    try:  # its database is gone
        with pytest.raises(StoreUnavailable, match="cannot reach the database"):
            await asyncio.to_thread(health.web, here)
    finally:
        await serving.__aexit__(None, None, None)
