"""Nobody drops out unseen: no evaluation in the window, too few visits booked, or none."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from workflows.desk import Desk


async def watch_engagement(desk: Desk) -> None:
    """Hold the limit of every wait for the patient, before the evaluation and after it.

    Nothing is inferred for a message: silence becomes a task for a person (policy.md rule 9).
    """
    await desk.expect(Referral.evaluated_or_discharged, dues.evaluation_window)
    await desk.expect(Referral.discharged, dues.kept_up)
