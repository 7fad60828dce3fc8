"""``starter.py demo --scenario NAME``: one case of everyday clinic life, played for a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from cli.console import out, say
from cli.workplace import wall_clock
from demo.cast import ORG
from demo.show import Show
from demo.stage import Stage
from models.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from tests.scenarios.kit.cases import Scenario
    from tests.scenarios.kit.scene import Arrival

CASES = Path(__file__).resolve().parent.parent / "tests" / "scenarios"


def listed() -> int:
    """Print every case: its name, and what it is about."""
    for one in _scenarios():
        out.print(f"[bold]{one.name:<34}[/] {escape(one.title)}", soft_wrap=True)
    return 0


async def run(name: str) -> int:
    """Play one case; 0 when everything came out as it says. Raises NotFound, ConfigError."""
    known = {one.name: one for one in _scenarios()}
    if name not in known:
        raise NotFound(f"There is no scenario {name!r}; there are: {', '.join(known)}.")
    from tests.scenarios.kit.company import house
    from tests.scenarios.kit.scene import in_order, play

    chosen = known[name]
    case = chosen.told(wall_clock().date())
    out.print(f"\n[bold]{escape(chosen.title)}[/]\n{escape(' '.join(chosen.story.split()))}\n")
    async with house(say) as place, place.stage(case, ORG) as stage:
        show = Show(out, stage.store, list(case.lives.values()))

        def watch(stage: Stage, arrival: Arrival | None, code: str | None) -> None:
            for life, referral_id in stage.referral_ids.items():
                show.name(referral_id, life)
            if arrival is not None:
                show.heard(arrival.line, refused=code)
            show.catch_up()

        played = await play(stage, case, in_order(case), watch)
        out.print(f"\n{played.line()}", markup=False, soft_wrap=True)
        for fault in played.wrong:
            out.print(f"  {fault}", markup=False, soft_wrap=True)
    return 1 if played.wrong else 0


def _scenarios() -> list[Scenario]:
    """The cases beside this source; raises ConfigError where only the package is installed."""
    if not CASES.is_dir():
        raise ConfigError(
            "The scenarios are part of the source tree, not of the installed package: clone the "
            "repository and run `python starter.py demo --list` there.",
            code="no_scenarios",
        )
    from tests.scenarios.kit.cases import scenarios

    return scenarios()
