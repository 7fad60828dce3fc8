"""The request itself, where a milestone came before it."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from workflows.desk import Desk


async def request(desk: Desk) -> None:
    """Nothing is done for a referral whose request nobody knows; somebody looks for it."""
    await desk.expect(Referral.is_received, dues.request)
