"""What finds a source that fades: its own rhythm, the weekly verdict, or a fixed number of days.

``python -m tests.truth.detection`` makes up sources whose truth is known, two years of each, and
prints one table. The first year is steady; on a random day of the second one a third of them stop,
a third send half, and a third go on. A source's *rhythm breaks* on the first day whose gap has a
chance below 5 % at its true rate (and at least 14 days): nobody could tell sooner.
"""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import ceil, log
from typing import NamedTuple

from models.people import SourceKind
from models.policy import Policy
from models.rhythm import SendingDays
from models.source_states import SourceState, life
from models.sources import SourceHistory
from models.verdicts import BEFORE, RECENT, Counts, Verdict, bursts, judge
from tests.lives import CALENDAR

FIRST = date(2026, 1, 5)  # a Monday
DAYS = 728
YEAR = 364
WEEK = timedelta(days=7)
RATES = {"weekly": 52, "every other week": 26, "monthly": 12, "every other month": 6}
FATES = {"stops": 0.0, "sends half": 0.5, "goes on": 1.0}
FOUND = {SourceState.COOLING, SourceState.QUIET, SourceState.LAPSED}
POLICY = Policy()
SHARE = POLICY.silence.cooling_chance
LEAST = 14  # policy.md §2: silence.cooling_min_gap


class Source(NamedTuple):
    """One made-up source."""

    rate: str
    fate: str
    sent: tuple[datetime, ...]
    changed: date

    @property
    def begins(self) -> date:
        """From when on something can be told: the last patient of who stops, else the change."""
        return self.sent[-1].date() if self.fate == "stops" else self.changed


class Found(NamedTuple):
    """Days from ``begins`` until each rule said so; None: not in the second year."""

    rhythm: int | None
    verdict: int | None
    sixty: int | None
    ninety: int | None
    after_break: int | None  # of the rhythm: days after it could first have been told


def sources(each: int, seed: int = 1) -> Iterator[Source]:
    """So many of every rate and fate, the same ones each time."""
    dice = random.Random(seed)
    for rate, yearly in RATES.items():
        for fate, share in FATES.items():
            for _ in range(each):
                yield _source(dice, rate, yearly, fate, share)


def _source(dice: random.Random, rate: str, yearly: int, fate: str, share: float) -> Source:
    changed = FIRST + timedelta(days=YEAR + dice.randrange(30, 180))
    daily = yearly / 260  # business days of a year
    sent = []
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        if not CALENDAR.is_business_day(day):
            continue
        if dice.random() < daily * (share if day >= changed else 1.0):
            sent.append(datetime.combine(day, time(dice.randrange(14, 21)), UTC))
    return Source(rate, fate, tuple(sent), changed)


def found(source: Source, days: SendingDays) -> Found:
    """What each rule says of a source, and when."""
    end = datetime.combine(FIRST + timedelta(days=DAYS), time(12), UTC)
    history = SourceHistory(kind=SourceKind.PROVIDER, received=source.sent)
    told = life(history, days, POLICY, end)
    falls = [one.since.date() for one in told.changes if one.state in FOUND]
    rhythm = _first(falls, source)
    breaks = _breaks(source)
    return Found(
        rhythm=rhythm,
        verdict=_first(_fading(source), source),
        sixty=_first(_gaps(source, 60), source),
        ninety=_first(_gaps(source, 90), source),
        after_break=None
        if rhythm is None or breaks is None
        else (source.begins + timedelta(days=rhythm) - breaks).days,
    )


def false_alarms(source: Source, days: SendingDays) -> tuple[int, int, int, int]:
    """How often each rule raised an alarm in the second year."""
    start = FIRST + timedelta(days=YEAR)
    end = datetime.combine(FIRST + timedelta(days=DAYS), time(12), UTC)
    history = SourceHistory(kind=SourceKind.PROVIDER, received=source.sent)
    told = life(history, days, POLICY, end)
    alarms, fell = 0, False
    for one in told.changes:
        if one.state in FOUND and not fell and one.since.date() >= start:
            alarms += 1
        fell = one.state in FOUND
    weeks = [day for day in _fading(source) if day >= start]
    begun = sum(day - WEEK not in set(weeks) for day in weeks)
    long = [len([d for d in _gaps(source, limit) if d >= start]) for limit in (60, 90)]
    return alarms, begun, long[0], long[1]


def _first(moments: Sequence[date], source: Source) -> int | None:
    later = [day for day in moments if day > source.begins]
    return (min(later) - source.begins).days if later else None


def _gaps(source: Source, limit: int) -> list[date]:
    """The days on which a fixed rule would have spoken."""
    sent = [one.date() for one in source.sent]
    ends = [*sent[1:], FIRST + timedelta(days=DAYS)]
    pairs = zip(sent, ends, strict=True)
    return [a + timedelta(days=limit) for a, b in pairs if (b - a).days > limit]


def _fading(source: Source) -> list[date]:
    """The Mondays on which the weekly verdict was "fading"."""
    weekly = [0] * (DAYS // 7)
    for one in source.sent:
        weekly[min((one.date() - FIRST).days // 7, len(weekly) - 1)] += 1
    told = []
    for week in range(RECENT + BEFORE, len(weekly) + 1):
        recent, before = (
            weekly[week - RECENT : week],
            weekly[week - RECENT - BEFORE : week - RECENT],
        )
        counts = Counts(sum(recent), sum(before), BEFORE, bursts(before))
        if judge(counts).verdict is Verdict.FADING:
            told.append(FIRST + week * WEEK)
    return told


def _breaks(source: Source) -> date | None:
    """The first day after its last referral whose gap is unlikely at its true rate."""
    if source.fate != "stops":
        return None
    last = max(one.date() for one in source.sent)
    gap = ceil(log(1 / SHARE) / (RATES[source.rate] / 260))
    day = last
    while gap:
        day += timedelta(days=1)
        gap -= CALENDAR.is_business_day(day)
    return max(day, last + timedelta(days=LEAST))


def sending_days() -> SendingDays:
    """Every business day of the two years and of the months after them."""
    return SendingDays([CALENDAR], FIRST, FIRST + timedelta(days=DAYS + 200))


def table(each: int) -> str:
    """One line for each rate and fate, as Markdown."""
    days = sending_days()
    lines = [
        "| they sent | and then | own rhythm | within 7 days of its breaking | weekly verdict "
        "| 60 days | 90 days |",
        "|---|---|---|---|---|---|---|",
    ]
    calm = [
        "| they went on sending | own rhythm | weekly verdict | 60 days | 90 days |",
        "|---|---|---|---|---|",
    ]
    every = list(sources(each))
    for rate in RATES:
        for fate in FATES:
            mine = [one for one in every if (one.rate, one.fate) == (rate, fate)]
            if fate == "goes on":
                sums = [
                    sum(told) / each
                    for told in zip(*(false_alarms(s, days) for s in mine), strict=True)
                ]
                calm.append(f"| {rate} | " + " | ".join(f"{one:.2f}" for one in sums) + " |")
                continue
            told = [found(one, days) for one in mine]
            soon = [one.after_break for one in told if one.after_break is not None]
            within = f"{100 * sum(one <= 7 for one in soon) / each:.0f} %" if soon else "–"
            cells = [
                _cell([getattr(one, rule) for one in told])
                for rule in ("rhythm", "verdict", "sixty", "ninety")
            ]
            lines.append(f"| {rate} | {fate} | {cells[0]} | {within} | {' | '.join(cells[1:])} |")
    return "\n".join([*lines, "", "False alarms for each source and year:", "", *calm])


def _cell(days: Sequence[int | None]) -> str:
    hit = [one for one in days if one is not None]
    if not hit:
        return "none"
    return f"{100 * len(hit) / len(days):.0f} %, {statistics.median(hit):.0f} d"


if __name__ == "__main__":
    sys.stdout.write(table(int(sys.argv[1]) if len(sys.argv) > 1 else 167) + "\n")
