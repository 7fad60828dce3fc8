"""Clinic time: opening hours, closed days and the texting window laid on real days.

All arithmetic with local time zones lives here, because this package is passed through the
workflow sandbox and ``ZoneInfo`` is not usable inside it. Nothing here reads a clock and nothing
computes holidays: both are handed in, so a replay meets the same dates as the first run.

Moments are aware datetimes; every moment returned is in UTC. A naive datetime raises ValueError.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, model_validator

from models.base import Model
from models.hours import (
    BUSINESS_TIME,
    LENGTHS,
    WEEKDAYS,
    Hours,
    Span,
    Unit,
    Window,
    Zone,
    zone_name,
)

__all__ = [
    "WEEKDAYS",
    "Calendar",
    "Hours",
    "Span",
    "Unit",
    "Window",
    "Zone",
    "zone_name",
]

NOON = time(12)
ONE_DAY = timedelta(days=1)


def _sorted_days(days: tuple[date, ...]) -> tuple[date, ...]:
    return tuple(sorted(set(days)))


Days = Annotated[tuple[date, ...], AfterValidator(_sorted_days)]


class Calendar(Model):
    """One location's time: zone, opening hours, and the days it is closed.

    A *business day* is a local day on which this location opens. ``closed`` are its closed dates;
    ``holidays`` are public holidays, on which no automated text goes out even if it opens anyway.
    Both are known up to and including ``known_until``; later days follow the weekly hours alone,
    which is why long waits should be computed again when a newer calendar is at hand.
    """

    zone: Zone
    hours: Hours
    closed: Days = ()
    holidays: Days = ()
    known_until: date

    @model_validator(mode="after")
    def _opens_at_all(self) -> Self:
        if not self.hours:
            raise ValueError("no opening hours on any weekday")
        return self

    # -- days ------------------------------------------------------------------------------

    def local_date(self, at: datetime) -> date:
        """The local day of a moment."""
        return _local(at, self.zone).date()

    def local(self, at: datetime) -> datetime:
        """The moment as the clocks at this location show it."""
        return _local(_utc(at), self.zone)

    def at_local(self, day: date, when: time) -> datetime:
        """The moment of a local wall-clock time, in UTC.

        A time skipped by a spring change is read on the clock from before it (2:30 becomes
        3:30); a time that happens twice in autumn means the first of the two.
        """
        return _moment(day, when, self.zone)

    def is_business_day(self, day: date) -> bool:
        """Whether the location opens on this local day."""
        return bool(self.hours.on(day)) and not _among(self.closed, day)

    def next_business_day(self, day: date) -> date:
        """The first business day after *day* (never *day* itself)."""
        return self._business_day(day, 1)

    def business_days_between(self, first: datetime, last: datetime) -> int:
        """How many business days lie after *first*'s local day, up to and including *last*'s.

        So ``after(at, "3 bd")`` is 3 away from *at*. Negative when *last* is the earlier one.
        """
        start, end = self.local_date(first), self.local_date(last)
        sign, low, high = (1, start, end) if start <= end else (-1, end, start)
        days = (low + n * ONE_DAY for n in range(1, (high - low).days + 1))
        return sign * sum(self.is_business_day(day) for day in days)

    def opening(self, day: date) -> datetime:
        """When the location opens on *day*, or on the next business day if it is closed then."""
        return next(iter(self._spells(self._business_day(day, 0))))[0]

    def closing(self, day: date) -> datetime:
        """When the location closes on *day*, or on the next business day if it is closed then."""
        return self._spells(self._business_day(day, 0))[-1][1]

    def other_half_day(self, day: date, tried: datetime) -> datetime:
        """The start of the half of *day* in which *tried* was not; noon divides the day.

        Falls back to the day's opening when the location does not open in that half
        (policy.md §2 reach.cadence: "call in the other half-day").
        """
        day = self._business_day(day, 0)
        afternoon = _local(tried, self.zone).time() < NOON
        noon = self.at_local(day, NOON)
        for start, end in self._spells(day):
            if not afternoon and start < noon:
                return start
            if afternoon and end > noon:
                return max(start, noon)
        return self.opening(day)

    # -- moments ---------------------------------------------------------------------------

    def is_open(self, at: datetime) -> bool:
        """Whether the location is open at this moment; the closing minute is closed."""
        at = _utc(at)
        day = self.local_date(at)
        return self.is_business_day(day) and any(s <= at < e for s, e in self._spells(day))

    def next_open(self, at: datetime) -> datetime:
        """*at* itself while open, else the next opening."""
        at = _utc(at)
        start, _ = next(self._open_from(at))
        return max(start, at)

    def after(self, at: datetime, span: Span) -> datetime:
        """The moment *span* after *at*, on the span's own clock.

        - ``bd``: the closing time of the Nth business day after *at*'s local day. ``0 bd`` is
          the closing time of the current business day, or of the next one once it has closed.
        - ``bh``, ``bm``: only open time counts; a span of 0 is the next open moment.
        - ``d``: the same local wall-clock time N calendar days later.
        - ``wh``, ``min``: that much time, whatever the clocks on the wall do.
        """
        at = _utc(at)
        if span.unit is Unit.BUSINESS_DAYS:
            if span.amount:
                return self.closing(self._business_day(self.local_date(at), span.amount))
            return next(close for close in self._closings(self.local_date(at)) if close >= at)
        if span.unit is Unit.CALENDAR_DAYS:
            return self._days_later(at, span.amount)
        if span.unit not in BUSINESS_TIME:
            return at + span.amount * LENGTHS[span.unit]
        left = span.amount * LENGTHS[span.unit]
        for start, end in self._open_from(at):
            begin = max(start, at)
            if end - begin >= left:
                return begin + left
            left -= end - begin
        raise AssertionError("the weeks never end")

    def before(self, at: datetime, span: Span) -> datetime:
        """The moment *span* before *at*: for what must be done ahead of a known date.

        ``bd`` is the opening time of the Nth business day before *at*'s local day (0: the last
        business day up to and including it); ``bh`` and ``bm`` count open time backwards; ``d``
        keeps the local wall-clock time.
        """
        at = _utc(at)
        if span.unit is Unit.BUSINESS_DAYS:
            day = self.local_date(at)
            if not span.amount:
                return self.opening(self._business_day(day + ONE_DAY, -1))
            return self.opening(self._business_day(day, -span.amount))
        if span.unit is Unit.CALENDAR_DAYS:
            return self._days_later(at, -span.amount)
        left = span.amount * LENGTHS[span.unit]
        if span.unit not in BUSINESS_TIME:
            return at - left
        day = self.local_date(at)
        while True:
            for start, end in reversed(self._spells(day) if self.is_business_day(day) else []):
                finish = min(end, at)
                if finish >= start and finish - start >= left:
                    return finish - left
                left -= max(finish - start, timedelta(0))
            day -= ONE_DAY

    def open_between(self, first: datetime, last: datetime) -> timedelta:
        """How much open time lies between two moments; none when *last* is the earlier one."""
        first, last = _utc(first), _utc(last)
        total = timedelta(0)
        for start, end in self._open_from(first):
            if start >= last:
                return total
            total += max(min(end, last) - max(start, first), timedelta(0))
        raise AssertionError("the weeks never end")

    def text_window(self, at: datetime, hours: Hours, zones: Iterable[str] = ()) -> datetime:
        """The earliest moment from *at* on at which an automated text may reach the patient.

        *hours* are local to the recipient: *zones* are the zones the recipient may live in (the
        location's own when empty), and the moment lies inside the hours in every one of them.
        Never on a public holiday or a closed day of the location, in any of those zones. A text
        is held until then, never dropped (policy.md §2 text.window, [K11]).
        Raises ValueError when no such moment comes within 400 days.
        """
        at = _utc(at)
        places = tuple(dict.fromkeys(zones)) or (self.zone,)
        limit, moment = at + 400 * ONE_DAY, at
        while moment <= limit:
            later = moment
            for zone in places:
                later = self._next_in(later, hours, zone, limit)
            if later == moment:
                return moment
            moment = later
        raise ValueError("the texting window never opens")

    # -- inside ----------------------------------------------------------------------------

    def _business_day(self, day: date, count: int) -> date:
        """The business day *count* after (or before) *day*; 0 is *day* itself or the next one."""
        if count == 0:
            return day if self.is_business_day(day) else self._business_day(day, 1)
        step = ONE_DAY if count > 0 else -ONE_DAY
        left = abs(count)
        while left:
            day += step
            left -= self.is_business_day(day)
        return day

    def _spells(self, day: date) -> list[tuple[datetime, datetime]]:
        """The open stretches of a weekday as moments, whether or not the day is closed."""
        pairs = [
            (self.at_local(day, w.opens), self.at_local(day, w.closes)) for w in self.hours.on(day)
        ]
        # A stretch that lies in the hour skipped in spring has no length on that day.
        return [(start, max(start, end)) for start, end in pairs]

    def _open_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open stretches that end after *at*, earliest first, for ever."""
        day = self.local_date(at)
        while True:
            if self.is_business_day(day):
                yield from (spell for spell in self._spells(day) if spell[1] > at)
            day += ONE_DAY

    def _closings(self, day: date) -> Iterator[datetime]:
        while True:
            day = self._business_day(day, 0)
            yield self.closing(day)
            day += ONE_DAY

    def _days_later(self, at: datetime, days: int) -> datetime:
        local = _local(at, self.zone)
        return self.at_local(local.date() + days * ONE_DAY, local.time())

    def _next_in(self, at: datetime, hours: Hours, zone: str, limit: datetime) -> datetime:
        day = _local(at, zone).date()
        while True:
            if not (_among(self.closed, day) or _among(self.holidays, day)):
                for window in hours.on(day):
                    if at < _moment(day, window.closes, zone):
                        return max(at, _moment(day, window.opens, zone))
            day += ONE_DAY
            if day > limit.date() + ONE_DAY:
                raise ValueError("the texting window never opens")


def _among(days: tuple[date, ...], day: date) -> bool:
    place = bisect_left(days, day)
    return place < len(days) and days[place] == day


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at.astimezone(UTC)


def _local(at: datetime, zone: str) -> datetime:
    return _utc(at).astimezone(ZoneInfo(zone))


def _moment(day: date, when: time, zone: str) -> datetime:
    naive = datetime.combine(day, when.replace(tzinfo=None, fold=0))
    return naive.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
