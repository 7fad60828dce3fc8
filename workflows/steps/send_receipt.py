"""The office whose fax a machine read hears that its pages came."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from workflows.desk import Desk


async def send_receipt(desk: Desk) -> None:
    """One notice to a number we know, without a word about the patient (policy.md rule 7).

    It keeps the promise of 24 hours; once a person has confirmed the request, thanks take its
    place.
    """
    message = dues.receipt(desk.referral, desk.rules)
    if message is not None:
        await desk.send(message.kind, message.to, message.occasion, unless=_confirmed)


def _confirmed(r: Referral) -> bool:
    return not r.unconfirmed()
