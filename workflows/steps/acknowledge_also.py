"""Whoever sent the patient as well hears within 24 hours too."""

from __future__ import annotations

from models import dues
from models.dues import linked
from models.referral import Referral
from workflows.desk import Desk, Known


async def acknowledge_also(desk: Desk, name: str) -> None:
    """Acknowledge one further request by the rules of its kind; nobody is thanked twice.

    A co-source (policy.md rule 2), or a source whose order renews care that is under way (rule 12).
    """
    asked = dues.soonest(linked.verified_of(name), linked.acknowledged_of(name))
    await desk.expect(_known_or_nothing_owed(desk, name), asked)
    await desk.until(_never, linked.thank_you_of(name))
    asking = linked.find(desk.referral, name)
    if asking is not None and asking.message is not None:
        kind, to, occasion = asking.message
        await desk.send(kind, to, occasion, by=linked.acknowledged_of(name))


def _known_or_nothing_owed(desk: Desk, name: str) -> Known:
    def known(r: Referral) -> bool:
        asking = linked.find(r, name)
        return asking is None or asking.verified or linked.owed(r, desk.rules, asking) is None

    return known


def _never(_: Referral) -> bool:
    return False
