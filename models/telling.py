"""What the sources of a referral are told when it is over or moves, and under which names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import parties
from models.facts import CoSourceAdded, Reopened
from models.kinds import Kind

if TYPE_CHECKING:
    from models.referral import Referral

_MOVED = "moved-"


def again(r: Referral) -> str:
    """Part of an occasion: a referral that was reopened and closed once more is told once more."""
    times = len(r.all(Reopened))
    return f"-{times + 1}" if times else ""


def by_phone(r: Referral, sender: parties.Sender, why: str) -> str:
    """The occasion of the task to tell one source by phone."""
    beside = "" if sender.party == parties.SOURCE else f"-{sender.source_id}"
    return f"{why}{beside}{again(r)}"


def decline_key(r: Referral, sender: parties.Sender) -> str:
    """The key of the letter that tells one source that the clinic cannot take its patient."""
    return f"{Kind.DECLINED}:{sender.party}:closed{again(r)}"


def verified(r: Referral, sender: parties.Sender) -> bool:
    """Whether somebody has confirmed that this source is who it says it is."""
    if sender.party == parties.SOURCE:
        return r.received.source_verified
    others = [one for one in r.all(CoSourceAdded) if one.source_id == sender.source_id]
    return any(one.verified for one in others)


def of_transfer(party: str, occasion: str) -> str:
    """The occasion of the task to tell one source by phone of a move to another clinic."""
    beside = "" if party == parties.SOURCE else f"-{party.partition(':')[2]}"
    return f"{_MOVED}{occasion}{beside}"


def tells_of_transfer(occasion: str) -> bool:
    """Whether a task to tell a source is about a move."""
    return occasion.startswith(_MOVED)


def transfer_settled(r: Referral, occasion: str) -> bool:
    """A letter told that source of the move, or there was another move since."""
    moved = r.transfer()
    return moved is None or not any(
        of_transfer(sender.party, moved.occasion) == occasion
        and not r.knows(f"sent:{Kind.TRANSFERRED}:{sender.party}:{moved.occasion}")
        for sender in parties.senders(r)
    )


def written(r: Referral, occasion: str) -> bool:
    """Whether the letter is out that a task to tell a source by phone stands in for."""
    closing = r.closing()
    return closing is not None and any(
        by_phone(r, sender, closing.reason) == occasion
        and r.knows(f"sent:{decline_key(r, sender)}")
        for sender in parties.senders(r)
    )
