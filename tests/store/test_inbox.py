"""Events as they came: kept before they are believed, once however often they are sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.errors import BadRequest, NotFound
from models.events import ExternalId
from store import inbox, tasks
from store.engine import Store
from store.tables import InboxRow, InboxState
from tests.store.world import DAY, HOUR, ORG, START, a_referral

BODY = b'{"type": "visit_completed", "note": "\xf0\x9f\xa6\xb5 \x00"}'


def accept(store: Store, body: bytes = BODY, **changes: str) -> tuple[InboxRow, bool]:
    given = {"org": ORG, "origin": "events", "event_id": "evt-1", **changes}
    with store.write() as session:
        return inbox.accept(
            session, body=body, received_at=START, headers={"content-type": "x"}, **given
        )


def test_an_event_is_kept_as_it_came(store: Store) -> None:
    row, fresh = accept(store)
    assert fresh
    with store.read() as session:
        kept = inbox.get(session, ORG, row.id)
        assert (kept.body, kept.headers, kept.state) == (BODY, {"content-type": "x"}, "received")
        with pytest.raises(NotFound):
            inbox.get(session, "elsewhere", row.id)


def test_the_same_event_again_is_the_row_that_is_there(store: Store) -> None:
    row, _ = accept(store)
    again, fresh = accept(store)
    assert (again.id, fresh) == (row.id, False)


def test_the_same_id_elsewhere_is_another_event(store: Store) -> None:
    first, _ = accept(store)
    for changes in ({"org": "other"}, {"origin": "api"}, {"event_id": "evt-2"}):
        row, fresh = accept(store, b"other", **changes)
        assert fresh
        assert row.id != first.id
        assert row.state == InboxState.RECEIVED


def test_the_same_id_with_another_body_keeps_both_and_asks(store: Store) -> None:
    first, _ = accept(store)
    other, fresh = accept(store, b"another body")
    assert fresh
    assert other.id != first.id
    assert (other.state, other.reason) == (InboxState.REJECTED, "event_id_reused")
    # Told again, either one is found again, and nobody is asked twice.
    assert accept(store)[0].state == InboxState.RECEIVED
    again, fresh = accept(store, b"another body")
    assert (again.id, again.reason, fresh) == (other.id, "event_id_reused", False)
    with store.read() as session:
        (task,) = tasks.open_tasks(session, ORG)
    assert (task.inbox_id, task.role, task.subject) == (other.id, "admin", "org")


@pytest.mark.parametrize("event_id", ["", "x" * 201])
def test_an_impossible_event_id_is_refused(store: Store, event_id: str) -> None:
    with pytest.raises(BadRequest, match="event id"):
        accept(store, event_id=event_id)


def test_leftovers_are_found_oldest_first_and_no_sooner_than_asked(store: Store) -> None:
    late, _ = accept(store, event_id="late")
    with store.write() as session:
        session.get_one(InboxRow, late.id).received_at = START + HOUR
    first, _ = accept(store, event_id="first")

    def pending(seconds: float) -> list[str]:
        with store.read() as session:
            found = inbox.pending(
                session, START + timedelta(seconds=seconds), older_than=timedelta(seconds=15)
            )
            return [row.id for row in found]

    assert pending(14) == []
    assert pending(15) == [first.id]
    assert pending(2 * 3600) == [first.id, late.id]


def test_a_row_put_off_waits_its_time_and_counts_its_tries(store: Store) -> None:
    row, _ = accept(store)
    with store.write() as session:
        assert inbox.mark(
            session,
            row.id,
            InboxState.RECEIVED,
            at=START,
            reason="engine_unavailable",
            next_try_at=START + HOUR,
        )
    with store.read() as session:
        assert list(inbox.pending(session, START + HOUR / 2)) == []
        (found,) = inbox.pending(session, START + HOUR)
        assert (found.attempts, found.reason, found.settled_at) == (1, "engine_unavailable", None)


@pytest.mark.parametrize("final", [InboxState.APPLIED, InboxState.REJECTED])
def test_what_is_done_stays_done(store: Store, final: InboxState) -> None:
    row, _ = accept(store)
    with store.write() as session:
        assert inbox.mark(session, row.id, final, at=START)
        assert not inbox.mark(session, row.id, InboxState.RECEIVED, at=START + HOUR)
        assert not inbox.mark(session, "evt_unknown", final, at=START)
    with store.read() as session:
        assert inbox.get(session, ORG, row.id).settled_at == START
        assert list(inbox.pending(session, START + DAY)) == []


def test_a_row_waits_for_its_referral_by_either_id(store: Store) -> None:
    external = ExternalId(assigner="emr", value="42")
    by_external, _ = accept(store, event_id="a")
    by_ours, _ = accept(store, event_id="b")
    until = START + 90 * DAY
    with store.write() as session:
        assert inbox.wait(session, by_external.id, at=START, until=until, external=external)
        assert inbox.wait(session, by_ours.id, at=START, until=until, referral_id="ref_1")

    with store.read() as session:
        find = inbox.waiting_for
        assert [r.id for r in find(session, ORG, external=external)] == [by_external.id]
        assert [r.id for r in find(session, ORG, referral_id="ref_1")] == [by_ours.id]
        both = find(session, ORG, external=external, referral_id="ref_1")
        assert {r.id for r in both} == {by_external.id, by_ours.id}
        assert find(session, "elsewhere", external=external, referral_id="ref_1") == []
        assert find(session, ORG) == []
        assert list(inbox.waited_too_long(session, until - HOUR)) == []
        assert len(inbox.waited_too_long(session, until)) == 2

    _, ref = a_referral(store, external=external)
    with store.write() as session:
        assert inbox.mark(session, by_external.id, InboxState.APPLIED, at=START, referral_id=ref)
    with store.read() as session:
        assert inbox.waiting_for(session, ORG, external=external) == []
        assert inbox.get(session, ORG, by_external.id).referral_id == ref


def test_a_hostile_event_id_is_kept(store: Store) -> None:
    name = "<b>'; --\u202e🦵"
    row, _ = accept(store, event_id=name)
    again, fresh = accept(store, event_id=name)
    assert (again.id, again.event_id, fresh) == (row.id, name, False)
