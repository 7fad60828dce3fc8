"""How the monthly report says a number, in every one of its forms.

No percentage goes without how many it is of, fewer than ten carry no share and are never compared,
and what is still open is never compared as if it were final. Values are rounded before they are
subtracted, so that a reader with a pencil gets the same change.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from models.monthly import (
    Amount,
    Figure,
    Good,
    Unit,
)
from reports.kit.text import day

NBSP: Final = "\u00a0"
NOTHING: Final = "no data"
TOO_FEW: Final = "too few to compare"
TOO_EARLY: Final = "too early to compare"
NO_COMPARISON: Final = "no comparison"
UNCHANGED: Final = "no change"

DECIMALS: Final = {
    Unit.COUNT: 0,
    Unit.PERCENT: 0,
    Unit.OPEN_HOURS: 1,
    Unit.HOURS: 1,
    Unit.DAYS: 1,
    Unit.VISITS: 1,
    Unit.SCORE: 1,
    Unit.MONEY: 0,
}
_AFTER: Final = {  # one, several
    Unit.OPEN_HOURS: ("open hour", "open hours"),
    Unit.HOURS: ("hour", "hours"),
    Unit.DAYS: ("day", "days"),
    Unit.VISITS: ("visit", "visits"),
}
_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
_CODES: Final = {"too_few_to_say": "too few to say"}
QUIET: Final = frozenset({"quiet", "lapsed"})


class Said(NamedTuple):
    """An amount in words: the value alone, of how many, and what to know about it."""

    value: str
    of: str = ""
    note: str = ""

    def __str__(self) -> str:
        more = ", ".join(part for part in (self.of, self.note) if part)
        return f"{self.value} ({more})" if more else self.value


def rounded(value: float, unit: Unit) -> Decimal:
    """The value as shown: half goes up, as on paper and in a spreadsheet."""
    step = Decimal(1).scaleb(-DECIMALS[unit])
    return Decimal(repr(value)).quantize(step, ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """``1,234.5``: thousands apart, no trailing zero, a true minus, never minus zero."""
    text = f"{abs(value):,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"−{text}" if value < 0 else text


def said(amount: Amount, unit: Unit) -> Said:
    """An amount with its unit, of how many it is, and whether it is final.

    A share of fewer than ten is given as its two counts only.
    """
    if amount.value is None:
        return Said(NOTHING)
    if unit in (Unit.COUNT, Unit.MONEY):
        return Said(with_unit(amount.value, unit), "", _open(amount))
    if unit is Unit.PERCENT and amount.few and amount.number is not None:
        return Said(f"{amount.number:,} of {amount.n:,}", "", _notes("too few", _open(amount)))
    few = "too few" if amount.few else ""
    return Said(with_unit(amount.value, unit), of(amount), _notes(few, _open(amount)))


def parted(text: str) -> tuple[str, str]:
    """The number of a value and its unit, to write the one larger than the other."""
    number, _, unit = text.partition(" ")
    return (
        (number, unit)
        if number.lstrip("−$").replace(",", "").replace(".", "").isdigit()
        else (text, "")
    )


def of(amount: Amount) -> str:
    """``52 of 100`` where a share counts something, else ``n = 97``."""
    if amount.number is not None:
        return f"{amount.number:,} of {amount.n:,}"
    return f"n{NBSP}={NBSP}{amount.n:,}"


def with_unit(value: float, unit: Unit) -> str:
    """A value with its unit and nothing else; for targets and axes, which have no n."""
    number = rounded(value, unit)
    text = plain(number)
    if unit is Unit.PERCENT:
        return f"{text}{NBSP}%"
    if unit is Unit.SCORE:
        return f"{text} of 10"
    if unit is Unit.MONEY:
        return f"−${text[1:]}" if number < 0 else f"${text}"
    if unit in _AFTER:
        return f"{text} {_AFTER[unit][abs(number) != 1]}"
    return text


def _open(amount: Amount) -> str:
    return f"{amount.open:,} still open" if amount.open else ""


def _notes(*notes: str) -> str:
    return ", ".join(note for note in notes if note)


class Change(NamedTuple):
    """A signed change and which way it points: ``better``, ``worse`` or neither."""

    says: str
    way: str = ""

    def __str__(self) -> str:
        return f"{self.says}, {self.way}" if self.way else self.says


def change(now: Amount, before: Amount, unit: Unit, good: Good = Good.NEITHER) -> Change:
    """From ``before`` to ``now``; in points where both are shares.

    A share with open ones is compared only where the end cannot turn the sign: it lies between
    number of n and (number + open) of n, and the difference given is the least there will be.
    """
    if now.value is None or before.value is None:
        return Change(NO_COMPARISON)
    if unit not in (Unit.COUNT, Unit.MONEY) and (now.few or before.few):
        return Change(TOO_FEW)
    difference = rounded(now.value, unit) - rounded(before.value, unit)
    if not now.open and not before.open:
        return _change(difference, unit, good)
    if unit is not Unit.PERCENT or now.number is None or before.number is None:
        return Change(TOO_EARLY)
    least = rounded(now.value, unit) - _at_best(before)
    most = _at_best(now) - rounded(before.value, unit)
    if least > 0:
        return _change(least, unit, good, "already ")
    if most < 0:
        return _change(most, unit, good, "at best ")
    return Change(TOO_EARLY)


def _at_best(amount: Amount) -> Decimal:
    """The share if all that are open come true."""
    return rounded(100 * ((amount.number or 0) + amount.open) / amount.n, Unit.PERCENT)


def _change(difference: Decimal, unit: Unit, good: Good, how: str = "") -> Change:
    if difference == 0:
        return Change(UNCHANGED)
    sign = "+" if difference > 0 else "−"
    size = abs(difference)
    if unit is Unit.PERCENT:
        text = f"{plain(size)} {'point' if size == 1 else 'points'}"
    elif unit is Unit.SCORE:
        text = plain(size)
    else:
        text = with_unit(float(size), unit)
    way = ""
    if good is not Good.NEITHER:
        way = "better" if (difference > 0) is (good is Good.UP) else "worse"
    return Change(f"{how}{sign}{text}", way)


def on_last_month(figure: Figure) -> Change:
    """This month against the one before, once it is over."""
    if figure.running:
        return Change(TOO_EARLY)
    return change(figure.now, figure.before, figure.unit, figure.good)


def on_last_year(figure: Figure) -> Change:
    """This month against the same month a year ago, once it is over."""
    if figure.running:
        return Change(TOO_EARLY)
    return change(figure.now, figure.year_ago, figure.unit, figure.good)


def target(figure: Figure) -> str:
    """``at least 70 %`` or ``at most 2 open hours``; empty without a target."""
    if figure.target is None:
        return ""
    least = "at most" if figure.good is Good.DOWN else "at least"
    return f"{least} {with_unit(figure.target, figure.unit)}"


def month_name(month: str, year: bool = True) -> str:
    """``Feb 2027`` of ``2027-02``."""
    name = _MONTHS[int(month[5:7]) - 1]
    return f"{name} {month[:4]}" if year else name


def code(word: str | None) -> str:
    """A code as people say it."""
    return _CODES.get(word, word.replace("_", " ")) if word else ""


def dated(on: date | None) -> str:
    """A day, or ``never``."""
    return day(on) if on else "never"


def earlier(month: str, by: int) -> str:
    """The month so many months before, as ``2027-01``."""
    count = int(month[:4]) * 12 + int(month[5:7]) - 1 - by
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def compared(figure: Figure, month: str) -> tuple[str, str]:
    """The changes on the month before and on a year ago, each with the month it is against."""
    last, year = month_name(earlier(month, 1)), month_name(earlier(month, 12))
    return (
        _against(on_last_month(figure), figure.before, figure.unit, last),
        _against(on_last_year(figure), figure.year_ago, figure.unit, year),
    )


def _against(told: Change, before: Amount, unit: Unit, month: str) -> str:
    if told.says == NO_COMPARISON or before.value is None:  # this month has no value, or that one
        return f"{month}: {said(before, unit)}"
    if told.says in (TOO_FEW, TOO_EARLY):
        return f"{told.says} with {month}"
    if told.says == UNCHANGED:
        return f"{told.says} on {month}"
    return f"{told.says} on {month}, {told.way}" if told.way else f"{told.says} on {month}"


def many(number: int, one: str, several: str | None = None) -> str:
    """``1 referral``, ``1,200 referrals``."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
