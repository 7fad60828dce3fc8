"""``turn-the-page``: open referrals move onto the code of the day, after a release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cli.console import UNAVAILABLE, out, print_json, say
from cli.workplace import find_referral, load_settings, load_tenants, open_record, try_connect
from engine.pages import Turned, open_referrals, turn_pages
from engine.release import polling
from models.errors import BadRequest, Conflict, EngineUnavailable
from models.ids import SLUG, referral_workflow_id
from settings import TASK_QUEUE, Settings


async def turn(
    wanted: Sequence[str],
    *,
    everybody: bool,
    org: str | None,
    wait: int,
    anyway: bool,
    as_json: bool,
) -> int:
    """Ask the named referrals, or all open ones, to turn the page; answers the exit code.

    0: all have; 3: some wait still, and turn by themselves when they can. ``wait`` is in seconds.
    Raises Conflict while workers of several releases poll, unless ``anyway``; BadRequest,
    NotFound, ConfigError, EngineUnavailable.
    """
    if bool(wanted) == everybody:
        raise BadRequest("Name referrals, or say --all for every open one; not both.", field="ID")
    if org is not None and not SLUG.fullmatch(org):
        raise BadRequest("--org is an organization's id, such as riverside.", field="--org")
    settings = load_settings()
    client = await try_connect(settings)
    if client is None:
        raise EngineUnavailable("No Temporal is known here: set TEMPORAL_ADDRESS, or start `up`.")
    there = await polling(client, TASK_QUEUE)
    if len(there) > 1 and not anyway:
        raise Conflict(
            f"Workers of {len(there)} releases poll ({', '.join(sorted(there))}): an old one would "
            "turn the page onto old code. Stop the old workers, wait a minute and a quarter, and "
            "ask again.",
            code="two_releases",
        )
    runs = await open_referrals(client, org)
    if wanted:
        named = _named(settings, wanted)
        runs = {one: runs[one] for one in named if one in runs}
        for gone in named - runs.keys():
            say(f"{gone} is not open: there is no page to turn.")
    if not as_json:
        say(f"Asking {len(runs)} open referrals to turn the page.")
    came = await turn_pages(client, runs.items(), patience=timedelta(seconds=wait))
    _tell(came, wait, as_json=as_json)
    return UNAVAILABLE if came.waiting else 0


def _named(settings: Settings, wanted: Sequence[str]) -> set[str]:
    record, tenants = open_record(settings), load_tenants(settings)
    return {referral_workflow_id(*find_referral(record, tenants, one)) for one in wanted}


def _tell(came: Turned, wait: int, *, as_json: bool) -> None:
    if as_json:
        print_json({name: list(ids) for name, ids in came._asdict().items()})
        return
    out.print(f"{len(came.turned)} turned the page, {len(came.ended)} had closed meanwhile.")
    if came.waiting:
        out.print(
            f"{len(came.waiting)} have not within {wait} s: something of theirs is under way, or "
            "no worker runs. They turn by themselves; look again with the same command. "
            f"The first: {came.waiting[0]}",
            soft_wrap=True,
        )
