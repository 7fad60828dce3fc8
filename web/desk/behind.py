"""Who stands behind a number of a monthly report: referrals, or the sources as they stood in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from models.access import masked
from models.month_story import fading, fell_silent
from models.monthly import Amount, MonthlyReport, Unit
from models.months import says
from models.moves import TITLES
from models.referral import Stage
from models.sources import public_name
from reports import monthly_sentences as sentences
from reports import monthly_words as words
from reports.kit.text import day
from store import referrals
from store.report.asks import How, Measure, Shown
from store.report.behind import MOST, YEAR, Narrow, Which, behind, figure, shown, sizes
from store.report.measures import MEASURES
from store.report.parts import Part
from store.report.scope import Period
from store.tables import LedgerRow, SourceRow
from web.desk.door import Desk, Viewer


class Line(NamedTuple):
    """One referral behind a figure, as known at the moment of the report; ``values`` in words."""

    referral_id: str
    patient: str
    clinic: str
    received: str
    evaluated: str
    values: tuple[str, ...]
    stage: str


class Tab(NamedTuple):
    """One of the lists of a figure, with how many stand on it."""

    says: str
    number: int
    query: str
    current: bool


class Page(NamedTuple):
    """What the page of a figure says."""

    title: str
    of: str  # whose, and which month, where it is not the report's alone
    figure: str
    note: str
    tabs: list[Tab]
    columns: list[str]
    rows: list[Line]
    first: int  # of these rows, among all on the list
    number: int
    more: str  # the query of the next rows; empty on the last page


class Standing(NamedTuple):
    """One source as it stood in the report."""

    source_id: str
    name: str
    sent: int  # in the twelve months
    stood: str
    last: str
    facts: str


def referrals_behind(
    desk: Desk,
    viewer: Viewer,
    period: Period,
    part: Part,
    which: Which,
    narrow: Narrow,
    number: int,
    place: str,
) -> Page:
    """The *number*-th page of one list; *place* says on record which report it is of.

    Raises NotFound for a month the report says nothing of.
    """
    measure, skip = part.measure, (number - 1) * MOST
    clinics = {one.id: one.short_name for one in desk.clinics(viewer)}
    with desk.store.read() as session:
        found = behind(session, period, measure, which, narrow, most=MOST, skip=skip)
        called = referrals.patients_of(session, [one.line.referral_id for one in found])
        amount = figure(session, period, measure, narrow)
        lists = sizes(session, period, measure, narrow)
        beside = shown(measure, period, lists)
        source = session.get(SourceRow, narrow.source_id) if narrow.source_id else None
    if viewer.named:
        desk.seen(viewer, f"figure:{measure.name}:{place}")
    told = [at for at in range(len(beside)) if any(one.values[at] is not None for one in found)]
    rows = [
        Line(
            one.line.referral_id,
            _called(viewer, one.line, called[one.line.referral_id]),
            clinics.get(one.line.clinic_id, one.line.clinic_id),
            day(one.line.received_on),
            _evaluated(one.line),
            tuple(_value(beside[at], one.values[at]) for at in told),
            TITLES[Stage(one.line.stage)],
        )
        for one in found
    ]
    whose = source if source is not None and source.org == viewer.org else None
    of = (
        public_name(whose.kind, whose.name) if whose else "",
        clinics.get(narrow.clinic_id or "", ""),
        _months(narrow, period),
    )
    asked = {"which": which, **_asked(narrow)}
    return Page(
        title=measure.title,
        of=", ".join(one for one in of if one),
        figure=_figure(measure, amount, lists),
        note=measure.note,
        tabs=[
            Tab(name, lists[one], urlencode({"which": one, **_asked(narrow)}), one == which)
            for one, name in part.tabs.items()
        ],
        columns=[beside[at].title for at in told],
        rows=rows,
        first=skip + 1,
        number=lists[which],
        more=urlencode({**asked, "page": number + 1}) if skip + len(rows) < lists[which] else "",
    )


def _fell_silent(report: MonthlyReport) -> list[Standing]:
    sent = {one.source_id: one.sent for one in report.sources}
    return [
        Standing(
            one.source_id,
            one.name,
            sent.get(one.source_id, 0),
            _since(one.state, one.since),
            words.dated(one.last_on),
            one.says,
        )
        for one in fell_silent(report.month, report.silent)
    ]


def _fading(report: MonthlyReport) -> list[Standing]:
    return [
        Standing(
            one.source_id,
            one.name,
            one.sent,
            sentences.standing(one),
            words.dated(one.last_on),
            one.verdict_says,
        )
        for one in fading(report.sources)
    ]


class Sources(NamedTuple):
    """A list of sources out of a report, and what it is called."""

    title: str
    of: Callable[[MonthlyReport], list[Standing]]


#: Sources as they stood in the report, which today's book no longer says of an old month.
SOURCES: Final[Mapping[str, Sources]] = {
    "fell_silent": Sources("Sources that fell silent", _fell_silent),
    "fading": Sources("Sources that are fading", _fading),
}


def _called(viewer: Viewer, line: LedgerRow, name: tuple[str, str]) -> str:
    """In full to who may open the referral: one of a clinic that has left is counted, not named."""
    known = viewer.named and viewer.sees(line.clinic_id)
    return " ".join(name) if known else masked(*name)


def _evaluated(line: LedgerRow) -> str:
    if line.evaluated_on is not None:
        return day(line.evaluated_on)
    return "never" if line.stage == Stage.CLOSED else "not yet"


def _since(state: str, on: date | None) -> str:
    return f"{words.code(state)} since {day(on)}" if on is not None else words.code(state)


def _value(one: Shown, value: Any) -> str:
    """A number with its unit, a code as people say it, a yes or a no; empty for nothing."""
    if value is None:
        return ""
    if one.unit is not None:
        return words.with_unit(float(value) / one.divide, one.unit)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one.words.get(value, words.code(str(value)))


def _figure(measure: Measure, amount: Amount, lists: Mapping[Which, int]) -> str:
    """The figure in the words of the report; of other parts how many referrals there are."""
    if measure.name in MEASURES:
        return str(words.said(amount, measure.unit))
    referrals_ = words.many(lists[Which.ALL], "referral")
    if measure.how is How.SUM:
        return f"{words.with_unit(amount.value or 0, Unit.COUNT)} for {referrals_}"
    return referrals_


def _months(narrow: Narrow, period: Period) -> str:
    if narrow.of is None:
        return ""
    if narrow.of == YEAR:
        return f"the twelve months to {says(period.month)}"
    return f"{says(narrow.of)} as known in this report"


def _asked(narrow: Narrow) -> dict[str, str]:
    told: Sequence[tuple[str, str | None]] = (
        ("source", narrow.source_id),
        ("clinic", narrow.clinic_id),
        ("of", narrow.of),
    )
    return {key: value for key, value in told if value is not None}
