"""A certification ends with the plan, or on day 90."""

from __future__ import annotations

from models import dues
from workflows.desk import Desk, Known


async def recertify(desk: Desk) -> None:
    """Ask for the next plan ahead of the end of each one, until the discharge [G3]."""
    await desk.after(lambda r: r.plan_signed_by_therapist() or r.discharged())
    while not desk.referral.discharged():
        await desk.expect(_newer_or_discharged(desk.referral.plan_version), dues.recertification)


def _newer_or_discharged(version: int) -> Known:
    return lambda r: r.plan_version > version or r.discharged()
