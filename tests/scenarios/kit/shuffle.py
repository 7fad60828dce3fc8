"""The same story told badly: events late, out of order and twice, decisions twice.

What happened keeps its time (``at``, ``as_of``); only when it arrives differs. Staff decide on what
is known, so a decision waits for what happened before it; one that must be refused is made with
everything before it known, as in the story.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from demo.life import Line
from integrations.emr.events import RECEIVED
from tests.scenarios.kit.case import Case
from tests.scenarios.kit.scene import Arrival

# How late a feed may be in one telling; what is late comes with the next batch.
LATENESS = (timedelta(hours=3), timedelta(days=1), timedelta(days=4))
BATCHES = (6, 13, 21)  # o'clock
LATE, TWICE, UNDER_ANOTHER_ID = 0.5, 0.3, 0.5
WHEN_IT_ENDS = timedelta(days=7)  # later than in the story: whatever came late has its effect


def shuffled(case: Case, seed: int) -> list[Arrival]:
    """Every line at least once, in another order; the same for the same seed."""
    dice = Random(f"{case.name}/{seed}")
    lateness = dice.choice(LATENESS)
    zone = case.when(0, "00:00").tzinfo
    assert isinstance(zone, ZoneInfo)
    barriers = sorted(line.at for line in case.script() if line.refused is not None)
    arrivals: list[Arrival] = []
    known_by = case.when(0, "00:00")  # when everything told so far has arrived
    for number, line in enumerate(case.script()):
        at = line.at
        if line.way == "decision" and line.refused is None:
            at = max(at, known_by)
        elif line.way == "event" and not _on_time(case, line) and dice.random() < LATE:
            late = _next_batch(at + dice.random() * lateness, zone)
            at = min([late, *(barrier for barrier in barriers if barrier >= line.at)])
        known_by = max(known_by, at)
        arrivals.append(Arrival(at, number, line))
        if line.way != "chore" and line.refused is None and dice.random() < TWICE:
            again = at if dice.random() < LATE else _next_batch(at + dice.random() * lateness, zone)
            copy = int(line.way == "event" and dice.random() < UNDER_ANOTHER_ID)
            arrivals.append(Arrival(again, number, line, copy))
    dice.shuffle(arrivals)  # of what arrives at one moment, anything may be first
    return sorted(arrivals, key=lambda one: (one.at, one.line.way != "event"))


def _on_time(case: Case, line: Line) -> bool:
    """It must be refused as it stands, or the case says that its order decides."""
    begins = line.body.get("type") == RECEIVED and line.life in case.punctual
    return line.refused is not None or begins


def _next_batch(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    for hour in BATCHES:
        batch = local.replace(hour=hour, minute=0, second=0, microsecond=0)
        if batch >= local:
            return batch
    tomorrow = local + timedelta(days=1)
    return tomorrow.replace(hour=BATCHES[0], minute=0, second=0, microsecond=0)
