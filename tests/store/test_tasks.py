"""Tasks on a referral, about a source, or for the organization."""

from __future__ import annotations

import pytest

from models.errors import NotFound, Refused
from models.facts import TaskOpened
from models.roles import Role
from models.tasks import TaskKind
from store import tasks
from store.engine import Store
from tests.store.world import HOUR, ORG, START, a_referral, source_of


def test_a_task_is_opened_once_per_subject(store: Store) -> None:
    _, ref = a_referral(store)
    source = source_of(store, ref)
    kind = TaskKind.UNMATCHED_EVENT
    with store.write() as session:
        for _ in range(2):
            mine = tasks.open_for_org(session, ORG, kind, "1", due=START, at=START)
            theirs = tasks.open_for_source(session, source, kind, "1", due=START, at=START)
        assert tasks.find(session, ORG, tasks.ORG, "unmatched_event:1") == mine
        assert tasks.find(session, ORG, source.id, "unmatched_event:1") == theirs
        assert len(tasks.open_tasks(session, ORG)) == 2


def test_a_role_sees_its_tasks_soonest_first(store: Store) -> None:
    with store.write() as session:
        for number, role in enumerate([Role.ADMIN, Role.LEAD, Role.ADMIN]):
            tasks.open_for_org(
                session,
                ORG,
                TaskKind.UNREADABLE_EVENT,
                str(number),
                due=START - number * HOUR,
                at=START,
                role=role,
                clinic_id="north" if number == 0 else None,
            )
        keys = lambda **by: [  # noqa: E731
            task.key.partition(":")[2] for task in tasks.open_tasks(session, ORG, **by)
        ]
        assert keys() == ["2", "1", "0"]
        assert keys(role=Role.ADMIN) == ["2", "0"]
        assert keys(clinic_id="north") == ["2", "1", "0"]
        assert keys(clinic_id="south") == ["2", "1"]
        assert keys(kind=TaskKind.RE_ENGAGEMENT) == []


def test_a_task_of_the_organization_is_completed_by_its_row(store: Store) -> None:
    with store.write() as session:
        task = tasks.open_for_org(session, ORG, TaskKind.STEP_FAILED, "1", due=START, at=START)
        for hour in (1, 2):
            tasks.complete(session, ORG, task.id, by="staff_1", at=START + hour * HOUR)
        assert (task.state, task.done_at, task.done_by) == ("done", START + HOUR, "staff_1")
        assert tasks.open_tasks(session, ORG) == []
        with pytest.raises(NotFound):
            tasks.complete(session, "elsewhere", task.id, by="staff_1", at=START)


def test_a_task_of_a_referral_is_completed_by_a_fact(store: Store) -> None:
    record, ref = a_referral(store)
    fact = TaskOpened(at=START, task="call_patient:1", role=Role.FRONT_DESK, due=START)
    record.write(ORG, ref, fact, recorded_at=START)
    with store.write() as session:
        (task,) = tasks.open_tasks(session, ORG, referral_id=ref)
        with pytest.raises(Refused):
            tasks.complete(session, ORG, task.id, by="staff_1", at=START)
