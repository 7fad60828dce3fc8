"""``resume``: starts again what should be running, when Temporal has lost its memory."""

from __future__ import annotations

import asyncio

from activities.loop import Loop
from activities.resume import Lost, Resume
from cli.console import out, print_json, say
from cli.workplace import load_settings, load_tenants, open_record, try_connect, wall_clock
from engine.running import running
from models.errors import EngineUnavailable

SAY_EVERY = 500


async def resume(*, org: str | None, anew: bool, dry_run: bool, as_json: bool) -> int:
    """Start every open referral and every watch over a source that does not run; 0 when done.

    *anew* ends those that run as well, and begins each again from the record. Raises ConfigError,
    NotFound, StoreUnavailable, EngineUnavailable.
    """
    settings = load_settings()
    client = await try_connect(settings)
    if client is None:
        raise EngineUnavailable("No Temporal is known here: set TEMPORAL_ADDRESS, or start `up`.")
    again = Resume(open_record(settings), load_tenants(settings), Loop(client))
    runs = await running(client)
    lost = await asyncio.to_thread(again.missing, wall_clock(), () if anew else runs, org)
    if not dry_run:
        await again.start(lost, anew=anew, told=_progress)
    _tell(lost, dry_run=dry_run, as_json=as_json)
    return 0


def _progress(left: int) -> None:
    if left and left % SAY_EVERY == 0:
        say(f"{left} to go.")


def _tell(lost: Lost, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "referrals": [one.referral_id for one in lost.open],
                "sources": [one.source_id for one in lost.sources],
                "running": lost.running,
                "started": not dry_run,
            }
        )
        return
    does = "would be started" if dry_run else "were started"
    out.print(
        f"{len(lost.open)} referrals and {len(lost.sources)} watches over sources {does} from the "
        f"record; {lost.running} ran already.",
        soft_wrap=True,
    )
