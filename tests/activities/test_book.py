"""A task on the board and a fact of the workflow's own: once, whatever is repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.book import Book
from activities.loop import Loop
from models.contracts import Answer, RecordInput, TaskInput
from models.errors import NotFound
from models.facts import ClosedReason, ReferralClosed, TaskOpened
from models.roles import Role
from models.tasks import TaskKind
from store import audit, tasks
from tests.activities.office import CLINIC, MONDAY, ORG, WALL, Office
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


def test_an_unknown_referral_is_refused(office: Office) -> None:
    with pytest.raises(NotFound):
        Book(office.store, office.tenants, lambda: WALL, Loop()).open(
            given(office).model_copy(update={"referral_id": "ref_nobody"}), MONDAY
        )
