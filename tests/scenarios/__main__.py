"""Plays the cases on the real engine and says of each how it went: ``python -m tests.scenarios``.

Names play only those; ``--seeds 20`` plays each again as twenty bad feeds tell it; ``--index``
prints docs/scenarios.md instead. Ends with 1 when something was not as a case says.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time as stopwatch
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from cli.console import out, say
from engine.client import run_and_exit
from engine.server import find_or_start
from tests.scenarios.kit.cases import index, names
from tests.scenarios.kit.company import NAMESPACE, workshop

ROOT = Path(__file__).resolve().parents[2]
LONGEST_LINE = 1 << 22  # bytes of one report


async def main(given: Namespace) -> int:
    """Play, one line each; 2 for a case that does not exist."""
    if given.index:
        sys.stdout.write(index())
        return 0
    known = names()
    unknown = [name for name in given.names if name not in known]
    if unknown:
        say(f"There is no scenario {unknown[0]!r}; there are: {', '.join(known)}.")
        return 2
    began = stopwatch.monotonic()
    wanted = given.names or known
    with workshop() as folder:
        engine = await find_or_start(
            data_dir=Path(folder) / "temporal", namespace=NAMESPACE, ui=False, say=say
        )
        try:
            shares = [wanted[number :: given.jobs] for number in range(given.jobs)]
            parts = [
                _part(engine.address, Path(folder) / f"part-{number}", given.seeds, share)
                for number, share in enumerate(shares)
                if share
            ]
            told = Told(wanted, shuffled=bool(given.seeds))
            await asyncio.gather(*(told.listen(part) for part in parts))
        finally:
            await engine.stop()
    took = f"{stopwatch.monotonic() - began:.0f} s"
    return told.sum_up(given.seeds, took)


class Told:
    """What the parts report, printed as it comes: first the ordered plays, then the shuffled."""

    def __init__(self, cases: Sequence[str], *, shuffled: bool) -> None:
        self._cases = cases
        self._ordered: set[str] = set()
        self._shuffled: set[str] | None = set() if shuffled else None
        self._later: list[dict[str, Any]] = []
        self._wrong: set[str] = set()

    async def listen(self, part: AsyncIterator[dict[str, Any]]) -> None:
        """Print what one part reports."""
        async for report in part:
            name = report["name"]
            if report["wrong"]:
                self._wrong.add(name)
            if "line" in report:
                self._ordered.add(name)
                _print(report["line"], report["wrong"])
            elif self._shuffled is not None:
                self._shuffled.add(name)
                self._later.append(report)
            if len(self._ordered) == len(self._cases):
                self._print_later()

    def sum_up(self, seeds: int, took: str) -> int:
        """The last line, and the exit code; a case whose process broke is not as it must."""
        self._print_later()
        shuffled = f", each {seeds} × shuffled" if seeds else ""
        whole = self._ordered if self._shuffled is None else self._ordered & self._shuffled
        right = len(whole - self._wrong)
        out.print(f"{len(self._cases)} scenarios{shuffled}: {right} as they must, in {took}.")
        return 0 if right == len(self._cases) else 1

    def _print_later(self) -> None:
        for one in self._later:
            _print(one["shuffled"], one["wrong"])
        self._later.clear()


async def _part(
    address: str, folder: Path, seeds: int, share: Sequence[str]
) -> AsyncIterator[dict[str, Any]]:
    """A process that plays some of the cases, and what it reports."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.scenarios.kit.part", address, NAMESPACE, str(folder)]
    with tempfile.TemporaryFile() as log:
        child = await asyncio.create_subprocess_exec(
            *command,
            str(seeds),
            *share,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            limit=LONGEST_LINE,
        )
        assert child.stdout is not None
        async for line in child.stdout:
            yield json.loads(line)
        if await child.wait():
            log.seek(0)
            say(f"A process that played {', '.join(share)} broke:\n{log.read().decode()[-3000:]}")


def _print(line: str, wrong: Sequence[str]) -> None:
    out.print(line, markup=False, soft_wrap=True)
    for fault in wrong:
        out.print(f"    {fault}", markup=False, soft_wrap=True)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    parser.add_argument("names", nargs="*", help="all of them unless told")
    parser.add_argument("--seeds", type=int, default=0, help="bad feeds that tell each case")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--index", action="store_true", help="print docs/scenarios.md")
    return parser.parse_args()


if __name__ == "__main__":
    run_and_exit(main(_arguments()))
