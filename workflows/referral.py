"""One referral, from the first word to closed: ``run()`` is the story."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from engine.attributes import NEEDS_ATTENTION, STAGE
from models.certification import state as certification_state
from models.contracts import ReferralEnd, ReferralStart
from models.decisions import refusal
from models.dues import agenda
from models.facts import AnyDecisionFact, AnyFact, Fact, ReferralClosed
from models.referral import Referral, Stage
from models.tasks import TaskKind, task_key
from workflows.desk import Desk, Over
from workflows.milestones import Milestones
from workflows.steps.acknowledge import acknowledge
from workflows.steps.certify_plan import certify_plan
from workflows.steps.discharge import discharge
from workflows.steps.evaluate import evaluate
from workflows.steps.farewell import farewell
from workflows.steps.follow_up import follow_up
from workflows.steps.prepare_visit import prepare_visit
from workflows.steps.reach_patient import reach_patient
from workflows.steps.report_progress import report_progress
from workflows.steps.watch_engagement import watch_engagement

Step = Callable[[Desk], Awaitable[None]]


class View(NamedTuple):
    """What the lists of the Temporal UI show of a referral."""

    stage: Stage
    needs_attention: bool

    @classmethod
    def of(cls, referral: Referral) -> View:
        """The view that a referral's facts make."""
        return cls(referral.stage(), bool(referral.open_tasks()))


@workflow.defn(name="ReferralWorkflow")
class ReferralWorkflow(Milestones):
    """Weeks to months with one patient; waits on milestones, replies, receipts and deadlines."""

    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        self.start = start
        self.desk = Desk(start)
        self.shown = View.of(self.desk.referral)  # whoever starts it sets the same attributes
        self.shown_revision = -1
        self.turning = False
        self.unread: list[str] = []

    @workflow.run
    async def run(self, start: ReferralStart) -> ReferralEnd:
        """A row is a track: tracks run side by side, the steps named in a row one after another."""
        story = asyncio.gather(
            self.walk(acknowledge),  # whoever sent the patient hears within 24 hours
            self.walk(reach_patient, evaluate, discharge, follow_up),  # the patient's way
            self.walk(prepare_visit),  # confirmation and forms before each booked evaluation
            self.walk(certify_plan),  # sent, chased while needed, signed, answered
            self.walk(report_progress),  # by the 10th treatment day
            self.walk(watch_engagement),  # nobody drops out unseen
            # a new step, one line:  *self.since("2027-03-caregiver", call_caregiver),
        )
        while not story.done():
            await workflow.wait_condition(
                lambda: story.done() or self.at_page_end() or self.out_of_date()
            )
            await self.look_up()
            if self.at_page_end() and not story.done():
                workflow.continue_as_new(start.resumed(self.desk.referral))
        await story
        return await self.close()

    async def walk(self, *steps: Step) -> None:
        """One track: its steps in order, each again from the top once a person mended it."""
        for step in steps:
            tried = 0
            while True:
                try:
                    await step(self.desk)
                    break
                except Over:
                    return
                except FailureError as failure:
                    if is_cancelled_exception(failure):
                        raise
                    tried += 1
                    occasion = f"{getattr(step, '__name__', 'step')}-{tried}"
                    await self.desk.task(TaskKind.STEP_FAILED, occasion)
                    await self.mended(task_key(TaskKind.STEP_FAILED, occasion))

    async def mended(self, task: str) -> None:
        """A person has done what a failed step asked of them."""
        await workflow.wait_condition(lambda: self.desk.referral.task_done(task))

    def since(self, patch: str, *steps: Step) -> list[Awaitable[None]]:
        """A track added later: new referrals walk it at once, running ones after turn_the_page."""
        return [self.walk(*steps)] if workflow.patched(patch) else []

    async def close(self) -> ReferralEnd:
        """Last words, then the board lets go; a person's closing stands as it was written."""
        self.desk.farewell = True
        await farewell(self.desk)
        referral = self.desk.referral
        if not referral.closed():
            closed = ReferralClosed(
                at=self.desk.now(),
                as_of=self.desk.now(),
                by="system",
                reason=referral.closing_reason(),
            )
            await self.desk.record(closed, says="Close the referral")
        await self.look_up()
        await workflow.wait_condition(workflow.all_handlers_finished)
        closing = referral.closing()
        reason = closing.reason if closing else referral.closing_reason()
        return ReferralEnd(referral_id=self.start.referral_id, reason=reason)

    # --- turning the page ---------------------------------------------------------------------

    def at_page_end(self) -> bool:
        """A long history, or an operator's wish for new code; never in the middle of an act."""
        wanted = self.turning or workflow.info().is_continue_as_new_suggested()
        return wanted and self.desk.busy == 0 and workflow.all_handlers_finished()

    @workflow.signal(description="Move this running referral onto the code of the day")
    def turn_the_page(self) -> None:
        """Continue as new at the next quiet moment; steps added since then begin to run."""
        self.turning = True

    # --- hearing and deciding -------------------------------------------------------------------

    def hear(self, fact: Fact) -> None:
        """Take a milestone in; known ones change nothing."""
        self.desk.learn(fact)  # type: ignore[arg-type]  # every milestone is one of AnyFact

    def unreadable(self, name: str) -> None:
        """Remember a signal that could not be read; a person is asked."""
        self.unread.append(name)
        self.desk.revision += 1

    @workflow.update(description="A person's decision; refused ones say why and leave no history")
    async def decide(self, decision: AnyDecisionFact) -> str:
        """Write and apply a staff decision; answers the referral's new version token.

        The same decision again changes nothing. Refused: ApplicationError with the refusal's code.
        """
        await self.desk.record(decision, says="Write a person's decision")
        self.desk.learn(decision)
        return self.desk.referral.version

    @decide.validator
    def _may_decide(self, decision: AnyDecisionFact) -> None:
        refused = refusal(self.desk.referral, decision)
        if refused is not None:
            raise ApplicationError(refused.sentence, type=refused.code, non_retryable=True)

    @workflow.query(description="The facts known to this run")
    def facts(self) -> list[AnyFact]:
        """Everything known, oldest first."""
        return list(self.desk.referral.facts)

    @workflow.query(description="What this run waits for, by key and time")
    def waits(self) -> dict[str, datetime]:
        """The promised dates a timer is armed for."""
        return dict(self.desk.armed)

    # --- being seen -------------------------------------------------------------------------------

    def out_of_date(self) -> bool:
        """Facts have come since the details were last written."""
        return self.shown_revision != self.desk.revision

    async def look_up(self) -> None:
        """Show where the referral stands: details always (they cost nothing), lists on change."""
        self.shown_revision = self.desk.revision
        while self.unread:
            name = self.unread.pop(0)
            await self.desk.task(TaskKind.UNREADABLE_EVENT, name[:60].replace(":", "-"))
        view = View.of(self.desk.referral)
        if view != self.shown:
            workflow.upsert_search_attributes(
                [STAGE.value_set(view.stage), NEEDS_ATTENTION.value_set(view.needs_attention)]
            )
            self.shown = view
        workflow.set_current_details(self.details())

    def details(self) -> str:
        """Where it stands, what is next and why: Markdown for the Temporal UI, PHI-free."""
        referral = self.desk.referral
        closing = referral.closing()
        lines = [f"**Stage:** {referral.stage().replace('_', ' ')}"]
        if closing is not None:
            lines.append(f"**Closed:** {closing.reason.replace('_', ' ')}")
        if referral.plan() is not None:
            lines.append(f"**Plan of care:** {certification_state(referral).replace('_', ' ')}")
        tasks = referral.open_tasks()
        if tasks:
            lines.append("\n**People have to:**")
            lines += [
                f"- {task.role.replace('_', ' ')}, by {_moment(task.due)}: "
                f"{task.task.split(':')[0].replace('_', ' ')}"
                for task in tasks
            ]
        ahead = agenda(referral, self.desk.rules)
        if ahead:
            lines.append("\n**Next, by itself or due:**")
            lines += [f"- {_moment(due.at)}: {due.says}" for due in ahead]
        return "\n".join(lines)


def _moment(at: datetime) -> str:
    return f"{at:%a %d %b %Y %H:%M} UTC"
