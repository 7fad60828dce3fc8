"""What every promise is made of: who is asked, and when they are asked again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from models.due import Due
from models.hours import Span
from models.parties import CERTIFIER, PATIENT, SENDER, SOURCE, recipient
from models.policy import Rules
from models.referral import Referral
from models.tasks import TaskKind, again, task_key

__all__ = [
    "CERTIFIER",
    "PATIENT",
    "SENDER",
    "SOURCE",
    "DueRule",
    "asked",
    "key_of",
    "once",
    "recipient",
    "soonest",
]

DueRule = Callable[[Referral, Rules], Due | None]


def soonest(*rules_: DueRule) -> DueRule:
    """The first to come of several promises."""

    def first(r: Referral, rules: Rules) -> Due | None:
        promised = [due for rule in rules_ if (due := rule(r, rules)) is not None]
        return min(promised, key=lambda due: due.at, default=None)

    return first


def anew(r: Referral, due: Due, since: datetime) -> Due:
    """The promise with an occasion of its own once the clock has started again.

    What was asked before *since* was about a wait that is over.
    """
    base, number = due.occasion, 1
    while (opened := r.task(key_of(due))) is not None and opened.at < since:
        number += 1
        due = due.model_copy(update={"occasion": f"{base}-r{number}"})
    return due


def once(r: Referral, due: Due) -> Due | None:
    """The date until somebody was asked; never again after that."""
    return _not_before(r, due) if r.task(key_of(due)) is None else None


def asked(r: Referral, rules: Rules, *rungs: Due, comes_again: Span | None = None) -> Due | None:
    """The first rung nobody was asked yet; None while a person has it.

    Once all were done in vain the last comes round again, for as long as the rule asks: after a
    week unless the rule says otherwise (``task.comes_again``).
    """
    pause = comes_again or rules.policy.task.comes_again
    for rung in rungs:
        if r.task(key_of(rung)) is None:
            return _not_before(r, rung)
    last, times = rungs[-1], 0
    keys = [key_of(rung) for rung in rungs]
    while r.task(keys[-1]) is not None:
        times += 1
        keys.append(task_key(_kind(last), again(last.occasion, times)))
    if any(r.task_open(key) for key in keys):
        return None
    done = [at for key in keys if (at := r.task_done_at(key)) is not None]
    at = max([last.at, *(rules.calendar.after(moment, pause) for moment in done)])
    come = {"at": at, "by": None, "occasion": again(last.occasion, times)}
    return _not_before(r, last.model_copy(update=come))


def _not_before(r: Referral, due: Due) -> Due:
    """The promise at the moment until which its question was put off, where it was (rule 9)."""
    held = r.task_held_until(key_of(due))
    return due if held is None or held <= due.at else due.model_copy(update={"at": held})


def _kind(due: Due) -> TaskKind:
    assert due.task is not None  # only tasks are asked
    return due.task


def key_of(due: Due) -> str:
    """The key of the task that a date becomes."""
    return task_key(_kind(due), due.occasion)
