"""The demonstration's stage: a real server, a real worker process, the real HTTP door.

Events go over HTTP, signed, to the same app that ``up`` serves; its clock, and the start of every
workflow, follow the driver's virtual time.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
from sqlmodel import select

from activities.chores import Chores
from activities.intake import Intake
from activities.loop import Loop
from activities.tenants import Tenants
from cli.serving import serve
from cli.workplace import make_folder
from demo import cast
from demo.cast import Json
from engine.client import connect
from engine.process import Child, spawn
from engine.server import Engine
from engine.skipping import Skipper
from integrations.emr.signature import sign
from models.contracts import SweepInput
from models.errors import EngineUnavailable
from models.ids import referral_workflow_id, source_workflow_id
from settings import Settings
from store.engine import Store
from store.tables import ReferralRow
from store.tables_people import SourceRow
from web.app import create_app
from worker import PID_FILE, chores_for

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30.0  # seconds of real time for a signal to arrive or a process to be up


@dataclass
class Stage:
    """Everything the play needs; see ``raised``."""

    settings: Settings
    store: Store
    engine: Engine
    skipper: Skipper
    http: httpx.AsyncClient
    chores: Chores
    worker: Child
    kills: int = 0
    referral_ids: dict[str, str] = field(default_factory=dict)
    _events: int = 0

    async def tell(self, life: str, body: Json) -> None:
        """Send one signed event and wait until it has been applied."""
        self._events += 1
        raw = json.dumps(body).encode()
        secret = self.settings.hook_secrets(cast.ORG)[0]
        headers = sign(secret, f"demo-{self._events:04d}", self.skipper.now, raw)
        answer = await self.http.post(f"/hooks/{cast.ORG}/events", content=raw, headers=headers)
        _expect(answer, 202)
        status = await self._applied(answer.json()["status_url"])
        if life not in self.referral_ids and status.get("referral_id"):
            self.referral_ids[life] = status["referral_id"]

    async def decide(self, life: str, body: Json) -> None:
        """Have one staff decision taken."""
        answer = await self.http.post(
            f"/api/v1/referrals/{self.referral_ids[life]}/decisions", json=body, headers=self._token
        )
        _expect(answer, 200)

    async def card(self, life: str) -> Json:
        """One referral as the API shows it."""
        answer = await self.http.get(
            f"/api/v1/referrals/{self.referral_ids[life]}", headers=self._token
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

    async def sweep(self) -> None:
        """Run the chores that a Schedule runs in real life: Schedules do not skip time."""
        for chore in ("receipts", "crm"):
            await self.chores.run(SweepInput(chore=chore))

    async def kill_worker(self) -> None:
        """SIGKILL the worker: no goodbye, no clean-up. Then a new one takes over."""
        pid = int((self.settings.data_dir / PID_FILE).read_text())
        os.kill(pid, signal.SIGKILL)
        await self.worker.stop()
        self.kills += 1
        self.worker = await start_worker(self.settings, self.engine)

    @property
    def _token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.settings.tokens(cast.ORG)[0]}"}

    async def _applied(self, url: str) -> Json:
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self.http.get(httpx.URL(url).path, headers=self._token)
                _expect(answer, 200)
                status: Json = answer.json()
                if status["status"] not in {"received"}:
                    return status
                await asyncio.sleep(0.01)  # a condition is polled, not a time waited out


@asynccontextmanager
async def raised(
    settings: Settings, engine: Engine, store: Store, tenants: Tenants, start: datetime
) -> AsyncIterator[Stage]:
    """A stage with a worker process and the HTTP door open, taken down again at the end."""
    client = await connect(engine.address, engine.namespace, keyring=settings.keyring)
    skipper = Skipper(client, start=start)

    def clock() -> datetime:
        return skipper.now

    loop = Loop(skipper.client)
    intake = Intake(store, loop, tenants, clock)
    app = create_app(settings, intake, store, clock, codec_ui=engine.ui_address)
    worker = await start_worker(settings, engine)
    async with (
        serve(app, settings, port=settings.http_port) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as http,
    ):
        chores = chores_for(settings, store, tenants, intake, clock)
        stage = Stage(settings, store, engine, skipper, http, chores, worker)
        try:
            yield stage
        finally:
            await stage.worker.stop()


async def start_worker(settings: Settings, engine: Engine) -> Child:
    """A worker process of its own that ends with this one; waits until it polls."""
    note = settings.data_dir / PID_FILE
    note.unlink(missing_ok=True)
    environment = {
        "REFERRAL_LOOP_DATA_DIR": str(settings.data_dir),
        "REFERRAL_LOOP_STORE_URL": settings.database_url,
        "TEMPORAL_ADDRESS": engine.address,
        "TEMPORAL_NAMESPACE": engine.namespace,
    }
    command = [
        *("env", *(f"{name}={value}" for name, value in environment.items())),
        *(sys.executable, str(ROOT / "worker.py")),
    ]
    child = spawn("worker", command, log=settings.data_dir / "worker.log")
    try:
        async with asyncio.timeout(PATIENCE):
            while not note.exists():
                if not child.running:
                    raise EngineUnavailable(f"The worker did not start: {child.last_words()}")
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise EngineUnavailable("The worker did not come up; see worker.log.") from None
    return child


def clean(data_dir: Path) -> None:
    """An empty folder for a new run; what an earlier one left behind goes."""
    shutil.rmtree(data_dir, ignore_errors=True)
    make_folder(data_dir)


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise EngineUnavailable(
            f"The HTTP door answered {answer.status_code} instead of {status}: {answer.text[:500]}"
        )
