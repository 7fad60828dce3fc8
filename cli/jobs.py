"""The one-shot jobs of a production start, and what tells whether a process does its work.

``migrate`` and ``prepare`` run before everything else and again at every upgrade; running them
twice, or two at once, changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta

import httpx

from cli.console import out, say
from cli.workplace import wall_clock
from engine.attributes import ALL
from engine.client import connect, connect_service
from engine.namespace import RETENTION, ensure, retention, searchable
from engine.polling import polls_from
from engine.schedules import CHORES, ensure_schedules
from models.errors import ConfigError, EngineUnavailable, StoreUnavailable
from settings import TASK_QUEUE, Settings
from store import schema
from store.engine import open_store

PATIENCE = timedelta(minutes=3)  # a server that has just started takes its time
AGAIN = 2.0  # seconds between two tries
PROBE_SECONDS = 5.0


def migrate(settings: Settings) -> None:
    """Bring the database to the schema of this release, and say from where.

    Raises StoreUnavailable, ``newer_schema`` when a newer release has been here.
    """
    store = open_store(settings.database_url)
    try:
        before, after = schema.bring_up(store)
    finally:
        store.close()
    if before == after:
        out.print(f"The database has schema {after} already; nothing to do.")
    else:
        out.print(f"The database went from {before or 'no schema'} to schema {after}.")


async def prepare(settings: Settings, *, patience: timedelta = PATIENCE) -> int:
    """Make sure Temporal has our namespace, search attributes and Schedules; 0 when it has.

    Waits up to ``patience`` (real time) for a server that is only starting. Raises
    EngineUnavailable after that, and ConfigError for what waiting does not mend.
    """
    address = engine_address(settings)
    end = asyncio.get_running_loop().time() + patience.total_seconds()
    while True:
        try:
            kept = await _prepare(address, settings)
            break
        except EngineUnavailable as error:
            if asyncio.get_running_loop().time() > end:
                raise
            say(f"{error.sentence} Asking again.")
            await asyncio.sleep(AGAIN)
    out.print(
        f"Temporal has the namespace {settings.temporal_namespace}, {len(ALL)} search attributes "
        f"and {len(CHORES)} Schedules; closed referrals are kept for {kept.days} days."
    )
    if kept < RETENTION:
        say(
            f"That is less than {RETENTION.days} days. To keep them longer: temporal operator "
            f"namespace update --namespace {settings.temporal_namespace} --retention "
            f"{RETENTION.days}d"
        )
    return 0


async def _prepare(address: str, settings: Settings) -> timedelta:
    namespace = settings.temporal_namespace
    service = await connect_service(address)
    await ensure(service, namespace)
    await searchable(service, namespace)
    client = await connect(address, namespace, keyring=settings.keyring)
    await ensure_schedules(client, TASK_QUEUE)
    return await retention(service, namespace)


async def healthy_worker(settings: Settings) -> int:
    """0 when a worker of this machine polls; raises EngineUnavailable, ``not_polling``."""
    service = await connect_service(engine_address(settings))
    namespace, host = settings.temporal_namespace, socket.gethostname()
    if not await polls_from(service, namespace, TASK_QUEUE, host, wall_clock()):
        raise EngineUnavailable(
            "No worker of this machine has asked Temporal for work lately. Look at its log.",
            code="not_polling",
        )
    return 0


def healthy_web(settings: Settings) -> None:
    """Return when the web process of this machine can keep events; raises StoreUnavailable."""
    url = f"http://127.0.0.1:{settings.http_port}/readyz"
    try:
        answer = httpx.get(url, timeout=PROBE_SECONDS, trust_env=False)
    except httpx.TransportError as error:
        raise StoreUnavailable(
            f"No web process answers on port {settings.http_port} ({type(error).__name__}).",
            code="not_serving",
        ) from None
    if not answer.is_success:
        raise StoreUnavailable("The web process runs, and cannot reach the database.")


def engine_address(settings: Settings) -> str:
    """TEMPORAL_ADDRESS, which everything but ``up`` and ``demo`` needs; raises ConfigError."""
    if settings.temporal_address is None:
        raise ConfigError(
            "Set TEMPORAL_ADDRESS: only `starter.py up` and `demo` start a server themselves.",
            field="TEMPORAL_ADDRESS",
        )
    return settings.temporal_address
