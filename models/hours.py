"""How policy files write time: spans on a named clock, weekly hours, time zones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_serializer, model_validator

from models.base import Model

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Unit(StrEnum):
    """The clocks of policy.md; every deadline names one."""

    WALL_MINUTES = "min"
    WALL_HOURS = "wh"
    CALENDAR_DAYS = "d"
    BUSINESS_MINUTES = "bm"
    BUSINESS_HOURS = "bh"
    BUSINESS_DAYS = "bd"


_WORDS = {
    Unit.WALL_MINUTES: "minute",
    Unit.WALL_HOURS: "hour",
    Unit.CALENDAR_DAYS: "day",
    Unit.BUSINESS_MINUTES: "business minute",
    Unit.BUSINESS_HOURS: "business hour",
    Unit.BUSINESS_DAYS: "business day",
}
LENGTHS = {
    Unit.WALL_MINUTES: timedelta(minutes=1),
    Unit.WALL_HOURS: timedelta(hours=1),
    Unit.CALENDAR_DAYS: timedelta(days=1),
    Unit.BUSINESS_MINUTES: timedelta(minutes=1),
    Unit.BUSINESS_HOURS: timedelta(hours=1),
}
BUSINESS_TIME = {Unit.BUSINESS_MINUTES, Unit.BUSINESS_HOURS}
_SPAN = re.compile(r"(\d{1,5})\s*(min|wh|bm|bh|bd|d)", re.ASCII)


class Span(Model):
    """A length of time on a named clock, written as policy.md writes it: ``"24 wh"``, ``"1 bd"``.

    Validates from that string and serialises back to it; ``str()`` gives words for people
    ("24 hours"). A span has no length in seconds until a Calendar lays it on a day.
    """

    amount: int = Field(ge=0, le=99_999)
    unit: Unit

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = _SPAN.fullmatch(value.strip())
        if found is None:
            raise ValueError(
                'expected an amount and a clock such as "2 bh" (min = minutes, wh = hours, d = '
                "days; bm, bh, bd = business minutes, hours, days)"
            )
        return {"amount": int(found[1]), "unit": found[2]}

    @model_serializer
    def _write(self) -> str:
        return self.code

    @classmethod
    def of(cls, text: str) -> Self:
        """The span written as *text*; raises ValueError (pydantic's) when it is not one."""
        return cls.model_validate(text)

    @property
    def code(self) -> str:
        """As policy files write it: ``"24 wh"``."""
        return f"{self.amount} {self.unit}"

    def __str__(self) -> str:
        return f"{self.amount} {_WORDS[self.unit]}{'' if self.amount == 1 else 's'}"

    def longer_than(self, other: Span) -> bool | None:
        """Whether this span is certainly the longer one; None when the clocks cannot be compared.

        Business days are compared with business days only: their length is the location's.
        """
        mine, theirs = self.unit, other.unit
        if mine is theirs:
            return self.amount > other.amount
        if Unit.BUSINESS_DAYS in (mine, theirs) or (mine in BUSINESS_TIME) != (
            theirs in BUSINESS_TIME
        ):
            return None
        return self.amount * LENGTHS[mine] > other.amount * LENGTHS[theirs]


def zone_name(name: str) -> str:
    """*name* if it is an IANA time zone; raises ValueError otherwise."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            'unknown time zone; expected an IANA name such as "America/New_York"'
        ) from None
    return name


Zone = Annotated[str, AfterValidator(zone_name)]


class Window(Model):
    """A stretch of one local day, written ``"09:00-19:00"``; the end is not part of it."""

    opens: time
    closes: time

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        opens, dash, closes = value.partition("-")
        try:
            if not dash:
                raise ValueError
            return {
                "opens": time.fromisoformat(opens.strip()),
                "closes": time.fromisoformat(closes.strip()),
            }
        except ValueError:
            raise ValueError('expected local times such as "09:00-17:30"') from None

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.opens.tzinfo or self.closes.tzinfo:
            raise ValueError("expected local times without a time zone")
        if self.opens >= self.closes:
            raise ValueError("the closing time must be later than the opening time")
        return self

    @model_serializer
    def _write(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


class Hours(Model):
    """Stretches of each weekday, in local time; a weekday without one is closed."""

    mon: tuple[Window, ...] = ()
    tue: tuple[Window, ...] = ()
    wed: tuple[Window, ...] = ()
    thu: tuple[Window, ...] = ()
    fri: tuple[Window, ...] = ()
    sat: tuple[Window, ...] = ()
    sun: tuple[Window, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for day, windows in zip(WEEKDAYS, self.week, strict=True):
            for earlier, later in pairwise(windows):
                if later.opens < earlier.closes:
                    raise ValueError(f"{day}: {earlier} and {later} overlap or are out of order")
        return self

    @property
    def week(self) -> tuple[tuple[Window, ...], ...]:
        """The seven weekdays, Monday first."""
        return (self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun)

    def on(self, day: date) -> tuple[Window, ...]:
        """The stretches of *day*'s weekday, earliest first."""
        return self.week[day.weekday()]

    def narrowed(self, by: Hours) -> Hours:
        """What lies inside both: a second table can only take time away, never add any."""
        return Hours(
            **{
                name: tuple(_overlaps(mine, theirs))
                for name, mine, theirs in zip(WEEKDAYS, self.week, by.week, strict=True)
            }
        )

    def __bool__(self) -> bool:
        return any(self.week)


def _overlaps(mine: tuple[Window, ...], theirs: tuple[Window, ...]) -> Iterator[Window]:
    for one in mine:
        for other in theirs:
            opens, closes = max(one.opens, other.opens), min(one.closes, other.closes)
            if opens < closes:
                yield Window(opens=opens, closes=closes)
