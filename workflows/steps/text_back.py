"""One word to a patient whose call nobody answered; the call back is the front desk's."""

from __future__ import annotations

from models import dues, missed_calls
from models.kinds import Kind
from workflows.desk import Desk


async def text_back(desk: Desk, call_id: str) -> None:
    """Say that we saw it, while that is news; whether it may go Post judges.

    Not any more once somebody has called.
    """
    await desk.send(
        Kind.MISSED_CALL,
        dues.PATIENT,
        call_id,
        unless=lambda r: missed_calls.answered(r, call_id),
    )
