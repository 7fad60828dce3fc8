"""The patient is reached: texts and calls in a cadence, until an evaluation is booked."""

from __future__ import annotations

from models import cadence, dues
from models.referral import Referral
from workflows.desk import Desk, Known


async def reach_patient(desk: Desk) -> None:
    """Walk the cadence of the policy; a booking ends it, a person's touch skips that day's act.

    While it rests a person has been asked; the evaluation window (watch_engagement) holds the
    limit once it is spent.
    """
    while not desk.referral.ever_booked():
        due = await desk.until(Referral.ever_booked, dues.reach)
        act = cadence.next_reach(desk.referral, desk.rules)
        if due is None or act is None:
            await desk.after(lambda r: r.ever_booked() or dues.reach(r, desk.rules) is not None)
        elif act.message is not None:
            kind, to, occasion = act.message
            # A text may wait for days, for its hours or a person's word; the calls do not.
            calls = dues.call_beside if desk.since("2026-11-calls-beside-texts") else None
            await desk.send(kind, to, occasion, unless=_no_longer_next(desk, act), by=calls)
        elif act.task is not None:
            await desk.task(act.task, act.occasion)


def _no_longer_next(desk: Desk, act: cadence.Act) -> Known:
    """Booked, or a person was in touch on the day the message would go."""

    def overtaken(r: Referral) -> bool:
        due = dues.reach(r, desk.rules)
        return due is None or due.key != act.key

    return overtaken
