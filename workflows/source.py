"""One source's silence watch; it holds no history, the store judges."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RawValue

from engine.attributes import NEEDS_ATTENTION
from models.contracts import Look, SourceStart
from models.source_states import SourceState
from workflows.milestones import NO_BODY
from workflows.policies import STORE_RETRY, STORE_TIMEOUT

SHORTEST_WAIT = timedelta(hours=1)  # a date that has passed is no reason to ask without a pause
LOOKS_PER_PAGE = 200  # about 2,000 events: far below where the engine suggests a new page


@workflow.defn(name="SourceWorkflow")
class SourceWorkflow:
    """Years with one source: each referral starts its silence anew; silence becomes a task."""

    @workflow.init
    def __init__(self, start: SourceStart) -> None:
        self.start = start
        self.told = 0
        self.quiet = False

    @workflow.run
    async def run(self, start: SourceStart) -> None:
        """Look, wait for the day the store names or for the next referral, look again.

        It ends with a provider who has left, or a source that turned out to be another one; the
        next referral, if any, begins another watch.
        """
        self.quiet = start.quiet
        for _ in range(LOOKS_PER_PAGE):
            heard = self.told
            look = await workflow.execute_activity(
                "look_at_source",
                start,
                result_type=Look,
                start_to_close_timeout=STORE_TIMEOUT,
                retry_policy=STORE_RETRY,
                summary="See whether this source still sends patients",
            )
            self.show(look)
            if look.closed and self.told == heard:
                return
            await self.wait(look, heard)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(start.model_copy(update={"quiet": self.quiet}))

    async def wait(self, look: Look, heard: int) -> None:
        """Until the next referral, or the day on which the store has something to say."""

        def news() -> bool:
            return self.told > heard

        if look.again_at is None:
            await workflow.wait_condition(news)  # quiet: its task has an owner and a date
            return
        left = max(look.again_at - workflow.now(), SHORTEST_WAIT)
        try:
            await workflow.wait_condition(
                news, timeout=left, timeout_summary="Wait for the next referral from this source"
            )
        except TimeoutError:
            return

    @workflow.signal(description="This source sent a referral")
    def referral_received(self, at: RawValue = NO_BODY) -> None:
        """A referral came; the store knows it already, the watch only looks again."""
        del at  # of another virtual clock, and not even read: the store has the date
        self.told += 1

    @workflow.signal(description="Something about this source has changed")
    def look_again(self) -> None:
        """The store knows what; the watch looks."""
        self.told += 1

    def show(self, look: Look) -> None:
        """The list shows quiet sources; the details say how it stands and until when it waits."""
        if look.quiet != self.quiet:
            self.quiet = look.quiet
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(look.quiet)])
        workflow.set_current_details(_says(look))


def _says(look: Look) -> str:
    """How the source stands, what comes next, and what a person has been asked."""
    if look.closed:
        return "Closed: nobody sends under this name any more. A referral begins the watch again."
    if look.quiet:
        stands = "Lapsed" if look.state is SourceState.LAPSED else "Quiet"
        asked = (
            "A person has been asked to call" if look.asked else "A person is asked to call soon"
        )
        return f"**{stands}.** {asked}; the next referral ends it."
    if look.state is not None and look.state.silent and not look.away:
        return "**Quiet.** Nobody is asked to call: it sent too few for that."
    if look.again_at is None:
        return "Waits for the next referral."
    day = f"{look.again_at:%a %d %b %Y}"
    if look.away:
        return f"**On leave.** Days of leave are no silence. Looks again on {day}."
    if look.state is SourceState.COOLING:
        return f"**Cooling.** Slower than its own rhythm. Quiet on {day} if none comes."
    sends = "Has come back" if look.state is SourceState.RETURNED else "Sends patients"
    then = "Cooling" if look.then is SourceState.COOLING else "Quiet"
    return f"{sends}. {then} on {day} if none comes."
