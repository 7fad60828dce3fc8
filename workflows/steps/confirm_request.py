"""What a machine read contacts nobody until a person has vouched for it."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from workflows.desk import Desk


async def confirm_request(desk: Desk) -> None:
    """The desk is asked at once, the lead and the director when it lies (policy.md rule 7)."""
    await desk.expect(_confirmed, dues.unconfirmed)


def _confirmed(r: Referral) -> bool:
    return not r.unconfirmed()
