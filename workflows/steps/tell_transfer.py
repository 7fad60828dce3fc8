"""Whoever must know that a referral goes on at another clinic."""

from __future__ import annotations

from models import dues
from models.referral import MessageRef
from workflows.desk import Desk


async def tell_transfer(desk: Desk, name: str) -> None:
    """One message about a move: a letter to a source that day, or the one text to the patient.

    Not any more once the referral has moved again (policy.md rule 1).
    """
    await desk.send(
        *MessageRef.parse(name),
        unless=lambda r: name not in dues.moves.names(r),
        by=dues.moves.told_of(name),
    )
