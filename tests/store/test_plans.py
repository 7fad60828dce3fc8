"""What people and workers ask all day is looked up by an index, however many years lie behind it.

SQLite says how it will read; the same indexes serve Postgres.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from models.roles import Role
from store import (
    audit,
    board,
    book,
    feeds,
    gifts,
    inbox,
    ledger,
    post,
    queue,
    retention,
    scorecards,
    settling,
    source_states,
    sources,
    tasks,
    today,
    touches,
    verdicts,
    waiting,
)
from store.board import Filters
from store.book import Wanted
from store.engine import Store
from store.report import late, lines, outcomes, scorecard, shape, silence
from store.report import sources as by_source
from store.report.asks import Month
from store.report.behind import WHOLE, Narrow, Which, behind, counted_in, figure, sizes
from store.report.parts import PARTS, part
from store.report.scope import Period
from store.report.series import series
from store.tables import SourceRow
from tests.databases import sqlite_store
from tests.store.world import CLINIC, DAY, ORG, START, TODAY, a_referral

GROWS = {  # for ever
    *("referrals", "ledger", "ledger_scores", "facts", "tasks", "audit", "documents", "inbox"),
    *("messages", "deliveries", "source_states", "source_verdicts", "touches", "gifts"),
    *("scorecard_letters", "replies"),
}
#: What says next to nothing of a row: alone they stand for all that ever was.
WIDE = {"org", "clinic_id", "duplicate_of", "gathered_in", "subject_type", "known_until"}
#: A report looks its lines up by these, or as those of what it has found already.
OF_TIME = {
    *("received_month", "evaluated_month", "discharged_month", "closed_month", "asked_month"),
    *("taken_on", "since", "week", "stage"),  # an open stage is short
}
FOUND = {"id", "rowid", "referral_id", "source_id"}
SCOPE = today.Scope(ORG, (CLINIC,), START, ((CLINIC, START, START + DAY),))
CLOSED = Period(ORG, (CLINIC, "west"), "2026-02", START, begins=START - 365 * DAY)
OPEN = CLOSED._replace(newest=True)
NARROW = (
    WHOLE,
    Narrow(source_id="src_1"),
    Narrow(source_id="src_1", of="year"),
    Narrow(clinic_id=CLINIC, of="2026-01"),
    Narrow(of="year"),
)
BY_CODE = ("lost.reached.cost", "heard.friend", "campaign.knee", "outcome.post_op.knee.lefs.35")
MONTHS = ("2025-04", "2026-03")
MONDAY = date(2026, 3, 2)
Asks = Callable[[Session], object]


def one(session: Session) -> SourceRow:
    """The only source there is."""
    return session.exec(select(SourceRow).order_by(col(SourceRow.id))).one()


def day_of(at: datetime) -> date:
    """A moment's day; no test looks at it."""
    return at.date()


def opened(name: str) -> Callable[[Session, Period], object]:
    """Every list behind a number of the report, its sizes, and a page of the read API."""
    measure = part(name).measure

    def asks(session: Session, period: Period) -> None:
        for narrow in NARROW:
            if measure.month is Month.ANY:
                narrow = narrow._replace(of=None)
            figure(session, period, measure, narrow)
            sizes(session, period, measure, narrow)
            for which in Which:
                behind(session, period, measure, which, narrow, skip=500)
            whose = counted_in(period, measure, Which.COUNTED, narrow)
            lines.page(session, whose, after="ref_1", most=9)

    return asks


def listed(**wanted: Any) -> Asks:
    return lambda s: book.listed(s, ORG, Wanted(**wanted), MONTHS, START)


DESK: dict[str, Asks] = {
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
BOOK: dict[str, Asks] = {
    "the list": listed(),
    "the list by its next touch": listed(sort="next"),
    "who is silent": listed(state="silent"),
    "who fades": listed(verdict="fading"),
    "practices": listed(kind="practice"),
    "somebody's own": listed(owner="lia"),
    "whose time has come": listed(due=True),
    "by a name or number": listed(search="518 555 0142"),
    "a source by month": lambda s: book.by_month(s, ORG, ["src_1", "src_2"], MONTHS[0]),
    "a source by stage": lambda s: book.by_stage(s, ORG, "src_1"),
    "what it was sent": lambda s: book.sent_to(s, ["src_1", "src_2"]),
    "how it stood": lambda s: source_states.of_source(s, ORG, "src_1"),
    "its touches": lambda s: touches.of_sources(s, ["src_1", "src_2"]),
    "its tasks": lambda s: tasks.open_tasks(s, ORG, source_id="src_1"),
    "its gifts": lambda s: gifts.on_page(s, one(s)),
    "the sum of its gifts": lambda s: [
        gifts.total(s, each, 2026) for each in gifts.recipients(s, one(s))
    ],
    "a year of gifts": lambda s: list(gifts.of_year(s, ORG, 2026)),
    "its verdicts": lambda s: verdicts.of_source(s, ORG, "src_1"),
    "the round": lambda s: source_states.slower_or_silent(s, ORG, ("lia", None)),
    "its letter": lambda s: scorecards.of_quarter(s, one(s), "2026-Q1"),
    "a letter that waits": lambda s: scorecards.waiting(s, one(s)),
    "its scorecard": lambda s: scorecard.of_sources(s, CLOSED, "A name", ["src_1", "src_2"], 10),
    "its clinic": lambda s: scorecard.busiest(s, CLOSED, ["src_1"]),
}
REPORT: dict[str, Callable[[Session, Period], object]] = {
    "figures": lambda s, p: series(s, p, p.compared),
    "figures by clinic": lambda s, p: series(s, p, [p.month], by_clinic=True),
    "sources": by_source.by_source,
    "funnel": shape.funnel,
    "open ones": shape.ageing,
    "channels": shape.channels,
    "heard": shape.heard,
    "campaigns": shape.campaigns,
    "oddities": shape.oddities,
    "outcomes": outcomes.outcomes,
    "late ones": late.late,
    "silent sources": lambda s, p: silence.silent(s, p, START, day_of),
    "who came back": lambda s, p: silence.returned(s, p, START - 30 * DAY, START, day_of),
    "verdicts": lambda s, p: silence.verdicts(s, p, TODAY - 30 * DAY, TODAY),
    "value": lambda s, p: silence.protected(s, p, 900.0),
    "clinics that ever were": lambda s, p: ledger.clinics(s, p.org),
    "all lines": lambda s, p: lines.page(s, lines.received(p), after="ref_1", most=500),
    **{f"behind {name}": opened(name) for name in (*PARTS, *BY_CODE)},
}
WORKERS: dict[str, Asks] = {
    "how a source sends": lambda s: sources.history(s, ORG, one(s).id),
    "how long its patients waited": lambda s: source_states.days_to_evaluation(
        s, ORG, "src_1", START
    ),
    "what worked": lambda s: source_states.worked(s, one(s), START - 90 * DAY, START),
    "who was asked last": lambda s: source_states.last_asked(s, one(s)),
    "who is asked": lambda s: source_states.asked_now(s, one(s)),
    "a week of verdicts": lambda s: list(verdicts.sent(s, ORG, MONDAY)),
    "letters to send": lambda s: scorecards.to_send(s, [ORG], START, 9),
    "letters to ask about": lambda s: scorecards.to_ask(s, [ORG], START, 9),
    "what the CRM lacks": post.unsent_crm,
    "receipts": lambda s: settling.due_receipts(s, START),
    "events left over": lambda s: inbox.pending(s, START),
    "tasks in hand": lambda s: tasks.held(s, ORG),
    "tasks that rise": lambda s: tasks.may_rise(s, ORG, START, [(Role.FRONT_DESK, CLINIC)]),
    "when a feed spoke": lambda s: feeds.last_heard(s, ORG, "events", now=START),
    "events to be emptied": lambda s: retention.empty_inbox(s, ORG, START),
    "letters to be emptied": lambda s: retention.empty_outbox(s, ORG, START),
}
REPORTS = {  # of a closed month, and of an open one
    f"{kind} {name}": lambda s, asks=asks, period=period: asks(s, period)
    for kind, period in (("closed:", CLOSED), ("open:", OPEN))
    for name, asks in REPORT.items()
}
ASKED = {**DESK, **BOOK, **REPORTS, **WORKERS}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One referral: without its source half of the questions would not be asked."""
    with sqlite_store(tmp_path_factory.mktemp("plans")) as opened:
        a_referral(opened)
        yield opened


def plan(store: Store, asks: Asks) -> list[str]:
    """How SQLite reads every table of the queries."""
    told: list[tuple[str, Any]] = []

    def note(_c: Any, _u: Any, statement: str, given: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            told.append((statement, given))

    with store.write() as session:
        event.listen(store.engine, "before_cursor_execute", note)
        asks(session)
        event.remove(store.engine, "before_cursor_execute", note)
        run = session.connection().exec_driver_sql
        return [
            str(row[3])
            for statement, given in told
            for row in run(f"EXPLAIN QUERY PLAN {statement}", given)
        ]


def reads(store: Store, asks: Asks) -> list[tuple[str, set[str]]]:
    """Each way in to a table that grows, and the columns it is looked up by."""
    found = []
    for before, step in pairwise(["", *plan(store, asks)]):
        table = re.sub(r"_\d+$", "", [*step.split(), "", ""][1])  # an alias ends in its number
        at_its_end = before.startswith("SCALAR SUBQUERY") and "COVERING INDEX" in step
        if table in GROWS and not at_its_end:  # min() and max() read one row
            found.append((step, set(re.findall(r"(\w+)[=<>]", step.rpartition("(")[2]))))
    return found


@pytest.mark.parametrize("name", ASKED)
def test_nothing_that_grows_for_ever_is_read_whole(store: Store, name: str) -> None:
    found = reads(store, ASKED[name])
    assert found or name.endswith("clinics that ever were")
    for step, by in found:
        assert step.startswith("SEARCH"), step
        assert by - WIDE, f"{step}: all that ever was"
        if name in REPORTS and not by & FOUND:
            assert "org" in by, f"{step}: of other organizations"
            assert by & OF_TIME, f"{step}: of other months"


def test_a_week_of_verdicts_reads_the_weeks_it_compares(store: Store) -> None:
    steps = plan(store, WORKERS["a week of verdicts"])
    (read,) = [step for step in steps if " ledger " in step]
    assert read.endswith("(org=? AND source_id=? AND received_on>? AND received_on<?)")


def test_the_first_month_is_the_first_row_of_its_index(store: Store) -> None:
    for known in (None, START):
        steps = plan(store, partial(ledger.first_month, org=ORG, at=known))
        assert steps == ["SEARCH ledger USING INDEX ix_ledger_org_received_month_clinic_id (org=?)"]


def test_what_was_done_long_ago_is_not_read_for_the_pace_of_today(store: Store) -> None:
    assert any("done_at>?" in step for step in plan(store, ASKED["handoffs"]))
