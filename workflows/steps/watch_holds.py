"""While a referral waits, somebody looks after what it waits for."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from workflows.desk import Desk


async def watch_holds(desk: Desk) -> None:
    """Every hold has an owner, a next look and a limit; an authorization is asked for and chased.

    In care it sees to it that an authorization does not run out unnoticed. Nothing happens here
    in a referral that never waits (policy.md rule 15).
    """
    await desk.expect(Referral.discharged, dues.watched_holds)
