"""Every number of a report opens to the referrals it is of, on the desk and in the read API."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl

import pytest

from activities.monthly import Monthly
from activities.read_lines import Lines, Question
from models.monthly import ALL_CLINICS, FEW, MonthlyReport
from models.source_states import SourceState
from reports import monthly_source_tables, monthly_tables
from reports.monthly_rows import Link
from reports.monthly_words import said
from store import ledger
from store.engine import Store
from store.report.asks import How
from store.report.behind import WHOLE, Narrow, Which, behind, figure, shown, sizes
from store.report.measures import MEASURES
from store.report.parts import PARTS, part
from store.tables import SourceStateRow
from tests.databases import sqlite_store
from tests.truth.year import ORG, fill, tenants, year

COUNT = 3000
CLOSED = datetime(2026, 11, 3, 17, 0, tzinfo=UTC)
NOW = datetime(2026, 12, 20, 15, 0, tzinfo=UTC)
CASES = [
    pytest.param(ALL_CLINICS, "2026-10", id="all-closed"),
    pytest.param("c04", "2026-10", id="one-closed"),
    pytest.param(ALL_CLINICS, "2026-12", id="all-open"),
    pytest.param("c04", "2026-12", id="one-open"),
]
NUMBER = re.compile(r"[\d,]+")
OF = re.compile(r"([\d,]+) of ([\d,]+)")
BY_CODE = ("heard.friend", "campaign.spring", "lost.attempted.cost", "outcome.knee.lefs.35")
SHOWN = 6  # sources of which every number is tried


class World(NamedTuple):
    """The seeded year with sources that came back, and a month closed before all was told."""

    store: Store
    monthly: Monthly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with sqlite_store(tmp_path_factory.mktemp("opens")) as store:
        fill(store, year(COUNT))
        with store.write() as session:
            for number, state in enumerate((SourceState.RETURNED, SourceState.QUIET) * 5):
                session.add(_stood(f"src_{number:05d}", state))
        for scope in (ALL_CLINICS, "c04"):
            ledger.close(store, ORG, scope, "2026-10", at=CLOSED, by="drew")
        yield World(store, Monthly(store, tenants()))


def _stood(source_id: str, state: SourceState) -> SourceStateRow:
    since = CLOSED - timedelta(days=60)
    return SourceStateRow(
        org=ORG, source_id=source_id, state=state, since=since, last_at=since, known_at=since
    )


def links(report: MonthlyReport) -> list[tuple[str, Link]]:
    """Every number that leads somewhere, with the table it stands in; of a few sources only."""
    few = report.model_copy(update={"sources": report.sources[:SHOWN]})
    told = (
        *(getattr(monthly_tables, name)(report) for name in TABLES),
        *(getattr(monthly_source_tables, name)(few) for name in ("sources", "source_months")),
        monthly_source_tables.movers(report),
        monthly_source_tables.silent(report),
        monthly_source_tables.returned(report),
    )
    found = [
        (table.name, link)
        for table in told
        for row in table.rows
        for cell in row.links
        for link in cell
    ]
    found += [("late", one) for one in monthly_tables.late(report)]
    found += [("protected", one) for one in monthly_tables.protected(report)]
    for one in report.figures:
        found += [("compared", link) for link in monthly_tables.compared(report, one)]
    return [(table, link) for table, link in found if link.to.startswith("/reports/")]


TABLES = (
    "clinics",
    "figures",
    "months",
    "funnel",
    "ageing",
    "channels",
    "outcomes",
    "heard",
    "campaigns",
    "oddities",
)
IN_WORDS = {"clinics", "figures", "months"}  # where the figure is said as such


def followed(link: Link) -> tuple[str, Which, Narrow]:
    """The part a link leads to, which of its lists, and how narrow."""
    path, _, query = link.to.partition("?")
    asked = dict(parse_qsl(query))
    narrow = Narrow(asked.get("source"), asked.get("clinic"), asked.get("of"))
    return path.rpartition("/")[2], Which(asked.get("which", Which.COUNTED)), narrow


def plain(text: str) -> int:
    return int(text.replace(",", ""))


def test_what_is_withheld_is_told_of_nobody(world: World) -> None:
    period, _ = world.monthly.period(ORG, ALL_CLINICS, "2026-10", NOW)
    outcome, share = (part(name).measure for name in ("outcome.knee.lefs.35", "missed"))
    assert shown(outcome, period, {Which.COUNTED: FEW - 1}) == ()
    assert len(shown(outcome, period, {Which.COUNTED: FEW})) == 2
    assert shown(share, period, {Which.COUNTED: 1})
    question = Question("c04", "2026-10", outcome)  # a few of one clinic
    told = Lines(world.store, world.monthly).page(ORG, question, now=NOW, most=COUNT)
    assert 0 < len(told.lines) < FEW
    assert {value for _, _, value in told.lines} == {None}


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("scope", "month"), CASES)
def test_every_number_opens_to_as_many_referrals_as_it_says(
    world: World, scope: str, month: str
) -> None:
    report = world.monthly.report(ORG, scope, month, now=NOW)
    period, _ = world.monthly.period(ORG, scope, month, NOW)
    tables = set()
    with world.store.read() as session:
        for table, link in links(report):
            tables.add(table)
            name, which, narrow = followed(link)
            measure = part(name).measure
            lists = sizes(session, period, measure, narrow)
            told = figure(session, period, measure, narrow)
            where = (table, link)
            if table in IN_WORDS or (table == "sources" and name in MEASURES and "(" in link.text):
                assert link.text == str(said(told, measure.unit)), where
                assert lists[Which.COUNTED] == (told.n if told.number is None else told.number)
                continue
            of = OF.search(link.text)
            if table == "outcomes" and of is None:
                assert "withheld" in link.text
            elif table == "outcomes" and of is not None:
                rows = behind(session, period, measure, Which.COUNTED, narrow, most=COUNT)
                reached = sum(bool(one.values[1]) for one in rows)
                measured = (lists[Which.COUNTED], lists[Which.ALL])
                changed = re.search("better|worse|change", link.text)
                assert (measured if changed else (reached, len(rows))) == (
                    plain(of[1]),
                    plain(of[2]),
                ), where
            elif measure.how is How.SUM:
                assert told.value == plain(of[1] if of else link.text), where
            elif NUMBER.match(link.text) or table in ("late", "protected"):
                (number, *_) = NUMBER.findall(link.text)
                assert lists[which] == plain(number), where
            else:  # a change, a state, a day: they lead to what they are told from
                assert lists[Which.ALL] > 0, where
    wanted = {"figures", "months", "funnel", "ageing", "channels", "sources", "heard", "campaigns"}
    assert tables >= wanted | {"source-months", "compared"}
    if scope == ALL_CLINICS:
        assert tables >= {"clinics", "outcomes", "silent", "protected"}
        assert ("late" in tables) is (month == "2026-10")


@pytest.mark.parametrize(("scope", "month"), CASES)
def test_the_api_pages_through_the_same_referrals(world: World, scope: str, month: str) -> None:
    lines = Lines(world.store, world.monthly)
    period, _ = world.monthly.period(ORG, scope, month, NOW)
    for name in (*PARTS, *BY_CODE):
        measure = part(name).measure
        with world.store.read() as session:
            here = {which: behind(session, period, measure, which, most=COUNT) for which in Which}
            told = figure(session, period, measure)
            assert {w: len(rows) for w, rows in here.items()} == sizes(session, period, measure)
        assert {one for w in Which if w is not Which.ALL for one in ids(here[w])} == ids(
            here[Which.ALL]
        )
        for which in Which:
            question = Question(scope, month, measure, which, WHOLE)
            page = lines.page(ORG, question, now=NOW, most=COUNT)
            assert {one for one, _, _ in page.lines} == ids(here[which]), (name, which)
            if which is not Which.COUNTED or measure.column is None:
                continue
            values = [value for _, _, value in page.lines if value is not None]
            assert len(values) == len(page.lines) == told.n, name
            made = {
                How.MEDIAN: statistics.median,
                How.MEAN: statistics.fmean,
                How.SUM: sum,
            }[measure.how]
            assert told.value == (pytest.approx(made(values)) if values else nothing(measure.how))


def nothing(how: How) -> float | None:
    return 0.0 if how is How.SUM else None


def ids(rows: object) -> set[str]:
    assert isinstance(rows, list)
    return {one.line.referral_id for one in rows}
