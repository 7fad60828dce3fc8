"""Care ends and the loop closes: the discharge summary to everybody who follows the patient."""

from __future__ import annotations

from models import dues
from models.kinds import Kind
from models.referral import Referral
from workflows.desk import Desk


async def discharge(desk: Desk) -> None:
    """Send the signed summary, planned or not; no letter with holes leaves (ARCHITECTURE §7)."""
    await desk.after(Referral.discharged)  # watch_engagement proposes it after a month without
    await desk.expect(_papers_in, dues.last_papers)
    for one in desk.referral.received.recipients:
        await desk.send(Kind.DISCHARGE_SUMMARY, dues.recipient(one))


def _papers_in(r: Referral) -> bool:
    return r.evaluation_on_record() and r.summary_signed()
