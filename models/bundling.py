"""One practice, one fax line: what may wait for company, and how much a line is asked to take.

Letters to one number that come within ``office.bundle`` of each other go as one transmission, one
patient a page; none waits past its own limit (policy.md rule 13 and §2 office). What must be known
at once (a decline, a receipt notice) never waits.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from models.hours import Span
from models.kinds import Kind
from models.policy import Policy, Rules

# By when each kind must be out, counted from when it was first asked for.
_WITHIN: dict[Kind, Callable[[Policy], Span]] = {
    Kind.THANK_YOU: lambda p: p.ack.due,
    Kind.NEED_INFORMATION: lambda _: Span.of("1 bd"),
    Kind.UNABLE_TO_REACH: lambda _: Span.of("1 bd"),
    Kind.TRANSFERRED: lambda p: p.decline.tell_source,
    Kind.PLAN_OF_CARE: lambda p: p.poc.send,
    Kind.SIGNATURE_REQUEST: lambda p: p.poc.send,
    Kind.PROGRESS_REPORT: lambda p: p.progress.send,
    Kind.DISCHARGE_SUMMARY: lambda p: p.discharge.send,
}
_FROM_ARRIVAL = {Kind.THANK_YOU}
# When a person is asked because it is not out yet; nobody is asked about what waits for company.
_ASKED_AT: dict[Kind, Callable[[Policy], Span]] = {Kind.THANK_YOU: lambda p: p.ack.warn}


def may_wait(kind: Kind) -> bool:
    """Whether letters of this kind share a transmission at all."""
    return kind in _WITHIN


def latest(
    kind: Kind, asked_at: datetime, received_at: datetime, rules: Rules, *, unasked: bool = False
) -> datetime:
    """The moment past which a letter does not wait.

    ``asked_at`` is when it was first to go out, ``received_at`` when its referral came;
    ``unasked``: before a person is asked about it. Raises KeyError for a kind that may not wait.
    """
    start = received_at if kind in _FROM_ARRIVAL else asked_at
    within = _ASKED_AT.get(kind, _WITHIN[kind]) if unasked else _WITHIN[kind]
    return rules.calendar.after(start, within(rules.policy))


def company_at(
    now: datetime, limit: datetime, gathering: datetime | None, rules: Rules
) -> datetime | None:
    """When a letter goes with others; None: at once, with whatever waits for that line.

    ``gathering`` is when the letters that wait already will go; without one this letter opens a
    new round. ``limit`` is ``latest``, with nobody asked.
    """
    if not rules.policy.office.bundle.amount:
        return None
    at = gathering if gathering is not None else _round_end(now, rules)
    return at if now < at < limit else None


def _round_end(now: datetime, rules: Rules) -> datetime:
    """``office.bundle`` on, but no later than today's close: nothing lies over night for company.

    What comes when the clinic is closed goes in the first round of the next business day.
    """
    calendar = rules.calendar
    at = calendar.after(now, rules.policy.office.bundle)
    close = calendar.after(now, Span.of("0 bd"))
    today = calendar.local_date(close) == calendar.local_date(now)
    return min(at, close) if today and now < close else at


def takes(pages: int, gone: int, rules: Rules) -> bool:
    """Whether a line that took ``gone`` pages today takes these as well.

    A letter longer than the day's measure is not cut: it goes on a day of its own.
    """
    return not gone or gone + pages <= rules.policy.office.max_pages_per_number_day


def another_day(now: datetime, limit: datetime, rules: Rules) -> datetime | None:
    """The next business day's opening, for a line that has had its pages; None: too late then."""
    calendar = rules.calendar
    opening = calendar.opening(calendar.next_business_day(calendar.local_date(now)))
    return opening if opening <= limit else None
