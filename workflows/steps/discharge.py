"""Care ends and the loop closes: the discharge summary to everybody who follows the patient."""

from __future__ import annotations

from models import dues, parties
from models.kinds import Kind
from models.referral import Referral
from workflows.desk import Desk


async def discharge(desk: Desk) -> None:
    """Send the signed summary, planned or not; no letter with holes leaves (ARCHITECTURE §7)."""
    await desk.after(Referral.discharged)  # watch_engagement proposes it after a month without
    await desk.expect(_papers_in, dues.last_papers)
    told: list[str] = []
    while ahead := [one for one in desk.referral.received.recipients if one not in told]:
        told.append(ahead[0])
        gone = parties.hears_no_more(ahead[0])
        await desk.send(Kind.DISCHARGE_SUMMARY, dues.recipient(ahead[0]), unless=gone)


def _papers_in(r: Referral) -> bool:
    return r.evaluation_on_record() and r.summary_signed()
