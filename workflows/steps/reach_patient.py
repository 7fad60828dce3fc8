"""The patient is reached: texts and calls in a cadence, until an evaluation is booked."""

from __future__ import annotations

from models import cadence, dues
from models.referral import Referral
from workflows.desk import Desk


async def reach_patient(desk: Desk) -> None:
    """Walk the cadence of the policy; a booking ends it, a person's touch skips that day's act.

    When the cadence is spent a person has been asked to close; the evaluation window
    (watch_engagement) holds the limit from there on.
    """
    while await desk.until(Referral.ever_booked, dues.reach) is not None:
        act = cadence.next_reach(desk.referral, desk.rules)
        if act is None:
            break
        if act.message is not None:
            kind, to, occasion = act.message
            await desk.send(kind, to, occasion, unless=Referral.ever_booked)
        elif act.task is not None:
            await desk.task(act.task, act.occasion)
    await desk.after(Referral.ever_booked)
