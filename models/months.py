"""Months of a clinic as reports count them: ``YYYY-MM``, by its own calendar days."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from models.clock import Calendar
from models.errors import BadRequest
from models.policy.house import Report

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_FIRST, _LAST = "1900-01", "9000-12"  # of those that anybody may ask for


def month_of(day: date) -> str:
    """The month a day lies in."""
    return f"{day:%Y-%m}"


def first_day(month: str) -> date:
    """The first day of a month; raises BadRequest (``no_month``) for anything else than one."""
    found = _MONTH.fullmatch(month)
    if found is None or not 1000 <= int(found[1]) <= 9998:
        raise _no_month()
    return date(int(found[1]), int(found[2]), 1)


def asked_for(month: str) -> str:
    """A month that somebody may ask a report of; raises BadRequest (``no_month``) for any other.

    Those compared with it lie before it, so it is not the first one that can be written.
    """
    first_day(month)
    if not _FIRST <= month <= _LAST:
        raise _no_month()
    return month


def last_day(month: str) -> date:
    """The last day of a month."""
    return first_day(back(month, -1)) - timedelta(days=1)


def back(month: str, count: int) -> str:
    """The month *count* months before; a negative count goes ahead."""
    first = first_day(month)
    years, rest = divmod(first.year * 12 + first.month - 1 - count, 12)
    return f"{years:04d}-{rest + 1:02d}"


def up_to(month: str, count: int) -> tuple[str, ...]:
    """So many months, oldest first, the given one the last."""
    return tuple(back(month, n) for n in reversed(range(count)))


def says(month: str) -> str:
    """``February 2027``."""
    return f"{first_day(month):%B %Y}"


def closes_at(month: str, calendar: Calendar, policy: Report) -> datetime:
    """When a month is closed: the 2nd business day after it at 7:00 (policy.md §2 report)."""
    day = last_day(month)
    for _ in range(policy.business_day):
        day = calendar.next_business_day(day)
    return calendar.at_local(day, policy.at)


def _no_month() -> BadRequest:
    return BadRequest("A month is written as YYYY-MM, such as 2027-02.", code="no_month")
