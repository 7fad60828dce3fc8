"""A stage: one organization's doors, its virtual clock, its chores.

Events go through the same HTTP app that ``up`` serves, signed; its clock, and the start of every
workflow, follow the driver's virtual time.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from fastapi import FastAPI
from sqlmodel import select
from temporalio.client import Client

from activities.chores import Chores
from activities.intake import Intake
from activities.loop import Loop
from activities.tenants import Tenants
from demo.cast import Json
from demo.life import Line
from engine.skipping import Skipper
from integrations.emr.signature import sign
from models.errors import EngineUnavailable
from models.ids import referral_workflow_id, source_workflow_id
from settings import TASK_QUEUE, Settings
from store.engine import Store
from store.tables import ReferralRow
from store.tables_people import SourceRow
from web.app import create_app
from worker import chores_for

_PATIENCE = 12  # tries at a decision, each of which waits for a worker as long as the door does


@dataclass
class Stage:
    """Everything a play needs; see ``raised``."""

    org: str
    settings: Settings
    store: Store
    skipper: Skipper
    http: httpx.AsyncClient
    app: FastAPI
    chores: Chores
    referral_ids: dict[str, str] = field(default_factory=dict)  # by name of the life
    _events: int = 0

    async def happen(self, line: Line, event_id: str | None = None) -> str | None:
        """Bring one line in by its door; the code with which it was refused, None when taken.

        With the ``event_id`` of an earlier line it is the same event told again.
        """
        return await DOORS[line.way](self, line, event_id)

    def next_event_id(self) -> str:
        """An id that no event of this stage had before."""
        self._events += 1
        return f"demo-{self._events:04d}"

    async def tell(self, line: Line, event_id: str | None = None) -> str | None:
        """Send one signed event and wait until it has been applied."""
        raw = json.dumps(line.body).encode()
        secret = self.settings.hook_secrets(self.org)[0]
        headers = sign(secret, event_id or self.next_event_id(), self.skipper.now, raw)
        answer = await self.http.post(f"/hooks/{self.org}/events", content=raw, headers=headers)
        if 400 <= answer.status_code < 500:
            return str(answer.json()["code"])
        _expect(answer, 202)
        await self.app.state.dispatcher.settled()
        if line.life not in self.referral_ids:
            await self._find(line.life, answer.json()["status_url"])
        return None

    async def decide(self, line: Line, event_id: str | None = None) -> str | None:
        """Have one staff decision taken; it is itself what it is known again by."""
        del event_id
        referral_id = self.referral_ids.get(line.life)
        if referral_id is None:
            return "not_found"  # nobody can open the card of a referral that has not come
        door = f"/api/v1/referrals/{referral_id}/decisions"
        for _ in range(_PATIENCE):
            answer = await self.http.post(door, json=line.body, headers=self.token)
            if answer.status_code != 202:
                break  # 202: a busy worker has it still; the same words again wait for the same
        if 400 <= answer.status_code < 500:
            return str(answer.json()["code"])
        _expect(answer, 200)
        return None

    async def chore(self, line: Line, event_id: str | None = None) -> str | None:
        """Run the chore a line names, as its Schedule would: Schedules do not skip time."""
        del event_id
        await self.chores.do(line.body["chore"])
        return None

    async def sweep(self) -> None:
        """Run the chores that a Schedule runs in real life."""
        for chore in ("receipts", "crm"):
            await self.chores.do(chore)

    async def card(self, life: str) -> Json:
        """One referral as the API shows it."""
        answer = await self.http.get(
            f"/api/v1/referrals/{self.referral_ids[life]}", headers=self.token
        )
        _expect(answer, 200)
        found: Json = answer.json()
        return found

    def layers(self) -> list[list[str]]:
        """Open workflows, those who signal before those who hear it."""
        with self.store.read() as session:
            referrals = session.exec(select(ReferralRow.org, ReferralRow.id)).all()
            sources = session.exec(select(SourceRow.org, SourceRow.id)).all()
        return [
            [referral_workflow_id(org, one) for org, one in referrals],
            [source_workflow_id(org, one) for org, one in sources],
        ]

    async def advance(self, to: datetime) -> None:
        """Let virtual time pass for everybody."""
        await self.skipper.advance(to, self.layers())

    async def settle(self) -> None:
        """Let everybody do what is due at this moment."""
        await self.skipper.settle([one for layer in self.layers() for one in layer])

    @property
    def token(self) -> dict[str, str]:
        """The header with which the staff's side of the API is used."""
        return {"Authorization": f"Bearer {self.settings.tokens(self.org)[0]}"}

    async def _find(self, life: str, status_url: str) -> None:
        """Remember which referral a life has become, once an event of its has one."""
        answer = await self.http.get(httpx.URL(status_url).path, headers=self.token)
        _expect(answer, 200)
        told = answer.json()
        if told["status"] == "applied" and told.get("referral_id"):
            self.referral_ids[life] = told["referral_id"]


Door = Callable[[Stage, Line, str | None], Awaitable[str | None]]

# Every way in that a line may take. A new door is one method and one row.
DOORS: dict[str, Door] = {
    "event": Stage.tell,
    "decision": Stage.decide,
    "chore": Stage.chore,
}


@asynccontextmanager
async def raised(
    settings: Settings,
    client: Client,
    store: Store,
    tenants: Tenants,
    start: datetime,
    *,
    org: str,
    serve: Callable[[FastAPI], contextlib.AbstractAsyncContextManager[httpx.AsyncClient]],
    task_queue: str = TASK_QUEUE,
    codec_ui: str | None = None,
) -> AsyncIterator[Stage]:
    """A stage whose clock begins at ``start``; ``serve`` opens the HTTP door. Workers are apart."""
    skipper = Skipper(client, start=start)

    def clock() -> datetime:
        return skipper.now

    intake = Intake(store, Loop(skipper.client, task_queue), tenants, clock)
    app = create_app(settings, intake, store, clock, codec_ui=codec_ui)
    async with serve(app) as http:
        chores = chores_for(settings, store, tenants, intake, clock)
        yield Stage(org, settings, store, skipper, http, app, chores)


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise EngineUnavailable(
            f"The HTTP door answered {answer.status_code} instead of {status}: {answer.text[:500]}"
        )
