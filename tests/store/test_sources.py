"""What a source's silence is judged by, and the task that follows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from models.errors import NotFound
from models.facts import ClosedReason, ReferralClosed
from store import referrals, sources, tasks
from store.engine import Store
from store.tables import TaskState
from tests.lives import rules
from tests.store.world import CLINIC, DAY, ORG, START, a_referral, source_of


def test_only_valid_referrals_count_for_a_source(store: Store) -> None:
    record, first = a_referral(store)
    _, wrong = a_referral(store, at=START + DAY, patient={"given_name": "Bo"})
    a_referral(store, at=START + 2 * DAY, patient={"given_name": "Cy"})
    a_referral(store, source={"npi": "1245319599"}, patient={"given_name": "Di"})
    with store.write() as session:
        row = referrals.get(session, ORG, first)
        record.create(
            session,
            org=ORG,
            clinic_id=CLINIC,
            patient_id=row.patient_id,
            source_id=row.source_id,
            received_at=START + 9 * DAY,
            rules=rules(),
            recorded_at=START,
            duplicate_of=first,
        )
    error = ReferralClosed(at=START, by="staff_1", reason=ClosedReason.ENTERED_IN_ERROR)
    record.write(ORG, wrong, error, recorded_at=START)
    source = source_of(store, first)
    with store.read() as session:
        dates = sources.history(session, ORG, source.id)
    assert dates.received == (START, START + 2 * DAY)
    assert source.last_received_at == START + 2 * DAY


def test_a_referral_told_late_moves_nothing_back(store: Store) -> None:
    _, ref = a_referral(store)
    a_referral(store, at=START - 9 * DAY, patient={"given_name": "Bo"})
    assert source_of(store, ref).last_received_at == START


def test_a_referral_on_the_evening_of_their_last_day_is_no_sign_that_they_stayed(
    store: Store,
) -> None:
    _, ref = a_referral(store)
    evening = datetime(2026, 1, 31, 2, 0, tzinfo=UTC)  # of the 30th, at the clinic
    with store.write() as session:
        source = source_of(store, ref)
        sources.leave(session, source, on=date(2026, 1, 30), at=START)
    a_referral(store, at=evening, patient={"given_name": "Bo"})
    assert source_of(store, ref).left_on == date(2026, 1, 30)
    a_referral(store, at=evening + DAY, patient={"given_name": "Cy"})
    assert source_of(store, ref).left_on is None


def test_one_silence_is_one_task_until_it_ends(store: Store) -> None:
    _, ref = a_referral(store)
    source = source_of(store, ref)
    since, due = START + 60 * DAY, START + 67 * DAY
    with store.write() as session:
        task, fresh = sources.open_quiet(session, source, since=since, at=since, due=due)
        assert fresh
        again, fresh = sources.open_quiet(
            session, source, since=since + DAY, at=since + DAY, due=due + DAY
        )
        assert (again.id, again.due, fresh) == (task.id, due, False)
    with store.read() as session:
        assert [s.quiet_since for s in sources.all_of(session, ORG, quiet=True)] == [since]
        assert list(sources.all_of(session, ORG, quiet=False)) == []
    with store.write() as session:
        sources.close_quiet(session, source, at=since + 2 * DAY)
    with store.read() as session:
        assert list(sources.all_of(session, ORG, quiet=True)) == []
        assert tasks.get(session, ORG, task.id).state == TaskState.MOOT
    # Quiet again with no referral in between: the same silence, so the same task.
    with store.write() as session:
        reopened, fresh = sources.open_quiet(session, source, since=since, at=since, due=due + DAY)
        assert (reopened.id, reopened.state, fresh) == (task.id, TaskState.OPEN, True)


def test_the_next_silence_is_another_task(store: Store) -> None:
    _, ref = a_referral(store)
    with store.write() as session:
        source = sources.get(session, ORG, referrals.get(session, ORG, ref).source_id)
        first, _ = sources.open_quiet(session, source, since=START, at=START, due=START)
        tasks.complete(session, ORG, first.id, by="staff_1", at=START)
        at = START + 70 * DAY
        sources.received(session, source, at, on=at.date())
        sources.close_quiet(session, source, at=START + 70 * DAY)
        at = START + 130 * DAY
        second, fresh = sources.open_quiet(session, source, since=at, at=at, due=at)
        assert fresh
        assert second.id != first.id
        sources.set_next_touch(session, source, at)
    assert source_of(store, ref).next_touch_at == at


def test_a_source_of_somebody_else_is_not_found(store: Store) -> None:
    _, ref = a_referral(store)
    source = source_of(store, ref)
    with store.read() as session, pytest.raises(NotFound):
        sources.history(session, "elsewhere", source.id)
