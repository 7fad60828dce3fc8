"""Tasks on a referral, about a source, or for the organization."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest

from models.errors import NotFound, Refused
from models.facts import TaskEscalated, TaskOpened, TaskReturned, TaskTaken
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

        def keys(**by: Any) -> list[str]:
            return [task.key.partition(":")[2] for task in tasks.open_tasks(session, ORG, **by)]

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


def an_org_task(store: Store) -> str:
    with store.write() as session:
        kind = TaskKind.UNREADABLE_EVENT
        return tasks.open_for_org(session, ORG, kind, "1", due=START, at=START).id


def take(store: Store, task_id: str, by: str, at: datetime = START) -> str:
    """Take a task for an hour; who has it afterwards."""
    with store.write() as session:
        return str(tasks.take(session, ORG, task_id, by=by, at=at, until=at + HOUR).owner)


def test_of_two_who_take_one_task_the_first_has_it(store: Store) -> None:
    task_id = an_org_task(store)
    told: list[str] = []

    def run(who: str) -> None:
        try:
            told.append(take(store, task_id, who))
        except Refused as refused:
            told.append(f"{refused.code}: {refused.sentence}")

    threads = [threading.Thread(target=run, args=(who,)) for who in ("dana", "wes")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    who, refused = sorted(told, key=lambda words: words.startswith("taken"))
    assert refused.startswith(f"taken: {who} has this task")


def test_a_lease_ends_is_renewed_handed_over_and_given_back(store: Store) -> None:
    task_id = an_org_task(store)
    assert take(store, task_id, "dana") == take(store, task_id, "dana") == "dana"
    with pytest.raises(Refused) as refused:
        take(store, task_id, "wes", START + HOUR / 2)
    assert refused.value.code == "taken"
    assert take(store, task_id, "wes", START + HOUR) == "wes"
    with store.write() as session:
        handed = tasks.hand_over(session, ORG, task_id, to="lee", at=START, until=START + HOUR)
        assert [row.owner for row in tasks.held(session, ORG)] == ["lee"] == [handed.owner]
        for _ in range(2):
            assert tasks.give_back(session, ORG, task_id).owner is None
        tasks.complete(session, ORG, task_id, by="dana", at=START)
        with pytest.raises(Refused) as refused:
            tasks.take(session, ORG, task_id, by="wes", at=START, until=START)
        assert refused.value.code == "task_over"


def test_what_was_raised_is_seen_by_all_it_went_past(store: Store) -> None:
    with store.write() as session:
        for kind, role, raised in (
            (TaskKind.UNMATCHED_EVENT, Role.FRONT_DESK, Role.LEAD),
            (TaskKind.UNREADABLE_EVENT, Role.ADMIN, Role.DIRECTOR),
            (TaskKind.STEP_FAILED, Role.BILLING, Role.DIRECTOR),
        ):
            row = tasks.open_for_org(session, ORG, kind, "1", due=START, at=START, role=role)
            tasks.raise_to(session, ORG, row.id, raised)
        seen = {
            role: [task.kind for task in tasks.open_tasks(session, ORG, role=role)]
            for role in (Role.FRONT_DESK, Role.LEAD, Role.DIRECTOR, Role.LIAISON)
        }
        assert {role: len(kinds) for role, kinds in seen.items()} == {
            Role.FRONT_DESK: 1,
            Role.LEAD: 2,  # the front desk's, and what went past the lead
            Role.DIRECTOR: 2,
            Role.LIAISON: 0,
        }
        late = tasks.may_rise(session, ORG, START + HOUR, [])
        assert [task.kind for task, _ in late] == ["unmatched_event"], "the others are at the top"
        assert tasks.may_rise(session, ORG, START, []) == []
        assert tasks.may_rise(session, ORG, START, [(Role.FRONT_DESK, "main")]) == []


def test_a_lease_and_a_rise_of_a_referrals_task_follow_its_facts(store: Store) -> None:
    record, ref = a_referral(store)
    key = "low_score:1"
    opened = TaskOpened(at=START, task=key, role="lead", due=START)
    took = TaskTaken(at=START, by="lee", task=key, until=START + HOUR)
    up = TaskEscalated(at=START, task=key, to=Role.DIRECTOR)
    record.write(ORG, ref, opened, took, up, recorded_at=START)
    with store.read() as session:
        (row,) = tasks.of_referral(session, ref)
        assert (row.owner, row.leased_until, row.raised_to) == ("lee", START + HOUR, "director")
        assert tasks.may_rise(session, ORG, START + HOUR, []) == []
    back = TaskReturned(at=START + HOUR, by="system", task=key)
    record.write(ORG, ref, back, recorded_at=START)
    with store.write() as session:
        (row,) = tasks.of_referral(session, ref)
        assert (row.owner, row.taken_at, row.leased_until) == (None, None, None)
        with pytest.raises(Refused) as refused:
            tasks.take(session, ORG, row.id, by="lee", at=START, until=START)
        assert refused.value.code == "complete_by_fact"
