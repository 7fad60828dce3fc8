"""One source's silence watch; it holds no history, the store judges."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RawValue

from engine.attributes import NEEDS_ATTENTION
from models.contracts import Look, SourceStart
from workflows.milestones import NO_BODY
from workflows.policies import STORE_RETRY, STORE_TIMEOUT

SHORTEST_WAIT = timedelta(hours=1)  # a date that has passed is no reason to ask without a pause
LOOKS_PER_PAGE = 200  # about 2,000 events: far below where the engine suggests a new page


@workflow.defn(name="SourceWorkflow")
class SourceWorkflow:
    """Years with one source: each referral starts the 60 days again; silence becomes a task."""

    @workflow.init
    def __init__(self, start: SourceStart) -> None:
        self.start = start
        self.told = 0
        self.quiet = False

    @workflow.run
    async def run(self, start: SourceStart) -> None:
        """Look, wait for the day the store names or for the next referral, look again.

        It ends with a provider who has left; their next referral, if any, begins another watch.
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
        """Until the next referral, or the day on which silence would begin or grow."""

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
        """The list shows quiet sources; the details say until when the watch waits."""
        if look.quiet != self.quiet:
            self.quiet = look.quiet
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(look.quiet)])
        if look.quiet:
            says = "**Quiet.** A person has been asked to call; the next referral ends it."
        elif look.closed:
            says = "Closed: the provider has left. A referral begins the watch again."
        elif look.again_at is None:
            says = "Waits for the next referral."
        else:
            says = f"Sends patients. Quiet on {look.again_at:%a %d %b %Y} if none comes."
        workflow.set_current_details(says)
