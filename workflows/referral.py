"""One referral, from the first word to closed: ``run()`` is the story."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from engine.attributes import CLINIC, NEEDS_ATTENTION, STAGE
from models import came_back, missed_calls, written
from models.contracts import ReferralEnd, ReferralStart
from models.decisions import refusal
from models.details import details
from models.dues import AT_ONCE, AT_ONCE_SINCE, copies, linked, moves
from models.facts import AnyDecision, AnyDecisionFact, AnyFact, Fact, ReferralClosed
from models.kinds import Kind
from models.referral import Referral
from models.tasks import TaskKind, again, task_key
from models.view import view_of
from workflows.desk import Desk, Over
from workflows.milestones import Milestones
from workflows.steps.acknowledge import acknowledge
from workflows.steps.acknowledge_also import acknowledge_also
from workflows.steps.answer_patient import answer_patient
from workflows.steps.certify_plan import certify_plan
from workflows.steps.confirm_request import confirm_request
from workflows.steps.copy_reports import copy_reports
from workflows.steps.discharge import discharge
from workflows.steps.evaluate import evaluate
from workflows.steps.farewell import farewell
from workflows.steps.follow_up import follow_up
from workflows.steps.prepare_visit import prepare_visit
from workflows.steps.reach_patient import reach_patient
from workflows.steps.recertify import recertify
from workflows.steps.remind import remind
from workflows.steps.reply_by_text import reply_by_text
from workflows.steps.report_progress import report_progress
from workflows.steps.request import request
from workflows.steps.send_again import send_again, send_rest_again
from workflows.steps.send_receipt import send_receipt
from workflows.steps.send_written import send_left, send_written
from workflows.steps.tell_transfer import tell_transfer
from workflows.steps.tell_waiting import tell_waiting
from workflows.steps.text_back import text_back
from workflows.steps.watch_engagement import watch_engagement
from workflows.steps.watch_holds import watch_holds

Step = Callable[[Desk], Awaitable[None]]
StepFor = Callable[[Desk, str], Awaitable[None]]  # one of several, by name


@workflow.defn(name="ReferralWorkflow")
class ReferralWorkflow(Milestones):
    """Weeks to months with one patient; waits on milestones, replies, receipts and deadlines."""

    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        self.start = start
        self.desk = Desk(start)
        self.shown = view_of(self.desk.referral)  # whoever starts it sets the same attributes
        self.shown_clinic = start.clinic_id
        self.shown_revision = -1
        self.shown_busy = False
        self.turning = False
        self.walking = 0  # tracks under way
        self.unread: list[str] = []
        self.deciding = asyncio.Lock()

    @workflow.run
    async def run(self, start: ReferralStart) -> ReferralEnd:  # noqa: ARG002 - taken by __init__
        """A row is a track: tracks run side by side, the steps named in a row one after another."""
        await self.walk(request)  # a milestone may come before the request itself
        if self.desk.referral.unconfirmed():  # what a machine read contacts nobody
            await self.follow(
                asyncio.gather(
                    self.walk(send_receipt),  # the office hears that its pages came
                    self.walk(confirm_request),  # until a person has vouched for them
                )
            )
        story = asyncio.gather(
            self.walk(acknowledge),  # whoever sent the patient hears within 24 hours
            self.walk(reach_patient, evaluate, discharge, follow_up),  # the patient's way
            self.walk(prepare_visit),  # confirmation and forms before each booked evaluation
            self.walk(certify_plan),  # sent, chased while needed, signed, answered
            self.walk(recertify),  # before the plan ends, or on day 90
            self.walk(report_progress),  # by the 10th treatment day
            self.walk(watch_engagement),  # nobody drops out unseen
            self.walk(watch_holds),  # what it waits for has an owner and a limit
            self.walk(tell_waiting),  # the patient hears why nothing happens
            self.walk_each(linked.names, acknowledge_also),  # whoever sent the patient as well
            self.walk_beside(answer_patient),  # whoever writes hears from a person, in minutes
            self.walk_beside(reply_by_text),  # and the one word that goes out by itself
            self.walk_each(copies.names, copy_reports),  # who follows without treating, if allowed
            self.walk_each(moves.names, tell_transfer),  # who must know of another clinic
            # before each evaluation, where the EMR does not remind already
            *(self.since("2026-11-reminders", remind) if self.desk.ours(Kind.REMINDER) else ()),
            self.walk_each(missed_calls.names, text_back),  # whoever called and got nobody
            self.walk_each(written.names, send_written),  # what people write goes out as well
            self.walk_each(came_back.names, send_again),  # what did not arrive goes out again
            # a new step, one line:  *self.since("2027-03-caregiver", call_caregiver),
        )
        await self.follow(story)
        if linked.left_over(self.desk.referral, self.desk.rules):
            self.turn()  # somebody asked while the last track ended
        return await self.close()

    async def follow(self, tracks: asyncio.Future[Any]) -> None:
        """Until all tracks have ended: show where they stand, ask what facts ask, turn pages."""
        while not tracks.done():
            await workflow.wait_condition(
                lambda: tracks.done() or self.at_page_end() or self.out_of_date()
            )
            await self.look_up()
            if self.at_page_end() and not tracks.done():
                self.turn()
        await tracks

    async def walk(self, *steps: Step) -> None:
        """One track: its steps in order, each again from the top once a person mended it."""
        self.walking += 1
        self.desk.rest_is_told = False
        try:
            for step in steps:
                await self.see_through(step)
        except Over:
            pass
        finally:
            self.walking -= 1
            self.desk.rest_is_told = self.walking == 0
            self.desk.revision += self.desk.rest_is_told  # whoever waits for that looks again

    async def walk_beside(self, step: Step) -> None:
        """A track that goes on for as long as another one is walked, and knows when to end."""
        with suppress(Over):
            await self.see_through(step)

    async def see_through(self, step: Step) -> None:
        """One step to its end; raises Over when the referral ends first."""
        tried = 0
        while True:
            try:
                self.desk.check()
                return await step(self.desk)
            except FailureError as failure:
                if is_cancelled_exception(failure):
                    raise
                tried += 1
                occasion = f"{getattr(step, '__name__', 'step')}-{tried}"
                await self.desk.task(TaskKind.STEP_FAILED, occasion)
                await self.mended(task_key(TaskKind.STEP_FAILED, occasion))

    async def walk_each(
        self, names: Callable[[Referral], Sequence[str]], step: StepFor, *walked: str
    ) -> None:
        """A track of its own for everyone who appears, for as long as another track is walked."""

        def new() -> list[str]:
            return [name for name in names(self.desk.referral) if name not in walked]

        await workflow.wait_condition(lambda: bool(new()) or self.walking == 0)
        if found := new():
            tracks = [self.walk(_about(name, step)) for name in found]
            await asyncio.gather(*tracks, self.walk_each(names, step, *walked, *found))

    async def mended(self, task: str) -> None:
        """A person has done what a failed step asked of them, or nothing is left to mend."""

        def on() -> bool:
            over = self.desk.referral.over() and not self.desk.farewell
            return over or self.desk.referral.task_done(task)

        await workflow.wait_condition(on)

    def since(self, patch: str, *steps: Step) -> list[Awaitable[None]]:
        """A track added later: new referrals walk it at once, running ones after turn_the_page."""
        return [self.walk(*steps)] if workflow.patched(patch) else []

    async def close(self) -> ReferralEnd:
        """Last words, then the board lets go; a person's closing stands as it was written.

        What comes back meanwhile, by a booking or because the end was taken back, is walked with
        again on a new page.
        """
        referral = self.desk.referral
        over = referral.over()
        self.desk.farewell = True
        await self.walk(farewell, send_left, send_rest_again)
        if not referral.closed() and over == referral.over() and not self.desk.taken_back:
            closed = ReferralClosed(
                at=self.desk.now(),
                as_of=self.desk.now(),
                by="system",
                reason=referral.closing_reason(),
            )
            await self.desk.record(closed, says="Close the referral")
        while self.out_of_date() or not workflow.all_handlers_finished():
            await self.look_up()
            await workflow.wait_condition(workflow.all_handlers_finished)
        closing = referral.closing()
        if closing is None or written.names(self.desk.referral) or self.desk.referral.back():
            self.turn()
        return ReferralEnd(referral_id=self.start.referral_id, reason=closing.reason)

    # --- turning the page ---------------------------------------------------------------------

    def at_page_end(self) -> bool:
        """A long history, a fact taken back, or a wish for new code; never in the middle of an act.

        A retraction turns the page because every track may then have to go back, and walking from
        the top with what is known now is the one way that is always right.
        """
        wanted = self.turning or self.desk.taken_back
        if not (wanted or workflow.info().is_continue_as_new_suggested()):
            return False
        return self.desk.busy == 0 and not self.unread and workflow.all_handlers_finished()

    def turn(self) -> NoReturn:
        """Begin the next page with everything known by now."""
        workflow.continue_as_new(self.desk.start.resumed(self.desk.referral))

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
        async with self.deciding:
            self.refuse(decision)  # of two at once, the first may stand in the second's way
            if decision not in self.desk.referral.facts:
                await self.desk.record(decision, says="Write a person's decision")
        return self.desk.referral.version

    @decide.validator
    def _may_decide(self, decision: AnyDecisionFact) -> None:
        self.refuse(decision)

    def refuse(self, decision: AnyDecision) -> None:
        """Raise ApplicationError, with the refusal's code as its type, where there is one."""
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
        """Facts have come since the details were last written, or the lists may be shown now."""
        due = self.desk.busy == 0 and self.shown_busy
        return self.shown_revision != self.desk.revision or due

    async def look_up(self) -> None:
        """Ask people what facts alone ask of them; show where the referral stands.

        Details cost nothing and are always written; the lists only on change.
        """
        self.shown_revision, self.shown_busy = self.desk.revision, self.desk.busy > 0
        while self.unread:
            await self.desk.task(TaskKind.UNREADABLE_EVENT, self.unread_occasion(self.unread[0]))
            self.unread.pop(0)
        if self.desk.referral.is_received() and not self.desk.referral.over():
            for rule in AT_ONCE:
                due = rule(self.desk.referral, self.desk.rules)
                if due is not None:
                    await self.desk.late(due)
            for patch, rule in AT_ONCE_SINCE:
                due = rule(self.desk.referral, self.desk.rules)
                if due is not None and self.desk.since(patch):
                    await self.desk.late(due)
        view = view_of(self.desk.referral)
        # Each upsert is an Action: what passes while an activity runs (booked, and at once the
        # forms go out) is shown when it has ended. The details below are always current.
        clinic = self.desk.start.clinic_id
        if (view, clinic) != (self.shown, self.shown_clinic) and self.desk.busy == 0:
            moved = [CLINIC.value_set(clinic)] if clinic != self.shown_clinic else []
            workflow.upsert_search_attributes(
                [
                    STAGE.value_set(view.stage),
                    NEEDS_ATTENTION.value_set(view.needs_attention),
                    *moved,
                ]
            )
            self.shown, self.shown_clinic = view, clinic
        workflow.set_current_details(details(self.desk.referral, self.desk.rules, self.desk.now()))

    def unread_occasion(self, name: str) -> str:
        """One open task for each kind of signal; another once a person has seen to that one."""
        base, time = name[:60].replace(":", "-"), 0
        occasion = base
        while self.desk.referral.task_done(task_key(TaskKind.UNREADABLE_EVENT, occasion)):
            time += 1
            occasion = again(base, time)
        return occasion


def _about(name: str, step: StepFor) -> Step:
    """A step for one of several, under a name of its own."""

    async def track(desk: Desk) -> None:
        await step(desk, name)

    track.__name__ = f"{getattr(step, '__name__', 'step')}-{name}"
    return track
