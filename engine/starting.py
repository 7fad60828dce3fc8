"""Starts a development server and its Web UI on a data directory, and stops them again."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
from temporalio.service import RPCError

from engine.client import connect_service
from engine.install import SERVER, WEB_UI, Say, build, cache_dir
from engine.process import Child, locked, reserved, spawn, try_lock
from engine.serverfiles import USUAL_PORTS, USUAL_UI_PORT, ServerFiles, dynamic_config
from models.errors import EngineUnavailable

READY_SECONDS = 60.0
UI_READY_SECONDS = 15.0
TURN_SECONDS = 60.0
STARTS = 3


async def _nothing() -> None:
    """Somebody else's server is left running."""


@dataclass(frozen=True)
class Engine:
    """A Temporal server that answers, with namespace and search attributes in place."""

    address: str
    ui_address: str | None
    namespace: str
    source: str
    _stop: Callable[[], Awaitable[None]] = field(default=_nothing, repr=False, compare=False)

    async def stop(self) -> None:
        """Stop what was started for this engine; harmless twice, and for a server not ours."""
        await self._stop()


@dataclass(frozen=True)
class Wish:
    """What the caller wants, as every way of getting a server reads it."""

    data_dir: Path
    namespace: str
    address: str | None
    ui: bool
    time_skipping: bool
    say: Say
    metrics_port: int | None
    port: int | None
    codec_endpoint: str | None

    @property
    def files(self) -> ServerFiles:
        """The files of the data directory."""
        return ServerFiles(self.data_dir)


# The command that serves on these ports, and the port of its own Web UI if it has one.
Command = Callable[[Wish, dict[str, int]], list[str]]


def server_command(wish: Wish, ports: dict[str, int]) -> list[str]:
    """The server built from source, on files written for these ports."""
    wish.files.write_server(ports, time_skipping=wish.time_skipping, metrics_port=wish.metrics_port)
    return [
        str(SERVER.path),
        "--config-file",
        str(wish.files.server),
        "--allow-no-auth",
        "start",
    ]


def cli_command(path: str) -> Command:
    """The development server inside the ``temporal`` CLI, which brings its own Web UI."""

    def command(wish: Wish, ports: dict[str, int]) -> list[str]:
        options: list[tuple[str, object]] = [
            ("--ip", "127.0.0.1"),
            ("--port", ports["frontend"]),
            ("--http-port", ports["frontend-http"]),
            ("--namespace", wish.namespace),
            ("--db-filename", wish.files.database),
            ("--log-level", "warn"),
        ]
        if wish.ui:
            options.append(("--ui-port", ports["ui"]))
            if wish.codec_endpoint is not None:
                options.append(("--ui-codec-endpoint", wish.codec_endpoint))
        if wish.metrics_port is not None:
            options.append(("--metrics-port", wish.metrics_port))
        for key, value in dynamic_config(time_skipping=wish.time_skipping).items():
            options.append(("--dynamic-config-value", f"{key}={json.dumps(value)}"))
        words = [str(word) for option in options for word in option]
        return [path, "server", "start-dev", *words, *([] if wish.ui else ["--headless"])]

    return command


async def start(
    wish: Wish, command: Command, source: str, *, ui_within: bool = False
) -> Engine | str:
    """Start a server on the data directory and wait until it is healthy, or say why it is not."""
    while (lock := await asyncio.to_thread(try_lock, wish.files.lock)) is None:
        # Somebody was quicker since we looked, or held the lock only to look as well.
        found = await attach(wish)
        if isinstance(found, Engine):
            return found
    wish.say(f"Starting Temporal ({source}).")
    try:
        for _ in range(STARTS):
            # One start at a time on this machine: two that found the same port free would
            # otherwise both take the winner's health check for their own.
            async with locked(cache_dir() / "start.lock", patience=READY_SECONDS * STARTS):
                child, ports = _launch(wish, command, hold=lock)
                ready = await _await_ready(child, f"127.0.0.1:{ports['frontend']}")
            if ready:
                ui = f"http://127.0.0.1:{ports['ui']}" if wish.ui and ui_within else None
                return await _announce(wish, child, ports, source, ui)
            await child.stop()
            if "address already in use" not in child.last_words():
                break
        return f"it did not start ({_reason(child)}); see {child.log.name} in the data directory"
    finally:
        os.close(lock)  # the server holds its own copy


async def attach(wish: Wish) -> Engine | str:
    """A server another process runs on this data directory: waits while it starts or stops."""
    for _ in range(round(TURN_SECONDS / 0.1)):
        lock = await asyncio.to_thread(try_lock, wish.files.lock)
        if lock is not None:
            os.close(lock)
            return "none is running on this data directory"
        note = _read_note(wish.files.note)
        if note is not None and await healthy(note.address):
            return replace(note, namespace=wish.namespace)
        await asyncio.sleep(0.1)
    raise EngineUnavailable(
        f"Another process holds {wish.files.lock.name} in the data directory, but its Temporal "
        "server does not answer. End that process, or use another data directory."
    )


def _launch(wish: Wish, command: Command, *, hold: int) -> tuple[Child, dict[str, int]]:
    # The ports of the last time come first: the database remembers the members of the cluster by
    # their ports, and a server that finds others waits ten seconds for them.
    wanted = {**USUAL_PORTS, "ui": USUAL_UI_PORT, **wish.files.read_ports()}
    if wish.port is not None:
        wanted["frontend"] = wish.port
    with reserved(wanted) as ports:
        if wish.port is not None and ports["frontend"] != wish.port:
            raise EngineUnavailable(f"Port {wish.port} is taken; name another one, or none.")
        wish.files.write_ports(ports)
        words = command(wish, ports)
    return spawn("temporal server", words, log=wish.files.server_log, hold=hold), ports


async def _await_ready(child: Child, address: str) -> bool:
    try:
        for _ in range(round(READY_SECONDS / 0.05)):
            if not child.running:
                return False
            if await healthy(address):
                return child.running
            await asyncio.sleep(0.05)
    except BaseException:  # Ctrl-C while it starts
        await child.stop()
        raise
    return False


async def _announce(
    wish: Wish, server: Child, ports: dict[str, int], source: str, ui_address: str | None
) -> Engine:
    address = f"127.0.0.1:{ports['frontend']}"
    children = [server]
    if wish.ui and ui_address is None:
        ui = await _start_ui(wish, address)
        if ui is not None:
            child, ui_address = ui
            children.insert(0, child)

    async def stop() -> None:
        wish.files.note.unlink(missing_ok=True)
        for child in children:
            await child.stop()

    engine = Engine(address, ui_address, wish.namespace, source, stop)
    note = {"address": address, "ui_address": ui_address, "source": source, "pid": os.getpid()}
    wish.files.note.write_text(json.dumps(note) + "\n", encoding="utf-8")
    return engine


async def _start_ui(wish: Wish, address: str) -> tuple[Child, str] | None:
    """The Web UI beside the server; without it everything else still works."""
    problem = await build(WEB_UI, wish.say)
    if problem is not None:
        wish.say(f"The Temporal Web UI is missing ({problem}); everything else works without it.")
        return None
    for _ in range(STARTS):
        with reserved({"ui": USUAL_UI_PORT}) as ports:
            wish.files.write_ui(
                address=address,
                port=ports["ui"],
                namespace=wish.namespace,
                codec_endpoint=wish.codec_endpoint,
            )
        words = [str(WEB_UI.path), "--root", str(wish.data_dir), "--config", "."]
        child = spawn(
            "temporal web ui",
            [*words, "--env", wish.files.ui.stem, "start"],
            log=wish.files.ui_log,
        )
        url = f"http://127.0.0.1:{ports['ui']}"
        if await _ui_ready(child, url):
            return child, url
        await child.stop()
    wish.say(f"The Temporal Web UI did not start ({_reason(child)}); everything else works.")
    return None


async def _ui_ready(child: Child, url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False, timeout=1.0) as http:
        for _ in range(round(UI_READY_SECONDS / 0.05)):
            if not child.running:
                return False
            try:
                if (await http.get(f"{url}/healthz")).is_success:
                    return child.running
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.05)
    return False


async def healthy(address: str) -> bool:
    """Whether a Temporal frontend at this address says it is serving."""
    try:
        return await (await connect_service(address)).check_health()
    except (EngineUnavailable, RPCError):
        return False


def _read_note(path: Path) -> Engine | None:
    """The engine another process announced, unless that process is gone and its server going."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        os.kill(note["pid"], 0)
        return Engine(note["address"], note["ui_address"], "", f"running ({note['source']})")
    except PermissionError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _reason(child: Child) -> str:
    return child.last_words() or "it said nothing"
