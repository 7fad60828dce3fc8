"""The tables of the monthly report as rows of words, written once for the PDF and its twin.

Each is a caption, its columns and its rows; a column whose name begins with ``>`` holds numbers.
The first cell of a row names it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from models.monthly import (
    FEW,
    Figure,
    MonthlyReport,
    Named,
    Outcome,
    Relationship,
    SourceLine,
    Unit,
)
from reports import monthly_sentences as sentences
from reports import monthly_words as words
from reports.kit.text import moment
from reports.monthly_words import month_name, said

MOST = 500  # rows of a table that paper and page hold; nobody reads more of them there
MOST_MOVERS = 8  # sources on page 1
NOBODY = "Nobody referred anybody in this month."


class Row(NamedTuple):
    """The cells, and what the row is of: the name of a figure, or the id of a source."""

    cells: tuple[str, ...]
    key: str = ""
    strong: bool = False
    line: tuple[float | None, ...] = ()


class Table(NamedTuple):
    """A table in words; ``empty`` is said instead where it has no rows."""

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: str
    more: int = 0  # rows that are in the spreadsheet alone


def clinics(report: MonthlyReport) -> Table:
    """The tiles' figures of every clinic."""
    tiles = [report.figure(name) for name in report.tiles]
    rows = tuple(
        Row(
            (
                one.name,
                *(
                    str(said(amount, tile.unit))
                    for amount, tile in zip(one.amounts, tiles, strict=False)
                ),
            ),
            one.clinic_id,
        )
        for one in report.clinics
    )
    columns = ("Clinic", *(f">{tile.title}" for tile in tiles))
    return Table("clinics", "Clinics", columns, rows, "")


def figures(report: MonthlyReport) -> Table:
    """Every figure: this month, the changes, the target and twelve months as a line."""
    number = sentences.footnotes(report)
    rows = []
    for one in report.figures:
        note = number(one.name)
        title = f"{one.title} [{note}]" if note else one.title
        cells = (
            title,
            str(said(one.now, one.unit)),
            str(said(one.before, one.unit)),
            str(words.on_last_month(one)),
            str(said(one.year_ago, one.unit)),
            str(words.on_last_year(one)),
            words.target(one) or "none",
        )
        rows.append(Row(cells, one.name, line=line(one)))
    columns = (
        "Figure",
        f">{month_name(report.month)}",
        f">{month_name(words.earlier(report.month, 1))}",
        ">Change",
        f">{month_name(words.earlier(report.month, 12))}",
        ">Change in a year",
        ">Target",
    )
    return Table("figures", "All figures", columns, tuple(rows), "No figures.")


def line(figure: Figure) -> tuple[float | None, ...]:
    """The twelve months of a figure as bare values, for a small line beside its words."""
    return tuple(one.amount.value for one in figure.months)


def months(report: MonthlyReport) -> Table:
    """Every figure in each of the twelve months: what the lines are drawn from."""
    names = [one.month for one in report.figures[0].months] if report.figures else []
    rows = tuple(
        Row((one.title, *(str(said(point.amount, one.unit)) for point in one.months)), one.name)
        for one in report.figures
    )
    columns = ("Figure", *(f">{month_name(name)}" for name in names))
    return Table("months", "Figures by month", columns, rows, "No figures.")


def funnel(report: MonthlyReport) -> Table:
    """The funnel's steps with what was lost at each."""
    rows = tuple(
        Row(
            (
                step.says,
                f"{step.number:,}",
                f"{step.waiting:,}",
                f"{sum(why.number for why in step.lost):,}",
                ", ".join(f"{why.number:,} {why.says}" for why in step.lost) or "nobody",
            ),
            step.name,
        )
        for step in report.funnel
    )
    columns = ("Step", ">Came this far", ">Still on the way", ">Lost before the next", "Why")
    return Table("funnel", "The way from referral to care", columns, rows, "No referrals.")


def ageing(report: MonthlyReport) -> Table:
    """All that are open as of the report, whichever month they came in."""
    rows = tuple(
        Row((one.says, f"{one.waiting:,}", f"{one.in_care:,}"), one.says) for one in report.ageing
    )
    columns = ("Age", ">Before the first visit", ">In care")
    caption = f"Open referrals by age, as of {moment(report.as_of, report.zone)}"
    return Table("ageing", caption, columns, rows, "No referral is open.")


def sources(report: MonthlyReport) -> Table:
    """The sources, the largest first; those who fell silent stand out."""
    columns = (
        "Source",
        f">{month_name(report.month)}",
        f">on {month_name(words.earlier(report.month, 1), year=False)}",
        f">{month_name(words.earlier(report.month, 12))}",
        ">Also sent",
        ">Tried in 24 hours",
        ">Evaluated",
        ">Days to first visit",
        "How it goes",
    )
    rows = tuple(_source(one, report.running) for one in report.sources[:MOST])
    return Table("sources", "Sources", columns, rows, NOBODY, _beyond(report.sources))


def _beyond(these: Sequence[object]) -> int:
    return max(len(these) - MOST, 0)


def _source(one: SourceLine, running: bool) -> Row:
    cells = (
        one.name,
        f"{one.received:,}",
        "too early" if running else sentences.source_change(one),
        f"{one.year_ago:,}",
        f"{one.also:,}",
        str(said(one.contacted, Unit.PERCENT)),
        str(said(one.evaluated, Unit.PERCENT)),
        str(said(one.days, Unit.DAYS)),
        _goes(one),
    )
    return Row(cells, one.source_id, one.state in words.QUIET, one.twelve)


def movers(report: MonthlyReport) -> Table:
    """For page 1: the sources that send less than they did, then those that send more.

    Where that leaves room the largest of the month stand below them.
    """
    back = {one.source_id for one in report.returned}

    def place(one: SourceLine) -> tuple[bool, int]:
        less = one.verdict == "fading" or one.state in words.QUIET
        return not less, -sum(one.twelve)

    moved = sorted(
        (
            one
            for one in report.sources
            if one.verdict in ("growing", "fading")
            or one.state in words.QUIET
            or one.source_id in back
        ),
        key=place,
    )
    known = {one.source_id for one in moved}
    others = [one for one in report.sources if one.received and one.source_id not in known]
    rows = tuple(
        Row((one.name, f"{one.received:,}", _goes(one, back)), one.source_id, line=one.twelve)
        for one in [*moved, *others][:MOST_MOVERS]
    )
    columns = ("Source", f">{month_name(report.month)}", "How it goes")
    nobody = "Nobody sent anybody, and no source faded or fell silent."
    more = max(len(moved) - MOST_MOVERS, 0)
    return Table("movers", "Sources to know about", columns, rows, nobody, more)


def _goes(one: SourceLine, back: Collection[str] = ()) -> str:
    """``fading: from 8.7 to 3.7 a month``."""
    goes = sentences.standing(one)
    if one.source_id in back:
        goes = f"{goes} · came back" if goes else "came back"
    return ": ".join(part for part in (goes, one.verdict_says) if part) or "no verdict"


def source_months(report: MonthlyReport) -> Table:
    """The sources in each of twelve months: what the small lines are drawn from."""
    names = [words.earlier(report.month, 11 - at) for at in range(12)]
    rows = tuple(
        Row((one.name, *(f"{count:,}" for count in one.twelve)), one.source_id)
        for one in report.sources[:MOST]
    )
    columns = ("Source", *(f">{month_name(name)}" for name in names))
    caption = "Referrals by source and month"
    return Table("source-months", caption, columns, rows, "No sources.", _beyond(report.sources))


def silent(report: MonthlyReport) -> Table:
    """Relationships that are quiet or lapsed at the end of the month."""
    nobody = "No source was quiet or lapsed at the end of the month."
    return _relationships("silent", "Quiet and lapsed", report.silent, nobody)


def returned(report: MonthlyReport) -> Table:
    """Relationships that came back in the month."""
    return _relationships(
        "returned", "Came back", report.returned, "No silent source came back in this month."
    )


def _relationships(name: str, caption: str, these: Sequence[Relationship], empty: str) -> Table:
    rows = tuple(
        Row(
            (
                one.name,
                words.code(one.state) + (f" since {words.dated(one.since)}" if one.since else ""),
                words.dated(one.last_on),
                one.says,
            ),
            one.source_id,
        )
        for one in these[:MOST]
    )
    columns = ("Source", "State", "Last referral", "Facts")
    return Table(name, caption, columns, rows, empty, _beyond(these))


def channels(report: MonthlyReport) -> Table:
    """What went out for the referrals of the month, whenever that was, and what came back."""
    rows = tuple(
        Row(
            (
                one.says,
                f"{one.sent:,}",
                _of(one.delivered, one.sent),
                f"{one.failed:,}",
                "cannot be told" if one.answered is None else f"{one.answered:,}",
            ),
            one.name,
        )
        for one in report.channels
    )
    columns = ("Channel", ">Sent", ">Delivered", ">Failed", ">Referrals with an answer")
    empty = "Nothing was sent for this month's referrals."
    return Table("channels", "Sent for this month's referrals", columns, rows, empty)


def _of(number: int, n: int) -> str:
    """A share with its n, or the two counts where there are few."""
    if not n:
        return "none"
    if n < FEW:
        return f"{number:,} of {n:,}"
    return f"{words.with_unit(100 * number / n, Unit.PERCENT)} ({number:,} of {n:,})"


def outcomes(report: MonthlyReport) -> Table:
    """Change by group, each window beside the other; groups too small stand in ``withheld``."""
    windows = list(dict.fromkeys(one.days for one in report.outcomes))
    groups: dict[tuple[str, str], dict[tuple[int, int], Outcome]] = {}
    for one in report.outcomes:
        groups.setdefault((one.group, one.measure), {})[one.days] = one
    rows = []
    for (group, measure), told in groups.items():
        first = next(iter(told.values()))
        if all(one.withheld for one in told.values()):
            continue
        cells = [first.says, first.measure_says]
        for window in windows:
            found = told.get(window)
            cells.append(str(sentences.outcome(found)) if found else words.NOTHING)
            cells.append(sentences.reached(found) if found else words.NOTHING)
        rows.append(Row(tuple(cells), f"{group}/{measure}"))
    heads = [
        name
        for first_day, last_day in windows
        for name in (f">Days {first_day} to {last_day}: median change", ">Meaningful change")
    ]
    columns = ("Group", "Measure", *heads)
    few = "No group has ten patients with a score." if report.outcomes else "No outcome scores."
    return Table("outcomes", "Outcomes", columns, tuple(rows), few)


def withheld(report: MonthlyReport) -> str:
    """The groups that are too small at every time, in one sentence."""
    most: dict[str, int] = {}
    for one in report.outcomes:
        name = f"{one.says} ({one.measure_says})"
        most[name] = max(most.get(name, 0), one.n)
    few = [name for name, n in most.items() if n < FEW]
    return f"Withheld, of fewer than ten patients: {', '.join(few)}." if few else ""


def named(name: str, caption: str, what: str, these: Sequence[Named], empty: str) -> Table:
    """How many of each code; *what* the codes are."""
    rows = tuple(Row((one.says, f"{one.number:,}"), one.name) for one in these)
    return Table(name, caption, (what, ">Referrals"), rows, empty)


def heard(report: MonthlyReport) -> Table:
    """How patients heard of us."""
    return named("heard", "How patients heard of us", "Answer", report.heard, "Nobody said.")


def campaigns(report: MonthlyReport) -> Table:
    """Which campaigns brought referrals."""
    nobody = "No campaign brought a referral."
    return named("campaigns", "Campaigns", "Campaign", report.campaigns, nobody)


def oddities(report: MonthlyReport) -> Table:
    """What in the data cannot be, or counts for nothing."""
    nothing = "Nothing odd in this month's data."
    return named("oddities", "Data quality", "What", report.oddities, nothing)


def worth(report: MonthlyReport) -> str:
    """What returned sources were worth, by the organization's own value of an episode."""
    value = report.value
    if value.per_episode is None or value.protected is None or not value.returned:
        return ""
    each = words.with_unit(value.per_episode, Unit.MONEY)
    return (
        f"Value protected: {words.with_unit(value.protected, Unit.MONEY)}, that is "
        f"{words.many(value.episodes, 'evaluated referral')} of "
        f"{words.many(value.returned, 'source')} that came back, times your own {each} for an "
        "episode."
    )
