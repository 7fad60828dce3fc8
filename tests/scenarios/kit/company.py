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
from tests.scenarios.kit.judge import Judgement, judge, sum_of
from tests.scenarios.kit.scene import House, Played, in_order, play, play_badly
from tests.scenarios.kit.shuffle import WHEN_IT_ENDS, shuffled

NAMESPACE = "scenes"
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
            data_dir=Path(folder) / "temporal", namespace=NAMESPACE, ui=False, say=say
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

    async def one(name: str) -> Played:
        played = await play_in_order(house, scenario(name).told(today))
        tell(played)
        return played

    return list(await asyncio.gather(*(one(name) for name in names)))


async def play_seeds(
    house: House, ordered: Played, seeds: int, tell: Callable[[str, Judgement], None]
) -> Judgement:
    """A case as ``seeds`` bad feeds tell it, held against the ordered play; all in one word."""

    async def one(seed: int) -> Judgement:
        return judge(ordered, await play_shuffled(house, ordered.case, seed))

    told = sum_of(await asyncio.gather(*(one(seed) for seed in range(1, seeds + 1))))
    tell(ordered.case.name, told)
    return told


async def play_in_order(house: House, case: Case) -> Played:
    """One case as it is told."""
    async with house.room, house.stage(case, _org(case)) as stage:
        return await play(stage, case, in_order(case))


async def play_shuffled(house: House, case: Case, seed: int) -> Played:
    """One case as a bad feed tells it."""
    async with house.room, house.stage(case, f"{_org(case)}-{seed}") as stage:
        return await play_badly(stage, case, shuffled(case, seed), WHEN_IT_ENDS)


def _org(case: Case) -> str:
    return f"s-{case.name.replace('_', '-')}"[:55]
