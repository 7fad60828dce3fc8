"""Plays many scenes side by side on one Temporal server of their own."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from engine.client import connect
from engine.codec import KeyRing
from engine.server import find_or_start
from tests.scenarios.kit.case import Case
from tests.scenarios.kit.cases import scenario
from tests.scenarios.kit.scene import House, Played, in_order, play

AT_ONCE = 8  # scenes; more only wait for one another
_MEMORY = Path("/dev/shm")  # a scene's database is thrown away: a disk would only slow it down


def workshop() -> tempfile.TemporaryDirectory[str]:
    """A folder for scenes, in memory where the machine has one."""
    memory = os.access(_MEMORY, os.W_OK)
    return tempfile.TemporaryDirectory(prefix="scenes-", dir=_MEMORY if memory else None)


@asynccontextmanager
async def house(say: Callable[[str], None]) -> AsyncIterator[House]:
    """A house on a server of its own, taken down again."""
    with workshop() as folder:
        engine = await find_or_start(
            data_dir=Path(folder) / "temporal", namespace="scenes", ui=False, say=say
        )
        try:
            keyring = KeyRing.parse(KeyRing.generate("scenes"))
            yield House(
                await connect(engine.address, engine.namespace, keyring=keyring), Path(folder)
            )
        finally:
            await engine.stop()


async def play_all(
    house: House, names: Sequence[str], today: date, tell: Callable[[Played], None]
) -> list[Played]:
    """Each case once, in the order in which things happen; ``tell`` hears of each that ends."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> Played:
        async with room:
            played = await play_in_order(house, scenario(name).told(today))
        tell(played)
        return played

    return list(await asyncio.gather(*(one(name) for name in names)))


async def play_in_order(house: House, case: Case) -> Played:
    """One case as it is told."""
    async with house.stage(case, f"s-{case.name.replace('_', '-')}"[:60]) as stage:
        return await play(stage, case, in_order(case))
