"""Nobody drops out unseen: no evaluation in the window, no next visit, no visit for too long."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from workflows.desk import Desk, Known


async def watch_engagement(desk: Desk) -> None:
    """Hold the limit of every wait for the patient, before the evaluation and after it.

    Nothing is inferred for a message: silence becomes a task for a person (policy.md rule 9).
    """
    await desk.expect(Referral.evaluated_or_discharged, dues.evaluation_window)
    while not desk.referral.discharged():
        late = await desk.until(Referral.discharged, dues.engagement)
        if late is not None:
            await desk.late(late)
        else:
            await desk.after(_seen_again(desk.referral))


def _seen_again(r: Referral) -> Known:
    visits = len(r.treatment_days())
    return lambda later: later.discharged() or len(later.treatment_days()) != visits
