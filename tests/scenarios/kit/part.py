"""One process of ``python -m tests.scenarios``: plays its share, reports in JSON lines.

Called with the Temporal server's address, a namespace, a folder, the number of seeds, and names.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from cli.workplace import wall_clock
from engine.client import connect, run_and_exit
from engine.codec import KeyRing
from tests.scenarios.kit.company import play_all, play_seeds
from tests.scenarios.kit.judge import Judgement
from tests.scenarios.kit.scene import House, Played

LONGEST: Final = 45 * 60  # seconds; a share of all cases with twenty seeds takes half of it


def report(**value: Any) -> None:
    """One line for the process that waits."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def main(address: str, namespace: str, folder: str, seeds: int, names: Sequence[str]) -> int:
    """Every case as it is told, then every case as told badly."""
    keyring = KeyRing.parse(KeyRing.generate("scenes"))
    house = House(await connect(address, namespace, keyring=keyring), Path(folder))
    today = wall_clock().date()

    def told(played: Played) -> None:
        report(name=played.case.name, line=played.line(), wrong=played.wrong)

    def judged(name: str, judgement: Judgement) -> None:
        report(name=name, shuffled=judgement.line(name), wrong=judgement.wrong)

    ordered = await play_all(house, names, today, told)
    if seeds:
        await asyncio.gather(*(play_seeds(house, one, seeds, judged) for one in ordered))
    return 0


async def bounded(share: Coroutine[Any, Any, int]) -> int:
    """What it answers, or the end of this process: broken, or not over in time.

    Without taking the other scenes down: their workers wait for the threads of plays that nobody
    goes on with.
    """
    playing = asyncio.create_task(share)
    await asyncio.wait([playing], timeout=LONGEST)
    if not playing.done():
        sys.stderr.write(f"not over within {LONGEST} s\n")
    elif (error := playing.exception()) is not None:
        traceback.print_exception(error)
    else:
        return playing.result()
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    place = (sys.argv[1], sys.argv[2], sys.argv[3])
    run_and_exit(bounded(main(*place, int(sys.argv[4]), sys.argv[5:])))
