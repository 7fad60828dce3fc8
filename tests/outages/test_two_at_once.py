"""Two workers with one message, two web processes with one event: on both databases, in earnest.

Each twin is a process of its own and meets the other before every item.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select
from temporalio.client import Client

from activities.intake import Intake
from activities.loop import Loop
from engine.client import connect
from engine.codec import KeyRing
from engine.server import Engine
from models.facts import MessageSent, ReferralReceived
from models.ids import referral_workflow_id
from store.engine import Store
from store.tables import InboxRow, ReferralRow
from tests.activities.office import ORG, Office
from tests.databases import on_either
from tests.doors import Door, event, referral_event
from tests.outages.crew import Cue, Ledger, now, tenants
from tests.outages.twins import both

ROUNDS = 12

# Races look different on each database.
pytestmark = [on_either, pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def cue(engine: Engine, store: Store, tmp_path: Path) -> Cue:
    """Where both twins work."""
    return Cue(
        address=engine.address,
        namespace=engine.namespace,
        queue=f"twins-{tmp_path.name}",
        keys=KeyRing.generate("twins"),
        store=store.engine.url.render_as_string(hide_password=False),
        folder=tmp_path,
    )


def test_two_workers_with_one_message_send_it_once(store: Store, cue: Cue, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.wall = now()
    items = [
        office.receive(at=now(), patient={"family_name": f"Number {number}"})
        for number in range(ROUNDS)
    ]
    ends = both("crank", items, cue)
    assert sorted(Ledger.read(tmp_path)) == sorted(set(Ledger.read(tmp_path)))
    assert len(Ledger.read(tmp_path)) == ROUNDS
    assert office.duplicates() == 0
    for item in items:
        assert len(office.record.referral(ORG, item).all(MessageSent)) == 1
    # Whoever lost was told to come again, or came late enough to be told what is known.
    assert set(ends) <= {"answered", "claimed_elsewhere"}
    assert sum(ends.values()) == 2 * ROUNDS
    assert ends["answered"] >= ROUNDS


async def test_two_web_processes_with_one_event_make_one_referral(
    engine: Engine, store: Store, cue: Cue
) -> None:
    door = Door(store)
    rows = []
    for number in range(ROUNDS // 2):
        ref = {"external": {"assigner": "example-emr", "value": f"R-{number}"}}
        told = referral_event(external=f"R-{number}", patient={"family_name": f"No {number}"})
        rows += [door.accept(told).id, door.accept(event("evaluation_completed", referral=ref)).id]
    both("dispatch", rows, cue)
    client = await connect(engine.address, engine.namespace, keyring=KeyRing.parse(cue.keys))
    intake = Intake(store, Loop(client, cue.queue), tenants(), now)
    await intake.dispatch_left(now(), older_than=now() - now())  # what one of them had put off
    with store.read() as session:
        assert {row.state for row in session.exec(select(InboxRow))} == {"applied"}
        referrals = [row.id for row in session.exec(select(ReferralRow))]
    assert len(referrals) == ROUNDS // 2
    for referral_id in referrals:
        known = door.referral(referral_id)
        assert len(known.all(ReferralReceived)) == 1
        assert known.evaluation_on_record()
        await one_run(client, referral_id)


async def one_run(client: Client, referral_id: str) -> None:
    """One workflow was started, and has heard both facts."""
    handle = client.get_workflow_handle(referral_workflow_id(ORG, referral_id))
    described = await handle.describe()
    assert described.run_id == described.raw_description.workflow_execution_info.first_run_id
    history = await handle.fetch_history()
    told = {
        event.workflow_execution_signaled_event_attributes.signal_name
        for event in history.events
        if event.HasField("workflow_execution_signaled_event_attributes")
    }
    assert "evaluation_completed" in told
    await handle.terminate()
