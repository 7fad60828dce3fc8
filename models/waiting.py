"""What the waiting list says of one referral: visits left on an authorization, visits booked.

Only what the facts tell. A number nobody told is not guessed: an authorization without visits has
none left to count, and whether too few are booked is only known where the plan says how often and
the EMR tells of visits at all (policy.md rule 9).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from models import holds
from models.facts import AppointmentBooked
from models.policy import Rules
from models.referral import Referral

_TIMES = re.compile(
    r"\b(?P<n>\d{1,2}|once|twice|one|two|three|four|five)"
    r"(?:\s*(?:-|to)\s*(?P<m>\d{1,2}))?\s*"
    r"(?:x|times?|visits?|sessions?)?\s*(?:/|per|a|each|every|weekly)\s*(?:week|wk|w\b)?",
    re.IGNORECASE,
)
_WORDS = {"once": 1, "one": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5}


class Left(NamedTuple):
    """What is left of an authorization: visits (None: not told) until its last day, if it has one.

    ``low``: the policy has somebody ask for more by now.
    """

    authorization_id: str
    visits: int | None
    granted: int | None
    ends_on: date | None
    low: bool


class Booked(NamedTuple):
    """How many of the visits planned for the first weeks of care took place or are booked."""

    booked: int
    planned: int
    weeks: int

    def short(self, share: float) -> bool:
        """Whether fewer than this share of them are (policy.md §2 under_scheduled)."""
        return self.booked < self.planned * share


def left(r: Referral, rules: Rules, now: datetime) -> Left | None:
    """What the newest authorization that is given leaves; None where there is none, or care ended.

    Counted by treatment days since it was given, as the reminder to ask for more is.
    """
    given = holds.granted(r)
    if given is None or r.discharged() or r.over():
        return None
    policy = rules.policy.authorization
    since = rules.calendar.local_date(given.at)
    used = sum(day >= since for day in r.treatment_days())
    visits = None if given.visits is None else max(0, given.visits - used)
    few = visits is not None and visits <= policy.warn_visits_left
    soon = (
        given.ends_on is not None
        and rules.calendar.before(
            rules.calendar.at_local(given.ends_on, time(17)),
            policy.warn_before_end,
        )
        <= now
    )
    return Left(given.authorization_id, visits, given.visits, given.ends_on, few or soon)


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


def booked(r: Referral, rules: Rules, frequency: str, now: datetime) -> Booked | None:
    """How the first weeks after the evaluation are filled; None where that cannot be said.

    It is looked at from a business day after the evaluation until those weeks are over.
    """
    policy, cal = rules.policy.under_scheduled, rules.calendar
    often, start = weekly(frequency), r.evaluated_at
    if often is None or start is None or not r.evaluated() or r.discharged() or r.over():
        return None
    first = cal.local_date(start)
    last = first + timedelta(weeks=policy.weeks)
    if not cal.after(start, policy.check) <= now or cal.local_date(now) > last:
        return None
    told = [one for one in r.all(AppointmentBooked) if one.purpose == "visit"]
    if not told:
        return None
    ahead = {cal.local_date(one.starts_at) for one in r.appointments() if one.purpose == "visit"}
    days = {day for day in (*ahead, *r.treatment_days()) if first < day <= last}
    return Booked(len(days), often * policy.weeks, policy.weeks)
