"""What finds a source that fades: its own rhythm, the weekly verdict, or a fixed number of days.

``python -m tests.truth.detection`` makes up sources whose truth is known, two years of each, and
prints one table. The first year is steady; on a random day of the second one a third of them stop,
a third send half, and a third go on. A source's *rhythm breaks* on the first day whose gap has a
chance below 5 % (and is at least 14 days) at the rate it has shown; in parentheses stands the same
at its true rate, which nobody but the maker of the sources knows.
"""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
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
MADE = 96  # of each pace and fate: 2,016 sources
YEAR = 364
WEEK = timedelta(days=7)
# Open days between two patients, and how uneven these gaps are (1: by chance; more: evener).
PACES = {
    "twice a week": (2.5, 1.0),
    "weekly": (5.0, 1.0),
    "weekly, evenly": (5.0, 4.0),
    "weekly, in bursts": (5.0, 0.5),
    "twice a month": (10.5, 1.0),
    "monthly": (21.0, 1.0),
    "every other month": (42.0, 1.0),
}
FATES = {"stops": 0.0, "sends half": 0.5, "goes on": 1.0}
FOUND = {SourceState.COOLING, SourceState.QUIET, SourceState.LAPSED}
POLICY = Policy()
SHARE = POLICY.silence.cooling_chance
LEAST = 14  # policy.md §2: silence.cooling_min_gap


class Source(NamedTuple):
    """One made-up source."""

    pace: str
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
    after_break: int | None  # of the rhythm: days after a gap unlikely at the true rate
    after_own: int | None  # the same at the rate it has shown


def sources(each: int, seed: int = 1) -> Iterator[Source]:
    """So many of every pace and fate, the same ones each time."""
    dice = random.Random(seed)
    opens = [FIRST + timedelta(days=number) for number in range(DAYS)]
    opens = [day for day in opens if CALENDAR.is_business_day(day)]
    for pace in PACES:
        for fate in FATES:
            for _ in range(each):
                yield _source(dice, pace, fate, opens)


def _source(dice: random.Random, pace: str, fate: str, opens: Sequence[date]) -> Source:
    changed = FIRST + timedelta(days=YEAR + dice.randrange(30, 180))
    mean, shape = PACES[pace]
    place, sent = dice.random() * mean, []
    while place < len(opens):
        day = opens[int(place)]
        share = FATES[fate] if day >= changed else 1.0
        if not share:
            break
        sent.append(datetime.combine(day, time(dice.randrange(14, 21)), UTC))
        place += dice.gammavariate(shape, mean / shape) / share
    return Source(pace, fate, tuple(sent), changed)


def found(source: Source, days: SendingDays) -> Found:
    """What each rule says of a source, and when."""
    end = datetime.combine(FIRST + timedelta(days=DAYS), time(12), UTC)
    history = SourceHistory(kind=SourceKind.PROVIDER, received=source.sent)
    told = life(history, days, POLICY, end)
    falls = [one.since.date() for one in told.changes if one.state in FOUND]
    rhythm = _first(falls, source)
    true = _breaks(source, usual(source.pace))
    shown = _breaks(source, ceil(log(1 / SHARE) / _shown(source, days)))
    return Found(
        rhythm=rhythm,
        verdict=_first(_fading(source), source),
        sixty=_first(_gaps(source, 60), source),
        ninety=_first(_gaps(source, 90), source),
        after_break=_after(source, rhythm, true),
        after_own=_after(source, rhythm, shown),
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


def _after(source: Source, rhythm: int | None, breaks: date | None) -> int | None:
    if rhythm is None or breaks is None:
        return None
    return (source.begins + timedelta(days=rhythm) - breaks).days


def _shown(source: Source, days: SendingDays) -> float:
    """Referral days for each open day of the twelve months up to its last referral."""
    last = source.sent[-1].date()
    since = last - timedelta(days=365)
    sent = {one.date() for one in source.sent if one.date() > since}
    return len(sent) / days.between(max(since, FIRST), last)


@cache
def usual(pace: str) -> int:
    """The open days that 95 of 100 of its gaps stay below."""
    mean, shape = PACES[pace]
    dice = random.Random(0)
    gaps = sorted(dice.gammavariate(shape, mean / shape) for _ in range(20_000))
    return ceil(gaps[round(len(gaps) * (1 - SHARE))])


def _breaks(source: Source, gap: int) -> date | None:
    """The day on which a gap of so many open days after its last referral is over."""
    if source.fate != "stops":
        return None
    last = source.sent[-1].date()
    day = last
    while gap:
        day += timedelta(days=1)
        gap -= CALENDAR.is_business_day(day)
    return max(day, last + timedelta(days=LEAST))


def sending_days() -> SendingDays:
    """Every business day of the two years and of the months after them."""
    return SendingDays([CALENDAR], FIRST, FIRST + timedelta(days=DAYS + 200))


def table(each: int) -> str:
    """One line for each pace and fate, as Markdown."""
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
    for pace in PACES:
        for fate in FATES:
            mine = [one for one in every if (one.pace, one.fate) == (pace, fate)]
            if fate == "goes on":
                sums = [
                    sum(told) / each
                    for told in zip(*(false_alarms(s, days) for s in mine), strict=True)
                ]
                calm.append(f"| {pace} | " + " | ".join(f"{one:.2f}" for one in sums) + " |")
                continue
            told = [found(one, days) for one in mine]
            within = _within([one.after_own for one in told], [one.after_break for one in told])
            cells = [
                _cell([getattr(one, rule) for one in told])
                for rule in ("rhythm", "verdict", "sixty", "ninety")
            ]
            lines.append(f"| {pace} | {fate} | {cells[0]} | {within} | {' | '.join(cells[1:])} |")
    return "\n".join([*lines, "", "False alarms for each source and year:", "", *calm])


def _within(own: Sequence[int | None], true: Sequence[int | None]) -> str:
    if not any(one is not None for one in own):
        return "–"
    shares = [
        100 * sum(one is not None and one <= 7 for one in days) / len(days) for days in (own, true)
    ]
    return f"{shares[0]:.0f} % ({shares[1]:.0f} %)"


def _cell(days: Sequence[int | None]) -> str:
    hit = [one for one in days if one is not None]
    if not hit:
        return "none"
    return f"{100 * len(hit) / len(days):.0f} %, {statistics.median(hit):.0f} d"


if __name__ == "__main__":
    sys.stdout.write(table(int(sys.argv[1]) if len(sys.argv) > 1 else MADE) + "\n")
