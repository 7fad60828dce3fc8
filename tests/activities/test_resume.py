"""Temporal has lost its memory: the record starts again what should be running."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from activities.loop import Loop
from activities.resume import LAST_WORDS, Resume
from engine.client import connect, connect_service
from engine.codec import KeyRing
from engine.namespace import ensure, searchable
from engine.running import running
from engine.server import Engine
from models.contracts import ReferralStart
from models.errors import EngineUnavailable
from models.facts import ClosedReason, ReferralClosed
from models.ids import referral_workflow_id, source_workflow_id
from store.engine import Store
from tests.doors import LATER, ORG, START, Door, StandIn, event
from tests.theater import Fakes
from workflows.referral import ReferralWorkflow

pytestmark = pytest.mark.engine


@pytest.fixture
async def empty(engine: Engine, keyring: KeyRing) -> Client:
    """A namespace nobody has ever used: what is left of a Temporal whose database is gone."""
    namespace = f"lost-{uuid.uuid4().hex[:8]}"
    service = await connect_service(engine.address)
    await ensure(service, namespace)
    async with asyncio.timeout(30):
        while True:
            try:
                await searchable(service, namespace)
                break
            except EngineUnavailable:
                await asyncio.sleep(0.05)
    return await connect(engine.address, namespace, keyring=keyring)


class Clinic:
    """A door on an engine nobody sees any more, and the way back from the record alone."""

    def __init__(self, store: Store, client: Client) -> None:
        self.client = client
        self.queue = f"resume-{uuid.uuid4().hex[:8]}"
        self.door = Door(store, StandIn())  # it ran there
        self.loop = Loop(client, self.queue)
        self.again = Resume(self.door.intake.record, self.door.tenants, self.loop)

    async def resume(self, runs: Any = (), *, anew: bool = False) -> None:
        await self.again.start(self.again.missing(self.door.now, runs), anew=anew)

    async def status(self, workflow_id: str) -> WorkflowExecutionStatus | None:
        described = await self.client.get_workflow_handle(workflow_id).describe()
        return described.status

    async def ids(self) -> set[str]:
        return {one.id async for one in self.client.list_workflows("")}


@pytest.fixture
def clinic(store: Store, empty: Client) -> Clinic:
    return Clinic(store, empty)


async def until_listed(client: Client, number: int) -> frozenset[str]:
    """The running ones, once the list has caught up."""
    async with asyncio.timeout(20):
        while len(found := await running(client)) != number:
            await asyncio.sleep(0.05)
    return found


async def test_every_open_referral_begins_again_with_all_the_record_knows(clinic: Clinic) -> None:
    referral_id = await clinic.door.refer()
    await clinic.door.tell(event("appointment_booked"))
    await clinic.resume()
    source_id = clinic.door.referral(referral_id).received.source_id
    mine = referral_workflow_id(ORG, referral_id)
    assert await until_listed(clinic.client, 2) == {mine, source_workflow_id(ORG, source_id)}
    history = await clinic.client.get_workflow_handle(mine).fetch_history()
    begun = history.events[0].workflow_execution_started_event_attributes
    (start,) = await clinic.client.data_converter.decode(begun.input.payloads, [ReferralStart])
    assert start.facts == clinic.door.referral(referral_id).facts
    described = await clinic.client.get_workflow_handle(mine).describe()
    shown = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    assert (shown["Organization"], shown["Stage"]) == (ORG, "scheduled")


async def test_again_and_beside_what_runs_nothing_changes(clinic: Clinic) -> None:
    referral_id = await clinic.door.refer()
    await clinic.resume()
    mine = referral_workflow_id(ORG, referral_id)
    before = (await clinic.client.get_workflow_handle(mine).describe()).run_id
    await clinic.resume()  # as if the list had not caught up: it is started, and runs already
    runs = await until_listed(clinic.client, 2)
    lost = clinic.again.missing(clinic.door.now, runs)
    assert (lost.open, lost.ending, lost.sources, lost.running) == ((), (), (), 2)
    assert (await clinic.client.get_workflow_handle(mine).describe()).run_id == before


async def test_anew_ends_a_run_that_knows_too_little(clinic: Clinic) -> None:
    referral_id = await clinic.door.refer()
    await clinic.resume()
    mine = referral_workflow_id(ORG, referral_id)
    first = clinic.client.get_workflow_handle(mine, run_id=None)
    before = (await first.describe()).run_id
    await clinic.door.tell(event("appointment_booked"))  # of which this engine was not told
    await clinic.resume(anew=True)
    old = await clinic.client.get_workflow_handle(mine, run_id=before).describe()
    assert old.status is WorkflowExecutionStatus.TERMINATED
    async with Worker(
        clinic.client,
        task_queue=clinic.queue,
        workflows=[ReferralWorkflow],
        activities=Fakes().activities,
    ):
        known = await clinic.client.get_workflow_handle(mine).query("facts")
    assert "appointment_booked" in [fact["kind"] for fact in known]


async def test_a_duplicate_and_what_was_closed_long_ago_stay_as_they_are(clinic: Clinic) -> None:
    first = await clinic.door.refer()
    await clinic.door.refer(external="R-1002")  # the same patient and source: linked
    lost = ReferralClosed(at=LATER, by="lee", reason=ClosedReason.UNABLE_TO_REACH)
    clinic.door.now = LATER
    clinic.door.write(first, lost)
    clinic.door.now = LATER + LAST_WORDS + timedelta(seconds=1)
    missing = clinic.again.missing(clinic.door.now, ())
    assert (missing.open, missing.ending) == ((), ())


async def test_last_words_of_a_referral_closed_lately_are_still_said(clinic: Clinic) -> None:
    referral_id = await clinic.door.refer()
    clinic.door.now = START + timedelta(days=20)
    closed = ReferralClosed(at=clinic.door.now, by="lee", reason=ClosedReason.UNABLE_TO_REACH)
    clinic.door.write(referral_id, closed)
    fakes = Fakes()
    async with Worker(
        clinic.client,
        task_queue=clinic.queue,
        workflows=[ReferralWorkflow],
        activities=fakes.activities,
    ):
        await clinic.resume()
        handle = clinic.client.get_workflow_handle(referral_workflow_id(ORG, referral_id))
        async with asyncio.timeout(30):
            await handle.result()
        assert list(fakes.messages(referral_id)) == ["unable_to_reach:source:closed"]
        await clinic.resume()  # the engine remembers that one's end
        assert await clinic.status(handle.id) is WorkflowExecutionStatus.COMPLETED
    assert fakes.messages(referral_id) == {"unable_to_reach:source:closed": 1}


async def test_only_sources_whose_silence_means_something_are_watched(clinic: Clinic) -> None:
    friend = {"kind": "past_patient", "name": "Kim Example", "phone": "518-555-0177"}
    referral_id = await clinic.door.refer(source=friend)
    await clinic.resume()
    assert await until_listed(clinic.client, 1) == {referral_workflow_id(ORG, referral_id)}


async def test_an_engine_that_is_away_is_said(clinic: Clinic) -> None:
    await clinic.door.refer()
    away = Resume(clinic.door.intake.record, clinic.door.tenants, Loop())
    lost = away.missing(clinic.door.now, ())
    with pytest.raises(EngineUnavailable):
        await away.start(lost)
