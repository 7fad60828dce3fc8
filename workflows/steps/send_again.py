"""Letters that a vendor took and then reported as not arrived."""

from __future__ import annotations

from models import came_back
from workflows.desk import Desk


async def send_again(desk: Desk, name: str) -> None:
    """One failed try: the letter goes again at its time, then by another channel, then a call.

    Each failed try has a track of its own, so that no other step waits for a busy line.
    """
    back = came_back.find(desk.referral, name)
    if back is not None:
        await desk.send_again(back)


async def send_rest_again(desk: Desk) -> None:
    """What came back when everything else had come to an end."""
    while back := desk.referral.back():
        await desk.send_again(back[0])
