"""The one-shot jobs of a production start.

``migrate`` and ``prepare`` run before everything else and again at every upgrade; running them
twice, or two at once, changes nothing.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from cli.console import out, say
from engine.attributes import ALL
from engine.client import connect, connect_service
from engine.namespace import RETENTION, ensure, retention, searchable
from engine.schedules import CHORES, ensure_schedules
from models.errors import EngineUnavailable
from settings import TASK_QUEUE, Settings
from store import schema
from store.engine import open_store

PATIENCE = timedelta(minutes=3)  # a server that has just started takes its time
AGAIN = 2.0  # seconds between two tries


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
    address = settings.engine_address
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
        f"and {len(CHORES)} Schedules; closed referrals are kept for {kept.days} days.",
        soft_wrap=True,
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
