"""Rows before acts: one claims, states only move forward, and double sends are counted."""

from __future__ import annotations

import itertools
import threading
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy.exc import NoResultFound

from models.kinds import Kind
from models.referral import MessageRef
from store import post, settling
from store.engine import Store
from store.tables import DeliveryRow, DeliveryState, MessageRow, MessageState, SubjectType
from tests.store.world import DAY, HOUR, ORG, START, a_referral

PHONE = "+15185550142"
TEXT = MessageRef(Kind.SCHEDULE_TEXT, "patient", "1")
S = DeliveryState


def queued(
    store: Store, ref: str, message: MessageRef = TEXT, *, rung: int = 0, channel: str = "sms"
) -> DeliveryRow:
    with store.write() as session:
        row, _ = post.queue_message(
            session, org=ORG, referral_id=ref, message=message, at=START, recorded_at=START
        )
        return post.queue_delivery(
            session,
            row,
            channel=channel,
            rung=rung,
            address=PHONE,
            at=START,
            recorded_at=START,
        )[0]


def look(store: Store, delivery_id: str) -> DeliveryRow:
    with store.read() as session:
        return session.get_one(DeliveryRow, delivery_id)


def settle(store: Store, delivery_id: str, state: DeliveryState, **more: object) -> bool:
    with store.write() as session:
        return settling.settle(session, delivery_id, state, at=START, **more).moved


def claim(store: Store, delivery_id: str, attempt: int, **more: bool) -> bool:
    with store.write() as session:
        return settling.claim(session, delivery_id, attempt, at=START, **more)


# --- messages -------------------------------------------------------------------------------------


def test_a_message_asked_for_twice_is_one_row(store: Store) -> None:
    _, ref = a_referral(store)
    assert queued(store, ref).id == queued(store, ref).id
    with store.read() as session:
        assert [row.key for row in post.messages_of(session, ref)] == [TEXT.key]
        assert len(post.deliveries_of(session, ref)) == 1


def test_each_rung_is_a_delivery_of_its_own(store: Store) -> None:
    _, ref = a_referral(store)
    text, mail = queued(store, ref), queued(store, ref, rung=1, channel="email")
    assert text.reference != mail.reference
    with store.read() as session:
        message = post.find_message(session, ref, TEXT)
        assert message is not None
        found = post.delivery_of(session, message.id, 1)
        assert found is not None
        assert found.id == mail.id


def test_a_message_is_held_and_let_go_and_then_final(store: Store) -> None:
    _, ref = a_referral(store)
    queued(store, ref)
    with store.write() as session:
        message = post.find_message(session, ref, TEXT)
        assert message is not None
        move = partial(settling.mark_message, session, message.id, at=START)
        assert move(MessageState.HELD, until=START + HOUR, why="quiet_hours")
        assert (message.held_until, message.why) == (START + HOUR, "quiet_hours")
        assert move(MessageState.QUEUED)
        assert message.held_until is None
        assert move(MessageState.SENT)
        assert not move(MessageState.DROPPED)
        assert not move(MessageState.HELD)
    with store.read() as session:
        row = session.get_one(MessageRow, message.id)
        assert (row.state, row.settled_at) == (MessageState.SENT, START)


# --- claiming -------------------------------------------------------------------------------------


def test_of_many_who_want_to_send_exactly_one_does(store: Store) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)
    won: list[bool] = []
    together = threading.Barrier(4)

    def want() -> None:
        together.wait()
        won.append(claim(store, delivery.id, 0))

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False, False, False, True]
    row = look(store, delivery.id)
    assert (row.state, row.attempt, row.claimed_at) == (S.SENDING, 1, START)


def test_a_claim_needs_the_attempt_that_was_seen(store: Store) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)
    assert not claim(store, delivery.id, 1)
    assert claim(store, delivery.id, 0)
    assert not claim(store, delivery.id, 0)
    assert not claim(store, delivery.id, 1)  # somebody is at it


def test_a_delivery_in_flight_is_taken_again_only_by_who_has_asked_the_vendor(
    store: Store,
) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)
    assert claim(store, delivery.id, 0)
    assert claim(store, delivery.id, 1, again=True)
    assert not claim(store, delivery.id, 1, again=True)
    assert look(store, delivery.id).attempt == 2


@pytest.mark.parametrize("done", [S.ACCEPTED, S.UNKNOWN, S.FAILED, S.DELIVERED])
def test_what_is_done_is_never_claimed(store: Store, done: DeliveryState) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)
    assert claim(store, delivery.id, 0)
    settle(store, delivery.id, done)
    assert not claim(store, delivery.id, 1, again=True)


def test_a_busy_line_puts_a_delivery_back_in_the_queue(store: Store) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)
    claim(store, delivery.id, 0)
    with store.write() as session:
        assert not settling.put_off(session, delivery.id, 0, code="busy")
        assert settling.put_off(session, delivery.id, 1, code="busy")
    assert look(store, delivery.id).code == "busy"
    assert claim(store, delivery.id, 1)
    settle(store, delivery.id, S.ACCEPTED, vendor_id="v1")
    with store.write() as session:
        assert not settling.put_off(session, delivery.id, 2, code="late answer")


# --- settling -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations([S.ACCEPTED, S.FAILED, S.DELIVERED])))
def test_receipts_in_any_order_end_alike(store: Store, order: tuple[DeliveryState, ...]) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)
    claim(store, delivery.id, 0)
    for state in order * 2:
        settle(store, delivery.id, state, vendor_id="v1")
    row = look(store, delivery.id)
    assert (row.state, row.acceptances) == (S.DELIVERED, 1)


def test_states_only_move_forward(store: Store) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)
    claim(store, delivery.id, 0)
    assert settle(store, delivery.id, S.ACCEPTED, vendor_id="v1", prove_by=START + HOUR)
    assert not settle(store, delivery.id, S.ACCEPTED, vendor_id="v1")
    assert look(store, delivery.id).prove_by == START + HOUR
    assert not settle(store, delivery.id, S.SENDING)
    assert settle(store, delivery.id, S.UNKNOWN)
    assert not settle(store, delivery.id, S.ACCEPTED, vendor_id="v1")
    assert settle(store, delivery.id, S.FAILED, code="no_answer")
    assert (look(store, delivery.id).code, look(store, delivery.id).prove_by) == ("no_answer", None)
    assert not settle(store, delivery.id, S.UNKNOWN)
    assert settle(store, delivery.id, S.DELIVERED)


def test_a_lost_answer_may_be_found_later(store: Store) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)
    claim(store, delivery.id, 0)
    assert settle(store, delivery.id, S.UNKNOWN)
    assert settle(store, delivery.id, S.ACCEPTED, vendor_id="v1")
    assert look(store, delivery.id).state == S.ACCEPTED


def test_settling_what_is_not_ours_says_so(store: Store) -> None:
    with pytest.raises(NoResultFound), store.write() as session:
        settling.settle(session, "dlv_unknown", S.FAILED, at=START)


def test_a_second_vendor_id_is_a_double_send(store: Store) -> None:
    _, ref = a_referral(store)
    delivery, other = queued(store, ref), queued(store, ref, rung=1, channel="email")
    for row in (delivery, other):
        claim(store, row.id, 0)
        settle(store, row.id, S.ACCEPTED, vendor_id=f"v-{row.id}")
        settle(store, row.id, S.DELIVERED, vendor_id=f"v-{row.id}")
    with store.read() as session:
        assert settling.duplicate_sends(session) == 0
    settle(store, delivery.id, S.ACCEPTED, vendor_id="v2")
    with store.read() as session:
        assert settling.duplicate_sends(session) == 1
        assert settling.duplicate_sends(session, ORG) == 1
        assert settling.duplicate_sends(session, "elsewhere") == 0


# --- looking --------------------------------------------------------------------------------------


def test_a_vendor_speaks_of_our_reference_or_of_its_own_id(store: Store) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)
    with store.read() as session:
        assert settling.carried_by(session, delivery.reference) == []  # nobody has it yet
    claim(store, delivery.id, 0)
    settle(store, delivery.id, S.ACCEPTED, vendor_id="v1")
    with store.read() as session:
        for found in (
            settling.carried_by(session, delivery.reference),
            settling.by_vendor_id(session, "sms", "v1"),
        ):
            assert [row.id for row in found] == [delivery.id]
        assert settling.carried_by(session, "rl_unknown") == []
        assert settling.by_vendor_id(session, "fax", "v1") == []


def test_receipts_are_due_until_they_come(store: Store) -> None:
    _, ref = a_referral(store)
    delivery = queued(store, ref)

    def due(at: datetime) -> list[str]:
        with store.read() as session:
            return [row.id for row in settling.due_receipts(session, at)]

    claim(store, delivery.id, 0)
    settle(store, delivery.id, S.ACCEPTED, vendor_id="v1", prove_by=START + HOUR)
    assert due(START) == []
    assert due(START + HOUR) == [delivery.id]
    with store.write() as session:
        settling.prove_later(session, delivery.id, START + DAY)
    assert due(START + HOUR) == []
    settle(store, delivery.id, S.DELIVERED)
    assert due(START + 2 * DAY) == []


def test_caps_count_texts_that_may_have_gone_out_to_the_number(store: Store) -> None:
    _, ref = a_referral(store)
    occasions = ["1", "2", "3", "4"]
    rows = [queued(store, ref, TEXT._replace(occasion=one)) for one in occasions]
    ends = [S.DELIVERED, S.FAILED, S.UNKNOWN]  # the fourth stays in the queue
    for number, (row, end) in enumerate(zip(rows, ends, strict=False)):
        with store.write() as session:
            assert settling.claim(session, row.id, 0, at=START + number * HOUR)
            settling.settle(session, row.id, end, at=START)
    with store.read() as session:
        assert settling.texts_to(session, ORG, PHONE, START) == [START, START + 2 * HOUR]
        assert settling.texts_to(session, ORG, PHONE, START + HOUR) == [START + 2 * HOUR]
        assert settling.texts_to(session, ORG, "+15185550199", START) == []
        assert settling.texts_to(session, "elsewhere", PHONE, START) == []


def test_failures_count_documents_since_one_went_through(store: Store) -> None:
    _, ref = a_referral(store)
    for number, end in enumerate([S.FAILED, S.DELIVERED, S.FAILED, S.FAILED]):
        row = queued(store, ref, TEXT._replace(occasion=str(number)))
        with store.write() as session:
            settling.claim(session, row.id, 0, at=START)
            settling.settle(session, row.id, end, at=START + timedelta(minutes=number))
    with store.read() as session:
        assert settling.failures_to(session, ORG, PHONE) == 2


def test_the_crm_gets_each_subject_once(store: Store) -> None:
    with store.write() as session:
        for _ in range(2):
            row, fresh = post.queue_crm(
                session,
                org=ORG,
                subject_type=SubjectType.TASK,
                subject_id="tsk_1",
                payload={"kind": "re_engagement"},
                at=START,
                recorded_at=START,
            )
        assert not fresh
    with store.read() as session:
        (unsent,) = post.unsent_crm(session, limit=5)
        assert (unsent.id, unsent.payload) == (row.id, {"kind": "re_engagement"})
    claim(store, row.id, 0)
    settle(store, row.id, S.ACCEPTED)
    with store.read() as session:
        assert list(post.unsent_crm(session)) == []
