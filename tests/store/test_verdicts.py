"""What each source sent, week by week, out of the ledger; and verdicts that stay as written."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import select

from models.ledger import Counted
from models.verdicts import BEFORE, RECENT, Counts, bursts, judge
from store import verdicts
from store.engine import Store
from store.tables import LedgerRow, SourceRow, SourceVerdictRow
from tests.store.world import DAY, ORG, START, a_referral

WEEK = date(2026, 3, 2)  # a Monday
FAR = WEEK - timedelta(weeks=RECENT + BEFORE)
Line = tuple[str, date]


def seed(store: Store, lines: list[Line], **changes: Any) -> None:
    """Ledger lines of these sources and days; the referral behind them all is one and the same."""
    with store.write() as session:
        model = session.exec(select(LedgerRow)).first()
        assert model is not None
        known = set(session.exec(select(SourceRow.id)))
        for source_id in sorted({source for source, _ in lines} - known):
            session.add(
                SourceRow(
                    id=source_id,
                    org=ORG,
                    identity=source_id,
                    kind="provider",
                    name=source_id,
                    created_at=START,
                )
            )
        session.flush()
        like = model.model_dump(exclude={"id"})
        rows = [like | {"source_id": who, "received_on": on} | changes for who, on in lines]
        session.connection().execute(insert(LedgerRow), rows)


@pytest.fixture
def books(store: Store) -> Store:
    """A store whose only own line lies far back, of a source of its own."""
    a_referral(store, at=START - 3000 * DAY)
    return store


def sent(store: Store, week: date = WEEK) -> dict[str, Counts]:
    with store.read() as session:
        return {one.source_id: one.counts for one in verdicts.sent(session, ORG, week)}


def test_every_source_is_counted_as_a_person_would(books: Store) -> None:
    draw = random.Random(4)
    lines = [
        (f"src_{who}", WEEK - timedelta(days=draw.randrange(1, 700)))
        for who in range(6)
        for _ in range(draw.choice([3, 40, 120]))
    ]
    seed(books, lines)
    found = sent(books)
    assert sorted(found) == [f"src_{who}" for who in range(6)]
    recent = WEEK - timedelta(weeks=RECENT)
    for who, counts in found.items():
        days = sorted(day for source, day in lines if source == who)
        weeks = min(max((recent - days[0]).days // 7, 0), BEFORE)
        begin = recent - timedelta(weeks=weeks)
        weekly = Counter((day - begin).days // 7 for day in days if begin <= day < recent)
        if days[0] >= begin:
            weekly[(days[0] - begin).days // 7] -= 1  # it begins the watch
        told = [weekly[week] for week in range(weeks)]
        lately = sum(recent <= day < WEEK for day in days)
        assert counts == Counts(lately, sum(told), weeks, bursts(told))


def test_only_referrals_of_those_who_can_fall_silent_count(books: Store) -> None:
    yesterday = WEEK - timedelta(days=1)
    seed(books, [("src_a", yesterday), ("src_a", WEEK), ("src_old", FAR - timedelta(days=1))])
    for wrong in (
        {"counted": Counted.DUPLICATE},
        {"counted": Counted.CO_SOURCE},
        {"known_until": START},
        {"source_kind": "past_patient"},
        {"source_kind": "self"},
        {"org": "elsewhere"},
    ):
        seed(books, [("src_a", yesterday), ("src_b", yesterday)], **wrong)
    assert sent(books) == {"src_a": Counts(1, 0, 0)}


def test_a_source_is_watched_from_its_first_referral_on(books: Store) -> None:
    recent = WEEK - timedelta(weeks=RECENT)
    first = recent - timedelta(weeks=20, days=2)
    seed(books, [("src_new", first), ("src_new", recent - timedelta(days=1)), ("src_new", recent)])
    seed(books, [("src_known", FAR - timedelta(days=400)), ("src_known", recent)])
    found = sent(books)
    assert found["src_new"][:3] == (1, 1, 20)
    assert found["src_known"][:3] == (1, 0, BEFORE)


def test_a_verdict_is_written_once(books: Store) -> None:
    seed(books, [("src_a", WEEK - timedelta(days=9 * n)) for n in range(1, 60)])
    for expected in (1, 0):
        with books.read() as session:
            told = [(one, judge(one.counts)) for one in verdicts.sent(session, ORG, WEEK)]
        with books.write() as session:
            assert verdicts.keep(session, ORG, WEEK, told, START) == expected
    seed(books, [("src_a", WEEK - timedelta(days=1))] * 90)  # told late
    with books.read() as session:
        told = [(one, judge(one.counts)) for one in verdicts.sent(session, ORG, WEEK)]
    with books.write() as session:
        assert verdicts.keep(session, ORG, WEEK, told, START) == 0
        next_week = WEEK + timedelta(days=7)
        assert verdicts.keep(session, ORG, next_week, told, START + 7 * DAY) == 1
    with books.read() as session:
        newest, before = verdicts.of_source(session, ORG, "src_a")
    assert (before.verdict, before.weeks) == ("holding", BEFORE)
    assert (newest.week, newest.verdict) == (next_week, "growing")
    assert before.low is not None
    assert before.high is not None
    assert before.low < 1 < before.high


def test_a_change_without_an_end_is_stored_as_none(books: Store) -> None:
    lines = [("src_a", FAR - DAY), *[("src_a", WEEK - timedelta(days=n)) for n in range(1, 12)]]
    seed(books, lines)
    with books.read() as session:
        told = [(one, judge(one.counts)) for one in verdicts.sent(session, ORG, WEEK)]
    with books.write() as session:
        verdicts.keep(session, ORG, WEEK, told, START)
    with books.read() as session:
        (row,) = session.exec(select(SourceVerdictRow))
    assert (row.verdict, row.high, row.before) == ("growing", None, 0)
