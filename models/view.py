"""What lists of workflows show of a referral; whoever starts one sets what its facts make."""

from __future__ import annotations

from typing import NamedTuple

from models import duty
from models.referral import Referral, Stage
from models.roles import Role

# The desk's daily work, its lead's decisions included, is the board's. An administrator looks at
# what has gone to these: something did not go as it should. (Each change is an Action as well.)
ESCALATED = frozenset({Role.DIRECTOR, Role.ADMIN})


class View(NamedTuple):
    """The search attributes that change in the life of a referral."""

    stage: Stage
    needs_attention: bool


def view_of(referral: Referral) -> View:
    """The view that a referral's facts make."""
    raised = any(
        task.role in ESCALATED or duty.raised_to(referral, task.task) in ESCALATED
        for task in referral.open_tasks()
    )
    return View(referral.stage(), raised)
