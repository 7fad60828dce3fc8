"""One run: facts about people come in by every door, what can break breaks, all traces are kept.

The real parts: a Temporal server of its own, worker processes (first with JSON lines, then with
text), the HTTP app on a port, a mail server, the vendors' simulators, the command line.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from cli.serving import free_port, serve
from cli.workplace import load_tenants, make_folder
from demo import cast
from demo.crew import Crew
from demo.life import Life, opening_monday
from demo.stage import raised
from engine.client import connect
from engine.schedules import ensure_schedules
from engine.server import Engine, find_or_start
from models.organization import OURS as OUR_PAGES
from settings import TASK_QUEUE, Settings, load
from store.engine import migrate, open_store
from telemetry.logs import configure
from tests.e2e.phi import doors, told
from tests.e2e.phi.people import (
    of,
)
from tests.e2e.phi.run import ROOT, Addresses, Refused, Run, Vendors
from tests.mail import Mailbox, Server
from tests.vendors import stages
from tests.web.desk.conftest import Browser

_MAILBOX = "practice's mailbox"


@asynccontextmanager
async def played(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    """The whole run; what it left may be looked at while everything is still up."""
    async with _surroundings(folder, monkeypatch) as (settings, vendors, metrics):
        engine = await find_or_start(
            data_dir=settings.data_dir / "temporal", namespace="phi", ui=False, say=print
        )
        monkeypatch.setattr("demo.crew.ROOT", _stand_in(folder))
        crew = Crew(settings, engine)
        try:
            await crew.start()
            async with _raised(folder, settings, engine, vendors, metrics) as run:
                with (folder / "web.json.log").open("w") as log:
                    configure("web", form="json", level="debug", stream=log)
                    await _begin(run, monkeypatch)
                monkeypatch.setenv("REFERRAL_LOOP_LOG_FORMAT", "console")
                await crew.kill()
                with (folder / "web.text.log").open("w") as log:
                    configure("web", form="console", level="debug", stream=log)
                    await _end(run)
                    yield run
        finally:
            await crew.stop()
            await engine.stop()


async def _begin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody's first day, by every door, the worker leaking; one patient's first week."""
    await told.come(run)
    await told.a_bug(run, monkeypatch)
    await doors.signed_in(run)
    await doors.faxed(run)
    adult = told.life(run, "adult")
    await run.stage.advance(adult.when(0, "10:00"))
    await doors.asked_for_a_time(run, adult)
    await doors.texted(run)
    await doors.typed(run)
    await doors.signed_out(run)
    await told.first_week(run, adult)
    await told.refusals(run)


async def _end(run: Run) -> None:
    """Care goes on with a worker that writes text, to its end and until sources have gone quiet."""
    adult = told.life(run, "adult")
    await told.care(run, adult)
    for day in (17, 23, 40, 64):
        await run.stage.advance(adult.when(day, "12:00"))
        await run.stage.sweep()
        if day == 23:
            await doors.checked_in(run)
    await told.undecodable(run)
    told.files(run)


@asynccontextmanager
async def _surroundings(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Settings, Vendors, list[str]]]:
    """What a deployment is told of, and what it speaks to: mail, texts, faxes; its metrics."""
    ports = {name: free_port() for name in ("web", "worker", "engine")}
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    async with stages(2) as (texting, faxing):
        vendors = Vendors(texting, faxing, public)
        with _mail_server() as mail:
            environment = {
                **_environment(folder, mail, ports),
                **vendors.environment,
                "PUBLIC_URL": public,
            }
            for name, value in environment.items():
                monkeypatch.setenv(f"REFERRAL_LOOP_{name}", str(value))
            settings = load(_env_file=None, http_port=port, metrics_port=ports["web"])
            make_folder(settings.data_dir)
            yield settings, vendors, [f"http://127.0.0.1:{one}/metrics" for one in ports.values()]


def _environment(folder: Path, mail: Server, ports: dict[str, int]) -> dict[str, object]:
    policy = folder / "clinic.toml"
    example = (ROOT / "clinics" / "example.toml").read_text()
    for ours, theirs in (
        ('email = "outbox"', 'email = "smtp"'),
        ('sms = "outbox"', 'sms = "twilio"'),
        ('"https://example.org/riverside-east/schedule"', f'"{OUR_PAGES}"'),
    ):
        assert ours in example
        example = example.replace(ours, theirs)
    policy.write_text(example)
    return {
        "DATA_DIR": folder / "data",
        "POLICY_FILES": policy,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": mail.port,
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "clinic@example.org",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": "json",
        "METRICS_PORT": ports["worker"],
        "ENGINE_METRICS_PORT": ports["engine"],
    }


@contextmanager
def _mail_server() -> Iterator[Server]:
    """It refuses the first message and quotes whom it was for, as mail servers do."""
    box = Mailbox()
    box.answers["rcpt"] = [f"550 5.1.1 <{of(_MAILBOX)}>: no mail for {of('physician')}"]
    server = Server(box)
    server.start()
    yield server
    server.stop()


def _stand_in(folder: Path) -> Path:
    """A folder whose ``worker.py`` is the leaky one."""
    place = folder / "stand-in"
    place.mkdir()
    lines = [
        "import runpy, sys",
        f"sys.path[0] = {str(ROOT)!r}",
        "runpy.run_module('tests.e2e.phi.leaky_worker', run_name='__main__')",
    ]
    (place / "worker.py").write_text("\n".join(lines))
    return place


@asynccontextmanager
async def _raised(
    folder: Path, settings: Settings, engine: Engine, vendors: Vendors, metrics: list[str]
) -> AsyncIterator[Run]:
    client = await connect(engine.address, engine.namespace, keyring=settings.keyring)
    await ensure_schedules(client, TASK_QUEUE)
    refused, led = Refused(), Addresses()

    @asynccontextmanager
    async def door(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
        async with serve(app, settings, port=settings.http_port), _caller(settings, refused) as api:
            yield api

    store = open_store(settings.database_url)
    migrate(store)
    opening = Life("", "", "", "", opening_monday(datetime.now(UTC).date())).when(0, "09:00")
    tenants = load_tenants(settings)
    async with (
        raised(settings, client, store, tenants, opening, org=cast.ORG, serve=door) as stage,
        _caller(settings, led) as desk,
        _caller(settings, led) as phone,
    ):
        vendors.clock = lambda: stage.skipper.now
        yield Run(
            folder=folder,
            settings=settings,
            store=store,
            client=client,
            engine=engine,
            stage=stage,
            vendors=vendors,
            desk=Browser(desk),
            phone=phone,
            metrics=metrics,
            answers=refused.answers,
            addresses=led.addresses,
        )
    store.close()


def _caller(settings: Settings, ear: Refused | Addresses) -> httpx.AsyncClient:
    """Somebody who speaks to the app, and what is kept of its answers."""
    url = f"http://127.0.0.1:{settings.http_port}"
    hooks = {"response": [ear.hear]}
    return httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, event_hooks=hooks)
