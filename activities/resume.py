"""Starts again what the record says should be running, when Temporal has lost its memory.

The record is the truth and the engine only waits (ARCHITECTURE §2): a workflow that begins with
everything the record knows walks every step again, finds done what was done, and waits on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from datetime import datetime, timedelta
from typing import NamedTuple

from activities.applied import start_of
from activities.loop import Loop
from activities.tenants import Tenants
from models.contracts import ReferralStart
from models.errors import LoopError
from models.ids import referral_workflow_id, source_workflow_id
from store import referrals, running
from store.record import Record
from store.running import Known, Watched

# A referral that was closed this lately may not have had its last words yet.
LAST_WORDS = timedelta(days=7)
AT_ONCE = 20  # starts under way: gentle to a server that has just come back


class Lost(NamedTuple):
    """What should run and does not; ``ending`` are closed, and only last words may be missing."""

    open: tuple[Known, ...]
    ending: tuple[Known, ...]
    sources: tuple[Watched, ...]
    running: int  # of those that should, how many do


class Resume:
    """Compares the record with what runs, and starts what is missing."""

    def __init__(self, record: Record, tenants: Tenants, loop: Loop) -> None:
        self._record = record
        self._tenants = tenants
        self._loop = loop

    def missing(self, now: datetime, runs: Container[str], org: str | None = None) -> Lost:
        """What should run and is not among *runs* (workflow ids), for one organization or all.

        *now* is wall time. Raises NotFound for an unknown organization, StoreUnavailable.
        """
        orgs = list(self._tenants) if org is None else [self._tenants.get(org).organization.id]
        with self._record.store.read() as session:
            living = running.open_referrals(session, orgs)
            ended = running.closed_since(session, orgs, now - LAST_WORDS)
            watches = running.watched_sources(session, orgs)
        lost = [one for one in living if _id(one) not in runs]
        unwatched = [one for one in watches if source_workflow_id(*one[:2]) not in runs]
        there = len(living) + len(watches) - len(lost) - len(unwatched)
        ending = tuple(one for one in ended if _id(one) not in runs)
        return Lost(tuple(lost), ending, tuple(unwatched), there)

    async def start(
        self, lost: Lost, *, anew: bool = False, told: Callable[[int], None] = lambda _: None
    ) -> None:
        """Start them all; ``told`` hears how many are left. What runs by now is left alone.

        With *anew* what runs is ended and begins again from the record: for a Temporal that was
        restored from a backup older than the record. Doing it again changes nothing more. Raises
        EngineUnavailable, StoreUnavailable; what was started until then runs.
        """
        gate = asyncio.Semaphore(AT_ONCE)
        left = len(lost.open) + len(lost.ending) + len(lost.sources)

        async def one(known: Known, *, closed: bool) -> None:
            nonlocal left
            async with gate:
                start = await asyncio.to_thread(self._start_of, known)
                if closed:
                    await self._loop.begin(start)  # one whose end the engine remembers stays ended
                else:
                    await self._loop.resume(start, anew=anew)
            left -= 1
            told(left)

        async def watch(source: Watched) -> None:
            nonlocal left
            async with gate:
                await self._loop.watch(*source)
            left -= 1
            told(left)

        try:
            async with asyncio.TaskGroup() as tasks:
                for known in lost.open:
                    tasks.create_task(one(known, closed=False))
                for known in lost.ending:
                    tasks.create_task(one(known, closed=True))
                for source in lost.sources:
                    tasks.create_task(watch(source))
        except* LoopError as failed:
            raise failed.exceptions[0] from None

    def _start_of(self, known: Known) -> ReferralStart:
        with self._record.store.read() as session:
            row = referrals.get(session, known.org, known.referral_id)
            return start_of(row, self._record.load(session, known.org, known.referral_id))


def _id(known: Known) -> str:
    return referral_workflow_id(known.org, known.referral_id)
