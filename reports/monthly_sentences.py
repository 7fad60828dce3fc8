"""The sentences of the monthly report that are not about one number: how sure, since when, of whom.

Plain text, said once for every form; the numbers in them come from ``monthly_words``.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from models.monthly import MonthlyReport, Outcome, SourceLine, Unit, in_address
from models.outcomes import signed
from reports.kit.text import moment
from reports.monthly_words import NBSP, NOTHING, UNCHANGED, Said, code, many, plain, rounded, said


def fingerprint(report: MonthlyReport) -> str:
    """The first twelve digits of the value's SHA-256: two forms that bear the same one agree."""
    return sha256(report.model_dump_json().encode()).hexdigest()[:12]


def known(report: MonthlyReport) -> str:
    """As of when the figures are, and whether they may still change."""
    if report.preliminary:
        return (
            f"{status(report)}: {report.month_says} is not closed yet and its figures will still "
            "change."
        )
    return f"{status(report)}."


def status(report: MonthlyReport) -> str:
    """The same in a few words, for the foot of a page."""
    at = moment(report.as_of, report.zone)
    return f"{'Preliminary' if report.preliminary else 'Closed'}, as known on {at}"


def late(report: MonthlyReport) -> str:
    """What was told after the month was closed."""
    told = report.late
    if report.preliminary:
        return ""
    if not told.arrived and not told.changed:
        return "Nothing about this month was told after it was closed."
    parts = []
    if told.arrived:
        parts.append(f"{many(told.arrived, 'referral')} of this month became known")
    if told.changed:
        parts.append(f"something counted changed in {many(told.changed, 'referral')}")
    return f"After the month was closed {' and '.join(parts)}; none of it is in these figures."


def zones(report: MonthlyReport) -> str:
    """How months and hours are meant when clinics lie in several time zones."""
    names = sorted({clinic.zone for clinic in report.clinics})
    if len(names) < 2:
        return ""
    return f"Every clinic's days and months are those of its own time zone ({', '.join(names)})."


def source_change(source: SourceLine) -> str:
    """Its referrals against last month, signed; a bare 0 for no change."""
    return NOTHING if source.before is None else signed(source.received - source.before)


def standing(source: SourceLine) -> str:
    """Verdict, and the state where it asks for somebody: ``fading · quiet``."""
    words = [code(source.verdict)]
    if source.state and source.state != "active":
        words.append(code(source.state))
    return " · ".join(word for word in words if word)


OUTCOMES = (
    "Change of each patient from the first reading on one measure, in the window of days after it, "
    "for windows that ended in the twelve months up to this one."
)


def outcome(one: Outcome) -> Said:
    """The median change, or that it is withheld."""
    if one.withheld or one.median_percent is None:
        return Said(f"n = {one.n}, withheld" if one.withheld else NOTHING)
    change = rounded(one.median_percent, Unit.PERCENT)
    way = "better" if change > 0 else "worse"
    value = f"{plain(abs(change))}{NBSP}% {way}" if change else UNCHANGED
    return Said(value, f"{one.n:,} of {one.eligible:,}")


def reached(one: Outcome) -> str:
    """How many reached the meaningful change, or that it is withheld."""
    if one.withheld:
        return "withheld"
    return str(said(one.reached, Unit.PERCENT)) if one.reached is not None else NOTHING


def window(one: Outcome) -> str:
    """``days 35 to 49`` after the first reading."""
    return f"days {one.days[0]} to {one.days[1]}"


def drill(report: MonthlyReport, name: str) -> str:
    """The path of the page that shows the referrals behind a figure."""
    return f"/reports/{in_address(report.scope)}/{report.month}/{name}"


def footnotes(report: MonthlyReport) -> Callable[[str], int]:
    """The number of a figure's definition in the list at the end; 0 where there is none."""
    numbers = {one.name: at for at, one in enumerate(report.definitions, 1)}
    return lambda name: numbers.get(name, 0)
