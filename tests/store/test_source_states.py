"""How sources stood: added to, never changed, and asked about for any moment."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlmodel import select

from models.book import Outcome, TouchKind
from models.facts import ClosedReason, EvaluationCompleted, ReferralClosed
from models.re_engagement import Facts, Worked
from models.source_states import Change, SourceState
from models.tasks import TaskKind
from store import ledger, source_states, sources, tasks, touches
from store.engine import Store
from store.tables import SourceRow, SourceStateRow
from store.touches import Touch
from tests.store.world import DAY, HOUR, ORG, START, a_referral, source_of

ACTIVE, COOLING, QUIET, LAPSED, RETURNED = SourceState


def told(
    store: Store, source: SourceRow, state: SourceState, day: int, known: datetime | None = None
) -> None:
    change = Change(state, START + day * DAY, START)
    with store.write() as session:
        row = sources.get(session, ORG, source.id)
        facts = Facts(sent=4, months=12, ever=4, silent=60, worth="high")
        at = known or change.since
        source_states.write(session, row, [change], facts, known_at=at)
        source_states.stands(session, row, change)


@pytest.fixture
def source(store: Store) -> SourceRow:
    _, referral = a_referral(store)
    return source_of(store, referral)


def test_what_was_taken_back_is_kept_and_no_longer_stands(store: Store, source: SourceRow) -> None:
    told(store, source, ACTIVE, 0)
    told(store, source, QUIET, 60)
    told(store, source, RETURNED, 90)
    with store.read() as session:
        known = source_states.of_source(session, ORG, source.id)
    assert [row.state for row in known] == [RETURNED, QUIET, ACTIVE]
    told(store, source, ACTIVE, 0, known=START + 95 * DAY)  # a referral of day 40 was told late
    with store.read() as session:
        assert [row.state for row in source_states.of_source(session, ORG, source.id)] == [ACTIVE]
        assert len(source_states.told(session, source.id)) == 4
        row = sources.get(session, ORG, source.id)
        assert (row.state, row.state_since) == (ACTIVE, START)


def test_the_words_stand_with_the_last_of_what_is_told(store: Store, source: SourceRow) -> None:
    changes = [Change(ACTIVE, START, START), Change(QUIET, START + 60 * DAY, START)]
    with store.write() as session:
        row = sources.get(session, ORG, source.id)
        source_states.write(session, row, changes, Facts(ever=1, silent=60), known_at=START)
    with store.read() as session:
        first, second = session.exec(select(SourceStateRow).order_by(SourceStateRow.id))
    assert first.facts == {}
    assert second.facts["says"] == "Quiet: one patient so far, 60 days ago"
    assert Facts.model_validate(second.facts) == Facts(ever=1, silent=60)


def test_what_worked_is_the_last_thing_a_person_did(store: Store, source: SourceRow) -> None:
    with store.write() as session:
        row = sources.get(session, ORG, source.id)
        back = START + 90 * DAY
        task, _ = sources.open_quiet(session, row, since=START, at=START + 60 * DAY, due=back)
        assert source_states.worked(session, row, START, back) is None
        tasks.complete(session, ORG, task.id, by="lia", at=START + 78 * DAY)
        found = source_states.worked(session, row, START, back)
        assert found is not None
        assert found == Worked(by="lia", days=12)
        assert source_states.worked(session, row, START + 79 * DAY, back) is None


def test_a_logged_touch_says_how(store: Store, source: SourceRow) -> None:
    with store.write() as session:
        row = sources.get(session, ORG, source.id)

        def log(day: int, kind: TouchKind, outcome: Outcome | None = Outcome.SPOKE) -> str:
            touch = Touch(f"t{day}", kind, outcome, None, START + day * DAY, "lia", None)
            return touches.log(session, row, touch, recorded_at=touch.at).row.id

        log(70, TouchKind.VISIT)
        log(75, TouchKind.CALL, Outcome.NOBODY)  # reached nobody
        log(76, TouchKind.NOTE, None)
        struck = log(77, TouchKind.LUNCH)
        touches.strike(session, ORG, struck, by="lia", at=START + 78 * DAY)
        found = source_states.worked(session, row, START, START + 90 * DAY)
    assert found == Worked(how=TouchKind.VISIT, by="lia", days=20)


def test_a_dismissed_task_has_worked_for_nobody(store: Store, source: SourceRow) -> None:
    with store.write() as session:
        row = sources.get(session, ORG, source.id)
        task, _ = sources.open_quiet(session, row, since=START, at=START, due=START)
        tasks.complete(session, ORG, task.id, by="lia", at=START + DAY, outcome="dismissed")
        assert source_states.worked(session, row, START, START + 9 * DAY) is None


def test_days_to_evaluation_are_those_of_the_year_before(store: Store) -> None:
    record, first = a_referral(store)
    for number, days in enumerate((3, 9), start=1):
        at = START - number * DAY
        _, other = a_referral(store, at=at, patient={"given_name": f"P{number}"})
        when = at + days * DAY
        record.write(ORG, other, EvaluationCompleted(at=when, day=when.date()), recorded_at=when)
    _, old = a_referral(store, at=START - 400 * DAY, patient={"given_name": "Old"})
    when = START - 380 * DAY
    record.write(ORG, old, EvaluationCompleted(at=when, day=when.date()), recorded_at=when)
    source = source_of(store, first)
    with store.read() as session:
        found = source_states.days_to_evaluation(session, ORG, source.id, START)
    assert sorted(found) == [3, 9]


def test_history_knows_leave_our_no_and_who_it_was_merged_with(store: Store) -> None:
    record, first = a_referral(store)
    _, other = a_referral(
        store, at=START + DAY, source={"npi": "1245319599"}, patient={"given_name": "Bo"}
    )
    no = ReferralClosed(at=START + 2 * DAY, by="lee", reason=ClosedReason.DECLINED_BY_CLINIC)
    record.write(ORG, first, no, recorded_at=START + 2 * DAY)
    mine, theirs = source_of(store, first), source_of(store, other)
    with store.write() as session:
        row = sources.get(session, ORG, mine.id)
        row.away_from, row.away_until = START.date(), (START + 9 * DAY).date()
        gone = sources.get(session, ORG, theirs.id)
        gone.merged_into = mine.id
        session.add_all([row, gone])
    with store.read() as session:
        known = sources.history(session, ORG, mine.id)
        assert ledger.standing(session, theirs.id).id == mine.id
    assert known.received == (START, START + DAY)
    assert known.declined == START + 2 * DAY
    assert [(one.first, one.last) for one in known.away] == [
        (START.date(), (START + 9 * DAY).date())
    ]


def test_the_round_has_everybody_who_is_silent_or_slows_down(
    store: Store, source: SourceRow
) -> None:
    others = []
    for number, npi in enumerate(("1245319599", "1679576722"), start=1):
        _, referral = a_referral(
            store,
            source={"npi": npi, "name": f"Dr. {number}"},
            patient={"given_name": f"P{number}"},
        )
        others.append(source_of(store, referral))
    cools, low = others
    told(store, cools, COOLING, 20)
    with store.write() as session:
        for who, worth in ((low, "low"), (source, "high")):
            row = sources.get(session, ORG, who.id)
            change = Change(QUIET, START + 60 * DAY, START)
            facts = Facts(worth=worth)
            source_states.write(session, row, [change], facts, known_at=START)
            source_states.stands(session, row, change)
            sources.open_quiet(session, row, since=START, at=START + HOUR, due=START)
            row.owner_id = "lia" if worth == "low" else None
            session.add(row)
    with store.read() as session:
        found = source_states.slower_or_silent(session, ORG)
        stands = [(one.source.id, one.state.state) for one in found]
        assert set(stands[:2]) == {(source.id, QUIET), (cools.id, COOLING)}  # the valued ones
        assert stands[2:] == [(low.id, QUIET)]
        assert {one.task.kind for one in found if one.task} == {TaskKind.RE_ENGAGEMENT}
        assert source_states.slower_or_silent(session, ORG, most=2) == found[:2]
        (mine,) = source_states.slower_or_silent(session, ORG, ["lia"])
        assert mine.source.id == low.id
        nobodys = source_states.slower_or_silent(session, ORG, [None])
        assert {one.source.id for one in nobodys} == {source.id, cools.id}
        assert source_states.slower_or_silent(session, "elsewhere") == []
