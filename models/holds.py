"""What a referral waits for, folded from its facts: nobody stores a hold (policy.md rule 15).

Three things make a referral wait: a hold that a person placed, a payer's authorization that is not
given, and a first day of care that lies ahead. While one of the first two stands, nobody is asked
to reach the patient and no limit towards the evaluation runs; the limits start when it ends. A
first day of care needs no more than its date: everything is counted from there. A *pause* is no
hold: it keeps messages back until its end, and no date moves.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from models.facts import (
    AuthorizationChanged,
    AuthorizationStatus,
    HoldLifted,
    HoldPlaced,
    HoldReason,
    NotBeforeChanged,
    Paused,
    Resumed,
)
from models.roles import Role

if TYPE_CHECKING:
    from models.referral import Referral

AUTHORIZATION_OWNER = Role.BILLING  # who asks a payer; judgment
WORDS = {
    HoldReason.AUTHORIZATION: "an authorization",
    HoldReason.BENEFITS: "the benefits to be verified",
    HoldReason.ORDER_MISSING: "the order",
    HoldReason.NOT_BEFORE: "the surgery",
    HoldReason.PATIENT_AWAY: "the patient to come back",
    HoldReason.CAPACITY: "a free place",
}
_ORDER = {status: place for place, status in enumerate(AuthorizationStatus)}


class Hold(NamedTuple):
    """One reason to wait; ``authorization`` is the standing status where a payer is waited for."""

    hold_id: str
    reason: HoldReason
    since: datetime
    owner: Role
    next_check: datetime | None = None
    limit: datetime | None = None
    authorization: AuthorizationChanged | None = None

    @property
    def denied(self) -> bool:
        """The payer said no: the lead has it, and a person tells the patient."""
        said = self.authorization
        return said is not None and said.status is AuthorizationStatus.DENIED


def standing(r: Referral) -> list[Hold]:
    """The holds that stand, the oldest first; a first day of care that lies ahead is not among."""
    lifted = _lifted(r)
    found = [
        Hold(p.hold_id, p.reason, p.at, p.owner, p.next_check, p.limit)
        for p in r.all(HoldPlaced)
        if p.hold_id not in lifted or lifted[p.hold_id] < p.at
    ]
    for authorization_id, told in _authorizations(r).items():
        since, end = _stretch(told, lifted.get(authorization_id))
        if since is not None and end is None:
            found.append(
                Hold(
                    authorization_id,
                    HoldReason.AUTHORIZATION,
                    since,
                    AUTHORIZATION_OWNER,
                    authorization=told[-1],
                )
            )
    return sorted(found, key=lambda hold: (hold.since, hold.hold_id))


def waits(r: Referral) -> bool:
    """Whether a hold stands."""
    return bool(standing(r))


def ended_at(r: Referral) -> datetime | None:
    """When the last hold ended, whether or not another one stands; None where none has."""
    lifted = _lifted(r)
    ends = [
        lifted[p.hold_id]
        for p in r.all(HoldPlaced)
        if p.hold_id in lifted and lifted[p.hold_id] >= p.at
    ]
    for authorization_id, told in _authorizations(r).items():
        _, end = _stretch(told, lifted.get(authorization_id))
        ends += [end] if end is not None else []
    return max(ends, default=None)


def not_before(r: Referral) -> datetime | None:
    """The first moment of care as it was known last, by the request or apart from it."""
    moved, received = r.last(NotBeforeChanged), r.received
    if moved is not None and moved.as_of >= received.as_of:
        return moved.not_before
    return received.not_before


def pause(r: Referral) -> Paused | None:
    """The pause nobody has ended; whether its time has passed is for who knows the time."""
    paused, resumed = r.last(Paused), r.last(Resumed)
    if paused is None or (resumed is not None and resumed.at >= paused.at):
        return None
    return paused


def granted(r: Referral) -> AuthorizationChanged | None:
    """The newest authorization that is given."""
    given = [told[-1] for told in _authorizations(r).values()]
    given = [one for one in given if one.status is AuthorizationStatus.GRANTED]
    return max(given, key=lambda one: (one.at, one.key), default=None)


def expired(r: Referral) -> AuthorizationChanged | None:
    """An authorization that ran out while none has taken its place or is being asked for."""
    newest = [told[-1] for told in _authorizations(r).values()]
    last = max(newest, key=lambda one: (one.at, _ORDER[one.status]), default=None)
    return last if last is not None and last.status is AuthorizationStatus.EXPIRED else None


def _lifted(r: Referral) -> dict[str, datetime]:
    return {lift.hold_id: lift.at for lift in r.all(HoldLifted)}


def _authorizations(r: Referral) -> dict[str, list[AuthorizationChanged]]:
    """Each authorization's statuses in the order they came about."""
    found: dict[str, list[AuthorizationChanged]] = {}
    for told in r.all(AuthorizationChanged):
        found.setdefault(told.authorization_id, []).append(told)
    return {
        one: sorted(told, key=lambda status: (status.at, _ORDER[status.status]))
        for one, told in found.items()
    }


def _stretch(
    told: list[AuthorizationChanged], lifted: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """When an authorization's last wait began and when it ended; none began: (None, None)."""
    turns = [(change.at, change.status.holds) for change in told]
    if lifted is not None:
        turns.append((lifted, False))
    since: datetime | None = None
    end: datetime | None = None
    for at, holds in sorted(turns, key=lambda turn: turn[0]):  # stable: statuses keep their order
        if holds and (since is None or end is not None):
            since, end = at, None
        elif not holds and since is not None and end is None:
            end = at
    return since, end
