"""Workflows small enough to see through; apart from the tests, as the sandbox reloads this file."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from engine.attributes import STAGE
from models.base import Model


class Note(Model):
    patient: str


@activity.defn
async def read_aloud(note: Note) -> str:
    if note.patient.startswith("bad"):
        raise ApplicationError(f"cannot read {note.patient}", non_retryable=True)
    return f"{note.patient} was read"


@workflow.defn
class Reads:
    """Says the same name in every kind of payload there is."""

    def __init__(self) -> None:
        self.heard: list[Note] = []

    @workflow.run
    async def run(self, note: Note) -> str:
        workflow.set_current_details(f"about {note.patient}")
        await workflow.wait_condition(lambda: bool(self.heard))
        said = await workflow.execute_activity(
            read_aloud,
            note,
            start_to_close_timeout=timedelta(seconds=5),
            summary=f"reading {note.patient}",
        )
        return f"{said}, {type(self.heard[0]).__name__} {self.heard[0].patient}"

    @workflow.signal
    async def hear(self, note: Note) -> None:
        self.heard.append(note)


class Plan(Model):
    """On which days after its start a Sender speaks, to whom, and when it starts a new page."""

    days: tuple[int, ...]
    receiver: str | None = None
    page_every: int = 1000
    began: datetime | None = None
    said: int = 0


class Heard(Model):
    at: datetime
    by: str


@workflow.defn
class Sender:
    """Speaks on the planned days, by an activity that also tells the receiver."""

    @workflow.run
    async def run(self, plan: Plan) -> int:
        began = plan.began or workflow.now()
        for count, day in enumerate(plan.days[plan.said :]):
            if count == plan.page_every:
                workflow.continue_as_new(
                    plan.model_copy(update={"began": began, "said": plan.said + count})
                )
            await workflow.sleep(
                max(began + timedelta(days=day) - workflow.now(), timedelta(0)),
                summary=f"until day {day}",
            )
            await workflow.execute_activity(
                "speak", args=[day, plan.receiver], start_to_close_timeout=timedelta(seconds=2)
            )
        return len(plan.days)


@workflow.defn
class Receiver:
    """Notices the silence 60 days after it heard somebody, by the time they spoke."""

    def __init__(self) -> None:
        self.last: datetime | None = None
        self.count = 0

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.last is not None)
        while True:
            assert self.last is not None
            quiet = self.last + timedelta(days=60)
            if workflow.now() >= quiet:
                break
            await workflow.sleep(quiet - workflow.now())
        await workflow.execute_activity(
            "speak", args=[-1, None], start_to_close_timeout=timedelta(seconds=5)
        )
        return f"{self.count} heard, quiet since {self.last:%Y-%m-%d}"

    @workflow.signal
    async def heard(self, said: Heard) -> None:
        self.last = max(self.last or said.at, said.at)
        self.count += 1


@workflow.defn
class Knocks:
    """Tries one activity that is down for long, as a provider may be."""

    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            "knock",
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(maximum_interval=timedelta(hours=4)),
            result_type=str,
        )


@workflow.defn
class Twitches:
    """Has a timer every minute for so many minutes: more skips than one session may have."""

    @workflow.run
    async def run(self, minutes: int) -> int:
        for _ in range(minutes):
            await workflow.sleep(60)
        return minutes


@workflow.defn
class Alarm:
    """Rings at a moment in its future, then sleeps for a year; says how late it rang."""

    def __init__(self) -> None:
        self.rings_at: datetime | None = None

    @workflow.run
    async def run(self) -> timedelta:
        await workflow.wait_condition(lambda: self.rings_at is not None)
        assert self.rings_at is not None
        await workflow.sleep(self.rings_at - workflow.now())
        late = workflow.now() - self.rings_at
        await workflow.sleep(timedelta(days=365))
        return late

    @workflow.signal
    async def set_for(self, moment: datetime) -> None:
        self.rings_at = moment

    @workflow.signal
    async def set_in(self, seconds: float) -> None:
        """From its own now on: a moment named from outside may be past before it is heard."""
        self.rings_at = workflow.now() + timedelta(seconds=seconds)

    @workflow.query
    def now(self) -> datetime:
        return workflow.now()

    @workflow.query
    def set_to(self) -> datetime | None:
        return self.rings_at


@workflow.defn
class Ledger:
    """One of everything that costs an Action, so that the count can be checked by hand."""

    def __init__(self) -> None:
        self.facts: list[str] = []
        self.decided = 0

    @workflow.run
    async def run(self, page: int) -> int:
        if page == 1:
            await workflow.wait_condition(lambda: len(self.facts) >= 4 and self.decided >= 1)
            workflow.patched("a-later-step")
            workflow.upsert_search_attributes([STAGE.value_set("contacting")])
            for says in ("reply", "visit"):
                await workflow.sleep(0.05, summary=f"until the {says}")
            for _ in range(2):
                await workflow.execute_activity(
                    "flaky",
                    "letter",
                    start_to_close_timeout=timedelta(seconds=5),
                    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1)),
                )
            workflow.continue_as_new(2)
        await workflow.execute_activity(
            "flaky", "letter", start_to_close_timeout=timedelta(seconds=5)
        )
        return page

    @workflow.signal
    async def fact(self, key: str) -> None:
        self.facts.append(key)

    @workflow.update
    async def decide(self, what: str) -> str:
        self.decided += 1
        return what

    @decide.validator
    def refuse(self, what: str) -> None:
        if what == "nonsense":
            raise ApplicationError("no")


@workflow.defn
class Broken:
    """Has a bug: an exception that is no failure parks its task in retries for ever."""

    @workflow.run
    async def run(self) -> None:
        raise ValueError("a bug in a step")
