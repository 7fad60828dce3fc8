"""docker-compose.yml without containers: ``deploy/native.sh up``, ``down`` and ``status``.

The same services with the same commands, environment, order, health checks and restarts; real
Postgres, Temporal server and Web UI. For trying the production shape out and for testing it: the
folder it runs in is thrown away at the end.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import friendly, out, say
from deploy.compose import Replicas, services
from deploy.keeper import Command, Keeper
from deploy.laying_out import lay_out
from deploy.place import COMPOSE_FILE, MOST_WORKERS, ROOT, Place
from deploy.translating import command_for
from engine.process import try_lock
from models.errors import ConfigError

READY_SECONDS = 300.0
STOP_SECONDS = 120.0
DEFAULT_FOLDER = Path(tempfile.gettempdir()) / f"referral-loop-native-{os.geteuid()}"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
Folder = Annotated[Path, typer.Option("--dir", help="Where everything of this run is kept.")]
Workers = Annotated[int, typer.Option(min=1, max=MOST_WORKERS, help="Worker processes.")]


@app.command()
@friendly
def up(folder: Folder = DEFAULT_FOLDER, workers: Workers = 2) -> None:
    """Start everything in the background, and come back when every part does its work."""
    place = Place(folder.absolute())
    asyncio.run(lay_out(place, say))
    if keeper_of(place) is not None:
        raise ConfigError(f"It runs already in {place.folder}: deploy/native.sh down ends it.")
    words = [sys.executable, "-m", "deploy.native", "keep", "--dir", str(place.folder)]
    with (place.logs / "native.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  (ourselves)
            [*words, "--workers", str(workers)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    say("Starting what docker-compose.yml lists, in its order.")
    end = time.monotonic() + READY_SECONDS
    while (told := parts(place)) is None or unready(told):
        not_ready = unready(told or {})
        failed = [name for name in not_ready if told and told[name]["state"] == "failed"]
        if failed or process.poll() is not None or time.monotonic() > end:
            end_it(place)
            names = ", ".join(failed or not_ready)
            raise ConfigError(f"Not ready: {names}. What they said is in {place.logs}.")
        time.sleep(0.1)
    out.print("[bold]The production shape is up[/], without containers.")
    for line in (
        f"  HTTP         {place.url('web')}",
        f"  Temporal UI  {place.url('ui')}  (reads only)",
        f"  Temporal     127.0.0.1:{place.ports['frontend']}",
        f"  Secrets      {place.secrets}",
        f"  Logs         {place.logs}",
        "  deploy/native.sh status, deploy/native.sh down",
    ):
        out.print(line, markup=False, soft_wrap=True)


@app.command()
@friendly
def down(folder: Folder = DEFAULT_FOLDER) -> None:
    """Stop everything and remove its folder, data included."""
    place = Place(folder.absolute())
    end_it(place)
    shutil.rmtree(place.folder, ignore_errors=True)


@app.command()
@friendly
def status(folder: Folder = DEFAULT_FOLDER) -> None:
    """What runs, since how many starts, and whether it is healthy."""
    place = Place(folder.absolute())
    if keeper_of(place) is None:
        raise ConfigError(f"Nothing runs in {place.folder}: deploy/native.sh up starts it.")
    for name, part in (parts(place) or {}).items():
        health = {True: "healthy", False: "unhealthy", None: ""}[part["healthy"]]
        out.print(f"{name:16} {part['state']:9} {part['starts']:3} start(s)  {health}")


@app.command(hidden=True)
@friendly
def keep(folder: Folder = DEFAULT_FOLDER, workers: Workers = 2) -> None:
    """Keep every part running until SIGTERM; ``up`` starts this in the background."""
    place = Place(folder)
    lock = try_lock(place.lock)
    if lock is None:
        raise ConfigError(f"It runs already in {place.folder}.")
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    asyncio.run(_keep(place, workers))
    os.close(lock)


async def _keep(place: Place, workers: int) -> None:
    wanted = services(COMPOSE_FILE, place.variables)
    wanted["worker"] = wanted["worker"].model_copy(update={"deploy": Replicas(replicas=workers)})
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)

    def command(name: str, replica: int) -> Command:
        return command_for(place, name, wanted[name], replica)

    await Keeper(wanted, command, place.logs, place.state).run(stop)


def parts(place: Place) -> dict[str, Any] | None:
    """Where each part stands, as its keeper last wrote; None before that."""
    try:
        told: dict[str, Any] = json.loads(place.state.read_text())
    except FileNotFoundError:
        return None
    return told


def unready(told: dict[str, Any]) -> list[str]:
    """The jobs that are not done, and what does not run or is not healthy."""
    return [
        name
        for name, part in told.items()
        if part["state"] != "done" and not (part["state"] == "runs" and part["healthy"])
    ]


def keeper_of(place: Place) -> int | None:
    """The id of the process that keeps the parts in this folder; None when none does."""
    if not place.lock.exists():
        return None
    lock = try_lock(place.lock)
    if lock is not None:
        os.close(lock)
        return None
    return int(place.lock.read_text() or 0) or None


def end_it(place: Place) -> None:
    """Stop what runs in a folder and wait for it; harmless when nothing does."""
    keeper = keeper_of(place)
    if keeper is None:
        return
    os.kill(keeper, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while keeper_of(place) is not None:
        if time.monotonic() > end:
            raise ConfigError(f"Process {keeper} does not stop; see {place.logs / 'native.log'}.")
        time.sleep(0.1)
    place.state.unlink(missing_ok=True)


if __name__ == "__main__":
    app()
