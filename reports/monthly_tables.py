"""The tables of the monthly report as rows of words, written once for the PDF and its twin.

Each is a caption, its columns and its rows; a column whose name begins with ``>`` holds numbers.
The first cell of a row names it.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.monthly import (
    FEW,
    Amount,
    Channel,
    Figure,
    MonthlyReport,
    Named,
    Outcome,
    Step,
    Unit,
)
from reports import monthly_sentences as sentences
from reports import monthly_words as words
from reports.kit.text import moment
from reports.monthly_rows import Link, Row, Table, opens, row
from reports.monthly_words import month_name, said

NOBODY = "Nobody referred anybody in this month."


def clinics(report: MonthlyReport) -> Table:
    """The tiles' figures of every clinic."""
    tiles = [report.figure(name) for name in report.tiles]
    rows = tuple(
        row(
            (
                one.name,
                *(
                    _figure(report, tile, amount, clinic=one.clinic_id)
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
    last, year = words.earlier(report.month, 1), words.earlier(report.month, 12)
    rows = []
    for one in report.figures:
        note = number(one.name)
        cells = (
            f"{one.title} [{note}]" if note else one.title,
            _figure(report, one, one.now),
            _figure(report, one, one.before, of=last),
            str(words.on_last_month(one)),
            _figure(report, one, one.year_ago, of=year),
            str(words.on_last_year(one)),
            words.target(one) or "none",
        )
        rows.append(row(cells, one.name, line=line(one)))
    columns = (
        "Figure",
        f">{month_name(report.month)}",
        f">{month_name(last)}",
        ">Change",
        f">{month_name(year)}",
        ">Change in a year",
        ">Target",
    )
    return Table("figures", "All figures", columns, tuple(rows), "No figures.")


def _figure(report: MonthlyReport, one: Figure, amount: Amount, **of: str) -> Link:
    """An amount of a figure, which leads to those it is of."""
    return opens(report, one.name, str(said(amount, one.unit)), amount.n, **of)


def line(figure: Figure) -> tuple[float | None, ...]:
    """The twelve months of a figure as bare values, for a small line beside its words."""
    return tuple(one.amount.value for one in figure.months)


def months(report: MonthlyReport) -> Table:
    """Every figure in each of the twelve months: what the lines are drawn from."""
    names = [one.month for one in report.figures[0].months] if report.figures else []
    rows = tuple(
        row(
            (one.title, *(_figure(report, one, at.amount, of=at.month) for at in one.months)),
            one.name,
        )
        for one in report.figures
    )
    columns = ("Figure", *(f">{month_name(name)}" for name in names))
    return Table("months", "Figures by month", columns, rows, "No figures.")


def funnel(report: MonthlyReport) -> Table:
    """The funnel's steps with what was lost at each."""
    rows = tuple(_step(report, step) for step in report.funnel)
    columns = ("Step", ">Came this far", ">Still on the way", ">Lost before the next", "Why")
    return Table("funnel", "The way from referral to care", columns, rows, "No referrals.")


def _step(report: MonthlyReport, step: Step) -> Row:
    name, lost = f"step_{step.name}", sum(why.number for why in step.lost)
    reasons = [
        opens(report, f"lost.{step.name}.{why.reason}", f"{why.number:,} {why.says}", why.number)
        for why in step.lost
    ]
    cells = (
        step.says,
        opens(report, name, f"{step.number:,}", step.number, which="all"),
        opens(report, name, f"{step.waiting:,}", step.waiting, which="open"),
        opens(report, name, f"{lost:,}", lost, which="others"),
        reasons or "nobody",
    )
    return row(cells, step.name)


def ageing(report: MonthlyReport) -> Table:
    """All that are open as of the report, whichever month they came in."""
    rows = tuple(
        row(
            (
                one.says,
                opens(report, f"open_{at}", f"{one.waiting:,}", one.waiting, which="counted"),
                opens(report, f"open_{at}", f"{one.in_care:,}", one.in_care, which="others"),
            ),
            one.says,
        )
        for at, one in enumerate(report.ageing)
    )
    columns = ("Age", ">Before the first visit", ">In care")
    caption = f"Open referrals by age, as of {moment(report.as_of, report.zone)}"
    return Table("ageing", caption, columns, rows, "No referral is open.")


def channels(report: MonthlyReport) -> Table:
    """What went out for the referrals of the month, whenever that was, and what came back."""
    rows = tuple(_channel(report, one) for one in report.channels)
    columns = ("Channel", ">Sent", ">Delivered", ">Failed", ">Referrals with an answer")
    empty = "Nothing was sent for this month's referrals."
    return Table("channels", "Sent for this month's referrals", columns, rows, empty)


def _channel(report: MonthlyReport, one: Channel) -> Row:
    answered = "cannot be told" if one.answered is None else f"{one.answered:,}"
    cells = (
        one.says,
        opens(report, f"{one.name}_sent", f"{one.sent:,}", one.sent),
        opens(report, f"{one.name}_delivered", _of(one.delivered, one.sent), one.delivered),
        opens(report, f"{one.name}_failed", f"{one.failed:,}", one.failed),
        opens(report, f"{one.name}_answered", answered, one.answered),
    )
    return row(cells, one.name)


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
        cells: list[str | Link] = [first.says, first.measure_says]
        for window in windows:
            cells += _outcome(report, told.get(window))
        rows.append(row(cells, f"{group}/{measure}"))
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


def _outcome(report: MonthlyReport, one: Outcome | None) -> list[Link]:
    """The change and who reached one, which lead to who was measured in the window and who not."""
    if one is None:
        return [Link(words.NOTHING)] * 2
    name = f"outcome.{one.group.replace(' ', '.')}.{one.measure}.{one.days[0]}"
    told = (str(sentences.outcome(one)), sentences.reached(one))
    return [opens(report, name, text, 0 if one.withheld else one.n) for text in told]


def _named(
    report: MonthlyReport,
    name: str,
    family: str,
    caption: str,
    what: str,
    these: Sequence[Named],
    empty: str,
) -> Table:
    """How many of each code; *what* the codes are, *family* how the names of their parts begin."""
    rows = tuple(
        row(
            (one.says, opens(report, f"{family}{one.name}", f"{one.number:,}", one.number)),
            one.name,
        )
        for one in these
    )
    return Table(name, caption, (what, ">Referrals"), rows, empty)


def heard(report: MonthlyReport) -> Table:
    """How patients heard of us."""
    caption, nobody = "How patients heard of us", "Nobody said."
    return _named(report, "heard", "heard.", caption, "Answer", report.heard, nobody)


def campaigns(report: MonthlyReport) -> Table:
    """Which campaigns brought referrals."""
    nobody = "No campaign brought a referral."
    return _named(
        report, "campaigns", "campaign.", "Campaigns", "Campaign", report.campaigns, nobody
    )


def oddities(report: MonthlyReport) -> Table:
    """What in the data cannot be, or counts for nothing."""
    nothing = "Nothing odd in this month's data."
    return _named(report, "oddities", "odd_", "Data quality", "What", report.oddities, nothing)


def worth(report: MonthlyReport) -> str:
    """What returned sources were worth, by the organization's own value of an episode."""
    value = report.value
    if value.per_episode is None or value.protected is None or not value.returned:
        return ""
    each = words.with_unit(value.per_episode, Unit.MONEY)
    return (
        f"Value protected: {words.with_unit(value.protected, Unit.MONEY)}, that is "
        f"{words.many(value.episodes, 'evaluated referral')} in twelve months that "
        f"{words.many(value.returned, 'source')} sent after coming back, times your own {each} "
        "for an episode."
    )


def protected(report: MonthlyReport) -> list[Link]:
    """The referrals that the value protected is made of."""
    n = report.value.episodes
    return [opens(report, "protected", f"Those {words.many(n, 'referral')}.", n)] if n else []


def late(report: MonthlyReport) -> list[Link]:
    """The referrals that were told of after the month was closed."""
    arrived, changed = report.late.arrived, report.late.changed
    found = (
        opens(report, "late_arrived", f"The {arrived:,} that became known", arrived),
        opens(report, "late_changed", f"the {changed:,} that changed", changed),
    )
    return [one for one in found if one.to]


def compared(report: MonthlyReport, figure: Figure) -> tuple[Link, Link]:
    """The changes on the month before and on a year ago, which lead to those months."""
    last, year = words.compared(figure, report.month)
    before, ago = (words.earlier(report.month, by) for by in (1, 12))
    return (
        opens(report, figure.name, last, figure.before.n, of=before),
        opens(report, figure.name, year, figure.year_ago.n, of=ago),
    )
