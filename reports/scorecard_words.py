"""What a scorecard says: facts of an office's own patients, in words that praise nobody.

A letter that praises is an advertisement; these sentences give counts and what they are counted
of, and how to have no more of them (policy.md §3 scorecard).
"""

from __future__ import annotations

from typing import Final

from models.monthly import Outcome, Unit
from models.scorecard import CardFigure, Scorecard, ScorecardLetter
from reports.kit.text import day
from reports.monthly_words import NBSP, month_name, plain, rounded, said

ON_THE_DESK: Final = ("What we counted", "Their patients", "Of how many")
COLUMNS: Final = ("What we counted", "Your patients", "Of how many")
OUTCOME_COLUMNS: Final = ("Body region and measure", "After", "Improvement", "Patients")
HOW: Final = "How it is counted"
MONTHS: Final = "Where these definitions say the month, the months above are meant."
IMPROVED: Final = (
    "Improvement: the median of each patient's change from the first reading on that measure, in "
    "percent of that reading; positive is better."
)
NO_OUTCOMES: Final = "No measure was taken of enough of your patients to be told."
_WEEK = 7


def months(card: Scorecard) -> str:
    """``March 2026 to February 2027``."""
    return f"{month_name(card.first)} to {month_name(card.last)}"


def opening(letter: ScorecardLetter) -> str:
    """How many patients, from when to when, as known when."""
    card = letter.card
    return (
        f"From {months(card)} you sent us {card.received:,} patients. This is what became of them, "
        f"counted from our records as they stood on {day(letter.counted_on)}."
    )


def left_out(card: Scorecard) -> str:
    """What is not here, and why."""
    return (
        f"What stands on fewer than {card.least} of your patients is left out. These figures are "
        "of your patients alone; no other office sees them, and you see no other office's."
    )


def figure_row(figure: CardFigure) -> tuple[str, str, str]:
    """One figure: what, how much, of how many."""
    told = said(figure.amount, figure.unit)
    return (figure.title, told.value, ", ".join(part for part in (told.of, told.note) if part))


def outcome_row(one: Outcome) -> tuple[str, str, str, str]:
    """One group at about one week, such as ``Shoulder after surgery, QuickDASH``."""
    first, last = one.days
    week = round((first + last) / 2 / _WEEK)
    value = "" if one.median_percent is None else plain(rounded(one.median_percent, Unit.PERCENT))
    return (
        f"{one.says}, {one.measure_says}",
        f"about {week} weeks",
        f"{value}{NBSP}%",
        f"{one.n:,} of {one.eligible:,}",
    )


def notes(card: Scorecard) -> list[str]:
    """The definition of each figure that is told, from the registry."""
    told = [f"{one.title}: {one.note}" for one in card.figures]
    return [MONTHS, *told, IMPROVED] if card.outcomes else [MONTHS, *told]


def stop_line(letter: ScorecardLetter) -> str:
    """How the office has no more of these letters; it counts for the number, whoever asks."""
    head = letter.letterhead
    ways = [
        f'write "no scorecards" on this page and fax it to {head.fax}' if head.fax else "",
        f"call {head.phone}" if head.phone else "",
    ]
    how = " or ".join(way for way in ways if way) or "tell us"
    return (
        f"You get this at most once a quarter. If you would rather not, {how}; we send no more "
        "of these to your office."
    )


def questions(letter: ScorecardLetter) -> str:
    """Whom to ask."""
    head = letter.letterhead
    ways = [
        f"call {head.phone}" if head.phone else "",
        f"fax {head.fax}" if head.fax else "",
    ]
    how = " or ".join(way for way in ways if way)
    return f"Questions about a figure{': ' + how if how else ': ask us'}."
