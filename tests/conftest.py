"""What every test may ask for: one Temporal server for the whole session, and a client to it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from temporalio.client import Client

from engine.client import connect
from engine.codec import KeyRing
from engine.install import SERVER
from engine.server import Engine, find_or_start
from models.errors import EngineUnavailable
from tests.logging_kept import logging_kept
from tests.required import lacking

if TYPE_CHECKING:
    from store.engine import Store

# A busy machine is no defect: how long one example takes says nothing about what it shows.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A migrated, empty store of this test's own: SQLite, unless marked ``on_either``."""
    from tests.databases import migrated_store  # most tests of rules and workflows have none

    with migrated_store(getattr(request, "param", "sqlite"), tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def keyring() -> KeyRing:
    """A key made for this session; nothing written by another one can be read."""
    return KeyRing.parse(KeyRing.generate("test"))


@pytest.fixture(scope="module", autouse=True)
def _little_to_collect() -> None:
    """What earlier modules left is put out of the collector's sight.

    After thousands of tests one full collection takes seconds. In a workflow's thread the SDK would
    take that for a deadlock.
    """
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """Half again as many as cores: a third of a test's time waits for a disk or a socket."""
    cores = os.cpu_count() or 1
    return cores + cores // 2


def speaker(config: pytest.Config) -> Callable[[str], None]:
    """Says what takes long where a person sees it, captured output or not."""
    capture = config.pluginmanager.getplugin("capturemanager")

    def say(sentence: str) -> None:
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\n{sentence}\n")

    return say


def pytest_collection_finish(session: pytest.Session) -> None:
    """Get a server before the first test: building one takes longer than a test may."""
    wanted = any("engine" in getattr(item, "fixturenames", ()) for item in session.items)
    if not wanted or session.config.option.collectonly:
        return
    if SERVER.ready() or os.environ.get("TEMPORAL_ADDRESS"):
        return

    async def once() -> None:
        with tempfile.TemporaryDirectory() as folder:
            found = await find_or_start(
                data_dir=Path(folder), ui=False, say=speaker(session.config)
            )
            await found.stop()

    with contextlib.suppress(EngineUnavailable):  # the fixture below says it
        asyncio.run(once())


@pytest.fixture(scope="session")
async def engine(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> AsyncIterator[Engine]:
    """A Temporal server of our own that skips time; under CI its absence is a failure."""
    data_dir: Path = tmp_path_factory.mktemp("temporal")
    try:
        started = await find_or_start(
            data_dir=data_dir,
            namespace="tests",
            address=os.environ.get("TEMPORAL_ADDRESS"),
            ui=False,
            say=speaker(pytestconfig),
        )
    except EngineUnavailable as error:
        lacking(str(error))
    yield started
    await started.stop()


@pytest.fixture(scope="session")
async def client(engine: Engine, keyring: KeyRing) -> Client:
    """A client on the session's server, with the session's key."""
    return await connect(engine.address, engine.namespace, keyring=keyring)


@pytest.fixture(autouse=True)
def logging_stays() -> Iterator[None]:
    """A test that starts a process's main configures its logging; the next test has its own."""
    with logging_kept():
        yield


def pytest_unconfigure() -> None:
    """Let the SDK's threads end before the interpreter does (engine-traps.md §0)."""
    time.sleep(0.1)
