"""What is asked while a referral waits for somebody else: a check, a limit, an authorization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import holds
from models.facts import AuthorizationStatus
from models.roles import Role
from models.tasks.base import Moot, TaskKind, TaskSpec, base_of, hold_occasion

if TYPE_CHECKING:
    from models.referral import Referral


def _looked_after(r: Referral, occasion: str) -> bool:
    # The occasion ends with the moment that was agreed on: another one has a task of its own.
    now = {hold_occasion(h.hold_id, at) for h in holds.standing(r) for at in (h.next_check,) if at}
    return r.over() or base_of(occasion) not in now


def _within_limit(r: Referral, occasion: str) -> bool:
    now = {hold_occasion(h.hold_id, h.limit or h.since) for h in holds.standing(r)}
    return r.over() or base_of(occasion) not in now


def _authorization_moved(*wanted: AuthorizationStatus) -> Moot:
    def moved(r: Referral, occasion: str) -> bool:
        told = [h.authorization for h in holds.standing(r) if h.authorization is not None]
        still = {hold_occasion(a.authorization_id, a.at) for a in told if a.status in wanted}
        return r.over() or base_of(occasion) not in still

    return moved


def _renewed(r: Referral, occasion: str) -> bool:
    held = [one for one in (holds.granted(r), holds.expired(r)) if one is not None]
    still = {hold_occasion(one.authorization_id, one.at) for one in held}
    asked = any(h.authorization is not None for h in holds.standing(r))
    return r.over() or r.discharged() or asked or base_of(occasion) not in still


def _waits_no_more(r: Referral, _: str) -> bool:
    insurer = any(hold.reason.insurer for hold in holds.standing(r))
    return r.over() or r.evaluated_or_discharged() or not insurer


SPECS: dict[TaskKind, TaskSpec] = {
    TaskKind.CHECK_HOLD: TaskSpec(
        Role.FRONT_DESK,
        "See whether the wait is over: lift the hold, or say when to look again",
        _looked_after,
    ),
    TaskKind.HOLD_LIMIT: TaskSpec(
        Role.LEAD, "This referral has waited too long: decide how it goes on", _within_limit
    ),
    TaskKind.REQUEST_AUTHORIZATION: TaskSpec(
        holds.AUTHORIZATION_OWNER,
        "Ask the insurer for the authorization, and say so when it is done",
        _authorization_moved(AuthorizationStatus.REQUIRED),
    ),
    TaskKind.CHASE_AUTHORIZATION: TaskSpec(
        holds.AUTHORIZATION_OWNER,
        "Ask the insurer what became of the authorization",
        _authorization_moved(AuthorizationStatus.REQUIRED, AuthorizationStatus.REQUESTED),
    ),
    TaskKind.AUTHORIZATION_DENIED: TaskSpec(
        Role.LEAD,
        "The insurer said no: tell the patient yourself, then appeal, lift the hold, or close",
        _authorization_moved(AuthorizationStatus.DENIED),
    ),
    TaskKind.RENEW_AUTHORIZATION: TaskSpec(
        holds.AUTHORIZATION_OWNER,
        "The authorization is running out: ask the insurer for more, or plan the last visits",
        _renewed,
    ),
    TaskKind.TELL_WAITING: TaskSpec(
        Role.FRONT_DESK,
        "Call the patient: we wait for an approval, and no text could say so",
        _waits_no_more,
    ),
}
