"""Times of day as people type them: ``9, 10:30, 2 pm`` is three of them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from models.errors import BadRequest

MOST = 40  # in one go
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|a|p)?", re.ASCII)


def times_of_day(text: str) -> list[time]:
    """Every time in a line, soonest first and once each; raises BadRequest ``bad_time``.

    Without am or pm 1 to 6 are taken for the afternoon: nobody is evaluated before seven.
    """
    found = set()
    words = re.split(r"[,;\n]+", text.lower().replace(".m.", "m"))
    for word in filter(None, map(str.strip, words)):
        told = _TIME.fullmatch(word)
        hour, minute = (int(told[1]), int(told[2] or 0)) if told else (99, 0)
        half = (told[3] or "") if told else ""
        if half and not 1 <= hour <= 12:
            hour = 99
        if half.startswith("p") or (not half and 1 <= hour <= 6):
            hour = hour + 12 if hour < 12 else hour
        elif half.startswith("a") and hour == 12:
            hour = 0
        if hour > 23 or minute > 59:
            raise BadRequest(
                "Write times such as 9:00, 10:30, 2 pm, divided by commas.", code="bad_time"
            )
        found.add(time(hour, minute))
    if not found or len(found) > MOST:
        raise BadRequest(f"Write between one time and {MOST}.", code="bad_time")
    return sorted(found)


def moment(day: date, clock: time, zone: str) -> datetime:
    """A local time as a moment; raises BadRequest ``bad_time`` for one the clock leaves out."""
    local = datetime.combine(day, clock, tzinfo=ZoneInfo(zone))
    try:
        found = local.astimezone(UTC)
    except OverflowError:
        raise BadRequest("Choose a day of this century.", code="bad_time") from None
    if found.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise BadRequest(
            "The clock is put forward at that hour on that day; there is no such time.",
            code="bad_time",
        )
    return found
