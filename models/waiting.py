"""What the waiting list says of one referral: visits left on an authorization, visits booked.

Only what the facts tell. A number nobody told is not guessed: an authorization without visits has
none left to count, and whether too few are booked is only known where the plan says how often and
the EMR tells of visits at all (policy.md rule 9).
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import NamedTuple

from models import holds
from models.planned import first_weeks, told_at
from models.policy import Rules
from models.referral import Referral


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


def booked(r: Referral, rules: Rules, often: int | None, now: datetime) -> Booked | None:
    """How the first weeks after the evaluation are filled; None where that cannot be said.

    *often* is how many visits a week the plan asks for. It is looked at from a business day after
    the evaluation until those weeks are over.
    """
    policy, start, weeks = rules.policy.under_scheduled, r.evaluated_at, first_weeks(r, rules)
    if often is None or start is None or weeks is None or r.discharged() or r.over():
        return None
    today = rules.calendar.local_date(now)
    if now < rules.calendar.after(start, policy.check) or today > weeks.end:
        return None
    if told_at(r) is None:
        return None
    return Booked(weeks.filled(r), often * policy.weeks, policy.weeks)
