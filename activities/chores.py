"""What nobody waits for, done by Schedules on the workers; each chore is a method below.

The sweep never writes to a patient: it asks vendors, tells workflows what it heard, hands the CRM
its rows, sends the letters to offices that a person has approved, and empties what is too old. All
on the wall clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from temporalio import activity

from activities.crm import CrmOutbox
from activities.duty import Duty
from activities.free_times import FreeTimes
from activities.guard import scrubbed
from activities.listening import Listening
from activities.receipts import Receipts, Tell, pass_on
from activities.scorecard_post import ScorecardPost
from activities.tenants import Tenants
from activities.verdicts import Verdicts
from integrations.registry import Clients
from models.contracts import ChoreDone, SweepInput
from models.errors import NotFound, Refused
from models.facts import AnyDecision, TaskEscalated, TaskReturned
from models.organization import Organization
from models.policy import Retention
from store import retention
from store.engine import Store
from telemetry import meters
from telemetry.logs import bound, logger

_LOG = logger(__name__)
SYSTEM = "system"  # who decided what no person did


class Leftovers(Protocol):
    """The inbox, as the chore needs it (``activities.intake.Intake``)."""

    async def dispatch_left(self, now: datetime) -> int:
        """Dispatch what was left over; how many rows were looked at."""
        ...

    async def decide(self, org: str, referral_id: str, decision: AnyDecision) -> object:
        """Have a decision taken by the referral's workflow, or in the record of a closed one."""
        ...


class FaxLeftovers(Protocol):
    """Faxes that came in, as the chore needs them (``activities.fax_round.FaxRound``)."""

    async def begin_left(self, now: datetime) -> int:
        """Take in what came, carry on what was left over; how many were looked at."""
        ...


class Untold(Protocol):
    """What vendors could tell nobody (``activities.catching_up.CatchingUp``)."""

    async def run(self, now: datetime) -> tuple[int, int]:
        """How many were looked at, and how many nobody had told us."""
        ...


class Chores:
    """One activity for all of them; a dictionary says which."""

    def __init__(
        self,
        store: Store,
        tenants: Tenants,
        channels: Clients,
        clock: Callable[[], datetime],
        tell: Tell,
        inbox: Leftovers,
        faxes: FaxLeftovers,
        free_times: FreeTimes | None = None,
        untold: Untold | None = None,
    ) -> None:
        """``tell(org, referral_id, fact)`` signals a workflow (``activities.loop.Loop.signal``)."""
        self._store = store
        self._tenants = tenants
        self._clock = clock
        self._tell = tell
        self._inbox = inbox
        self._faxes = faxes
        self._free_times = free_times
        self._untold = untold
        self._receipts = Receipts(store, tenants, channels)
        self._crm = CrmOutbox(store, tenants, channels)
        self._scorecards = ScorecardPost(store, tenants, channels, clock)
        self._duty = Duty(store, tenants)
        self._listening = Listening(store, tenants)
        self._verdicts = Verdicts(store, tenants)
        self._chores: dict[str, Callable[[datetime], Awaitable[ChoreDone]]] = {
            "inbox": self.inbox,
            "faxes": self.faxes,
            "vendors": self.vendors,
            "receipts": self.receipts,
            "crm": self.crm,
            "scorecards": self.scorecards,
            "tasks": self.tasks,
            "feeds": self.feeds,
            "slots": self.slots,
            "verdicts": self.verdicts,
            "purge": self.purge,
        }

    @activity.defn(name="run_chore")
    async def run(self, given: SweepInput) -> ChoreDone:
        """Run one chore once; twice does no harm."""
        with bound(kind=given.chore), scrubbed():
            return await self.do(given.chore)

    async def do(self, chore: str) -> ChoreDone:
        """The same outside the engine; raises NotFound for an unknown chore."""
        wanted = self._chores.get(chore)
        if wanted is None:
            raise NotFound(f"There is no chore {chore!r}; there are: {', '.join(self._chores)}.")
        try:
            done = await wanted(self._clock())
        except Exception:
            meters.CHORES.labels(chore, "failed").inc()
            raise
        meters.CHORES.labels(chore, "done").inc()
        meters.CHORE_DONE_AT.labels(chore).set_to_current_time()
        _LOG.info("chore_done", kind=chore, seen=done.seen, moved=done.moved)
        return done

    async def inbox(self, now: datetime) -> ChoreDone:
        """Dispatch events that were accepted and not yet applied."""
        count = await self._inbox.dispatch_left(now)
        return ChoreDone(chore="inbox", seen=count, moved=count)

    async def faxes(self, now: datetime) -> ChoreDone:
        """Take in what came by folder and mail, and carry on what was left over."""
        count = await self._faxes.begin_left(now)
        return ChoreDone(chore="faxes", seen=count, moved=count)

    async def vendors(self, now: datetime) -> ChoreDone:
        """Take in the texts and faxes that a vendor could not tell, our address being away."""
        seen, late = await self._untold.run(now) if self._untold is not None else (0, 0)
        return ChoreDone(chore="vendors", seen=seen, moved=late)

    async def receipts(self, now: datetime) -> ChoreDone:
        """Ask about deliveries past ``prove_by``; the workflow hears first, then it is written.

        In that order a run cut off in between asks and tells again; facts are keyed.
        """
        due = await asyncio.to_thread(self._receipts.due, now)
        moved = 0
        for row in due:
            heard = await asyncio.to_thread(self._receipts.ask, row, now)
            if heard is None:
                continue
            await pass_on(heard, self._tell)
            moved += 1
        return ChoreDone(chore="receipts", seen=len(due), moved=moved)

    async def crm(self, now: datetime) -> ChoreDone:
        """Give the CRM what is queued for it."""
        waiting = await asyncio.to_thread(self._crm.waiting)
        moved = 0
        for row in waiting:
            moved += await asyncio.to_thread(self._crm.flush, row, now)
        return ChoreDone(chore="crm", seen=len(waiting), moved=moved)

    async def scorecards(self, now: datetime) -> ChoreDone:
        """Send the letters to offices that a person has approved, and ask what became of them."""
        seen, moved = await asyncio.to_thread(self._scorecards.run, now)
        return ChoreDone(chore="scorecards", seen=seen, moved=moved)

    async def tasks(self, now: datetime) -> ChoreDone:
        """Return tasks whose lease is over, and raise those that lie too long.

        The workflow hears first, then it is written, as with receipts.
        """
        ended = await asyncio.to_thread(self._duty.ended, now)
        for one in ended:
            task = one.task
            if task.referral_id is None:
                await asyncio.to_thread(self._duty.give_back, one)
                continue
            back = TaskReturned(at=now, as_of=now, by=SYSTEM, task=task.key, why=one.why)
            with suppress(Refused):  # somebody did it, or put it back, meanwhile
                await self._inbox.decide(task.org, task.referral_id, back)
        rising = await asyncio.to_thread(self._duty.rising, now)
        for up in rising:
            task = up.task
            if task.referral_id is None:
                await asyncio.to_thread(self._duty.raise_row, up)
                continue
            raised = TaskEscalated(at=now, as_of=now, task=task.key, to=up.to)
            await self._tell(task.org, task.referral_id, raised)
            await asyncio.to_thread(self._duty.write, up, raised, now)
        return ChoreDone(chore="tasks", seen=len(ended) + len(rising), moved=len(rising))

    async def feeds(self, now: datetime) -> ChoreDone:
        """Ask an administrator about every feed that is silent; overtaken once it is back."""
        opened, closed = await asyncio.to_thread(self._listening.watch, now)
        return ChoreDone(chore="feeds", seen=opened + closed, moved=opened)

    async def slots(self, now: datetime) -> ChoreDone:
        """Read the EMR's free times for the pages where patients choose one."""
        seen = moved = 0
        if self._free_times is not None:
            seen, moved = await asyncio.to_thread(self._free_times.refresh, now)
        return ChoreDone(chore="slots", seen=seen, moved=moved)

    async def verdicts(self, now: datetime) -> ChoreDone:
        """Say once a week of every source whether it grows, holds or fades."""
        seen, new = await asyncio.to_thread(self._verdicts.run, now)
        return ChoreDone(chore="verdicts", seen=seen, moved=new)

    async def purge(self, now: datetime) -> ChoreDone:
        """Empty inbox bodies, outbox payloads and faxes past each organization's retention [H8]."""
        emptied = 0
        for org in self._tenants:
            tenant = self._tenants.get(org)
            before = keep_until(now, tenant.organization, tenant.policy.retention)
            emptied += await asyncio.to_thread(self._empty, org, before)
        return ChoreDone(chore="purge", seen=emptied, moved=emptied)

    def _empty(self, org: str, before: datetime) -> int:
        with self._store.write() as session:
            empty = (
                retention.empty_inbox,
                retention.empty_texts,
                retention.empty_outbox,
                retention.empty_faxes,
            )
            return sum(each(session, org, before) for each in empty)


def keep_until(now: datetime, organization: Organization, policy: Retention) -> datetime:
    """The moment before which content may go: the longest duty of any state we work in [H8]."""
    states = {organization.state, *(clinic.state for clinic in organization.clinics)}
    years = max([policy.years, *(policy.years_by_state.get(state, 0) for state in states)])
    return now.replace(year=now.year - years, day=min(now.day, 28))  # a day every month has
