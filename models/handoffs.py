"""How long work lies before somebody takes it, and until it is done: medians by kind of task.

Wall-clock time, nights and closed days included: it is what the patient waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median
from typing import Final, NamedTuple

FEWEST: Final = 5  # below this a median says nothing about the desk; judgment
WINDOW: Final = timedelta(days=30)


class HandOff(NamedTuple):
    """One task that a person has done; ``taken_at`` None: done without being taken first."""

    kind: str
    opened_at: datetime
    taken_at: datetime | None
    done_at: datetime


class Pace(NamedTuple):
    """How one kind of task is handed on; a median is None while there are fewer than ``FEWEST``.

    ``to_take`` counts the tasks that somebody took before finishing them, ``taken`` how many those
    are; ``to_finish`` counts them all.
    """

    kind: str
    done: int
    taken: int
    to_take: timedelta | None
    to_finish: timedelta | None


def pace(handoffs: Iterable[HandOff]) -> list[Pace]:
    """The medians by kind, the kind most often done first."""
    by_kind: dict[str, list[HandOff]] = {}
    for one in handoffs:
        by_kind.setdefault(one.kind, []).append(one)
    found = []
    for kind, those in by_kind.items():
        takes = [one.taken_at - one.opened_at for one in those if one.taken_at is not None]
        ends = [one.done_at - one.opened_at for one in those]
        found.append(Pace(kind, len(ends), len(takes), _middle(takes), _middle(ends)))
    return sorted(found, key=lambda one: (-one.done, one.kind))


def _middle(times: list[timedelta]) -> timedelta | None:
    """Their median, none of them below zero: a told time may lie before the asking."""
    if len(times) < FEWEST:
        return None
    return timedelta(seconds=median(max(one.total_seconds(), 0) for one in times))
