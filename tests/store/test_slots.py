"""Offered times: one patient each, whoever asks at once, on both databases."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from models.facts import AppointmentBooked, BookingRequested, TaskCompleted
from store import slots
from store.engine import Store
from store.slots import Offer, SlotRow, SlotSource, SlotState
from tests.store.world import CLINIC, DAY, HOUR, ORG, START, a_referral

SOON = START + DAY
LATE = START + 14 * DAY


def put(store: Store, *starts: datetime, source: SlotSource = SlotSource.DESK) -> None:
    offers = [Offer(f"s{place}-{at:%d%H}", at, 60) for place, at in enumerate(starts)]
    with store.write() as session:
        slots.put(session, ORG, CLINIC, source, offers, at=START)


def free(store: Store, now: datetime = START) -> list[SlotRow]:
    with store.read() as session:
        return list(slots.offered(session, ORG, CLINIC, after=now, before=LATE, now=now))


def state(store: Store, slot_id: str) -> str:
    with store.read() as session:
        found = slots.get(session, ORG, slot_id)
        assert found is not None
        return found.state


def hold(store: Store, slot: str, ref: str, request: str = "q1", now: datetime = START) -> bool:
    with store.write() as session:
        return slots.hold(
            session, ORG, slot, referral_id=ref, request_id=request, now=now, until=now + DAY
        )


def asked(slot: SlotRow, at: datetime = START, name: str = "q1") -> BookingRequested:
    return BookingRequested(at=at, request_id=name, slot_id=slot.id, starts_at=slot.starts_at)


def test_times_are_offered_soonest_first_and_once_each(store: Store) -> None:
    put(store, SOON + HOUR, SOON, SOON)
    assert [one.starts_at for one in free(store)] == [SOON, SOON + HOUR]
    put(store, SOON + HOUR, SOON, SOON)  # told again
    assert len(free(store)) == 2
    assert [one.starts_at for one in free(store, SOON + HOUR / 2)] == [SOON + HOUR]


def test_what_a_source_tells_no_more_is_withdrawn_unless_it_was_asked_for(store: Store) -> None:
    put(store, SOON, SOON + HOUR)
    _, ref = a_referral(store)
    first, second = free(store)
    assert hold(store, first.id, ref)
    with store.write() as session:
        left = [Offer("new", SOON + 2 * HOUR, 60)]
        window = (START, LATE)
        fresh = slots.put(session, ORG, CLINIC, SlotSource.DESK, left, at=START, instead_of=window)
    assert fresh == 1
    assert state(store, second.id) == SlotState.WITHDRAWN
    assert state(store, first.id) == SlotState.HELD
    put(store, SOON, SOON + HOUR)  # free again at the source
    assert state(store, second.id) == SlotState.OPEN


def test_of_two_at_once_one_gets_it(store: Store) -> None:
    put(store, SOON)
    (slot,) = free(store)
    refs = [a_referral(store, patient={"given_name": name})[1] for name in ("Ada", "Bea")]
    got: list[bool] = []
    gate = threading.Barrier(2)

    def ask(ref: str) -> None:
        gate.wait()
        got.append(hold(store, slot.id, ref, f"q-{ref}"))

    threads = [threading.Thread(target=ask, args=(ref,)) for ref in refs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False, True]
    assert free(store) == []


def test_a_hold_that_has_run_out_is_anybody_s(store: Store) -> None:
    put(store, START + 5 * DAY)
    (slot,) = free(store)
    _, first = a_referral(store)
    _, second = a_referral(store, patient={"given_name": "Bea"})
    assert hold(store, slot.id, first)
    assert not hold(store, slot.id, second, "q2")
    assert hold(store, slot.id, second, "q2", now=START + DAY)


def test_a_past_or_withdrawn_time_cannot_be_had(store: Store) -> None:
    put(store, SOON)
    (slot,) = free(store)
    _, ref = a_referral(store)
    assert not hold(store, slot.id, ref, now=SOON)
    with store.write() as session:
        assert slots.withdraw(session, ORG, slot.id)
        assert not slots.withdraw(session, ORG, slot.id)
    assert not hold(store, slot.id, ref)
    assert not hold(store, "slot_unknown", ref)


def test_another_organization_sees_nothing_of_it(store: Store) -> None:
    put(store, SOON)
    (slot,) = free(store)
    with store.write() as session:
        assert slots.get(session, "lakeside", slot.id) is None
        assert not slots.withdraw(session, "lakeside", slot.id)
        assert slots.offered(session, "lakeside", CLINIC, after=START, before=LATE, now=START) == []


def test_a_dismissed_request_lets_its_time_go(store: Store) -> None:
    put(store, SOON)
    (slot,) = free(store)
    record, ref = a_referral(store)
    assert hold(store, slot.id, ref)
    record.write(ORG, ref, asked(slot), recorded_at=START)
    assert state(store, slot.id) == SlotState.HELD
    no = TaskCompleted(at=START + HOUR, by="dana", task="book_request:q1", outcome="dismissed")
    record.write(ORG, ref, no, recorded_at=START + HOUR)
    assert state(store, slot.id) == SlotState.OPEN


def test_who_changes_their_mind_keeps_one_time(store: Store) -> None:
    put(store, SOON, SOON + HOUR)
    first, second = free(store)
    record, ref = a_referral(store)
    assert hold(store, first.id, ref)
    record.write(ORG, ref, asked(first), recorded_at=START)
    assert hold(store, second.id, ref, "q2")
    later = START + timedelta(minutes=5)
    record.write(ORG, ref, asked(second, later, "q2"), recorded_at=later)
    assert [one.id for one in free(store)] == [first.id]


def test_what_the_emr_books_is_offered_no_more(store: Store) -> None:
    put(store, SOON, SOON, SOON + HOUR)
    record, ref = a_referral(store)
    booked = AppointmentBooked(at=START, appointment_id="a1", starts_at=SOON)
    for _ in range(2):  # told twice, taken once
        record.write(ORG, ref, booked, recorded_at=START)
    assert [one.starts_at for one in free(store)] == [SOON, SOON + HOUR]  # a second place is left
    _, other = a_referral(store, patient={"given_name": "Bea"})
    record.write(ORG, other, booked.model_copy(update={"appointment_id": "a2"}), recorded_at=START)
    assert [one.starts_at for one in free(store)] == [SOON + HOUR]


def test_a_booking_takes_the_time_that_was_kept_for_it(store: Store) -> None:
    put(store, SOON, SOON)
    (slot,) = free(store)
    record, ref = a_referral(store)
    assert hold(store, slot.id, ref)
    record.write(ORG, ref, asked(slot), recorded_at=START)
    booked = AppointmentBooked(at=START + HOUR, appointment_id="a1", starts_at=SOON)
    record.write(ORG, ref, booked, recorded_at=START + HOUR)
    assert state(store, slot.id) == SlotState.TAKEN
    assert [one.starts_at for one in free(store)] == [SOON]


def test_a_time_whose_hold_ran_out_is_taken_once_the_emr_books_it_for_another(store: Store) -> None:
    put(store, SOON + DAY)
    (slot,) = free(store)
    record, ref = a_referral(store)
    assert hold(store, slot.id, ref)
    record.write(ORG, ref, asked(slot), recorded_at=START)
    later = START + DAY + HOUR
    _, other = a_referral(store, patient={"given_name": "Bea"})
    booked = AppointmentBooked(at=later, appointment_id="a2", starts_at=slot.starts_at)
    record.write(ORG, other, booked, recorded_at=later)
    assert state(store, slot.id) == SlotState.TAKEN
    assert free(store, later) == []
