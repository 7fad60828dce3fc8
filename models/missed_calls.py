"""Calls that nobody answered: who is called back, and which of them gets a word by text.

A patient who calls three times in a row has called once, as far as we are asked: the first call of
such a run has the task and the text. Any call of ours, or the task done, ends the run.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from models.facts import CallMissed, TaskCompleted
from models.tasks import TaskKind, kind_of

if TYPE_CHECKING:
    from models.referral import Referral


def runs(r: Referral) -> tuple[CallMissed, ...]:
    """The first call of every run that this referral has to answer, oldest first."""
    found: list[CallMissed] = []
    for call in r.all(CallMissed):
        if call.here and not (found and not _answered_between(r, found[-1], call)):
            found.append(call)
    return tuple(found)


def names(r: Referral) -> tuple[str, ...]:
    """The ids of the calls that get a word by text."""
    return tuple(call.call_id for call in runs(r))


def standing(r: Referral) -> CallMissed | None:
    """The call that nobody has answered yet."""
    last = (runs(r) or (None,))[-1]
    return last if last is not None and not answered(r, last.call_id) else None


def answered(r: Referral, call_id: str) -> bool:
    """Whether somebody has called since, or has seen to it; true of a call that was taken back."""
    call = next((one for one in r.all(CallMissed) if one.call_id == call_id), None)
    return call is None or any(at >= call.at for at in _answers(r))


def _answered_between(r: Referral, first: CallMissed, then: CallMissed) -> bool:
    return any(first.at <= at <= then.at for at in _answers(r))


def _answers(r: Referral) -> list[datetime]:
    seen_to = [done.at for done in r.all(TaskCompleted) if kind_of(done.task) is TaskKind.CALL_BACK]
    return [*(call.at for call in r.calls()), *seen_to]
