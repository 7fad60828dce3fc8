"""A source's own rhythm: how unlikely a gap this long is, for someone who sends as they did.

**The question.** A source sent on *n* days while *T* days were watched. How likely is it that the
next *g* days pass without a patient from them, if nothing has changed?

**The answer.** Their rate is not known, only guessed from *n* and *T*. With arrivals that come by
chance at a steady rate, and a gamma prior of shape ½ (Jeffreys) and ``PRIOR_DAYS`` of watching, the
rate is Gamma(n + ½, T + b), and the chance of nothing in *g* days, averaged over that doubt, is ::

    p = ((T + b) / (T + b + g)) ** ((n + ½) / φ)

Few arrivals leave a heavy tail: nobody who sent twice is called late, however long the gap was
measured. One who sent 50 times in a year is, after three weeks.

**What is counted.** *Days* on which patients came, since two on one fax say no more about a rhythm
than one. The twelve months end with the last referral. Where the first one lies inside them, the
watch begins with it, and it opens the first gap instead of closing one. *T* and *g* are open days:
a day on which no location opens, a public holiday or a closure of ours, is no day on which they
could have sent, nor is one on which their physician is on leave.

**Bursts.** Who sends three in a week and then nobody for six is no steady sender. φ is the variance
of their own gaps over the square of their mean, less its standard error: it is 1 for chance
arrivals, a few of whose gaps easily look like bursts, and every late word is a lost week. Above 1
it divides the exponent (for gamma gaps the tail is longer by that factor), below 1 it is left at 1:
nobody is called late sooner than by chance because a few gaps happened to be alike.

**Limits.** p is of *one* gap, and a steady weekly sender has fifty in a year: about once a year one
of them looks like cooling though nothing has changed, and once in four or five years like quiet
(tests/models/test_rhythm.py counts both). A rate that changes with the season is taken for one.
Sources: the policy's numbers (policy.md §2 silence); the method is ours (judgment).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate, pairwise
from math import floor, isfinite, sqrt
from typing import NamedTuple

from models.clock import ONE_DAY, Calendar
from models.organization import Absence

HALF = 0.5  # Jeffreys' prior of a rate
PRIOR_DAYS = 20  # open days, about a month: three in somebody's first week are no habit yet
ENOUGH_GAPS = 4  # fewer say nothing about bursts
DOUBT = 2.0  # over √gaps: the standard error of φ for chance arrivals, by the delta method
NEVER = 100_000  # open days; longer than anybody waits


class Pace(NamedTuple):
    """How often somebody sent: on ``days`` days while ``watched`` open days passed."""

    days: int
    watched: int
    bursts: float = 1.0  # φ, at least 1

    @property
    def weight(self) -> float:
        """The exponent: what the arrivals are worth as evidence."""
        return (self.days + HALF) / self.bursts


def chance(pace: Pace, gap: int) -> float:
    """The chance of at least *gap* open days without a patient, from 1 down to 0."""
    known = pace.watched + PRIOR_DAYS
    return float((known / (known + max(gap, 0))) ** pace.weight)


def gap_below(pace: Pace, below: float) -> int:
    """The shortest gap, in open days, whose chance lies below this one; at most ``NEVER``."""
    try:
        gap = (pace.watched + PRIOR_DAYS) * (below ** (-1 / pace.weight) - 1)
    except OverflowError:
        return NEVER
    return min(floor(gap) + 1, NEVER) if isfinite(gap) else NEVER


class SendingDays:
    """The days on which somebody could have sent us a patient, of one source.

    *calendars* are those of all locations: a day is open when one of them opens. Days of *away*
    are not. It knows the days from *first* to *last*, and counts none outside them.
    """

    def __init__(
        self,
        calendars: Sequence[Calendar],
        first: date,
        last: date,
        away: Sequence[Absence] = (),
    ) -> None:
        self.zone = calendars[0]
        self.away = tuple(away)
        self._first = first
        number = max((last - first).days, 0) + 1
        days = (first + place * ONE_DAY for place in range(number))
        opens = (
            any(one.is_business_day(day) for one in calendars) and not self.is_away(day)
            for day in days
        )
        self._passed = list(accumulate(map(int, opens), initial=0))

    def is_away(self, day: date) -> bool:
        """Whether their physician is on leave on this day."""
        return any(one.first <= day <= one.last for one in self.away)

    def day(self, at: datetime) -> date:
        """The local day of a moment, at the first location."""
        return self.zone.local_date(at)

    def between(self, first: date, last: date) -> int:
        """How many open days lie after *first*, up to and including *last*; never negative."""
        return max(self._until(last) - self._until(first), 0)

    def gone_by(self, first: date, number: int) -> date | None:
        """The day after the one with which *number* open days after *first* have passed.

        None where that lies beyond the days that are known.
        """
        place = bisect_right(self._passed, self._until(first) + number - 1)
        if place >= len(self._passed):
            return None
        return self._first + place * ONE_DAY

    def later(self, at: datetime, length: timedelta) -> datetime:
        """The moment *length* after *at*; days of leave stand still.

        A day here is 24 hours: a source sends to several locations and has no clock of its own.
        """
        moment, still = at + length, 0
        while (found := self._away_between(self.day(at), self.day(moment))) > still:
            moment += (found - still) * ONE_DAY
            still = found
        return moment

    def starts(self, day: date) -> datetime:
        """When a day begins, in UTC."""
        return self.zone.at_local(day, time(0))

    def _until(self, day: date) -> int:
        place = (day - self._first).days + 1
        return self._passed[min(max(place, 0), len(self._passed) - 1)]

    def _away_between(self, first: date, last: date) -> int:
        spans = ((max(one.first, first), min(one.last, last)) for one in self.away)
        return sum((end - start).days + 1 for start, end in spans if end >= start)


def pace(received: Sequence[date], since: date, days: SendingDays) -> Pace:
    """How somebody sent up to the last of these days, counted from *since*; see the module.

    *received* are the days of valid referrals, in any order; those up to *since* only say that the
    source was there before. Raises ValueError where there is none.
    """
    sent = sorted(set(received))
    if not sent:
        raise ValueError("no rhythm without a referral")
    begin = max(since, sent[0])
    counted = [day for day in sent if day > begin]
    gaps = [days.between(one, other) for one, other in pairwise([begin, *counted])]
    return Pace(len(counted), days.between(begin, sent[-1]), _bursts(gaps))


def _bursts(gaps: Sequence[int]) -> float:
    """φ: how much more the gaps differ than chance would have them, at least 1."""
    if len(gaps) < ENOUGH_GAPS:
        return 1.0
    mean = sum(gaps) / len(gaps)
    if not mean:
        return 1.0
    spread = sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1)
    doubt = DOUBT / sqrt(len(gaps))
    return max(1.0, spread / mean**2 - doubt)
