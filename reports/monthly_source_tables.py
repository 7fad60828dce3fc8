"""The monthly report's tables of sources and relationships, as rows of words."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from models.monthly import Amount, MonthlyReport, Relationship, SourceLine, Unit
from reports import monthly_sentences as sentences
from reports import monthly_words as words
from reports.monthly_rows import Link, Row, Table, opens, row
from reports.monthly_tables import NOBODY
from reports.monthly_words import month_name, said

MOST = 500  # rows of a table that paper and page hold; nobody reads more of them there
MOST_MOVERS = 8  # sources on page 1
NO_VERDICT = "no verdict"


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
    rows = tuple(_source(report, one) for one in report.sources[:MOST])
    return Table("sources", "Sources", columns, rows, NOBODY, _beyond(report.sources))


def _beyond(these: Sequence[object]) -> int:
    return max(len(these) - MOST, 0)


def _source(report: MonthlyReport, one: SourceLine) -> Row:
    """The verdict on a source leads to its twelve months; a change to the month before."""
    source, last, year = (
        one.source_id,
        words.earlier(report.month, 1),
        words.earlier(report.month, 12),
    )

    def amount(name: str, amount: Amount, unit: Unit) -> Link:
        return opens(report, name, str(said(amount, unit)), amount.n, source=source)

    change = "too early" if report.running else sentences.source_change(one)
    cells = (
        _named(one),
        opens(report, "received", f"{one.received:,}", one.received, source=source),
        opens(report, "received", change, one.before, source=source, of=last),
        opens(report, "received", _count(one.year_ago), one.year_ago, source=source, of=year),
        opens(report, "also_sent", f"{one.also:,}", one.also, source=source),
        amount("contacted_24h", one.contacted, Unit.PERCENT),
        amount("converted", one.evaluated, Unit.PERCENT),
        amount("evaluation_days", one.days, Unit.DAYS),
        _twelve(report, one, _goes(one)),
    )
    return row(cells, source, strong=one.state in words.QUIET, line=one.twelve)


def _named(one: SourceLine | Relationship) -> Link:
    """A name leads to the source's page, where what to do about it stands."""
    return Link(one.name, f"/sources/{one.source_id}")


def _count(number: int | None) -> str:
    return words.NOTHING if number is None else f"{number:,}"


def _twelve(report: MonthlyReport, one: SourceLine, text: str) -> Link:
    """Words that rest on its twelve months, and lead to them."""
    number = 0 if text == NO_VERDICT else one.sent
    return opens(report, "received", text, number, source=one.source_id, of="year")


def movers(report: MonthlyReport) -> Table:
    """For page 1: the sources that send less than they did, then those that send more.

    Where that leaves room the largest of the month stand below them.
    """
    back = {one.source_id for one in report.returned}

    def place(one: SourceLine) -> tuple[bool, int]:
        less = one.verdict == "fading" or one.state in words.QUIET
        return not less, -one.sent

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
    rows = tuple(_mover(report, one, _goes(one, back)) for one in [*moved, *others][:MOST_MOVERS])
    columns = ("Source", f">{month_name(report.month)}", "How it goes")
    nobody = "Nobody sent anybody, and no source faded or fell silent."
    more = max(len(moved) - MOST_MOVERS, 0)
    return Table("movers", "Sources to know about", columns, rows, nobody, more)


def _mover(report: MonthlyReport, one: SourceLine, goes: str) -> Row:
    cells = (
        _named(one),
        opens(report, "received", f"{one.received:,}", one.received, source=one.source_id),
        _twelve(report, one, goes),
    )
    return row(cells, one.source_id, line=one.twelve)


def _goes(one: SourceLine, back: Collection[str] = ()) -> str:
    """``fading: from 8.7 to 3.7 a month``."""
    goes = sentences.standing(one)
    if one.source_id in back:
        goes = f"{goes} · came back" if goes else "came back"
    return ": ".join(part for part in (goes, one.verdict_says) if part) or NO_VERDICT


def source_months(report: MonthlyReport) -> Table:
    """The sources in each of twelve months: what the small lines are drawn from."""
    names = [words.earlier(report.month, 11 - at) for at in range(12)]
    rows = tuple(
        row(
            (
                _named(one),
                *(
                    opens(report, "received", _count(count), count, source=one.source_id, of=name)
                    for name, count in zip(names, one.twelve, strict=False)
                ),
            ),
            one.source_id,
        )
        for one in report.sources[:MOST]
    )
    columns = ("Source", *(f">{month_name(name)}" for name in names))
    caption = "Referrals by source and month"
    return Table("source-months", caption, columns, rows, "No sources.", _beyond(report.sources))


def silent(report: MonthlyReport) -> Table:
    """Relationships that are quiet or lapsed at the end of the month."""
    nobody = "No source was quiet or lapsed at the end of the month."
    return _relationships(report, "silent", "Quiet and lapsed", report.silent, nobody)


def returned(report: MonthlyReport) -> Table:
    """Relationships that came back in the month."""
    nobody = "No silent source came back in this month."
    return _relationships(report, "returned", "Came back", report.returned, nobody)


def _relationships(
    report: MonthlyReport, name: str, caption: str, these: Sequence[Relationship], empty: str
) -> Table:
    """Each leads to what it sent in the twelve months; whoever sent nothing in them nowhere."""
    sent = {one.source_id: one.sent for one in report.sources}

    def last(one: Relationship) -> Link:
        number = sent.get(one.source_id)
        told = words.dated(one.last_on)
        return opens(report, "received", told, number, source=one.source_id, of="year")

    rows = tuple(
        row(
            (
                _named(one),
                words.code(one.state) + (f" since {words.dated(one.since)}" if one.since else ""),
                last(one),
                one.says,
            ),
            one.source_id,
        )
        for one in these[:MOST]
    )
    columns = ("Source", "State", "Last referral", "Facts")
    return Table(name, caption, columns, rows, empty, _beyond(these))
