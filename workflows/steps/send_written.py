"""What a person at the desk has written to the patient."""

from __future__ import annotations

from models import written
from workflows.desk import Desk


async def send_written(desk: Desk, text_id: str) -> None:
    """One text, held until the hours allow it, each on a track of its own.

    One that waits for the morning keeps no other one back.
    """
    await desk.send(*written.message(text_id))


async def send_left(desk: Desk) -> None:
    """What was still waiting, or was written, when everything else had come to an end.

    The desk answers patients whose referral is closed as well: their text begins a run of its own.
    """
    while left := written.names(desk.referral):
        await desk.send(*written.message(left[0]))
