"""A patient's call that nobody answered is called back in minutes (policy.md §2 missed_call)."""

from __future__ import annotations

from models import missed_calls
from models.due import Due
from models.dues.asking import once
from models.policy import Rules
from models.referral import Referral
from models.roles import Role
from models.tasks import TaskKind


def call_back(r: Referral, rules: Rules) -> Due | None:
    """The front desk calls back, by the clock of an unanswered text."""
    call = missed_calls.standing(r)
    if call is None:
        return None
    due = Due(
        key=f"call_back:{call.call_id}",
        at=call.at,
        owner=Role.FRONT_DESK,
        task=TaskKind.CALL_BACK,
        occasion=call.call_id,
        by=rules.calendar.after(call.at, rules.policy.missed_call.call_back),
        says="The patient called and nobody answered: somebody calls back",
    )
    return once(r, due)
