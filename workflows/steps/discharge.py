"""Care ends and the loop closes: the discharge summary to everybody who follows the patient."""

from __future__ import annotations

from models import dues
from models.kinds import Kind
from models.referral import Referral
from workflows.desk import Desk


async def discharge(desk: Desk) -> None:
    """Send the signed summary, planned or not; no letter with holes leaves (ARCHITECTURE §7)."""
    await desk.after(Referral.discharged)  # watch_engagement proposes it after a month without
    await desk.expect(Referral.evaluation_on_record, dues.missing_evaluation)
    await desk.expect(Referral.summary_signed, dues.summary)
    for one in desk.referral.received.recipients:
        await desk.send(Kind.DISCHARGE_SUMMARY, dues.recipient(one))
