"""What people must do: every kind of task with its role, its words, and when it is overtaken.

A task's key is ``<kind>:<occasion>``. A task is *moot* once the facts show that nobody need do it
any more (a call to a patient who has booked); moot tasks leave the board by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.tasks import around, begin, care, holding, letters, patient, plan
from models.tasks.base import (
    CALLS,
    GATHERED,
    LETS_GO,
    Moot,
    TaskKind,
    TaskSpec,
    again,
    dead_number_occasion,
    dead_number_of,
    hold_occasion,
    judge_key,
    kind_of,
    task_key,
)

if TYPE_CHECKING:
    from models.referral import Referral

__all__ = [
    "CALLS",
    "GATHERED",
    "LETS_GO",
    "SPECS",
    "Moot",
    "TaskKind",
    "TaskSpec",
    "again",
    "dead_number_occasion",
    "dead_number_of",
    "hold_occasion",
    "judge_key",
    "kind_of",
    "moot",
    "task_key",
]

SPECS: dict[TaskKind, TaskSpec] = {
    **begin.SPECS,
    **patient.SPECS,
    **holding.SPECS,
    **plan.SPECS,
    **care.SPECS,
    **letters.SPECS,
    **around.SPECS,
}


def moot(key: str, r: Referral) -> bool:
    """Whether the facts have overtaken the task.

    A referral closed for good keeps only what must still be told or repaired.
    """
    return SPECS[kind_of(key)].moot(r, key.split(":", 1)[1])
