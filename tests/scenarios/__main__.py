"""Plays the cases on the real engine and says of each how it went: ``python -m tests.scenarios``.

Names play only those; ``--index`` prints docs/scenarios.md instead. Ends with 1 when something was
not as a case says.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cli.console import out, say
from cli.workplace import wall_clock
from engine.client import run_and_exit
from tests.scenarios.kit.cases import index, names
from tests.scenarios.kit.company import house, play_all
from tests.scenarios.kit.scene import Played


async def main(wanted: Sequence[str]) -> int:
    """Play, one line each; 2 for a case that does not exist."""
    if list(wanted) == ["--index"]:
        sys.stdout.write(index())
        return 0
    known = names()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        say(f"There is no scenario {unknown[0]!r}; there are: {', '.join(known)}.")
        return 2

    def tell(played: Played) -> None:
        out.print(played.line(), markup=False, soft_wrap=True)
        for fault in played.wrong:
            out.print(f"    {fault}", markup=False, soft_wrap=True)

    async with house(say) as place:
        played = await play_all(place, list(wanted) or known, wall_clock().date(), tell)
    wrong = sum(bool(one.wrong) for one in played)
    out.print(f"{len(played)} scenarios, {len(played) - wrong} as told.")
    return 1 if wrong else 0


if __name__ == "__main__":
    run_and_exit(main(sys.argv[1:]))
