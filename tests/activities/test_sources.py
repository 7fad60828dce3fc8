"""The silence watch's question to the store: a task when it is quiet, none when it is not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select
from temporalio.testing import ActivityEnvironment

from activities.sources import Sources
from models.contracts import Look, SourceStart
from models.errors import NotFound
from models.source_states import SourceState
from store.tables import DeliveryRow, SourceRow, TaskRow
from tests.doors import ORG, START, Door, referral_event

DAY = timedelta(days=1)


@pytest.fixture
def watch(door: Door) -> Sources:
    return Sources(door.store, door.tenants, lambda: door.now)


async def a_source(door: Door, *days: int) -> SourceStart:
    """One provider who sent a different patient on each of these days."""
    for day in days or (0,):
        event = referral_event(
            external=f"R-{day}", at=START + day * DAY, patient={"family_name": f"No {day}"}
        )
        assert (await door.tell(event)).state == "applied"
    with door.store.read() as session:
        (source,) = session.exec(select(SourceRow)).all()
    return SourceStart(org=ORG, source_id=source.id)


def tasks(door: Door) -> list[tuple[str, str, str]]:
    with door.store.read() as session:
        rows = session.exec(select(TaskRow).where(TaskRow.kind == "re_engagement")).all()
    return sorted((row.key, row.role, row.state) for row in rows)


def crm(door: Door) -> list[DeliveryRow]:
    with door.store.read() as session:
        return list(session.exec(select(DeliveryRow).where(DeliveryRow.channel == "crm")).all())


def active(until: datetime) -> Look:
    """It sends, and would be quiet at a moment."""
    return Look(again_at=until, state=SourceState.ACTIVE, then=SourceState.QUIET)


def quiet(until: datetime) -> Look:
    """It is quiet, somebody has been asked, and it would have lapsed at a moment."""
    return Look(quiet=True, again_at=until, state=SourceState.QUIET, then=SourceState.LAPSED)


def source(door: Door) -> SourceRow:
    with door.store.read() as session:
        return session.exec(select(SourceRow)).one()


async def test_before_sixty_days_it_says_when_to_look_again(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    assert watch.judge(start, START + 59 * DAY) == active(START + 60 * DAY)
    assert tasks(door) == []


async def test_at_sixty_days_a_task_stands_on_the_board_and_in_the_crm(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door)
    at = START + 60 * DAY
    for later in (at, at, at + DAY):  # looking again changes nothing
        assert watch.judge(start, later) == quiet(START + 120 * DAY)
    assert tasks(door) == [("re_engagement:2026-01-05", "liaison", "open")]
    (row,) = (one for one in crm(door) if one.subject_type == "task")
    assert row.payload is not None
    assert row.payload["priority"] == "low"
    assert row.payload["source_id"] == start.source_id
    assert "Ruiz" not in str(row.payload)
    row = source(door)
    assert row.quiet_since == at
    assert (row.state, row.state_since) == (SourceState.QUIET, at)
    assert row.next_touch_at is not None


async def test_the_next_referral_ends_it(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    watch.judge(start, START + 60 * DAY)
    await a_source(door, 0, 70)
    assert watch.judge(start, START + 70 * DAY) == Look(
        again_at=START + 130 * DAY, state=SourceState.RETURNED, then=SourceState.QUIET
    )
    assert [state for _, _, state in tasks(door)] == ["moot"]
    assert source(door).quiet_since is None
    watch.judge(start, START + 130 * DAY)
    assert [key for key, _, state in tasks(door) if state == "open"] == ["re_engagement:2026-03-16"]


async def test_a_valued_source_reaches_the_director_once_the_task_is_late(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door, 0, 20, 40)
    at = START + 100 * DAY
    look = watch.judge(start, at)
    (row,) = (one for one in crm(door) if one.subject_type == "task")
    assert row.payload is not None
    assert row.payload["priority"] == "high"
    due = datetime.fromisoformat(str(row.payload["due"]))
    assert look.quiet
    assert look.again_at is not None
    assert at < due < look.again_at
    lapses = START + 160 * DAY
    assert watch.judge(start, look.again_at) == quiet(lapses)
    assert [role for _, role, _ in tasks(door)] == ["liaison", "director"]
    assert watch.judge(start, look.again_at + DAY) == quiet(lapses)
    assert len(tasks(door)) == 2
    await a_source(door, 0, 20, 40, 120)
    watch.judge(start, START + 120 * DAY)
    assert {state for _, _, state in tasks(door)} == {"moot"}


async def test_duplicates_do_not_break_the_silence(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    again = await door.tell(
        referral_event(external="R-x", at=START + 5 * DAY, patient={"family_name": "No 0"})
    )
    assert again.reason == "duplicate"
    assert watch.judge(start, START + 60 * DAY).quiet


async def test_the_activity_looks_at_the_workflows_own_time(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    environment = ActivityEnvironment()
    info = environment.info
    environment.info = type(info)(**{**vars(info), "started_time": START + 61 * DAY})
    assert environment.run(watch.look, start).quiet
    environment.info = type(info)(**{**vars(info), "started_time": START + 1 * DAY})
    assert not environment.run(watch.look, start).quiet
    with pytest.raises(NotFound):
        environment.run(watch.look, SourceStart(org=ORG, source_id="src_none"))
