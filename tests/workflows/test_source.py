"""Sixty days of silence on the real engine: started again by each referral, seen on its day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import UnsandboxedWorkflowRunner

from engine.attributes import NEEDS_ATTENTION
from models.contracts import Look
from models.ids import source_workflow_id
from models.source_states import SourceState
from tests.lives import monday, on
from tests.theater import Theater, on_stage
from workflows import source

pytestmark = pytest.mark.engine
START = monday()
SIXTY_DAYS = timedelta(days=60)


def minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def quiet_since(theater: Theater) -> list[datetime]:
    return [minute(at) for at, look in theater.fakes.looks if look.quiet]


async def hear(theater: Theater, source_id: str, *body: object) -> None:
    """A referral from this source: in the store first, then told to its watch."""
    theater.fakes.heard[source_id] = theater.skipper.now
    handle = theater.client.get_workflow_handle(source_workflow_id(theater.org, source_id))
    await handle.signal("referral_received", args=list(body or (theater.skipper.now,)))
    await theater.settle()


async def attention(theater: Theater, source_id: str) -> bool:
    handle = theater.client.get_workflow_handle(source_workflow_id(theater.org, source_id))
    found = (await handle.describe()).typed_search_attributes.get(NEEDS_ATTENTION)
    return bool(found)


async def test_silence_is_seen_sixty_days_after_the_last_referral(client: Client) -> None:
    async with on_stage(client, START) as theater:
        theater.fakes.heard["src_1"] = START
        await theater.begin_source("src_1")
        for day in (20, 45):
            await theater.advance(on(START, day))
            await hear(theater, "src_1")
        await theater.advance(on(START, 104))
        assert not any(look.quiet for _, look in theater.fakes.looks)
        assert not await attention(theater, "src_1")
        await theater.advance(on(START, 106))
        assert quiet_since(theater) == [minute(on(START, 45) + SIXTY_DAYS)]
        assert await attention(theater, "src_1")
        # it waits for the next referral, and for nothing else
        looks = len(theater.fakes.looks)
        await theater.advance(on(START, 200))
        assert len(theater.fakes.looks) == looks
        await hear(theater, "src_1", "a date that cannot be read")
        assert not await attention(theater, "src_1")
        again = theater.fakes.looks[-1][1].again_at
        assert again is not None
        assert minute(again) == minute(on(START, 200) + SIXTY_DAYS)


async def test_years_with_one_source_go_on_page_after_page(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "LOOKS_PER_PAGE", 3)
    async with on_stage(client, START, runner=UnsandboxedWorkflowRunner()) as theater:
        theater.fakes.heard["src_1"] = START
        await theater.begin_source("src_1")
        for day in range(7, 84, 7):
            await theater.advance(on(START, day))
            await hear(theater, "src_1")
        assert len(theater.fakes.looks) >= 11
        await theater.advance(on(START, 140))
        assert quiet_since(theater) == [minute(on(START, 77) + SIXTY_DAYS)]  # on the fourth page
        handle = theater.client.get_workflow_handle(source_workflow_id(theater.org, "src_1"))
        described = await handle.describe()
        assert described.status is WorkflowExecutionStatus.RUNNING
        assert described.raw_description.workflow_execution_info.first_run_id != described.run_id


async def test_a_date_that_has_passed_is_not_asked_for_without_a_pause(client: Client) -> None:
    async with on_stage(client, START) as theater:
        theater.fakes.heard["src_1"] = START
        theater.fakes.quiet_after = timedelta(days=-1)
        theater.fakes.never_quiet = True
        await theater.begin_source("src_1")
        await theater.advance(START + timedelta(hours=5, minutes=1))
        assert len(theater.fakes.looks) == 6


async def test_the_watch_ends_with_a_provider_who_left(client: Client) -> None:
    async with on_stage(client, START) as theater:
        theater.fakes.heard["src_1"] = START
        await theater.begin_source("src_1")
        await theater.advance(on(START, 20))
        theater.fakes.left.add("src_1")
        handle = theater.client.get_workflow_handle(source_workflow_id(theater.org, "src_1"))
        await handle.signal("look_again")
        await handle.result()
        assert not any(look.quiet for _, look in theater.fakes.looks)


@pytest.mark.parametrize(
    ("look", "says"),
    [
        (Look(again_at=START), "Sends patients. Quiet on Mon "),  # as older looks answered
        (
            Look(again_at=START, state=SourceState.ACTIVE, then=SourceState.COOLING),
            "Sends patients. Cooling on Mon ",
        ),
        (Look(again_at=START, state=SourceState.RETURNED), "Has come back. Quiet on Mon "),
        (Look(again_at=START, state=SourceState.COOLING), "**Cooling.** Slower than its own"),
        (Look(again_at=START, state=SourceState.QUIET, away=True), "**On leave.**"),
        (Look(state=SourceState.LAPSED), "**Quiet.** Nobody is asked to call"),
        (Look(quiet=True), "**Quiet.** A person has been asked to call"),
        (Look(quiet=True, state=SourceState.LAPSED), "**Lapsed.** A person has been asked"),
        (Look(quiet=True, asked=False), "**Quiet.** A person is asked to call soon"),
        (Look(), "Waits for the next referral."),
        (Look(closed=True), "Closed: "),
    ],
)
def test_the_details_say_how_it_stands(look: Look, says: str) -> None:
    assert source._says(look).startswith(says)
