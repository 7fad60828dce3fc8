"""A closed month stays as it was closed, whatever is told after it."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, func, select

from models.base import Model
from models.facts import EvaluationCompleted, OutcomeRecorded, VisitCompleted
from models.ledger import Line, ScoreLine
from models.linking import Link
from store import ledger
from store.columns import Table
from store.engine import Store
from store.tables import LedgerRow, LedgerScoreRow, ReferralRow, SourceRow
from store.tables_ledger import LedgerBookRow
from tests.databases import postgres_store, until_somebody_waits
from tests.lives import rules
from tests.store.world import CLINIC, DAY, HOUR, ORG, START, a_referral, people

MONTH = "2026-03"
CLOSING = START + 31 * DAY


def evaluated(at: datetime) -> EvaluationCompleted:
    return EvaluationCompleted(at=at, day=at.date())


def lines(store: Store, referral_id: str) -> list[LedgerRow]:
    with store.read() as session:
        return list(ledger.lines_of(session, referral_id))


def counted(session: Session, at: datetime | None) -> int:
    query = (
        select(func.count())
        .select_from(LedgerRow)
        .where(ledger.known_at(at), col(LedgerRow.evaluated_at).is_not(None))
    )
    return session.exec(query).one()


@pytest.mark.parametrize(("row", "model"), [(LedgerRow, Line), (LedgerScoreRow, ScoreLine)])
def test_a_row_has_the_columns_of_its_line(row: type[Table], model: type[Model]) -> None:
    kept = {"id", "org", "referral_id", "known_from", "known_until"}
    assert set(row.model_fields) == kept | set(model.model_fields)
    table = row.metadata.tables[str(row.__tablename__)]
    for name, field in model.model_fields.items():
        optional = type(None) in get_args(field.annotation)
        assert table.columns[name].nullable is optional, name


def test_before_a_closing_a_line_is_changed_in_place(store: Store) -> None:
    record, referral = a_referral(store)
    record.write(ORG, referral, evaluated(START + DAY), recorded_at=START + DAY)
    (only,) = lines(store, referral)
    assert (only.evaluated_month, only.visits, only.known_from) == (MONTH, 1, START)


def test_what_is_told_after_a_closing_leaves_it_as_it_was(store: Store) -> None:
    record, referral = a_referral(store)
    closed = ledger.close(store, ORG, "*", MONTH, at=CLOSING, by="schedule")
    record.write(ORG, referral, evaluated(START + DAY), recorded_at=CLOSING + HOUR)
    record.write(
        ORG,
        referral,
        VisitCompleted(at=START + 3 * DAY, visit_id="v1", day=(START + 3 * DAY).date()),
        recorded_at=CLOSING + 2 * HOUR,
    )
    old, new = lines(store, referral)
    assert (old.evaluated_at, new.visits) == (None, 2)
    with store.read() as session:
        assert counted(session, closed) == 0
        assert counted(session, CLOSING + HOUR) == 1
        assert counted(session, None) == 1


def test_a_slow_clock_does_not_write_into_a_closed_month(store: Store) -> None:
    record, referral = a_referral(store)
    closed = ledger.close(store, ORG, "*", MONTH, at=CLOSING, by="schedule")
    record.write(ORG, referral, evaluated(START + DAY), recorded_at=CLOSING - HOUR)
    _, late = a_referral(store, patient={"given_name": "Bo"}, at=START + HOUR)
    with store.read() as session:
        assert counted(session, closed) == 0
        assert counted(session, None) == 1
        seen = select(LedgerRow.referral_id).where(ledger.known_at(closed))
        assert set(session.exec(seen)) == {referral}
    assert lines(store, late)[0].known_from > closed


def test_a_month_is_closed_once(store: Store) -> None:
    first = ledger.close(store, ORG, "*", MONTH, at=CLOSING, by="schedule")
    assert ledger.close(store, ORG, "*", MONTH, at=CLOSING + DAY, by="drew") == first
    with store.read() as session:
        assert ledger.closed_at(session, ORG, "*", MONTH) == first
        assert ledger.closed_at(session, ORG, CLINIC, MONTH) is None


def test_facts_told_again_change_no_line(store: Store) -> None:
    record, referral = a_referral(store)
    ledger.close(store, ORG, "*", MONTH, at=CLOSING, by="schedule")
    record.write(ORG, referral, recorded_at=CLOSING + HOUR)
    assert len(lines(store, referral)) == 1


def test_a_linked_request_has_a_line_of_its_own(store: Store) -> None:
    record, referral = a_referral(store)
    with store.write() as session:
        others = people(session, source={"npi": "1558598797", "name": "Dr. Bo Sample"})
        row = record.create(
            session,
            org=ORG,
            clinic_id=CLINIC,
            patient_id=others.patient.id,
            source_id=others.source.id,
            received_at=START + DAY,
            rules=rules(),
            recorded_at=START + DAY,
            duplicate_of=referral,
            linked_as=Link.CO_SOURCE,
        )
    (line,) = lines(store, row.id)
    assert (line.counted, line.source_id) == ("co_source", row.source_id)


def test_readings_follow_and_a_corrected_one_stays_in_its_closed_month(store: Store) -> None:
    record, referral = a_referral(store)
    day = START.date()

    def reading(after: int, value: float, told: int = 0) -> OutcomeRecorded:
        at = START + after * DAY
        return OutcomeRecorded(
            at=at, as_of=at + told * HOUR, measure="lefs", score=value, day=day + timedelta(after)
        )

    record.write(ORG, referral, reading(0, 30), reading(21, 45), recorded_at=START + 22 * DAY)
    closed = ledger.close(store, ORG, "*", MONTH, at=CLOSING, by="schedule")
    record.write(ORG, referral, reading(21, 40, told=1), recorded_at=CLOSING + DAY)
    with store.read() as session:

        def improved(at: datetime | None) -> list[float]:
            known = ledger.known_at(at, LedgerScoreRow)
            query = select(LedgerScoreRow.improved).where(known, LedgerScoreRow.day > 0)
            return list(session.exec(query))

        assert improved(closed) == [15]
        assert improved(None) == [10]


def test_a_merged_source_takes_the_lines_with_it_but_not_the_closed_months(store: Store) -> None:
    record, referral = a_referral(store)
    _, other = a_referral(
        store, patient={"given_name": "Bo"}, source={"npi": "1558598797", "name": "Dr. Bo Sample"}
    )
    closed = ledger.close(store, ORG, "*", MONTH, at=CLOSING, by="schedule")
    _, fresh = a_referral(store, patient={"given_name": "Cy"}, at=CLOSING + HOUR)
    with store.write() as session:
        gone = session.get_one(ReferralRow, referral).source_id
        into = session.get_one(SourceRow, session.get_one(ReferralRow, other).source_id)
        row = session.get_one(SourceRow, gone)
        row.merged_into = into.id
        session.add(row)
        assert ledger.reassign(session, ORG, gone, into, CLOSING + DAY) == 2
        assert ledger.reassign(session, ORG, gone, into, CLOSING + DAY) == 0
    record.write(ORG, referral, evaluated(START + DAY), recorded_at=CLOSING + 2 * DAY)
    with store.read() as session:

        def sent(at: datetime | None) -> dict[str, int]:
            query = (
                select(LedgerRow.source_id, func.count())
                .where(ledger.known_at(at))
                .group_by(col(LedgerRow.source_id))
            )
            return dict(session.exec(query).all())

        assert sent(closed) == {gone: 1, into.id: 1}
        assert sent(None) == {into.id: 3}
        assert lines(store, fresh)[-1].source_id == into.id


def test_a_closing_waits_for_a_line_that_is_being_written() -> None:
    with postgres_store() as store:
        record, referral = a_referral(store)
        closing = threading.Thread(
            target=ledger.close,
            args=(store, ORG, "*", MONTH),
            kwargs={"at": CLOSING, "by": "schedule"},
        )
        with store.write() as session:
            record.write_in(
                session, ORG, referral, evaluated(START + DAY), recorded_at=CLOSING - HOUR
            )
            closing.start()
            until_somebody_waits(store)
        closing.join()
        with store.read() as session:
            assert counted(session, CLOSING) == 1


def test_a_month_closed_by_three_at_once_is_closed_once() -> None:
    with postgres_store() as store:
        a_referral(store)
        told: list[datetime] = []

        def closes(late: int) -> None:
            at = CLOSING + late * HOUR
            told.append(ledger.close(store, ORG, "*", MONTH, at=at, by="schedule"))

        every = [threading.Thread(target=closes, args=(late,)) for late in range(3)]
        with store.write() as session:
            session.exec(select(LedgerBookRow).with_for_update()).one()
            for one in every:
                one.start()
            until_somebody_waits(store)
        for one in every:
            one.join()
        with store.read() as session:
            assert told == [ledger.closed_at(session, ORG, "*", MONTH)] * 3


def test_a_fact_costs_the_ledger_few_statements(store: Store) -> None:
    record, referral = a_referral(store)
    told: list[str] = []
    with store.write() as session:
        engine = session.connection().engine

        def note(*given: Any) -> None:
            told.append(str(given[2]))

        event.listen(engine, "before_cursor_execute", note)
        try:
            record.write_in(session, ORG, referral, evaluated(START + DAY), recorded_at=START + DAY)
        finally:
            event.remove(engine, "before_cursor_execute", note)
    about = [one for one in told if "ledger" in one]
    assert len(about) <= 5, about
    assert len(told) <= 14, told
