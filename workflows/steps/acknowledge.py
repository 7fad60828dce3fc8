"""Whoever sent the patient hears within 24 hours."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from workflows.desk import Desk, Known


async def acknowledge(desk: Desk) -> None:
    """Thank the source once we know who it is; nobody is thanked for sending themselves.

    An unverified sender is a first task instead (policy.md rule 7); a past patient is thanked a
    day later, and only where they or the friend allowed it (rule 8).
    """
    asked = dues.soonest(dues.verified, dues.acknowledged)
    await desk.expect(_known_or_nothing_owed(desk), asked)
    await desk.until(_never, dues.thank_you)
    message = dues.thanks(desk.referral)
    if message is not None:
        await desk.send(message.kind, message.to, message.occasion, by=dues.acknowledged)


def _known_or_nothing_owed(desk: Desk) -> Known:
    return lambda r: r.received.source_verified or dues.thanks_owed(r, desk.rules) is None


def _never(_: Referral) -> bool:
    return False
