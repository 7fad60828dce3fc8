"""Whose a task is: of two who take one, the first has it."""

from __future__ import annotations

from models import duty
from models.facts import TaskHandedOver, TaskReturned, TaskTaken
from models.referral import Referral
from models.refusals.base import Refusal


def lease(r: Referral, decision: TaskTaken | TaskHandedOver | TaskReturned) -> Refusal | None:
    """Of two who take one task the first has it; anybody may put it back or hand it on."""
    if r.task(decision.task) is None:
        return Refusal(code="no_task", sentence="There is no such task on this referral.")
    if not r.task_open(decision.task):
        return Refusal(code="task_over", sentence="This task is done already, or overtaken.")
    held = duty.lease(r, decision.task)
    if held is not None and not held.stands(decision.at):
        held = None
    if isinstance(decision, TaskTaken) and held is not None and held.who != decision.by:
        return taken(held.who)
    if isinstance(decision, TaskReturned) and duty.lease(r, decision.task) is None:
        return Refusal(code="not_taken", sentence="Nobody has this task; it is free to take.")
    return None


def taken(who: str) -> Refusal:
    """Somebody else was faster; *who* is their staff id."""
    return Refusal(
        code="taken",
        sentence=f"{who} has this task: choose another one, or ask {who} to hand it over.",
    )
