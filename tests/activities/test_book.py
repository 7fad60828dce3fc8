"""A task on the board and a fact of the workflow's own: once, whatever is repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.book import Book
from activities.loop import Loop
from models.contracts import Answer, RecordInput, TaskInput
from models.errors import NotFound
from models.facts import (
    CallLogged,
    CallOutcome,
    CallWhy,
    ClosedReason,
    ReferralClosed,
    TaskOpened,
)
from models.roles import Role
from models.tasks import TaskKind
from store import audit, consent, tasks
from store.tables import ConsentState
from tests.activities.office import CLINIC, MONDAY, ORG, PHONE, WALL, Office
from tests.activities.turns import at_time

HOUR = timedelta(hours=1)


def given(office: Office) -> TaskInput:
    return TaskInput(
        org=ORG,
        clinic_id=CLINIC,
        referral_id=office.referral_id,
        kind=TaskKind.CALL_PATIENT,
        occasion="bd-0-1",
        role=Role.LEAD,
        due=MONDAY + HOUR,
        says="Call the patient today",
    )


def test_a_task_is_a_row_and_a_fact(office: Office) -> None:
    book = Book(office.store, office.tenants, lambda: WALL, Loop())
    answer = book.open(given(office), MONDAY)
    assert answer == Answer(
        learned=(
            TaskOpened(
                at=MONDAY,
                as_of=MONDAY,
                task="call_patient:bd-0-1",
                role="lead",
                due=MONDAY + HOUR,
            ),
        )
    )
    with office.store.read() as session:
        (row,) = tasks.open_tasks(session, ORG)
    assert (row.says, row.role, row.due) == ("Call the patient today", "lead", MONDAY + HOUR)
    assert office.record.card(ORG, office.referral_id).open_tasks == 1
    assert book.open(given(office), MONDAY + HOUR) == answer
    with office.store.read() as session:
        assert len(tasks.open_tasks(session, ORG)) == 1


def test_a_workflows_own_facts_are_written(office: Office) -> None:
    book = Book(office.store, office.tenants, lambda: WALL, Loop())
    closed = ReferralClosed(
        at=MONDAY, as_of=MONDAY, by="system", reason=ClosedReason.UNABLE_TO_REACH
    )
    for _ in range(2):
        said = book.note(RecordInput(org=ORG, referral_id=office.referral_id, facts=(closed,)))
        assert said.learned == (closed,)
    assert office.record.card(ORG, office.referral_id).stage == "closed"
    assert len(office.record.timeline(ORG, office.referral_id)) == 2


def test_who_decided_is_on_the_audit_trail_once(office: Office) -> None:
    book = Book(office.store, office.tenants, lambda: WALL, Loop())
    closed = ReferralClosed(at=MONDAY, by="dana", reason=ClosedReason.DECLINED_BY_PATIENT)
    said = RecordInput(org=ORG, referral_id=office.referral_id, facts=(closed,))
    book.note(said)
    book.note(said)
    with office.store.read() as session:
        lines = audit.about(session, ORG, office.referral_id)
    assert [(line.who, line.what, line.at) for line in lines] == [
        ("dana", "referral_closed", MONDAY)
    ]


async def test_as_activities(office: Office) -> None:
    book = Book(office.store, office.tenants, lambda: WALL, Loop())
    environment = at_time(MONDAY)
    opened = environment.run(book.open_task, given(office))
    assert opened.learned[0].at == MONDAY
    fact = opened.learned[0]
    told = RecordInput(org=ORG, referral_id=office.referral_id, facts=(fact,))
    assert (await environment.run(book.record, told)).learned == (fact,)


@pytest.mark.parametrize("why", [CallWhy.STRANGER, CallWhy.OUT_OF_SERVICE])
def test_a_wrong_number_logged_by_mistake_is_taken_back(office: Office, why: CallWhy) -> None:
    book = Book(office.store, office.tenants, lambda: WALL, Loop())

    def suppressed() -> bool:
        with office.store.read() as session:
            dead = consent.is_dead(session, ORG, PHONE)
            return dead or consent.opted_out(session, ORG, PHONE)

    def told(call: CallLogged) -> None:
        book.note(RecordInput(org=ORG, referral_id=office.referral_id, facts=(call,)))

    call = CallLogged(at=MONDAY, by="dana", call_id="c1", outcome=CallOutcome.WRONG_NUMBER, why=why)
    told(call)
    assert suppressed()
    told(call.model_copy(update={"as_of": MONDAY + HOUR, "retracted": True}))
    assert not suppressed()


def test_a_stop_outlives_a_wrong_number_that_is_taken_back(office: Office) -> None:
    book = Book(office.store, office.tenants, lambda: WALL, Loop())
    with office.store.write() as session:
        consent.record(
            session,
            org=ORG,
            address=PHONE,
            state=ConsentState.OPTED_OUT,
            at=MONDAY - HOUR,
            why="stop_reply",
            recorded_at=WALL,
        )
    wrong = {"outcome": CallOutcome.WRONG_NUMBER, "why": CallWhy.STRANGER}
    call = CallLogged(at=MONDAY, by="dana", call_id="c1", **wrong)
    back = call.model_copy(update={"as_of": MONDAY + HOUR, "retracted": True})
    for fact in (call, back):
        book.note(RecordInput(org=ORG, referral_id=office.referral_id, facts=(fact,)))
    with office.store.read() as session:
        newest = consent.current(session, ORG, PHONE)
    assert newest is not None
    assert newest.why == "stop_reply"


def test_an_unknown_referral_is_refused(office: Office) -> None:
    with pytest.raises(NotFound):
        Book(office.store, office.tenants, lambda: WALL, Loop()).open(
            given(office).model_copy(update={"referral_id": "ref_nobody"}), MONDAY
        )
