"""One fax, from its arrival until each of its parts has become something."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

from engine.attributes import NEEDS_ATTENTION
from models.fax import FaxRead, FaxStanding, FaxStart, Trouble
from workflows.policies import STORE_RETRY, STORE_TIMEOUT

# A whole fax is read within minutes, each program on a page within its own limit; a reader that
# dies is tried again twice, and then a person reads.
READ_TIMEOUT = timedelta(minutes=10)
READ_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=3)
ROUTE_TIMEOUT = timedelta(minutes=2)  # pages that go on are drawn once more
LOOKS_PER_PAGE = 200


@workflow.defn(name="InboundFaxWorkflow")
class InboundFaxWorkflow:
    """Minutes with most faxes, days with those that wait for a person; nobody's for none."""

    @workflow.init
    def __init__(self, start: FaxStart) -> None:
        self.start = start
        self.told = 0
        self.attention = False

    @workflow.run
    async def run(self, start: FaxStart) -> FaxStanding:
        """Read it, do what is certain, ask people about the rest, and see that they do it."""
        await self.read()
        looks = 0
        while True:
            heard = self.told
            standing = await self.look()
            self.show(standing)
            if standing.settled and self.told == heard:
                return standing
            await self.wait(standing, heard)
            looks += 1
            if looks == LOOKS_PER_PAGE:
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(start)

    async def read(self) -> None:
        """Have the pages read; what no attempt could read is a person's to read."""
        try:
            await workflow.execute_activity(
                "read_fax",
                self.start,
                result_type=FaxRead,
                start_to_close_timeout=READ_TIMEOUT,
                retry_policy=READ_RETRY,
                summary="Read the pages",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            await workflow.execute_activity(
                "give_up_reading",
                args=[self.start, str(Trouble.NOT_READ)],
                start_to_close_timeout=STORE_TIMEOUT,
                retry_policy=STORE_RETRY,
                summary="Ask a person to read it",
            )

    async def look(self) -> FaxStanding:
        """Do what is certain, open and raise tasks for the rest; again is harmless."""
        standing: FaxStanding = await workflow.execute_activity(
            "route_fax",
            self.start,
            result_type=FaxStanding,
            start_to_close_timeout=ROUTE_TIMEOUT,
            retry_policy=STORE_RETRY,
            summary="Take what is certain further, ask people about the rest",
        )
        return standing

    async def wait(self, standing: FaxStanding, heard: int) -> None:
        """Until a person has done something, or somebody above must hear that nobody did."""

        def news() -> bool:
            return self.told > heard

        if standing.next_at is None:
            await workflow.wait_condition(news)  # its task is the director's by now
            return
        left = max(standing.next_at - workflow.now(), timedelta(seconds=1))
        try:
            await workflow.wait_condition(
                news, timeout=left, timeout_summary="Wait for a person to look at the fax"
            )
        except TimeoutError:
            return

    @workflow.signal(description="Somebody has done something with this fax")
    def look_again(self) -> None:
        """The store knows what; the workflow looks."""
        self.told += 1

    def show(self, standing: FaxStanding) -> None:
        """The list shows faxes that wait for a person; the details say how far each has come."""
        attention = standing.open > 0
        if attention != self.attention:
            self.attention = attention
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(attention)])
        done = []
        if standing.leads:
            done.append(f"{standing.leads} became a referral to confirm")
        if standing.attached:
            done.append(f"{standing.attached} went to a referral on record")
        says = "; ".join(done)
        if standing.open:
            limit = standing.next_at
            until = f" Somebody above hears of it {limit:%a %d %b %H:%M} UTC." if limit else ""
            says = f"**{standing.open} waiting for a person.**{until} {says}".strip()
        workflow.set_current_details(says or "Settled.")
