"""Two writers at once, on both databases: one referral, nothing left waiting."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlmodel import select

from store.engine import Store
from store.tables import InboxRow, ReferralRow
from tests.databases import on_either
from tests.doors import START, Door, event, referral_event

pytestmark = on_either  # races look different on each


async def settled(door: Door) -> list[InboxRow]:
    """Every row after the chore has run as often as put-off rows ask."""
    for _ in range(4):
        with door.store.read() as session:
            rows = list(session.exec(select(InboxRow)).all())
        late = [row.next_try_at for row in rows if row.next_try_at is not None]
        door.now = max([door.now, *(row.received_at for row in rows), *late])
        await door.intake.dispatch_left(door.now, older_than=door.now - door.now)
    with door.store.read() as session:
        return list(session.exec(select(InboxRow)).all())


async def test_a_referral_and_its_milestones_at_the_same_instant(store: Store) -> None:
    door = Door(store)
    for number in range(8):
        ref = {"external": {"assigner": "example-emr", "value": f"R-{number}"}}
        told = referral_event(external=f"R-{number}", patient={"family_name": f"No {number}"})
        rows = [
            door.accept(told),
            door.accept(event("appointment_booked", referral=ref)),
            door.accept(event("evaluation_completed", referral=ref)),
        ]
        await asyncio.gather(*(door.intake.dispatch(row.id) for row in rows))
    after = await settled(door)
    assert {row.state for row in after} == {"applied"}
    for referral_id in {row.referral_id for row in after}:
        assert referral_id is not None
        run = door.engine.run(referral_id)
        known = {fact.key for fact in run.start.facts} | {fact.key for _, fact in run.signals}
        assert known == {fact.key for fact in door.referral(referral_id).facts}


async def test_one_referral_by_two_doors_at_the_same_instant_is_one(store: Store) -> None:
    door = Door(store)
    rows = [door.accept(referral_event()) for _ in range(6)]
    await asyncio.gather(*(door.intake.dispatch(row.id) for row in rows))
    assert {row.state for row in await settled(door)} == {"applied"}
    with store.read() as session:
        (row,) = session.exec(select(ReferralRow)).all()
    assert door.referral(row.id).received.at == row.received_at
    assert list(door.engine.runs) == [
        f"referral/riverside/{row.id}",
        f"source/riverside/{row.source_id}",
    ]


async def test_two_referrals_of_a_known_patient_at_the_same_instant_are_linked(
    store: Store,
) -> None:
    door = Door(store)
    await door.refer(external="R-0")
    later = START + timedelta(days=30)
    rows = [door.accept(referral_event(external=f"R-{n}", at=later)) for n in range(1, 6)]
    await asyncio.gather(*(door.intake.dispatch(row.id) for row in rows))
    assert {row.state for row in await settled(door)} == {"applied"}
    with store.read() as session:
        new = [row for row in session.exec(select(ReferralRow)) if row.received_at == later]
    first = [row.id for row in new if row.duplicate_of is None]
    assert len(first) == 1
    assert {row.duplicate_of for row in new} == {None, first[0]}


async def test_the_same_row_dispatched_by_two_is_applied_once(store: Store) -> None:
    door = Door(store)
    row = door.accept(referral_event())
    await asyncio.gather(*(door.intake.dispatch(row.id) for _ in range(6)))
    assert {row.state for row in await settled(door)} == {"applied"}
    with store.read() as session:
        assert len(session.exec(select(ReferralRow)).all()) == 1
    assert all(len(runs) == 1 for runs in door.engine.runs.values())
