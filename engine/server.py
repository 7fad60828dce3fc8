"""Finds a Temporal server for development, or starts one.

One table, :data:`WAYS`, walked from the top: each way returns a running engine or says why it
cannot. Production gives an address and never gets further than the first row.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from engine.client import connect_service
from engine.install import (
    CLI_VERSION,
    CLI_VERSION_TEXT,
    SERVER,
    Say,
    build,
    download_cli,
    downloaded_cli,
)
from engine.namespace import ensure
from engine.starting import Engine, Wish, attach, cli_command, healthy, server_command, start
from models.errors import EngineUnavailable

__all__ = ["WAYS", "Engine", "find_or_start"]

Way = Callable[[Wish], Awaitable[Engine | str]]


async def find_or_start(
    *,
    data_dir: Path,
    namespace: str = "referral-loop",
    address: str | None = None,
    ui: bool = True,
    time_skipping: bool = True,
    say: Say,
    metrics_port: int | None = None,
    port: int | None = None,
    codec_endpoint: str | None = None,
) -> Engine:
    """Return a Temporal server that answers; the caller stops it with :meth:`Engine.stop`.

    With ``address`` that server is used and nothing is ever started. Otherwise a server already
    running on ``data_dir`` is shared, or one is started there that keeps its workflows in
    ``temporal.db`` from one start to the next and ends with this process, even if that is killed.
    The usual ports (7233, Web UI 8233) are used where they are free, any others where not;
    ``port`` asks for exactly that one. ``say`` hears, in sentences, what takes long or is missing.

    Raises EngineUnavailable with what was tried and what to install, and ConfigError when the
    namespace has a search attribute of another type.
    """
    # Absolute, because the server is told its file by name and other processes share the folder.
    wish = Wish(
        data_dir=data_dir.absolute(),
        namespace=namespace,
        address=address,
        ui=ui,
        time_skipping=time_skipping,
        say=say,
        metrics_port=metrics_port,
        port=port,
        codec_endpoint=codec_endpoint,
    )
    tried: list[str] = []
    for name, way in WAYS:
        found = await way(wish)
        if isinstance(found, str):
            tried.append(f"{name}: {found}")
            continue
        try:
            await ensure(await connect_service(found.address), namespace)
        except BaseException:
            await found.stop()
            raise
        return found
    raise EngineUnavailable(
        "No Temporal server could be found or started.\n"
        + "\n".join(f"  - {line}" for line in tried)
        + f"\nInstall the temporal CLI {CLI_VERSION_TEXT} or later, or Go 1.26.8 or later, or set "
        "TEMPORAL_ADDRESS to a running server (host:port)."
    )


async def _named(wish: Wish) -> Engine | str:
    """The server somebody named; if it does not answer, that is an error and no reason to start."""
    if wish.address is None:
        return "not set"
    if not await healthy(wish.address):
        raise EngineUnavailable(
            f"No Temporal server answers at {wish.address} (TEMPORAL_ADDRESS). Start it, correct "
            "the address, or unset it to have a development server started."
        )
    return Engine(wish.address, None, wish.namespace, "TEMPORAL_ADDRESS")


async def _built(wish: Wish) -> Engine | str:
    """A server binary, or a downloaded CLI, that is in the cache from an earlier run."""
    if SERVER.ready():
        return await start(wish, server_command, f"{SERVER.name} {SERVER.version}")
    if os.access(downloaded_cli(), os.X_OK):
        return await _start_cli(wish, str(downloaded_cli()))
    return "none yet"


async def _cli(wish: Wish) -> Engine | str:
    """The ``temporal`` command, if it is new enough to skip time."""
    path = shutil.which("temporal")
    if path is None:
        return "not on PATH"
    process = await asyncio.create_subprocess_exec(
        path, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    said, _ = await process.communicate()
    version = re.search(rb"(\d+)\.(\d+)\.(\d+)", said)
    if version is None:
        return "it does not tell its version"
    if tuple(map(int, version.groups())) < CLI_VERSION:
        return f"version {version[0].decode()} is older than {CLI_VERSION_TEXT}"
    return await _start_cli(wish, path)


async def _start_cli(wish: Wish, path: str) -> Engine | str:
    return await start(wish, cli_command(path), "temporal CLI", ui_within=True)


async def _downloaded(wish: Wish) -> Engine | str:
    """The CLI that the Temporal SDK downloads for its own tests."""
    wish.say("Downloading the Temporal development server (about 50 MB, the first time only).")
    problem = await download_cli()
    return problem or await _start_cli(wish, str(downloaded_cli()))


async def _go(wish: Wish) -> Engine | str:
    """The pinned server, built from source."""
    if SERVER.ready():
        return "built already, and did not start (see above)"
    problem = await build(SERVER, wish.say)
    return problem or await start(wish, server_command, f"{SERVER.name} {SERVER.version}")


WAYS: tuple[tuple[str, Way], ...] = (
    ("TEMPORAL_ADDRESS", _named),
    ("a running server", attach),
    ("a server built or downloaded earlier", _built),
    ("the temporal CLI", _cli),
    ("the download by the Temporal SDK", _downloaded),
    ("a build with Go", _go),
)
