"""Scorecards and their letters on both databases: counted alike, one letter a quarter in a race."""

from __future__ import annotations

import threading

import pytest
from sqlmodel import Session, select

from models.errors import Refused
from store import ledger, report_keys, scorecards, settling
from store.engine import Store
from store.report import scorecard
from store.report.scope import Period
from store.scorecards import Way
from store.tables import (
    DeliveryState,
    LedgerRow,
    ProviderRow,
    ReferralRow,
    ScorecardLetterRow,
    SourceRow,
)
from tests.store.world import CLINIC, DAY, ORG, START, a_referral

MONTH = "2026-03"
CLOSING = START + 31 * DAY


def a_source(store: Store) -> tuple[str, str]:
    """A referral, evaluated after five days with a plan on its way; its source's id."""
    _, referral = a_referral(store)
    with store.write() as session:
        (line,) = session.exec(select(LedgerRow).where(LedgerRow.referral_id == referral))
        line.evaluated_at, line.evaluated_month = START + 5 * DAY, MONTH
        line.evaluation_days, line.plan_minutes = 5, 90
        line.plan_sent_at = START + 6 * DAY
        session.add(line)
        return referral, session.get_one(ReferralRow, referral).source_id


def way(number: int = 0) -> Way:
    return Way("fax", f"+1518555010{number}")


def ask(session: Session, source: SourceRow, to: Way) -> ScorecardLetterRow:
    return scorecards.ask(session, source, to, when="2026-Q2", content={}, by="lee", at=CLOSING)


def test_shares_and_medians_over_twelve_months(store: Store) -> None:
    _, source = a_source(store)
    ledger.close(store, ORG, "*", MONTH, at=CLOSING, by="schedule")
    period = Period(ORG, (CLINIC,), MONTH, CLOSING)
    with store.read() as session:
        card = scorecard.of_sources(session, period, "x", [source], 10)
        none = scorecard.of_sources(session, period, "x", ["src_none"], 10)
        closed = scorecard.last_closed(session, ORG, [CLINIC, "west"])
        assert closed is not None
        assert (closed.month, closed.closed_at) == (MONTH, CLOSING)
        assert scorecard.busiest(session, period, [source]) == CLINIC
        assert scorecard.busiest(session, period, ["src_none"]) is None
    told = {one.name: (one.amount.value, one.amount.n) for one in card.figures}
    assert card.received == 1
    assert told["converted"] == (100.0, 1)
    assert told["evaluation_days"] == (5.0, 1)
    assert told["plan_hours"] == (1.5, 1)
    assert (none.received, {one.amount.value for one in none.figures}) == (0, {None})


def test_an_office_is_its_providers_and_what_was_merged_into_them(store: Store) -> None:
    _, source = a_source(store)
    with store.write() as session:
        row = session.get_one(SourceRow, source)
        assert row.practice_id is not None
        colleague = ProviderRow(
            id="prv_2",
            org=ORG,
            name="B",
            name_key="b",
            practice_id=row.practice_id,
            created_at=START,
        )
        session.add(colleague)
        session.flush()
        base = {"org": ORG, "kind": "provider", "name": "B", "created_at": START}
        session.add(SourceRow(id="src_2", identity="2", provider_id="prv_2", **base))
        session.flush()
        session.add(SourceRow(id="src_3", identity="3", merged_into="src_2", **base))
        session.add(SourceRow(id="src_4", identity="4", **base))
    with store.read() as session:
        row = session.get_one(SourceRow, source)
        assert set(scorecard.office(session, row)) == {source, "src_2", "src_3"}
        assert scorecard.itself(session, row) == (source,)
        alone = session.get_one(SourceRow, "src_4")
        assert scorecard.office(session, alone) == ("src_4",)


def test_of_two_who_ask_at_once_one_has_the_letter(store: Store) -> None:
    _, source = a_source(store)
    gate, refused = threading.Barrier(2), []

    def run(number: int) -> None:
        gate.wait(10)
        with store.write() as session:
            row = session.get_one(SourceRow, source)
            try:
                ask(session, row, way(number))
            except Refused as error:
                refused.append(error.code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with store.read() as session:
        assert len(session.exec(select(ScorecardLetterRow)).all()) == 1
    assert refused == ["one_a_quarter"]


def test_a_declined_letter_makes_room_and_the_quarter_stays_one(store: Store) -> None:
    _, source = a_source(store)
    with store.write() as session:
        row = session.get_one(SourceRow, source)
        first = ask(session, row, way())
        scorecards.decline(session, first, by="drew", at=CLOSING)
        again = ask(session, row, way(1))
        assert (again.id, again.state, again.decided_by) == (first.id, "waiting", None)
        assert scorecards.waiting(session, row) == again


def test_a_letter_goes_to_the_number_of_a_declined_one_of_somebody_else(store: Store) -> None:
    _, source = a_source(store)
    base = {"org": ORG, "kind": "provider", "name": "B", "created_at": START}
    with store.write() as session:
        session.add(SourceRow(id="src_2", identity="2", **base))
        session.flush()
        theirs = ask(session, session.get_one(SourceRow, source), way(1))
        scorecards.decline(session, theirs, by="dana", at=CLOSING)
        own = ask(session, session.get_one(SourceRow, "src_2"), way(2))
        sent = scorecards.approve(session, own, content={}, by="dana", at=CLOSING)
        settling.settle(session, sent.id, DeliveryState.FAILED, at=CLOSING, code="busy")
    with store.write() as session:  # the number was wrong, the right one is that of the other
        other = session.get_one(SourceRow, "src_2")
        asked = ask(session, other, way(1))
        assert (asked.address, asked.source_id) == (way(1).address, "src_2")
        assert scorecards.waiting(session, other) == asked
        assert scorecards.waiting(session, session.get_one(SourceRow, source)) is None
    with store.write() as session:  # and after all the first one arrived
        settling.settle(session, sent.id, DeliveryState.DELIVERED, at=CLOSING)
        row = session.get_one(ScorecardLetterRow, asked.id)
        with pytest.raises(Refused, match="at most one"):
            scorecards.approve(session, row, content={}, by="dana", at=CLOSING)


def test_a_key_is_made_once_by_whoever_asks_first(store: Store) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(report_keys.key_of(store, ORG)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 3
    assert len(set(found)) == 1
    assert len(found[0]) == report_keys.BYTES
    assert report_keys.key_of(store, "harbor") != found[0]
