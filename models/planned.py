"""How many of the visits that a plan asks for in its first weeks took place or are booked.

Only what was told is counted, and only where the EMR tells of visits at all: no booking that
nobody told of is taken for one that is missing (policy.md rule 9).
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from zoneinfo import ZoneInfo

from models.facts import AppointmentBooked, AppointmentMissed

if TYPE_CHECKING:
    from models.policy import Rules
    from models.referral import Referral

_TIMES: Final = re.compile(
    r"\b(?P<n>\d{1,2}|once|twice|one|two|three|four|five)"
    r"(?:\s*(?:-|to)\s*(?P<m>\d{1,2}))?\s*"
    r"(?:x|times?|visits?|sessions?)?\s*(?:(?:/|per|a|each|every)\s*(?:week|wk)\b|weekly\b)",
    re.IGNORECASE,
)
_WORDS: Final = {"once": 1, "one": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5}


def weekly(frequency: str) -> int | None:
    """How often a week a plan asks for, the lower number of two; None where it cannot be read.

    ``2 times a week``, ``2x/week``, ``2-3 x per week``, ``twice weekly``.
    """
    text = " ".join(frequency.split())
    if not re.search(r"\b(week|wk|weekly)\b", text, re.IGNORECASE):
        return None
    found = _TIMES.search(text)
    if found is None:
        return None
    number = found["n"].lower()
    times = _WORDS.get(number) or (int(number) if number.isdigit() else 0)
    return times if 1 <= times <= 14 else None


def told_at(r: Referral) -> datetime | None:
    """When the EMR last told of a booked visit; None where it never has."""
    return max((one.as_of for one in r.all(AppointmentBooked) if _visit(one)), default=None)


class Weeks(NamedTuple):
    """The first weeks after an evaluation, from the day after it, by the clock of a clinic."""

    begin: date
    end: date  # the last day
    zone: str

    def filled(self, r: Referral) -> int:
        """The days in them on which the patient came or is booked; two visits a day count once.

        One that they missed is not booked any more.
        """
        zone = ZoneInfo(self.zone)
        missed = {one.appointment_id: one.as_of for one in r.all(AppointmentMissed)}
        booked = {
            one.starts_at.astimezone(zone).date()
            for one in r.appointments()
            if _visit(one) and missed.get(one.appointment_id, one.as_of) <= one.as_of
        }
        return sum(self.begin <= day <= self.end for day in booked | set(r.treatment_days()))


def first_weeks(r: Referral, rules: Rules) -> Weeks | None:
    """Those that policy.md §2 under_scheduled looks at; None before the evaluation."""
    if r.evaluated_at is None:
        return None
    day = rules.calendar.local_date(r.evaluated_at)
    span = timedelta(weeks=rules.policy.under_scheduled.weeks)
    return Weeks(day + timedelta(days=1), day + span, rules.calendar.zone)


class Goal(NamedTuple):
    """So many visits in so many weeks are enough; written into a task's occasion."""

    version: int  # of the plan that asks for them
    visits: int
    weeks: Weeks

    @classmethod
    def of(cls, r: Referral, rules: Rules) -> Self | None:
        """What the newest plan asks to be booked at the least; None where it does not say."""
        plan, weeks = r.plan(), first_weeks(r, rules)
        if plan is None or plan.weekly is None or weeks is None:
            return None
        policy = rules.policy.under_scheduled
        enough = math.ceil(plan.weekly * policy.weeks * policy.below)
        return cls(plan.version, enough, weeks)

    @classmethod
    def parse(cls, occasion: str) -> Self:
        """Back from ``occasion``: a task is closed by the facts alone, without any policy."""
        version, visits, begin, end, zone = occasion.split("|")
        weeks = Weeks(date.fromisoformat(begin), date.fromisoformat(end), zone)
        return cls(int(version), int(visits), weeks)

    @property
    def occasion(self) -> str:
        """``1|4|2026-01-15|2026-02-11|America/New_York``."""
        return "|".join(map(str, (self.version, self.visits, *self.weeks)))

    def met(self, r: Referral) -> bool:
        """Whether enough is booked by now."""
        return self.weeks.filled(r) >= self.visits

    def stands(self, r: Referral) -> bool:
        """Whether no newer plan has taken its place."""
        return r.plan_version == self.version


def _visit(one: AppointmentBooked) -> bool:
    return one.purpose == "visit"
