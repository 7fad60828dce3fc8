"""Who follows the patient without treating gets copies, as far as the patient lets them."""

from __future__ import annotations

from models import releases
from models.dues import copies
from models.referral import MessageRef, Referral
from workflows.desk import Desk, Known


async def copy_reports(desk: Desk, name: str) -> None:
    """Send one reader what is owed, while an authorization lasts or a person releases it.

    What may not leave waits for a person (policy.md rule 2); a newer report takes its place.
    """
    if not _asked(desk, name):
        return
    while True:
        await desk.after(lambda r: _ready(desk, r, name))
        message = copies.owed(desk.referral, desk.rules, name)
        if message is None:
            return
        if await desk.until(_another(desk, name, message), copies.copy_of(name)) is not None:
            kind, to, occasion = message
            await desk.send(kind, to, occasion, unless=_another(desk, name, message))
            if copies.owed(desk.referral, desk.rules, name) == message:
                return  # a person stopped it before it was even a row


def _asked(desk: Desk, name: str) -> bool:
    """Sources of this kind heard nothing before; those the patient named are new as well."""
    return name in releases.readers(desk.referral) or desk.since("2026-11-third-parties")


def _ready(desk: Desk, r: Referral, name: str) -> bool:
    return copies.over(r, desk.rules, name) or copies.owed(r, desk.rules, name) is not None


def _another(desk: Desk, name: str, message: MessageRef) -> Known:
    """Something newer is owed, or nothing."""
    return lambda r: copies.owed(r, desk.rules, name) != message
