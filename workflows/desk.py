"""The desk: all a step may do.

A step asks four things of it: wait (``until``, ``expect``, ``after``), ``send`` a message, put a
``task`` on the board, and ``record`` a fact of its own. Each may be asked again without harm:
dates come from facts, messages and tasks have keys, and what was done is known.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from models import came_back, holds, releases, written
from models.contracts import Answer, DropInput, RecordInput, ReferralStart, SendInput, TaskInput
from models.due import Due
from models.dues import DueRule
from models.facts import AnyFact, MessageCameBack
from models.kinds import BY_HAND, Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.sending import PAUSED
from models.tasks import SPECS, TaskKind, task_key
from workflows.policies import SEND_RETRY, SEND_TIMEOUT, STORE_RETRY, STORE_TIMEOUT

Known = Callable[[Referral], bool]

_WORDS = {"patient": "the patient", "source": "the source", "certifier": "the certifying provider"}


class Over(Exception):
    """The referral is over; the track that meets it ends."""


def never(_: Referral) -> bool:
    """No reason to leave a message unsent."""
    return False


class Desk:
    """One referral's facts and rules, and the ways to wait and to act on them."""

    def __init__(self, start: ReferralStart) -> None:
        self.start = start
        self.referral = Referral(start.facts)
        self.rules = start.rules
        self.revision = 0  # moves with every fact, so that waits look again only then
        self.busy = 0  # activities under way: a page is not turned meanwhile
        self.armed: dict[str, datetime] = {}  # what is waited on, by key of its due
        self.rest_is_told = False  # every track of the story has ended; those beside it may
        self.farewell = False  # last words go out although the referral is over
        self.taken_back = False  # a known fact was retracted: every track looks again from its top

    def now(self) -> datetime:
        """The workflow's own time, virtual under time skipping; UTC."""
        return workflow.now()

    def learn(self, *facts: AnyFact) -> None:
        """Take facts in; what is known already changes nothing."""
        for fact in facts:
            if self.referral.learn(fact):
                self.revision += 1
                self.taken_back = self.taken_back or fact.retracted

    # --- waiting ------------------------------------------------------------------------------

    async def after(self, known: Known) -> None:
        """Wait for a fact whose limit another step, or a person's task, holds."""
        self.check()
        await workflow.wait_condition(self._watch(lambda: known(self.referral)))
        self.check()

    async def until(self, known: Known, rule: DueRule) -> Due | None:
        """Wait for a fact, or the promised date: None once known, the due when it came first.

        Also None when nothing is promised any more. A date that moves later re-arms only when the
        old one passes (one timer, not one per move); one that moves earlier re-arms at once.
        """
        while True:
            self.check()
            if known(self.referral):
                return None
            due = rule(self.referral, self.rules)
            if due is None or due.at <= self.now():
                return due
            await self._wait(self._known_or_sooner(known, rule, due.at), due)

    async def expect(self, known: Known, rule: DueRule) -> None:
        """Wait for a fact; each promised date that passes becomes its owner's task meanwhile."""
        while not known(self.referral):
            late = await self.until(known, rule)
            if late is not None:
                await self.late(late)
            else:
                await self.after(lambda r: known(r) or rule(r, self.rules) is not None)

    # --- acting -------------------------------------------------------------------------------

    def since(self, patch: str) -> bool:
        """Whether a change of behaviour holds for this run: for new ones, and after a page turn."""
        return workflow.patched(patch)

    def ours(self, kind: Kind) -> bool:
        """Whether sending this kind is our job at all (policy.md rule 10)."""
        return self.rules.policy.ours(kind)

    async def send(
        self,
        kind: Kind,
        to: str,
        occasion: str = "1",
        *,
        unless: Known = never,
        by: DueRule | None = None,
    ) -> None:
        """See one message through its ladder until it went out or will not; once per occasion.

        ``unless`` stops it while it waits; ``by`` is the promise it serves: past that date its
        owner gets a task, and the message goes on trying.
        """
        message = MessageRef(kind, to, occasion)
        if not self.ours(kind):
            return
        while not self.referral.settled(message):
            self.check()
            if written.stopped(self.referral, message):  # waiting, or before it was even a row
                await self._drop(message, "stopped")
                return
            if unless(self.referral) or self.referral.stopped(message):
                await self._drop_if_held(message, "overtaken")
                return
            spent = self.referral.rungs_spent(message)
            answer = await self._crank(message, spent)
            if self.referral.settled(message):
                return
            if answer.held_until is not None or self.referral.waits_for_approval(message):
                await self._hold(message, answer.held_until, unless, by)
            elif self.referral.rungs_spent(message) == spent:
                raise ApplicationError(f"{kind} neither moved nor was held", type="stuck_message")

    async def send_again(self, back: MessageCameBack) -> None:
        """See one message that came back through its next tries, until one of them went out.

        At the policy's times by the same channel, then at once by the next one, then it is a
        person's task; a late receipt of the first try ends it, and so does what has overtaken it.
        """
        message = MessageRef.parse(back.message)
        tried: datetime | None = None

        def answered(r: Referral) -> bool:
            now = r.came_back(message)
            return now is None or now.key != back.key

        def done(r: Referral) -> bool:
            return answered(r) or came_back.overtaken(r, message)

        def later(r: Referral, rules: Rules) -> Due | None:
            due = came_back.next_try(message)(r, rules)
            return due if due is not None and (tried is None or due.at > tried) else None

        while not answered(self.referral):
            self.check()
            if came_back.overtaken(self.referral, message):
                await self._drop(message, "overtaken")
                return
            due = await self.until(done, later)
            if due is not None:
                tried, spent = due.at, self.referral.rungs_spent(message)
                await self._crank(message, spent)
                if self.referral.rungs_spent(message) > spent:
                    tried = None  # this channel is spent: the next one, at once
            elif not done(self.referral):
                await self.after(lambda r: done(r) or later(r, self.rules) is not None)

    async def task(
        self,
        kind: TaskKind,
        occasion: str,
        *,
        due: datetime | None = None,
        role: Role | None = None,
        infers: bool = False,
    ) -> None:
        """Put a task on the board, once per occasion; due within a lease unless told otherwise.

        One that *infers* from absence may be put off while the feed is silent: then the facts say
        until when, and its promise moves with them.
        """
        if self.referral.task(task_key(kind, occasion)) is not None:
            return
        spec = SPECS[kind]
        lease = self.rules.calendar.after(self.now(), self.rules.policy.task.lease)
        given = TaskInput(
            org=self.start.org,
            clinic_id=self.start.clinic_id,
            referral_id=self.start.referral_id,
            kind=kind,
            occasion=occasion,
            role=role or spec.role,
            due=max(due or lease, self.now()),
            says=spec.says,
            infers=infers,
        )
        try:
            await self._learn_from("open_task", given, f"On the board: {spec.says}")
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            # There is nobody left to ask: the run parks where an administrator sees it.
            raise RuntimeError("a task could not be put on the board") from failure

    async def late(self, due: Due) -> None:
        """What was promised has not happened: it becomes its owner's task."""
        if due.task is None or self.referral.task(task_key(due.task, due.occasion)) is not None:
            raise ApplicationError(f"{due.key} passed and asks nobody", type="stuck_deadline")
        infers = SPECS[due.task].infers
        await self.task(due.task, due.occasion, role=due.owner, due=due.by, infers=infers)

    async def record(self, *facts: AnyFact, says: str) -> None:
        """Write facts that this workflow itself decides."""
        given = RecordInput(
            org=self.start.org, referral_id=self.start.referral_id, facts=tuple(facts)
        )
        await self._learn_from("record_facts", given, says)
        self.learn(*facts)

    async def drop_held(self, why: str) -> None:
        """Stop every message that still waits for its hour, but what a person has written."""
        for message in [MessageRef.parse(hold.message) for hold in self.referral.held()]:
            if message.kind not in BY_HAND:
                await self._drop_if_held(message, why)

    # --- inside -------------------------------------------------------------------------------

    def check(self) -> None:
        """End the track that asks when the referral is over; raises Over."""
        if self.referral.over() and not self.farewell:
            raise Over

    def _watch(self, woken: Callable[[], bool]) -> Callable[[], bool]:
        """A condition that is only worked out again when a fact has come."""
        seen, answer = -1, False

        def look() -> bool:
            nonlocal seen, answer
            if self.revision != seen:
                seen = self.revision
                answer = woken() or (self.referral.over() and not self.farewell)
            return answer

        return look

    def _known_or_sooner(self, known: Known, rule: DueRule, armed: datetime) -> Callable[[], bool]:
        def woken() -> bool:
            if known(self.referral):
                return True
            due = rule(self.referral, self.rules)
            return due is None or due.at < armed

        return woken

    async def _wait(self, woken: Callable[[], bool], due: Due) -> None:
        self.armed[due.key] = due.at
        try:
            await workflow.wait_condition(
                self._watch(woken), timeout=due.at - self.now(), timeout_summary=due.says
            )
        except TimeoutError:
            pass  # the date has come: the caller looks at the facts again
        finally:
            self.armed.pop(due.key, None)

    async def _crank(self, message: MessageRef, rung: int) -> Answer:
        given = SendInput(
            org=self.start.org,
            clinic_id=self.start.clinic_id,
            referral_id=self.start.referral_id,
            kind=message.kind,
            to=message.to,
            occasion=message.occasion,
            rung=rung,
        )
        what = message.kind.replace("_", " ")
        whom = _WORDS.get(message.to.partition(":")[0], "a report recipient")
        again = ", next channel" if rung else ""
        self.busy += 1
        try:
            answer: Answer = await workflow.execute_activity(
                "send_message",
                given,
                result_type=Answer,
                start_to_close_timeout=SEND_TIMEOUT,
                retry_policy=SEND_RETRY,
                summary=f"Send {what} to {whom}{again}",
            )
        finally:
            self.busy -= 1
        self.learn(*answer.learned)
        return answer

    async def _hold(
        self, message: MessageRef, until: datetime | None, unless: Known, by: DueRule | None
    ) -> None:
        """Wait until a held message may be cranked again, or need not; its promise is kept."""

        paused = self.referral.held_why(message) == PAUSED
        allowed = releases.told(self.referral)
        named = self.referral.times_done(TaskKind.NAME_GUARDIAN)

        def go_on(r: Referral) -> bool:
            decided = until is None and (r.approved(message) or r.stopped(message))
            pause = holds.pause(r)
            resumed = paused and (pause is None or pause.until != until)
            asked_again = until is None and releases.told(r) != allowed
            asked_again |= r.times_done(TaskKind.NAME_GUARDIAN) > named
            stopped = written.stopped(r, message)
            return unless(r) or r.settled(message) or decided or resumed or asked_again or stopped

        def next_due(r: Referral, rules: Rules) -> Due | None:
            name = message.kind.replace("_", " ")
            says = f"Hold the {name} until it may go out"
            hour = Due(key=f"held:{message.key}", at=until, says=says) if until else None
            promised = by(r, rules) if by else None
            waiting = [due for due in (hour, promised) if due is not None]
            return min(waiting, key=lambda due: due.at, default=None)

        while not go_on(self.referral):
            came = await self.until(go_on, next_due)
            if came is None:
                await self.after(lambda r: go_on(r) or next_due(r, self.rules) is not None)
            elif came.task is None:
                return  # its hour has come
            else:
                await self.late(came)

    async def _drop_if_held(self, message: MessageRef, why: str) -> None:
        if message.key in {hold.message for hold in self.referral.held()}:
            await self._drop(message, why)

    async def _drop(self, message: MessageRef, why: str) -> None:
        given = DropInput(
            org=self.start.org,
            referral_id=self.start.referral_id,
            kind=message.kind,
            to=message.to,
            occasion=message.occasion,
            why=why,
            rung=self.referral.rungs_spent(message),
        )
        name = message.kind.replace("_", " ")
        await self._learn_from("drop_message", given, f"Stop the {name}: no longer needed")

    async def _learn_from(
        self, activity: str, given: TaskInput | RecordInput | DropInput, summary: str
    ) -> None:
        self.busy += 1
        try:
            answer = await workflow.execute_activity(
                activity,
                given,
                result_type=Answer,
                start_to_close_timeout=STORE_TIMEOUT,
                retry_policy=STORE_RETRY,
                summary=summary,
            )
        finally:
            self.busy -= 1
        if answer.moved is not None:  # another clinic's hours, letterhead and people from here on
            self.start, self.rules = self.start.at(answer.moved), answer.moved.rules
        self.learn(*answer.learned)
