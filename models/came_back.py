"""Letters that a vendor took and then reported as not arrived: which go again, when, and which not.

Pure, from the facts. The times are the policy's (§2 fax.retry) and stand in each fact; here it is
said what of them still holds: a letter that events have overtaken meanwhile is not sent again.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from models import parties, written
from models.due import Due
from models.dues.asking import DueRule
from models.facts import MessageCameBack, MessageHeld
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral

_ABOUT_A_PLAN = frozenset({Kind.PLAN_OF_CARE, Kind.SIGNATURE_REQUEST})


def names(r: Referral) -> tuple[str, ...]:
    """The failed tries that ask for another one, each by a short name of its own, oldest first."""
    return tuple(name_of(one) for one in r.back())


def find(r: Referral, name: str) -> MessageCameBack | None:
    """The failed try of this name, as long as it asks for another one."""
    return next((one for one in r.back() if name_of(one) == name), None)


def name_of(back: MessageCameBack) -> str:
    """A name for one failed try, short enough to be part of a task's key."""
    return hashlib.sha256(back.key.encode()).hexdigest()[:16]


def next_try(message: MessageRef) -> DueRule:
    """When a message that came back may go again, by any channel that is left."""

    def rule(r: Referral, rules: Rules) -> Due | None:
        del rules  # the moment was found by the policy of the day it came back
        back = r.came_back(message)
        at = _goes_at(r, back) if back is not None else None
        if at is None:
            return None
        name = message.kind.replace("_", " ")
        return Due(key=f"again:{message.key}", at=at, says=f"Send the {name} again: it came back")

    return rule


def promises(r: Referral, rules: Rules) -> list[Due]:
    """Every letter that goes again, as the agenda names it."""
    due = [next_try(MessageRef.parse(one.message))(r, rules) for one in r.back()]
    return [one for one in due if one is not None]


def overtaken(r: Referral, message: MessageRef) -> bool:
    """Whether events have made another try needless, or wrong."""
    if r.died() or r.stopped(message) or written.stopped(r, message):
        return True
    if message.kind in _ABOUT_A_PLAN and _another_plan(r, message):
        return True
    if message.kind is Kind.SIGNATURE_REQUEST:
        return r.certified() or r.returned_unjudged() is not None
    if message.kind is Kind.UNABLE_TO_REACH:  # asks for a number, or says that it is closed
        return not r.closed() if message.occasion.startswith("closed") else r.booked()
    return message.kind is Kind.DECLINED and not r.closed()


def _goes_at(r: Referral, back: MessageCameBack) -> datetime | None:
    """The moment of the policy, unless the last turn had to hold it; None waits for a person."""
    message = MessageRef.parse(back.message)
    at = back.again_at or back.at
    held = next((one for one in r.all(MessageHeld) if one.message == back.message), None)
    if held is None or held.at < at:
        return at
    if held.until is None:
        return held.at if r.approved(message) else None
    return held.until


def _another_plan(r: Referral, message: MessageRef) -> bool:
    """A newer plan, or another certifier, has come since it first went out: that is sent anew."""
    sent, plan, moved = r.settled_at(message), r.plan(), parties.replaced_at(r)
    newer = max([one for one in (plan.at if plan else None, moved) if one], default=None)
    return sent is not None and newer is not None and newer > sent
