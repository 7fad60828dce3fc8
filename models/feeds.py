"""When an EMR that usually tells us things has stopped (policy.md rule 9, §2 feed.silent).

While a feed is silent, nothing is inferred from what it does not say: a visit nobody told of may
well have happened.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from models.clock import Calendar
from models.policy import Policy

# The ways in by which a machine tells as things happen. A file and a request by hand come when
# somebody thinks of it: their silence says nothing.
FEEDS: Final = ("events",)


def feed_silent_since(
    last_heard: datetime | None, policy: Policy, now: datetime, calendar: Calendar
) -> datetime | None:
    """The moment from which a feed counts as silent, or None while it does not.

    ``feed.silent`` (4 business hours) after it was last heard: nights, weekends and closed days of
    the calendar do not count, so an EMR is not silent because the clinic was closed. A feed that
    was never heard has not gone silent. UTC.
    """
    if last_heard is None:
        return None
    since = calendar.after(last_heard, policy.feed.silent)
    return since if since <= now else None
