"""Holds and pauses: each needs an owner and an end (policy.md rule 15, ARCHITECTURE §7)."""

from __future__ import annotations

from models import holds
from models.facts import HoldLifted, HoldPlaced, Paused, Resumed
from models.referral import Referral
from models.refusals.base import Refusal


def hold(r: Referral, decision: HoldPlaced) -> Refusal | None:
    """A wait needs somebody who looks after it in time, and an end (rule 15)."""
    if r.over():
        return Refusal(code="over", sentence="This referral is over; nothing is waited for.")
    if decision.limit <= decision.at:
        return Refusal(
            code="limit_passed", sentence="The limit of a hold must lie ahead; say until when."
        )
    if not decision.at <= decision.next_check <= decision.limit:
        return Refusal(
            code="check_out_of_reach",
            sentence="The next check of a hold must lie between now and its limit.",
        )
    return None


def lift(r: Referral, decision: HoldLifted) -> Refusal | None:
    found = next((h for h in holds.standing(r) if h.hold_id == decision.hold_id), None)
    if found is None:
        return Refusal(code="no_hold", sentence="There is no such hold on this referral.")
    if decision.at < found.since:
        return Refusal(code="too_early", sentence="This hold was placed only after that moment.")
    return None


def pause(r: Referral, decision: Paused | Resumed) -> Refusal | None:
    """A pause needs an end that lies ahead; only what is paused goes on (ARCHITECTURE §7)."""
    if isinstance(decision, Paused):
        if r.over():
            return Refusal(code="over", sentence="This referral is over; nothing is sent any more.")
        if decision.until <= decision.at:
            return Refusal(
                code="pause_without_end", sentence="The end of a pause must lie ahead; say when."
            )
        return None
    paused = holds.pause(r)
    if paused is None or paused.until <= decision.at:
        return Refusal(code="not_paused", sentence="This referral is not paused.")
    return None
