"""Every figure of a seeded year equals an independent computation over the same truth."""

from __future__ import annotations

import os
import sqlite3
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from models.monthly import FEW
from models.scorecard import FIGURES
from store import ledger
from store.engine import Store
from store.report import late, lines, outcomes, scorecard, shape, sources
from store.report.asks import How
from store.report.behind import Behind, Which, behind, sizes
from store.report.measures import MEASURES
from store.report.parts import PARTS
from store.report.scope import Period
from store.report.series import amount, nothing, series
from tests.databases import sqlite_store
from tests.truth.asked import ASKED, Plain
from tests.truth.year import CLINICS, ORG, fill, plain, year

COUNT = int(os.environ.get("REFERRAL_LOOP_TRUTH", "20000"))
CLOSED = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)
CASES = [
    pytest.param(CLINICS, "2026-11", id="all-november"),
    pytest.param(("c04",), "2026-11", id="one-november"),
    pytest.param(("c04", "c05", "c06"), "2026-03", id="three-zones-march"),
    pytest.param(("c04",), "2027-05", id="a-month-of-nothing"),
]


class World(NamedTuple):
    """The same year twice."""

    store: Store
    plain: sqlite3.Connection


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Both tables filled once."""
    folder: Path = tmp_path_factory.mktemp("truth")
    with sqlite_store(folder) as store:
        fill(store, year(COUNT))
        database = plain(folder / "plain.db", year(COUNT))
        yield World(store, database)
        database.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("clinics", "month"), CASES)
def test_every_figure_is_what_the_plain_table_says(
    world: World, clinics: tuple[str, ...], month: str
) -> None:
    told = Plain(world.plain, clinics, CLOSED)
    period = Period(ORG, clinics, month, CLOSED)
    months = (period.compared[0], period.compared[-2], month)
    with world.store.read() as session:
        found = series(session, period, period.compared)
    assert set(found) == set(ASKED) == set(MEASURES)
    for name, measure in MEASURES.items():
        for one in months:
            got = found[name].get(one, nothing(measure))
            want = told.figure(name, one)
            assert got.value == pytest.approx(want.value), (name, one)
            assert (got.n, got.open) == (want.n, want.open), (name, one)


def test_one_figure_alone_is_the_same(world: World) -> None:
    period = Period(ORG, ("c04",), "2026-11", CLOSED)
    with world.store.read() as session:
        together = series(session, period, [period.month])
        for name, measure in MEASURES.items():
            assert amount(session, period, measure) == together[name][period.month]


def test_behind_each_figure_stand_as_many_referrals(world: World) -> None:
    period = Period(ORG, ("c04",), "2026-11", CLOSED)
    with world.store.read() as session:
        for measure in MEASURES.values():
            told = amount(session, period, measure)
            counted, others, still, every = (
                len(behind(session, period, measure, which, most=COUNT)) for which in Which
            )
            assert counted + others + still == every, measure.name
            if measure.how in (How.COUNT, How.MEDIAN, How.MEAN):
                assert (counted, still) == (told.n, 0), measure.name
            else:
                assert (counted, still) == (told.number, told.open), measure.name
                assert every == told.n, measure.name


def test_a_page_of_referrals_goes_on_where_the_last_one_ended(world: World) -> None:
    period = Period(ORG, ("c04",), "2026-11", CLOSED)
    measure = MEASURES["received"]
    with world.store.read() as session:
        whole = behind(session, period, measure, most=COUNT)
        paged: list[Behind] = []
        while page := behind(session, period, measure, most=37, skip=len(paged)):
            paged += page
    assert paged == whole


@pytest.mark.parametrize(("clinics", "month"), CASES)
def test_sources_add_up_to_the_month(world: World, clinics: tuple[str, ...], month: str) -> None:
    told = Plain(world.plain, clinics, CLOSED)
    with world.store.read() as session:
        found = sources.by_source(session, Period(ORG, clinics, month, CLOSED))
    wanted = dict(
        told.rows(
            f"SELECT source, count(*) FROM r WHERE substr(came_day, 1, 7) = '{month}'"
            " GROUP BY source"
        )
    )
    assert {one.source_id: one.received for one in found if one.received} == wanted
    assert sum(one.twelve[-1] or 0 for one in found) == sum(wanted.values())
    for one in found[:5]:
        days = [
            row[0]
            for row in told.rows(
                f"SELECT days FROM r WHERE source = '{one.source_id}' AND ev AND days >= 0"
                f" AND substr(evaluated_day, 1, 7) = '{month}'"
            )
        ]
        assert one.days.value == pytest.approx(statistics.median(days) if days else None)
        assert one.days.n == len(days)
        ((number, n),) = told.rows(
            "SELECT coalesce(sum(ev), 0), count(*) FROM r WHERE "
            "(coalesce(reason, '') NOT IN ('withdrawn', 'declined_by_clinic') OR ev)"
            f" AND source = '{one.source_id}' AND substr(came_day, 1, 7) = '{month}'"
        )
        assert (one.evaluated.number or 0, one.evaluated.n) == (number, n)


@pytest.mark.parametrize(("clinics", "month"), CASES)
def test_the_funnel_loses_nobody(world: World, clinics: tuple[str, ...], month: str) -> None:
    told = Plain(world.plain, clinics, CLOSED)
    with world.store.read() as session:
        steps = shape.funnel(session, Period(ORG, clinics, month, CLOSED))
    far = (
        "CASE WHEN visits >= 2 THEN 5 WHEN ev THEN 4 WHEN booked IS NOT NULL THEN 3"
        " WHEN reached IS NOT NULL THEN 2 WHEN tried IS NOT NULL THEN 1 ELSE 0 END"
    )
    wanted = dict(
        told.rows(
            f"SELECT {far}, count(*) FROM r WHERE substr(came_day, 1, 7) = '{month}' GROUP BY 1"
        )
    )
    came = [sum(n for step, n in wanted.items() if step >= place) for place in range(6)]
    assert [one.number for one in steps] == came
    for one, following in pairwise(steps):
        lost = sum(reason.number for reason in one.lost)
        assert one.number == following.number + lost + one.waiting


@pytest.mark.parametrize(("clinics", "month"), CASES)
def test_behind_each_step_and_age_stand_as_many_referrals(
    world: World, clinics: tuple[str, ...], month: str
) -> None:
    period = Period(ORG, clinics, month, CLOSED)
    with world.store.read() as session:
        lists = {
            name: list(sizes(session, period, part.measure).values())
            for name, part in PARTS.items()
            if name.startswith(("step_", "open_"))
        }
        steps, ages = shape.funnel(session, period), shape.ageing(session, period)
    for place, step in enumerate(steps):
        went_on, lost, under_way, came = lists.pop(f"step_{step.name}")
        further = steps[place + 1].number if place + 1 < len(steps) else step.number
        assert (went_on, under_way, came) == (further, step.waiting, step.number)
        assert lost == sum(reason.number for reason in step.lost)
    for place, age in enumerate(ages):
        assert lists.pop(f"open_{place}") == [
            age.waiting,
            age.in_care,
            0,
            age.waiting + age.in_care,
        ]
    assert not lists


def test_ages_and_channels(world: World) -> None:
    told = Plain(world.plain, CLINICS, CLOSED)
    period = Period(ORG, CLINICS, "2026-11", CLOSED)
    with world.store.read() as session:
        ages = shape.ageing(session, period)
        texts, *_ = shape.channels(session, period)
        named = shape.heard(session, period)
    ((waiting,),) = told.rows("SELECT count(*) FROM r WHERE NOT over AND NOT ev AND came <= :t")
    assert sum(one.waiting for one in ages) == waiting
    ((old,),) = told.rows(
        "SELECT count(*) FROM r WHERE NOT over AND NOT ev AND came <= :t - 31 * 86400"
    )
    assert ages[-1].waiting == old
    ((sent, arrived, replied),) = told.rows(
        "SELECT sum(texts), sum(texts_in), sum(replied) FROM r"
        " WHERE substr(came_day, 1, 7) = '2026-11'"
    )
    assert (texts.sent, texts.delivered, texts.answered) == (sent, arrived, replied)
    said = told.rows(
        "SELECT heard, count(*) FROM r WHERE substr(came_day, 1, 7) = '2026-11'"
        " AND heard IS NOT NULL GROUP BY heard"
    )
    assert {one.name: one.number for one in named} == dict(said)


def test_outcomes_are_medians_of_each_patients_own_change(world: World) -> None:
    told = Plain(world.plain, CLINICS, CLOSED)
    with world.store.read() as session:
        found = outcomes.outcomes(session, Period(ORG, CLINICS, "2026-11", CLOSED))
    by_group = {(one.group, one.days): one for one in found}
    for region, sign in (("shoulder", -1), ("knee", 1)):
        for post_op, group in ((0, region), (1, f"post_op {region}")):
            those = (
                f"FROM r WHERE region = '{region}' AND post_op = {post_op}"
                " AND date(baseline_day, '+49 days') BETWEEN '2025-12-01' AND '2026-11-30'"
            )
            rows = told.rows(
                f"SELECT round(100 * {sign} * (later - baseline) / baseline, 2) {those}"
                " AND later IS NOT NULL"
                " AND julianday(later_day) - julianday(baseline_day) BETWEEN 35 AND 49"
            )
            one = by_group[group, (35, 49)]
            assert (one.n, one.eligible) == (len(rows), told.rows(f"SELECT count(*) {those}")[0][0])
            assert one.n >= FEW
            assert one.median_percent == pytest.approx(statistics.median(row[0] for row in rows))
            assert one.n < one.eligible


@pytest.mark.parametrize("number", [1, 3])
def test_a_scorecard_is_what_the_plain_table_says_of_these_sources(
    world: World, number: int
) -> None:
    told = Plain(world.plain, CLINICS, CLOSED)
    some = [
        row[0] for row in told.rows("SELECT source FROM r GROUP BY source ORDER BY count(*) DESC")
    ][:number]
    theirs = ", ".join(f"'{one}'" for one in some)
    period = Period(ORG, CLINICS, "2026-11", CLOSED)
    with world.store.read() as session:
        card = scorecard.of_sources(session, period, "An office", [str(one) for one in some], FEW)
    assert [one.name for one in card.figures] == list(FIGURES)
    for one in (*card.figures, None):
        ask = ASKED[one.name if one is not None else "received"]
        where = (
            f"WHERE substr({ask.month}, 1, 7) BETWEEN '2025-12' AND '2026-11' AND {ask.of}"
            f" AND source IN ({theirs})"
        )
        if one is None:
            ((n,),) = told.rows(f"SELECT count(*) FROM r {where}")
            assert card.received == n > 0
        elif ask.value is not None:
            values = [row[0] for row in told.rows(f"SELECT {ask.value} FROM r {where}")]
            values = [value for value in values if value is not None]
            assert one.amount.n == len(values), one.name
            assert one.amount.value == pytest.approx(statistics.median(values)), one.name
        else:
            ((n, number_of),) = told.rows(
                f"SELECT count(*), coalesce(sum(coalesce({ask.yes}, 0)), 0) FROM r {where}"
            )
            assert (one.amount.n, one.amount.number) == (n, number_of), one.name


def test_pages_of_lines_hold_every_line_of_the_month_once(world: World) -> None:
    period = Period(ORG, ("c04",), "2026-11", CLOSED)
    found: list[str] = []
    with world.store.read() as session:
        which = lines.received(period)
        after = None
        while page := lines.page(session, which, after=after, most=41):
            found += [one.referral_id for one, *_ in page]
            after = found[-1]
    assert len(found) == len(set(found))
    wanted = world.plain.execute(
        "SELECT count(*) FROM truth WHERE known <= ? AND clinic = 'c04'"
        " AND substr(came_day, 1, 7) = '2026-11'",
        (CLOSED.timestamp(),),
    ).fetchone()
    assert len(found) == wanted[0]


def test_a_closed_month_does_not_move_and_what_came_late_is_counted_apart(world: World) -> None:
    period = Period(ORG, CLINICS, "2026-10", datetime(2026, 11, 3, 12, 0, tzinfo=UTC))
    told = Plain(world.plain, CLINICS, CLOSED + timedelta(days=400))
    with world.store.read() as session:
        found = late.late(session, period)
        assert late.late(session, period._replace(at=CLOSED + timedelta(days=400))).arrived == 0
        assert ledger.closed_at(session, ORG, "*", "2026-10") is None
    t = period.at.timestamp()
    ((arrived,),) = told.rows(
        f"SELECT count(*) FROM r WHERE substr(came_day, 1, 7) = '2026-10' AND known > {t}"
    )
    told_late = f"""
        known <= {t} AND evaluated_known > {t} AND (evaluated_day LIKE '2026-10-%'
            OR came_day LIKE '2026-10-%' AND evaluated <= {t})
        OR known > {t} AND came_day NOT LIKE '2026-10-%'
            AND (evaluated_day LIKE '2026-10-%' OR discharged_day LIKE '2026-10-%')
    """
    ((changed,),) = told.rows(f"SELECT count(*) FROM r WHERE {told_late}")
    assert (found.arrived, found.changed) == (arrived, changed)
    assert arrived > 0
    assert changed > 0
