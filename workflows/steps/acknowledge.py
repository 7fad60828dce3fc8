"""Whoever sent the patient hears within 24 hours."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from models.tasks import TaskKind
from workflows.desk import Desk


async def acknowledge(desk: Desk) -> None:
    """Thank the source once we know who it is; nobody is thanked for sending themselves.

    An unverified sender is a first task instead (policy.md rule 7); a past patient is thanked a
    day later, and only where they or the friend allowed it (rule 8).
    """
    message = dues.thanks(desk.referral)
    if message is None or not desk.ours(message.kind):
        return
    if not desk.referral.received.source_verified:
        await desk.task(TaskKind.VERIFY_SENDER, "1")
        await desk.expect(_verified, dues.verified)
    await desk.until(lambda r: r.settled(message), dues.thank_you)
    await desk.send(message.kind, message.to, message.occasion, by=dues.acknowledged)


def _verified(r: Referral) -> bool:
    return r.received.source_verified
