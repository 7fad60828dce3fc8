"""How the record stands, counted for monitoring."""

from __future__ import annotations

from datetime import timedelta

from models.facts import ClosedReason, ReferralClosed, TaskOpened
from models.kinds import Kind
from models.referral import MessageRef
from models.roles import Role
from store import consent, inbox, post, settling, sources
from store.engine import Store
from store.gauges import LATELY, Standing, standing
from store.tables import DeliveryState, InboxState, MessageState
from tests.store.world import DAY, HOUR, ORG, START, a_referral, source_of


def look(store: Store, after: timedelta = timedelta()) -> Standing:
    with store.read() as session:
        return standing(session, START + after)


def test_an_empty_record_has_nothing_to_tell(store: Store) -> None:
    assert all(counts == {} for counts in look(store))


def test_open_referrals_by_stage_and_those_whose_next_action_is_past(store: Store) -> None:
    record, _ = a_referral(store)
    _, closed = a_referral(store, patient={"given_name": "Cy"})
    end = ReferralClosed(at=START, by="staff_1", reason=ClosedReason.UNABLE_TO_REACH)
    record.write(ORG, closed, end, recorded_at=START)
    assert look(store).referrals == {(ORG, "received"): 1}
    assert look(store).referrals_overdue == {}
    assert sum(look(store, 2 * DAY).referrals_overdue.values()) == 1


def test_tasks_by_role_and_those_past_their_time(store: Store) -> None:
    record, ref = a_referral(store)
    for occasion, due in (("1", START + HOUR), ("2", START + DAY)):
        task = f"call_patient:{occasion}"
        fact = TaskOpened(at=START, task=task, role=Role.FRONT_DESK, due=due)
        record.write(ORG, ref, fact, recorded_at=START)
    found = look(store, 2 * HOUR)
    assert found.tasks_open == {(ORG, "front_desk"): 2}
    assert found.tasks_overdue == {(ORG, "front_desk"): 1}
    assert look(store).tasks_overdue == {(ORG, "front_desk"): 0}, "nobody late is told as 0"


def test_deliveries_and_messages_that_do_not_move(store: Store) -> None:
    _, ref = a_referral(store)
    with store.write() as session:
        held, _ = post.queue_message(
            session,
            org=ORG,
            referral_id=ref,
            message=MessageRef(Kind.SCHEDULE_TEXT, "patient", "1"),
            at=START,
            recorded_at=START,
        )
        settling.mark_message(session, held.id, MessageState.HELD, at=START, until=START + HOUR)
        sent, _ = post.queue_message(
            session,
            org=ORG,
            referral_id=ref,
            message=MessageRef(Kind.THANK_YOU, "source", "1"),
            at=START,
            recorded_at=START,
        )
        way, _ = post.queue_delivery(
            session,
            sent,
            channel="fax",
            rung=0,
            address="+15185550143",
            at=START,
            recorded_at=START,
        )
    assert look(store, HOUR).messages_late == {(ORG, "thank_you"): 1}
    assert look(store, 2 * HOUR).messages_late == {
        (ORG, "schedule_text"): 1,
        (ORG, "thank_you"): 1,
    }
    assert look(store, HOUR).deliveries == {(ORG, "fax", "queued"): 1}
    assert look(store, 30 * DAY).oldest_delivery == {(ORG, "fax"): (30 * DAY).total_seconds()}
    with store.write() as session:
        settling.mark_message(session, sent.id, MessageState.SENT, at=START)
        for vendor in ("v1", "v2"):
            settling.settle(
                session,
                way.id,
                DeliveryState.ACCEPTED,
                at=START,
                vendor_id=vendor,
                prove_by=START + HOUR,
            )
    assert look(store, 3 * HOUR).receipts_overdue == {(ORG, "fax"): 1}
    assert look(store, HOUR).receipts_overdue == {}
    assert look(store).duplicate_sends == {(ORG,): 1}
    assert look(store, HOUR).deliveries == {(ORG, "fax", "accepted"): 1}
    assert look(store, HOUR).oldest_delivery == {}
    assert look(store, LATELY + DAY).deliveries == {}, "settled long ago"


def test_the_inbox_sources_and_dead_numbers(store: Store) -> None:
    _, ref = a_referral(store)
    with store.write() as session:
        for number in range(3):
            row, _ = inbox.accept(
                session,
                org=ORG,
                origin="events",
                event_id=f"e-{number}",
                body=b"{}",
                received_at=START + number * HOUR,
            )
        inbox.mark(session, row.id, InboxState.APPLIED, at=START)
        source = source_of(store, ref)
        sources.open_quiet(session, source, since=START, at=START, due=START + DAY)
        consent.mark_dead(session, org=ORG, address="+15185550143", why="fax_failed", at=START)
    found = look(store, 3 * HOUR)
    assert found.inbox == {(ORG, "received"): 2}
    assert found.oldest_event == {(ORG,): (3 * HOUR).total_seconds()}
    assert found.sources_quiet == {(ORG,): 1}
    assert found.numbers_dead == {(ORG,): 1}
