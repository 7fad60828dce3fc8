"""What desks ask all day is looked up by an index, however many years lie behind it.

SQLite says how it will read; the same indexes serve Postgres.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from models.roles import Role
from store import audit, board, queue, today, waiting
from store.board import Filters
from store.engine import Store
from tests.databases import sqlite_store
from tests.store.world import CLINIC, DAY, ORG, START

GROWS = {"referrals", "ledger", "facts", "tasks", "audit", "documents"}  # for ever
EVERYTHING = ("(org=?)", "(org=? AND clinic_id=?)")
SCOPE = today.Scope(ORG, (CLINIC,), START, ((CLINIC, START, START + DAY),))
ASKED: dict[str, Callable[[Session], object]] = {
    "board": lambda s: board.read(s, ORG, Role.FRONT_DESK, "dana", Filters((CLINIC,)), START),
    "sources": lambda s: board.sources(s, ORG, (CLINIC,)),
    "waiting": lambda s: waiting.waiting(s, ORG, (CLINIC,)),
    "queue": lambda s: queue.open_items(s, ORG, (CLINIC,), role=Role.FRONT_DESK, who="dana"),
    "handoffs": lambda s: queue.handoffs(s, ORG, (CLINIC,), START),
    "figures": lambda s: today.figures(s, SCOPE),
    "ages": lambda s: today.open_by_age(s, SCOPE),
    "audit of one person": lambda s: audit.latest(
        s, ORG, who="dana", subject=None, clinics=["east"], elsewhere=["wes"], limit=9
    ),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with sqlite_store(tmp_path) as opened:
        yield opened


def plan(store: Store, asks: Callable[[Session], object]) -> list[str]:
    """How SQLite reads every table of the queries."""
    told: list[tuple[str, Any]] = []

    def note(_c: Any, _u: Any, statement: str, given: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            told.append((statement, given))

    event.listen(store.engine, "before_cursor_execute", note)
    with store.read() as session:
        asks(session)
    event.remove(store.engine, "before_cursor_execute", note)
    with store.read() as session:
        run = session.connection().exec_driver_sql
        return [
            str(row[3])
            for statement, given in told
            for row in run(f"EXPLAIN QUERY PLAN {statement}", given)
        ]


@pytest.mark.parametrize("name", ASKED)
def test_nothing_that_grows_for_ever_is_read_whole(store: Store, name: str) -> None:
    steps = [step for step in plan(store, ASKED[name]) if GROWS & set(step.split()[1:2])]
    assert steps
    for step in steps:
        assert step.startswith("SEARCH"), step
        assert not step.endswith(EVERYTHING), f"{step}: all that ever was"


def test_what_was_done_long_ago_is_not_read_for_the_pace_of_today(store: Store) -> None:
    assert any("done_at>?" in step for step in plan(store, ASKED["handoffs"]))
