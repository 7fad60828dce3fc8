"""Plays one case on the real engine: a store, a worker, the HTTP door and a clock of its own.

Every scene is an installation by itself, so that many may be played side by side: patients, caps,
practices and chores cannot mix. They share a Temporal server, where ids carry the organization.
"""

from __future__ import annotations

import shutil
import time as stopwatch
import tomllib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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

EXAMPLE = Path(__file__).resolve().parents[3] / "clinics" / "example.toml"
STORE = "referral-loop.db"


@dataclass(frozen=True)
class Arrival:
    """A line on its way in; the ordered play has each once, when it happens."""

    at: datetime
    number: int  # of the line in the case's script
    line: Line
    copy: int = 0


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
    """The example policy for this organization, with what the case changes in it."""
    content: dict[str, Any] = tomllib.loads(EXAMPLE.read_text())
    changes = merged({"organization": {"id": org}}, case.policy)
    return understand(merged(content, changes))


def in_order(case: Case) -> list[Arrival]:
    """Everything once, when it happens."""
    return [Arrival(line.at, number, line) for number, line in enumerate(case.script())]


Watch = Callable[[Stage, Arrival | None, str | None], None]


async def play(
    stage: Stage, case: Case, arrivals: list[Arrival], watch: Watch | None = None
) -> Played:
    """Bring in every arrival at its time, then let time pass to the end of the story."""
    began = stopwatch.monotonic()
    refused: dict[int, str] = {}
    for arrival in sorted(arrivals, key=lambda one: one.at):
        if arrival.at > stage.skipper.now:
            await stage.advance(arrival.at)
            if watch:
                watch(stage, None, None)
        code = await stage.happen(arrival.line, f"{stage.org}-{arrival.number}")
        await stage.settle()
        if code is not None:
            refused[arrival.number] = code
        if watch:
            watch(stage, arrival, code)
    await stage.advance(case.until or arrivals[-1].at)
    if watch:
        watch(stage, None, None)
    found = gather(stage)
    wrong = faults(case, found, refused)  # now, while the papers are there
    return Played(case, stage.org, found, refused, wrong, stopwatch.monotonic() - began)
