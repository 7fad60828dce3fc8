"""One run of one chore, started by its Schedule; each chore can be paused alone."""

from __future__ import annotations

from temporalio import workflow

from models.contracts import ChoreDone, SweepInput
from workflows.policies import CHORE_RETRY, CHORE_TIMEOUT


@workflow.defn(name="SweepWorkflow")
class SweepWorkflow:
    """Asks and reports; never writes to a patient."""

    @workflow.run
    async def run(self, given: SweepInput) -> ChoreDone:
        """Run the chore once and answer what it did."""
        done: ChoreDone = await workflow.execute_activity(
            "run_chore",
            given,
            result_type=ChoreDone,
            start_to_close_timeout=CHORE_TIMEOUT,
            retry_policy=CHORE_RETRY,
            summary=f"Chore: {given.chore}",
        )
        return done
