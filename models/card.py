"""The card: a referral as the board shows it, by the same fold that everything else uses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from models import certification, dues, duty, holds
from models.contracts import Card
from models.facts import HoldReason
from models.policy import Rules
from models.referral import Referral
from models.tasks import SPECS, kind_of

CONTACT_WITHIN: Final = timedelta(hours=24)  # policy.md rule 19: the wall's, from arrival


class _Next(NamedTuple):
    at: datetime
    rank: int  # at the same moment a person's task comes before what happens by itself
    key: str
    says: str
    owner: str | None


def card_of(r: Referral, rules: Rules, *, org: str, clinic_id: str, referral_id: str) -> Card:
    """The card of a referral; ``next`` is the soonest of its promises, held messages and tasks.

    Every open referral has a next action (policy.md rule 24); only a closed one without tasks
    shows none.
    """
    tasks = r.open_tasks()
    ahead = [
        _Next(
            task.due,
            0,
            f"task:{task.task}",
            SPECS[kind_of(task.task)].says,
            duty.raised_to(r, task.task) or task.role,
        )
        for task in tasks
    ]
    ahead += [
        _Next(due.at, 1, due.key, due.says, str(due.owner) if due.owner else None)
        for due in dues.agenda(r, rules)
        if due.key not in dues.CONDITIONS  # the card has fields of its own for these
    ]
    soonest = min(ahead, default=None)
    closing, paused = r.closing(), holds.pause(r)
    attempts, booked = r.attempts(), r.appointment()
    return Card(
        referral_id=referral_id,
        org=org,
        clinic_id=clinic_id,
        stage=str(r.stage()),
        certification=str(certification.state(r)),
        next_key=soonest.key if soonest else None,
        next_says=soonest.says if soonest else None,
        next_owner=soonest.owner if soonest else None,
        next_at=soonest.at if soonest else None,
        open_tasks=len(tasks),
        last_touch_at=r.last_touch_at(),
        contact_within=r.received.at + CONTACT_WITHIN if r.is_received() else None,
        contact_by=_contact_by(r, rules),
        attempts=len(attempts),
        attempted_at=attempts[0] if attempts else None,
        reached_at=r.reached_at() if r.is_received() else None,
        evaluation_at=booked.starts_at if booked else None,
        evaluated_at=r.evaluated_at,
        holds=_waits_for(r, rules),
        paused_until=paused.until if paused is not None and not r.over() else None,
        in_hands_of=r.in_hands_of(),
        confirmed=not r.unconfirmed(),
        closed_reason=str(closing.reason) if closing else None,
        closed_at=closing.at if closing else None,
        payer=_payer(r),
        version=r.version,
    )


def _contact_by(r: Referral, rules: Rules) -> datetime | None:
    """The end of the next business day: what a patient who waits expects (rule 19)."""
    if not r.is_received():
        return None
    calendar = rules.calendar
    came = calendar.local_date(r.received.at)
    return calendar.closing(calendar.next_business_day(came))


def _payer(r: Referral) -> str | None:
    payers = r.received.payers if r.is_received() else ()
    return str(payers[0]) if payers else None


def _waits_for(r: Referral, rules: Rules) -> tuple[str, ...]:
    """The reasons to wait, as codes, the oldest first."""
    if r.over() or not r.is_received():
        return ()
    reasons = [hold.reason for hold in holds.standing(r)]
    if dues.first_day(r, rules) is not None:
        reasons.append(HoldReason.NOT_BEFORE)
    return tuple(str(reason) for reason in dict.fromkeys(reasons))
