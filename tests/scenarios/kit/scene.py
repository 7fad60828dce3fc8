"""Plays one case on the real engine: a store, a worker, the HTTP door and a clock of its own.

Every scene is an installation by itself, so that many may be played side by side: patients, caps,
practices and chores cannot mix. They share a Temporal server, where ids carry the organization.
"""

from __future__ import annotations

import asyncio
import shutil
import time as stopwatch
import tomllib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from temporalio.client import Client

from activities.tenants import Tenants
from demo.life import Line
from demo.stage import Stage, raised
from models.policy_file import OrganizationPolicy, understand
from settings import EXAMPLE_API_TOKEN, EXAMPLE_WEBHOOK_SECRET, Settings
from store.engine import migrate, open_store
from tests.scenarios.kit.case import Case, merged
from tests.scenarios.kit.evidence import Evidence, gather
from tests.scenarios.kit.verdict import faults
from worker import THREADS, make_worker

AT_ONCE = 8  # scenes; more only wait for one another
EXAMPLE = Path(__file__).resolve().parents[3] / "clinics" / "example.toml"
STORE = "referral-loop.db"
_LOOK_AGAIN = timedelta(days=1)  # how often staff try what was not possible yet
# What may still come: the referral itself, the task, the message to approve.
_NOT_YET = frozenset({"not_found", "no_task", "no_message", "no_plan", "nothing_to_undo"})


@dataclass(frozen=True)
class Arrival:
    """A line on its way in; the ordered play has each once, when it happens."""

    at: datetime
    number: int  # of the line in the case's script
    line: Line
    copy: int = 0  # told again under another id

    @property
    def decides(self) -> bool:
        """Whether a person decides, on what has come so far."""
        return self.line.way == "decision"

    def event_id(self, org: str) -> str:
        """The id it comes under; told again, the same one unless it is a copy."""
        return event_ids(org, self.number)[self.copy]


def event_ids(org: str, number: int) -> tuple[str, str]:
    """The id of a line, and the one under which another interface may tell it again."""
    return f"{org}-{number}", f"{org}-{number}-again"


@dataclass
class Played:
    """A case as it was played, and what was not as it says."""

    case: Case
    org: str
    found: Evidence
    refused: dict[int, str] = field(default_factory=dict)  # codes by line number
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def line(self) -> str:
        """The play in one line: messages, tasks, what was refused, verdict."""
        refused = ", ".join(sorted(set(self.refused.values())))
        parts = [
            f"{self.case.name:<32}",
            f"{len(self.found.sent):>3} messages",
            f"{len(self.found.tasks):>3} tasks",
            f"{len(self.refused)} refused{f' ({refused})' if refused else ''}",
        ]
        verdict = f"WRONG: {len(self.wrong)} not as told" if self.wrong else "as told"
        return "  ".join([*parts, verdict])


class House:
    """Where scenes are set up: a folder, a Temporal client, and a migrated store to copy."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.room = asyncio.Semaphore(AT_ONCE)
        blank = open_store(f"sqlite:///{folder / STORE}")
        migrate(blank)
        blank.close()

    @asynccontextmanager
    async def stage(self, case: Case, org: str) -> AsyncIterator[Stage]:
        """A stage for one case, with a worker of its own."""
        folder = self.folder / org
        folder.mkdir()
        shutil.copy(self.folder / STORE, folder / STORE)
        settings = Settings(
            data_dir=folder,
            webhook_secrets={org: (SecretStr(EXAMPLE_WEBHOOK_SECRET),)},
            api_tokens={org: (SecretStr(EXAMPLE_API_TOKEN),)},
        )
        store = open_store(settings.database_url)
        tenants = Tenants([policy_of(case, org)])
        start = min(line.at for line in case.script()) - timedelta(minutes=30)
        with ThreadPoolExecutor(THREADS) as threads:
            async with (
                raised(
                    settings,
                    self.client,
                    store,
                    tenants,
                    start,
                    org=org,
                    serve=in_process,
                    task_queue=org,
                ) as stage,
                make_worker(
                    self.client,
                    settings,
                    store,
                    tenants,
                    threads,
                    clock=lambda: stage.skipper.now,
                    task_queue=org,
                ),
            ):
                yield stage
        store.close()


@asynccontextmanager
async def in_process(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The real HTTP app, without a socket between: a hundred scenes need no hundred ports."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://scene") as http:
        yield http
        await app.state.dispatcher.stop()


def policy_of(case: Case, org: str) -> OrganizationPolicy:
    """The example policy for this organization, with what the case changes in it.

    A scene hears of one or two patients, where a clinic's feed speaks all day long: unless the case
    is about that, its feed is never taken for silent.
    """
    scene = {"organization": {"id": org}, "feed": {"silent": "1000 bh"}}
    return understand(merged(_example(), merged(scene, case.policy)))


@cache
def _example() -> dict[str, Any]:
    return tomllib.loads(EXAMPLE.read_text())


def in_order(case: Case) -> list[Arrival]:
    """Everything once, when it happens."""
    return [Arrival(line.at, number, line) for number, line in enumerate(case.script())]


Watch = Callable[[Stage, Arrival | None, str | None], None]


async def play(
    stage: Stage, case: Case, arrivals: list[Arrival], watch: Watch | None = None
) -> Played:
    """Bring in every arrival at its time, each with all its effects, to the end of the story."""
    run = _Run(stage, watch)
    for arrival in arrivals:
        await run.go_on(arrival.at)
        await run.bring(arrival)
    found = await run.end(case.until or arrivals[-1].at)
    wrong = faults(case, found, run.refused)  # now, while the papers are there
    return Played(case, stage.org, found, run.refused, wrong, run.seconds)


async def play_badly(
    stage: Stage, case: Case, arrivals: list[Arrival], longer: timedelta
) -> Played:
    """The same for a bad feed: what arrives at one moment comes in one burst, and the story goes on
    for longer, until what was late has had its effect.

    A decision that is not possible yet, because what it needs has not come, is tried again later.
    It is for ``kit.judge`` to say what is wrong.
    """
    run = _Run(stage, None)
    waiting: list[Arrival] = []
    until = (case.until or arrivals[-1].at) + longer
    for at in sorted({arrival.at for arrival in arrivals}):
        await run.go_on(at)
        await stage.chores.do("inbox")  # what a burst left over, as the Schedule would
        burst = waiting + [one for one in arrivals if one.at == at]
        waiting = [one for one in burst if await run.bring(one, calm=one.decides) in _NOT_YET]
    while waiting and stage.skipper.now < until:
        await run.go_on(min(until, stage.skipper.now + _LOOK_AGAIN))
        await stage.chores.do("inbox")
        waiting = [one for one in waiting if await run.bring(one) in _NOT_YET]
    await run.go_on(arrivals[-1].at + _LOOK_AGAIN)
    await stage.chores.do("inbox")
    found = await run.end(until)
    return Played(case, stage.org, found, run.refused, [], run.seconds)


class _Run:
    """One play under way."""

    def __init__(self, stage: Stage, watch: Watch | None) -> None:
        self._stage = stage
        self._watch = watch
        self._began = stopwatch.monotonic()
        self.refused: dict[int, str] = {}

    @property
    def seconds(self) -> float:
        """Real time since it began."""
        return stopwatch.monotonic() - self._began

    async def go_on(self, to: datetime) -> None:
        """Let time pass for everybody, with all that is due on the way."""
        await self._stage.settle()
        if to > self._stage.skipper.now:
            await self._stage.advance(to)
            self._seen(None, None)

    async def bring(self, arrival: Arrival, *, calm: bool = True) -> str | None:
        """Bring one arrival in; ``calm``: when everything before it has had its effect."""
        if calm:
            await self._stage.settle()
        code = await self._stage.happen(arrival.line, arrival.event_id(self._stage.org))
        if code is None:
            self.refused.pop(arrival.number, None)
        else:
            self.refused[arrival.number] = code
        if self._watch:
            await self._stage.settle()
        self._seen(arrival, code)
        return code

    async def end(self, at: datetime) -> Evidence:
        """The end of the story, and what came of it."""
        await self.go_on(at)
        return gather(self._stage)

    def _seen(self, arrival: Arrival | None, code: str | None) -> None:
        if self._watch:
            self._watch(self._stage, arrival, code)
