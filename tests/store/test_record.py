"""Facts in, cards out: the same card whatever the order, the repeats and the threads."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from models.contracts import Card
from models.errors import Conflict, NotFound
from models.events import ExternalId
from models.facts import (
    AnyFact,
    AppointmentBooked,
    ClosedReason,
    EvaluationCompleted,
    MessageHeld,
    OutcomeRecorded,
    ReferralClosed,
    TaskCompleted,
    TaskOpened,
    VisitCompleted,
)
from models.kinds import Kind
from models.referral import MessageRef, Stage
from models.roles import Role
from models.tasks import TaskKind
from store import post, referrals, tasks
from store.engine import Store
from store.record import Record
from store.tables import FactRow, ReferralRow, SourceRow, TaskRow, TaskState
from tests.databases import postgres_store, until_somebody_waits
from tests.lives import easy_life, rules
from tests.store.world import CLINIC, DAY, HOUR, ORG, START, a_referral, people, received_by

CALL = "call_patient:day-0"


def booked(at: datetime = START + HOUR, *, starts: timedelta = 6 * DAY) -> AppointmentBooked:
    return AppointmentBooked(at=at, appointment_id="a1", starts_at=START + starts)


def task(key: str = CALL, due: datetime = START + 2 * HOUR) -> TaskOpened:
    return TaskOpened(at=START, task=key, role=Role.FRONT_DESK, due=due)


def rows(store: Store, referral_id: str) -> list[FactRow]:
    with store.read() as session:
        query = select(FactRow).where(FactRow.referral_id == referral_id)
        return list(session.exec(query.order_by(col(FactRow.id))))


def only_task(store: Store, referral_id: str) -> TaskRow:
    with store.read() as session:
        (found,) = tasks.of_referral(session, referral_id)
        return found


# --- the card -------------------------------------------------------------------------------------


def test_a_new_referral_has_a_card_with_a_next_action(store: Store) -> None:
    record, ref = a_referral(store)
    card = record.card(ORG, ref)
    assert (card.stage, card.open_tasks, card.closed_reason) == (Stage.RECEIVED, 0, None)
    assert card.next_at is not None
    assert card.next_says


def test_a_fact_moves_the_card_in_its_own_transaction(store: Store) -> None:
    record, ref = a_referral(store)
    card = record.write(ORG, ref, booked(), recorded_at=START + HOUR)
    assert card.stage == Stage.SCHEDULED
    assert record.card(ORG, ref) == card


def test_a_fact_that_is_not_committed_leaves_the_card_alone(store: Store) -> None:
    record, ref = a_referral(store)
    before = record.card(ORG, ref)

    def half_way() -> None:
        with store.write() as session:
            record.write_in(session, ORG, ref, booked(), recorded_at=START)
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError):
        half_way()
    assert record.card(ORG, ref) == before
    assert record.referral(ORG, ref).appointment() is None


def test_the_same_fact_twice_is_one_row(store: Store) -> None:
    record, ref = a_referral(store)
    first = record.write(ORG, ref, booked(), recorded_at=START + HOUR)
    again = record.write(ORG, ref, booked(), booked(), recorded_at=START + 9 * HOUR)
    assert again == first
    told = [row for row in rows(store, ref) if row.kind == "appointment_booked"]
    assert [row.recorded_at for row in told] == [START + HOUR]


def test_what_was_news_is_said(store: Store) -> None:
    record, ref = a_referral(store)
    newer = booked(START + 3 * HOUR, starts=8 * DAY)
    with store.write() as session:
        written = record.write_in(session, ORG, ref, newer, booked(), recorded_at=START)
    assert written.fresh == (newer,)
    assert written.referral.appointment() == newer


def test_a_correction_counts_and_what_it_corrects_is_kept(store: Store) -> None:
    record, ref = a_referral(store)
    record.write(ORG, ref, booked(), recorded_at=START)
    moved = booked(START + 2 * HOUR, starts=9 * DAY)
    record.write(ORG, ref, moved, recorded_at=START + 2 * HOUR)
    assert record.referral(ORG, ref).appointment() == moved
    appointments = [t.fact for t in record.timeline(ORG, ref) if t.fact.key == "appointment:a1"]
    assert appointments == [booked(), moved]


def test_an_older_telling_changes_nothing_and_is_kept(store: Store) -> None:
    record, ref = a_referral(store)
    moved = booked(START + 2 * HOUR, starts=9 * DAY)
    card = record.write(ORG, ref, moved, recorded_at=START)
    assert record.write(ORG, ref, booked(), recorded_at=START + DAY) == card
    assert len(rows(store, ref)) == 3


def test_a_retraction_takes_the_card_back(store: Store) -> None:
    record, ref = a_referral(store)
    before = record.card(ORG, ref)
    record.write(ORG, ref, booked(), recorded_at=START)
    gone = booked().model_copy(update={"retracted": True, "as_of": START + 2 * HOUR})
    assert record.write(ORG, ref, gone, recorded_at=START) == before


@pytest.mark.parametrize("retraction_first", [False, True])
def test_a_retraction_of_the_same_moment_wins_in_either_order(
    store: Store, retraction_first: bool
) -> None:
    # "retracted" without an as_of of its own: key and moment are those of the fact it takes back.
    record, ref = a_referral(store)
    gone = booked().model_copy(update={"retracted": True})
    for fact in (gone, booked()) if retraction_first else (booked(), gone):
        card = record.write(ORG, ref, fact, recorded_at=START)
    assert card.stage == Stage.RECEIVED
    assert len(rows(store, ref)) == 3


def test_a_late_fact_is_taken_in_where_it_belongs(store: Store) -> None:
    record, ref = a_referral(store)
    visit = VisitCompleted(at=START + 9 * DAY, visit_id="v1", day=(START + 9 * DAY).date())
    record.write(ORG, ref, visit, recorded_at=START + 9 * DAY)
    evaluation = EvaluationCompleted(at=START + 6 * DAY, day=(START + 6 * DAY).date())
    card = record.write(ORG, ref, evaluation, recorded_at=START + 10 * DAY)
    assert card.stage == Stage.IN_CARE
    assert [told.fact.kind for told in record.timeline(ORG, ref)] == [
        "referral_received",
        "evaluation_completed",
        "visit_completed",
    ]


@pytest.mark.parametrize("seed", range(3))
def test_any_order_any_repeats_one_card(store: Store, seed: int) -> None:
    record, ref = a_referral(store)
    _, other = a_referral(store, patient={"family_name": "Other"})
    life: list[AnyFact] = [*easy_life(START), task(), task("sign_plan:1", START + 8 * DAY)]
    expected = record.write(ORG, ref, *life, recorded_at=START)
    shuffled = life * 2
    random.Random(seed).shuffle(shuffled)
    for fact in shuffled:
        card = record.write(ORG, other, fact, recorded_at=START)
    assert card.model_copy(update={"referral_id": ref}) == expected
    assert len(rows(store, other)) == len(rows(store, ref))


def test_a_life_ends_closed_with_nothing_next(store: Store) -> None:
    record, ref = a_referral(store)
    end = START + 90 * DAY
    card = record.write(
        ORG,
        ref,
        *easy_life(START),
        ReferralClosed(at=end, by="system", reason=ClosedReason.COMPLETED),
        recorded_at=end,
    )
    assert (card.stage, card.closed_reason) == (Stage.CLOSED, ClosedReason.COMPLETED)
    assert (card.next_key, card.next_at, card.version) == (None, None, "referral_closed")


def test_a_held_message_is_the_next_thing(store: Store) -> None:
    record, ref = a_referral(store)
    held = MessageHeld(
        at=START, message="schedule_text:patient:1", until=START + timedelta(minutes=1), why="cap"
    )
    card = record.write(ORG, ref, held, recorded_at=START)
    assert card.next_at == START + timedelta(minutes=1)
    assert card.next_key == "held:schedule_text:patient:1"


# --- tasks follow the facts -----------------------------------------------------------------------


def test_a_task_is_a_row_as_long_as_it_stands(store: Store) -> None:
    record, ref = a_referral(store)
    card = record.write(ORG, ref, task(), recorded_at=START)
    row = only_task(store, ref)
    assert card.open_tasks == 1
    assert (row.state, row.role, row.due) == (TaskState.OPEN, "front_desk", START + 2 * HOUR)
    assert (row.kind, row.clinic_id) == (TaskKind.CALL_PATIENT, CLINIC)

    done = TaskCompleted(at=START + HOUR, by="staff_1", task=CALL, outcome="dismissed")
    card = record.write(ORG, ref, done, recorded_at=START + HOUR)
    row = only_task(store, ref)
    assert card.open_tasks == 0
    assert (row.state, row.done_by, row.outcome) == (TaskState.DONE, "staff_1", "dismissed")
    assert row.done_at == START + HOUR


def test_an_overtaken_task_leaves_the_board_and_comes_back(store: Store) -> None:
    record, ref = a_referral(store)
    record.write(ORG, ref, task(), recorded_at=START)
    assert record.write(ORG, ref, booked(), recorded_at=START).open_tasks == 0
    assert only_task(store, ref).state == TaskState.MOOT
    never = booked().model_copy(update={"retracted": True, "as_of": START + 2 * HOUR})
    assert record.write(ORG, ref, never, recorded_at=START).open_tasks == 1
    assert only_task(store, ref).state == TaskState.OPEN


def test_a_retracted_task_is_overtaken(store: Store) -> None:
    record, ref = a_referral(store)
    record.write(ORG, ref, task(), recorded_at=START)
    gone = task().model_copy(update={"retracted": True})
    assert record.write(ORG, ref, gone, recorded_at=START).open_tasks == 0
    assert only_task(store, ref).state == TaskState.MOOT


def test_words_written_with_a_task_stay(store: Store) -> None:
    record, ref = a_referral(store)
    with store.write() as session:
        row = referrals.get(session, ORG, ref)
        tasks.open_for_referral(
            session,
            row,
            TaskKind.CALL_PATIENT,
            "day-0",
            due=START + 2 * HOUR,
            at=START,
            says="Call before noon",
        )
        record.write_in(session, ORG, ref, task(), recorded_at=START)
    assert only_task(store, ref).says == "Call before noon"


# --- threads --------------------------------------------------------------------------------------


def test_two_writers_of_one_referral_lose_nothing(store: Store) -> None:
    record, ref = a_referral(store)
    errors: list[BaseException] = []
    together = threading.Barrier(2)

    def write(half: int) -> None:
        try:
            together.wait()
            for number in range(half, 20, 2):
                at = START + (6 + number) * DAY
                fact = VisitCompleted(at=at, visit_id=f"v{number}", day=at.date())
                record.write(ORG, ref, fact, booked(), recorded_at=at)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(half,)) for half in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(rows(store, ref)) == 22  # received, booked once, twenty visits
    with store.write() as session:  # without facts: what the fold makes of all there is
        truth = record.write_in(session, ORG, ref, recorded_at=START)
    assert len(truth.referral.treatment_days()) == 20
    # The last writer had seen every fact, so the card it left is the card of all of them.
    assert record.card(ORG, ref) == truth.card


EVALUATION = EvaluationCompleted(at=START + 6 * DAY, day=(START + 6 * DAY).date())
VISIT = VisitCompleted(at=START + 9 * DAY, visit_id="v1", day=(START + 9 * DAY).date())
CALLED = TaskCompleted(at=START + HOUR, by="staff_1", task=CALL)


@pytest.mark.parametrize(
    ("first", "then", "stage"),
    [
        (VISIT, EVALUATION, Stage.IN_CARE),  # each alone would be "evaluated"
        (task(), CALLED, Stage.RECEIVED),  # the second brings the card back to what it was
    ],
)
def test_who_waits_for_the_referral_knows_what_the_other_wrote(
    store: Store, first: AnyFact, then: AnyFact, stage: Stage
) -> None:
    record, ref = a_referral(store)
    cards: list[Card] = []

    def second() -> None:
        with store.write() as session:
            held = referrals.get(session, ORG, ref)  # as it was before it could be locked
            cards.append(record.write_in(session, ORG, ref, then, recorded_at=START).card)
            assert held.id == ref

    thread = threading.Thread(target=second)
    with store.write() as session:
        record.write_in(session, ORG, ref, first, recorded_at=START)
        thread.start()
        until_somebody_waits(store)
    thread.join()
    assert [(card.stage, card.open_tasks) for card in cards] == [(stage, 0)]
    assert record.card(ORG, ref) == cards[0]
    assert len(rows(store, ref)) == 3


# --- rows -----------------------------------------------------------------------------------------


def test_rules_stay_as_they_were_pinned(store: Store) -> None:
    record, ref = a_referral(store)
    assert record.rules(ORG, ref) == rules()


def test_a_referral_is_found_by_the_id_another_system_gave(store: Store) -> None:
    external = ExternalId(assigner="emr", value="42")
    record, ref = a_referral(store, external=external)
    with store.read() as session:
        found = referrals.find(session, ORG, external)
        assert found is not None
        assert found.id == ref
        assert referrals.find(session, "elsewhere", external) is None
        assert referrals.find(session, ORG, ExternalId(assigner="emr", value="43")) is None
    with pytest.raises(Conflict):
        a_referral(store, external=external)
    assert record.card(ORG, ref).stage == Stage.RECEIVED


def test_a_duplicates_facts_go_to_the_first(store: Store) -> None:
    record, first = a_referral(store)
    with store.write() as session:
        row = referrals.get(session, ORG, first)
        twin = record.create(
            session,
            org=ORG,
            clinic_id=CLINIC,
            patient_id=row.patient_id,
            source_id=row.source_id,
            received_at=START + DAY,
            rules=rules(),
            recorded_at=START + DAY,
            duplicate_of=first,
        ).id
    card = record.write(ORG, twin, booked(), recorded_at=START + DAY)
    assert card.referral_id == first
    assert rows(store, twin) == []
    assert record.referral(ORG, twin).facts == record.referral(ORG, first).facts
    with store.read() as session:
        source = session.get_one(SourceRow, session.get_one(ReferralRow, first).source_id)
        assert source.last_received_at == START  # a duplicate is no referral


def test_another_organization_sees_nothing(store: Store) -> None:
    record, ref = a_referral(store)
    for look in (record.referral, record.card, record.rules, record.timeline):
        with pytest.raises(NotFound):
            look("elsewhere", ref)
        with pytest.raises(NotFound):
            look(ORG, "ref_unknown")
    with pytest.raises(NotFound):
        record.write("elsewhere", ref, booked(), recorded_at=START)


def test_a_fact_reads_back_as_it_was_told(store: Store) -> None:
    record, ref = a_referral(store)
    score = OutcomeRecorded(at=START, measure="lefs", score=41.5, day=START.date())
    record.write(ORG, ref, score, recorded_at=START)
    assert score in record.referral(ORG, ref).facts


def test_the_certifier_told_later_is_on_the_row(store: Store) -> None:
    record, ref = a_referral(store, told=False)
    assert isinstance(record, Record)
    with store.write() as session:
        row = referrals.get(session, ORG, ref)
        assert row.certifier_id is None
        everyone = people(session)
        record.write_in(session, ORG, ref, received_by(everyone, START), recorded_at=START)
        assert everyone.certifier is not None
        assert referrals.get(session, ORG, ref).certifier_id == everyone.certifier.id


@pytest.mark.postgres
def test_two_that_queue_messages_of_one_referral_do_not_stop_each_other() -> None:
    """Both hold the referral's key by their new row; each must still get its lock in turn."""
    with postgres_store() as store:
        record, ref = a_referral(store)
        messages = (
            MessageRef(Kind.THANK_YOU, "source", "1"),
            MessageRef(Kind.PLAN_OF_CARE, "certifier", "1"),
        )
        with store.write() as one, store.write() as other:
            for session, message in zip((one, other), messages, strict=True):
                post.queue_message(
                    session, org=ORG, referral_id=ref, message=message, at=START, recorded_at=START
                )
                session.flush()
            record.write_in(one, ORG, ref, booked(), recorded_at=START)
            one.commit()
            record.write_in(other, ORG, ref, booked(), recorded_at=START)
        with store.read() as session:
            assert all(post.find_message(session, ref, message) for message in messages)
