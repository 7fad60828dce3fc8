"""A fax is kept first, whatever it is and however often it comes; then it is looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from sqlmodel import select
from temporalio.client import Client

from activities.fax_intake import FaxIntake
from activities.fax_vouching import FaxVouching
from activities.faxes import Faxes
from activities.loop import Loop
from models.errors import NotFound, TooLarge
from models.fax import MAX_FAX_BYTES, FaxArrival, FaxStart, PartState, Trouble
from models.fax_pages import Reading
from store import faxes, tasks
from store.engine import Store
from store.tables import FaxRow, TaskRow
from tests.doors import ORG, START, Door, StandIn

CALLED = "+15185550143"  # the fax line of the first clinic
SENDER = "(518) 555-0163"
PAGES = b"%PDF-1.4 whatever"


class Mailroom:
    """A door for faxes on a real store, with an engine that can be away."""

    def __init__(self, store: Store) -> None:
        self.door = Door(store)
        self.engine: StandIn = self.door.engine
        self.store = store
        loop = Loop(cast(Client, self.engine), "tests")
        self.intake = FaxIntake(store, loop, self.door.tenants, lambda: self.door.now)
        self.faxes = Faxes(store, self.door.tenants, lambda: self.door.now, self.door.intake)
        self.vouching = FaxVouching(self.door.intake, self.faxes)

    async def through(self, content: bytes, **more: Any) -> FaxStart:
        """A fax taken in, read and looked at, as its workflow would; how it began."""
        start = start_of(await self.take(content=content, **more))
        self.faxes.read(start)
        await self.faxes.look(start, START)
        return start

    async def take(self, vendor_id: str = "v1", content: bytes = PAGES, **more: Any) -> FaxRow:
        given = {"from_number": SENDER, "to_number": CALLED, "received_at": START} | more
        arrival = FaxArrival(vendor="telnyx", vendor_id=vendor_id, content=content, **given)
        return await self.intake.take(ORG, arrival)

    def rows(self, table: Any) -> list[Any]:
        with self.store.read() as session:
            return list(session.exec(select(table)).all())


@pytest.fixture
def mailroom(store: Store) -> Mailroom:
    return Mailroom(store)


def start_of(row: FaxRow) -> FaxStart:
    return FaxStart(org=row.org, fax_id=row.id, clinic_id=row.clinic_id)


async def test_a_fax_is_a_row_of_its_clinic_and_one_workflow(mailroom: Mailroom) -> None:
    row = await mailroom.take()
    clinic = mailroom.door.tenants.get(ORG).organization.clinics[0]
    assert clinic.fax == CALLED
    assert (row.clinic_id, row.from_number, row.media) == (clinic.id, "+15185550163", "pdf")
    [run] = mailroom.engine.runs[f"fax/{ORG}/{row.sha256}"]
    assert run.start == start_of(row)
    assert SENDER[-4:] not in str(run.options)


async def test_the_same_fax_three_times_is_one_row_with_three_arrivals(mailroom: Mailroom) -> None:
    first = await mailroom.take("v1")
    for vendor_id in ("v2", "v3", "v3"):
        assert (await mailroom.take(vendor_id)).id == first.id
    with mailroom.store.read() as session:
        assert [one.vendor_id for one in faxes.arrivals(session, first.id)] == ["v1", "v2", "v3"]
    assert len(mailroom.rows(FaxRow)) == 1
    assert sum(len(runs) for runs in mailroom.engine.runs.values()) == 1


async def test_one_arrival_rendered_anew_is_still_that_arrival(mailroom: Mailroom) -> None:
    first = await mailroom.take("v1")
    assert (await mailroom.take("v1", content=PAGES + b" again")).id == first.id


async def test_an_unknown_line_and_a_withheld_number_are_kept_all_the_same(
    mailroom: Mailroom,
) -> None:
    row = await mailroom.take(to_number="+15185550999", from_number="anonymous")
    assert (row.clinic_id, row.from_number) == (None, None)


async def test_only_size_and_tenant_are_refused(mailroom: Mailroom) -> None:
    empty = await mailroom.take("v1", content=b"")
    assert empty.media == "unknown"
    with pytest.raises(TooLarge):
        await mailroom.take("v2", content=b"x" * (MAX_FAX_BYTES + 1))
    given = FaxArrival(vendor="v", vendor_id="1", content=b"x", received_at=START)
    with pytest.raises(NotFound):
        await mailroom.intake.take("nobody", given)


async def test_what_came_while_the_engine_was_away_is_begun_by_the_chore(
    mailroom: Mailroom,
) -> None:
    mailroom.engine.down = True
    row = await mailroom.take()
    assert mailroom.rows(FaxRow)[0].begun_at is None
    mailroom.engine.down = False
    later = mailroom.door.now + timedelta(seconds=16)
    assert await mailroom.intake.begin_left(mailroom.door.now) == 0  # perhaps under way just now
    assert await mailroom.intake.begin_left(later) == 1
    assert await mailroom.intake.begin_left(later) == 0
    assert len(mailroom.engine.runs[f"fax/{ORG}/{row.sha256}"]) == 1


async def test_without_a_reader_every_fax_is_a_task_that_rises_until_somebody_looks(
    mailroom: Mailroom,
) -> None:
    row = await mailroom.take()
    start = start_of(row)
    mailroom.faxes.reading.keep(start, Reading(trouble=Trouble.NO_READER))
    mailroom.faxes.reading.keep(
        start, Reading(trouble=Trouble.NOT_READ)
    )  # again: the first reading stands
    standing = await mailroom.faxes.look(start, START)
    assert (standing.open, standing.settled) == (1, False)
    [task] = mailroom.rows(TaskRow)
    assert (task.kind, task.role, task.raised_to) == ("sort_fax", "front_desk", None)
    assert task.due - START == timedelta(minutes=30)
    assert "No reader" in task.says
    raised = []
    for _ in range(2):
        assert standing.next_at is not None
        standing = await mailroom.faxes.look(start, standing.next_at)
        raised.append(mailroom.rows(TaskRow)[0].raised_to)
    assert raised == ["lead", "director"]
    assert standing.next_at is not None  # nobody is left to tell, and it is looked at every day
    with mailroom.store.write() as session:
        [part] = faxes.parts(session, row.id)
        faxes.settle(session, part, PartState.DONE, by="dana", at=START)
    assert (await mailroom.faxes.look(start, START)).settled
    [task] = mailroom.rows(TaskRow)
    assert (task.state, task.done_by) == ("done", "dana")
    with mailroom.store.read() as session:
        assert faxes.get(session, ORG, row.id).state == "settled"
        assert tasks.get(session, ORG, task.id).subject == "org"
