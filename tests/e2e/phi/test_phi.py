"""Nothing about a patient is anywhere but in the record (SECURITY.md), whatever its door."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from engine.server import Engine
from telemetry.meters import SENDS
from tests.e2e.phi import places
from tests.e2e.phi.leaks import LEAKS, MEASURED
from tests.e2e.phi.run import Run
from tests.e2e.phi.sentinels import SENTINELS, found_in
from tests.e2e.phi.world import played
from tests.logging_kept import logging_kept

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]

PATIENCE = 30.0  # seconds; the server lists what is new a moment after it took it


@pytest.fixture(scope="module")
async def run(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    del engine  # it proves only that a server can be had
    with logging_kept(), pytest.MonkeyPatch.context() as monkeypatch:
        async with played(tmp_path_factory.mktemp("phi"), monkeypatch) as done:
            yield done
    with contextlib.suppress(KeyError):
        SENDS.remove(*MEASURED)


async def test_all_facts_went_in(run: Run) -> None:
    kept = await places.record(run)
    assert len(SENTINELS) >= 75
    missing = [
        name for name, one in SENTINELS.items() if one.kept and one.kept.encode() not in kept
    ]
    assert missing == []


@pytest.mark.parametrize("place", places.PLACES)
async def test_nothing_of_it_is_there(run: Run, place: str) -> None:
    content = await places.PLACES[place](run)
    assert content, "there is something to look through"
    assert set(found_in(content)) <= places.ALLOWED.get(place, set())


@pytest.mark.parametrize("place", places.PLACES)
async def test_a_leak_would_be_found(run: Run, place: str) -> None:
    """After the others, because from here on the places are soiled."""
    await LEAKS[place](run)
    end = time.monotonic() + PATIENCE
    while "family name" not in found_in(await places.PLACES[place](run)):
        assert time.monotonic() < end, f"nobody would have noticed within {PATIENCE} s"
        await asyncio.sleep(0.1)
