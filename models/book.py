"""The book of sources as a liaison keeps it: touches, when the next one is due, gifts; all pure.

Sources: policy.md rules 20, 23 and 24; gifts [S1][S2].
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from models.clock import Calendar
from models.errors import BadRequest, Refused
from models.policy.house import Gifts, Touch

FARTHEST: Final = timedelta(days=400)  # a next touch later than that is a slip of the keys
LONGEST_AGO: Final = timedelta(days=400)
_CENT: Final = Decimal("0.01")
_MOST: Final = Decimal(100_000)


class TouchKind(StrEnum):
    """How somebody of ours was in touch with a source; a note is not a touch."""

    VISIT = "visit"
    CALL = "call"
    LUNCH = "lunch"
    EVENT = "event"
    WROTE = "wrote"
    NOTE = "note"


class Outcome(StrEnum):
    """What came of it."""

    WARM = "warm"
    SPOKE = "spoke"
    LEFT_WORD = "left_word"
    NOBODY = "nobody"
    TROUBLE = "trouble"


KINDS: Final[dict[TouchKind, str]] = {
    TouchKind.VISIT: "Visited",
    TouchKind.CALL: "Called",
    TouchKind.LUNCH: "Lunch",
    TouchKind.EVENT: "Met at an event",
    TouchKind.WROTE: "Wrote",
    TouchKind.NOTE: "Note",
}
OUTCOMES: Final[dict[Outcome, str]] = {
    Outcome.WARM: "Glad to send",
    Outcome.SPOKE: "Spoke with them",
    Outcome.LEFT_WORD: "Left word",
    Outcome.NOBODY: "Nobody there",
    Outcome.TROUBLE: "Unhappy with us",
}


def met(kind: TouchKind, outcome: Outcome | None) -> bool:
    """Whether it answers a task that asks for a call: somebody was reached, or has our word."""
    return kind is not TouchKind.NOTE and outcome is not Outcome.NOBODY


def next_touch(
    touch: Touch, calendar: Calendar, at: datetime, *, key: bool, nobody: bool = False
) -> datetime:
    """When a source is to be heard of again after *at*, where nobody said a day (rules 23, 24)."""
    span = touch.again if nobody else touch.next_key if key else touch.next
    return calendar.after(at, span)


def chosen_day(text: str, calendar: Calendar, now: datetime) -> datetime:
    """The morning of a day somebody picked for the next touch; raises BadRequest."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadRequest("Give a date.", code="no_date", field="next") from None
    today = calendar.local_date(now)
    if day <= today:
        raise BadRequest("Pick a day after today.", code="in_the_past", field="next")
    if day > today + FARTHEST:
        raise BadRequest("This is more than a year away.", code="too_far", field="next")
    return calendar.at_local(day, time(9))


def happened(text: str, calendar: Calendar, now: datetime) -> datetime:
    """When a touch on a day took place: now for today, else that noon; raises BadRequest."""
    today = calendar.local_date(now)
    if not text:
        return now
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadRequest("Give a date.", code="no_date", field="day") from None
    if day > today:
        raise BadRequest("This day has not come yet.", code="not_yet", field="day")
    if day < today - LONGEST_AGO:
        raise BadRequest("This is more than a year ago.", code="too_far", field="day")
    return now if day == today else calendar.at_local(day, time(12))


# --- gifts ----------------------------------------------------------------------------------------


def cents(text: str) -> int:
    """US dollars as somebody types them: ``25``, ``$25.50``; raises BadRequest."""
    plain = text.strip().removeprefix("$").replace(",", "").strip()
    try:
        value = Decimal(plain)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value <= 0 or value > _MOST or value != value.quantize(_CENT):
        raise BadRequest(
            "Give the value in dollars and cents, such as 24.50.", code="bad_amount", field="value"
        )
    return int(value * 100)


def dollars(number: int) -> str:
    """Cents as money: ``$1,024.50``."""
    sign = "-" if number < 0 else ""
    return f"{sign}${abs(number) / 100:,.2f}"


def shares(value: int, among: int) -> list[int]:
    """A gift to a practice split evenly; the first ones carry the odd cents."""
    if among < 1:
        return []
    each, odd = divmod(value, among)
    return [each + (1 if place < odd else 0) for place in range(among)]


def check_gift(gifts: Gifts, name: str, year: int, value: int, given: int) -> None:
    """Raises Refused where a gift must not be given; *given* is the year's sum so far, in cents.

    The cap is per recipient and calendar year across all clinics [S1][S2]; a year without a figure
    blocks. What somebody refers plays no part in it.
    """
    if not gifts.enabled:
        raise Refused(
            "Gifts are switched off for this organization: a thank-you is words. "
            "See [gifts] of the policy file.",
            code="gifts_off",
        )
    limit = gifts.limit(year)
    if limit is None:
        raise Refused(
            f"The policy file has no limit on gifts for {year}, so none may be given. "
            "Enter the year's figure under [gifts] first.",
            code="gift_year_unknown",
        )
    most = int(limit * 100)
    if given + value > most:
        raise Refused(
            f"{name} has had {dollars(given)} of {dollars(most)} in {year}: "
            f"{dollars(max(most - given, 0))} is left. Nothing was recorded.",
            code="gift_over_limit",
        )
