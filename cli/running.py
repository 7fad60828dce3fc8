"""``up``: everything on one machine, until Ctrl-C; what dies is started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from temporalio.client import Client

from activities.intake import Intake
from activities.loop import Loop
from cli.console import out, say
from cli.serving import bind, serve
from cli.simulating import Simulated, simulated
from cli.workplace import UP_FILE, load_tenants, make_folder, wall_clock
from engine.client import connect
from engine.process import Child, spawn, try_lock
from engine.schedules import ensure_schedules
from engine.server import Engine, find_or_start
from engine.starting import healthy
from models.errors import ConfigError, EngineUnavailable
from settings import EXAMPLE_PASSWORD, TASK_QUEUE, Settings
from store import schema
from store.engine import open_store
from telemetry.logs import configure
from web.app import create_app

ROOT = Path(__file__).resolve().parent.parent
LOCK_FILE = "up.lock"  # held while it runs, whatever ends it
LOOK_EVERY = 2.0  # seconds between two looks at what should be running


class House:
    """The processes behind ``up``, and how they are kept running."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        client: Client,
        workers: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """``environment`` is what the workers must be told besides."""
        self.settings = settings
        self._environment = dict(environment or {})
        self.engine = engine
        self._client = client
        self._scheduled = False
        self._workers: dict[int, Child] = {}  # by place, so that a new one takes its ports
        self._wanted = workers

    def start_workers(self) -> None:
        """Bring the workers to their number; those that died are replaced."""
        for place in range(self._wanted):
            known = self._workers.get(place)
            if known is not None and known.running:
                continue
            environment = {
                **self._environment,
                "REFERRAL_LOOP_DATA_DIR": str(self.settings.data_dir),
                "REFERRAL_LOOP_STORE_URL": self.settings.database_url,
                "TEMPORAL_ADDRESS": self.engine.address,
                "REFERRAL_LOOP_METRICS_PORT": _port(self.settings.metrics_port, 1 + place),
                "REFERRAL_LOOP_ENGINE_METRICS_PORT": _port(
                    self.settings.engine_metrics_port, place
                ),
            }
            settings = [f"{name}={value}" for name, value in environment.items()]
            command = ["env", *settings, sys.executable, str(ROOT / "worker.py")]
            log = self.settings.data_dir / "worker.log"
            self._workers[place] = spawn("worker", command, log=log)

    async def keep(self) -> None:
        """Start again what has died; a Temporal server of our own, and the workers.

        The Schedules of the chores are ensured here too, because a server that comes back after a
        crash answers before it can take them.
        """
        while True:
            if not self._scheduled:
                await self._schedule()
            await asyncio.sleep(LOOK_EVERY)
            if self.settings.temporal_address is None and not await healthy(self.engine.address):
                await self._engine_again()
            dead = [one for one in self._workers.values() if not one.running]
            if dead:
                why = dead[0].last_words() or "it said nothing"
                say(f"{len(dead)} worker(s) ended; starting again (worker.log: {why})")
                self.start_workers()

    async def stop(self) -> None:
        """Stop the workers, then the server; both end by themselves should we be killed."""
        await asyncio.gather(*(one.stop() for one in self._workers.values()))
        await self.engine.stop()

    async def _schedule(self) -> None:
        try:
            await ensure_schedules(self._client, TASK_QUEUE)
        except EngineUnavailable:
            say("Temporal does not take the Schedules of the chores yet; it is asked again.")
        else:
            self._scheduled = True

    async def _engine_again(self) -> None:
        say("Temporal does not answer; events are kept meanwhile. Starting it again.")
        port = urlsplit(f"//{self.engine.address}").port
        await self.engine.stop()
        try:
            self.engine = await start_engine(self.settings, port=port)
        except EngineUnavailable as error:
            say(error.sentence)
        except OSError as error:  # such as a full disk: the HTTP door stays open meanwhile
            say(f"Temporal could not be started ({error.strerror}); it is tried again.")


def _port(first: int | None, place: int) -> str:
    """The port of one of several processes on this machine; the web process has the first."""
    return "" if first is None else str(first + place)


async def start_engine(settings: Settings, *, port: int | None = None) -> Engine:
    """The server that TEMPORAL_ADDRESS names, or one of our own in the data directory."""
    return await find_or_start(
        data_dir=settings.data_dir / "temporal",
        namespace=settings.temporal_namespace,
        address=settings.temporal_address,
        time_skipping=settings.environment == "dev",
        say=say,
        port=port,
        codec_endpoint=f"http://127.0.0.1:{settings.http_port}/codec",
    )


async def up(settings: Settings, *, workers: int, simulate_vendors: bool = False) -> int:
    """Run until Ctrl-C or SIGTERM; 0 when it was asked to stop.

    ``simulate_vendors`` has texts and faxes go to simulators on this machine (``cli.simulating``).

    One at a time on a data directory: raises ConfigError for a second one, and for a port that is
    taken, before anything is started.
    """
    configure("up", level=settings.log_level, form=settings.log_format)
    make_folder(settings.data_dir)
    lock = try_lock(settings.data_dir / LOCK_FILE)
    if lock is None:
        raise ConfigError(
            "Another `up` runs on this data directory. Stop it, or choose REFERRAL_LOOP_DATA_DIR "
            "and REFERRAL_LOOP_HTTP_PORT anew.",
            code="already_up",
            field="REFERRAL_LOOP_DATA_DIR",
        )
    try:
        bind(settings.http_host, settings.http_port).close()
        if not simulate_vendors:
            return await _up(settings, workers)
        async with simulated(settings) as house:
            return await _up(house.settings, workers, house)
    finally:
        os.close(lock)


async def _up(settings: Settings, workers: int, simulation: Simulated | None = None) -> int:
    tenants = load_tenants(settings)
    store = open_store(settings.database_url)
    schema.bring_up(store)
    engine = await start_engine(settings)
    client = await connect(engine.address, settings.temporal_namespace, keyring=settings.keyring)
    house = House(settings, engine, client, workers, simulation.environment if simulation else None)
    intake = Intake(store, Loop(client), tenants, wall_clock)
    ui = house.engine.ui_address
    app = create_app(settings, intake, store, wall_clock, codec_ui=ui)
    house.start_workers()
    note = settings.data_dir / UP_FILE
    try:
        async with serve(app, settings, port=settings.http_port) as url:
            where = {"temporal": house.engine.address, "http": url}
            ui_address = house.engine.ui_address or ""
            vendors = {"vendors": simulation.page} if simulation else {}
            told = {**where, **vendors, "ui": ui_address, "pid": os.getpid()}
            note.write_text(json.dumps(told))
            _tell(settings, house.engine, url)
            if simulation is not None:
                _tell_simulated(simulation)
            await _until_stopped(house)
    finally:
        note.unlink(missing_ok=True)
        say("Stopping.")
        await house.stop()
        store.close()
    return 0


async def _until_stopped(house: House) -> None:
    stopping = asyncio.Event()
    running = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        running.add_signal_handler(name, stopping.set)
    keeping = asyncio.create_task(house.keep())
    waiting = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({keeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if keeping.done():
            keeping.result()  # a bug in the keeper must not look like a stop
    finally:
        keeping.cancel()
        waiting.cancel()


def _tell(settings: Settings, engine: Engine, url: str) -> None:
    out.print("[bold]referral-loop is up.[/] Ctrl-C stops it.")
    for line in (
        f"  The desk      {url}/board{_how(settings)}",
        f"  HTTP          {url}  (OpenAPI: {url}/openapi.json)",
        f"  Temporal UI   {engine.ui_address or 'see your own installation'}",
        f"  Temporal      {engine.address}, namespace {engine.namespace}",
        f"  Outbox        {settings.outbox_dir}",
        "  Try           python starter.py refer docs/integrators/referral.json",
    ):
        out.print(line, markup=False, soft_wrap=True)  # addresses and paths stay whole


def _how(settings: Settings) -> str:
    """How to sign in to a trial; elsewhere everybody has a password of their own."""
    if settings.environment != "dev":
        return ""
    return f"  (dana@example.org, {EXAMPLE_PASSWORD}; others stand on the sign-in page)"


def _tell_simulated(simulation: Simulated) -> None:
    out.print("[bold]Texts and faxes are simulated.[/] Nothing leaves this machine.")
    page = f"  Phone and fax  {simulation.page}  (simulator, not for production)"
    out.print(page, markup=False, soft_wrap=True)
