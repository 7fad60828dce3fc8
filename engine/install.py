"""Where server programs are kept, and how they get there: built by Go or downloaded by the SDK."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from engine.client import runtime
from engine.process import locked

Say = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """A pinned program that ``go install`` can build (temporal.md, first section)."""

    name: str
    module: str
    version: str
    about: str  # how long the first build takes

    @property
    def path(self) -> Path:
        """Where it lies in the cache, whether it is there or not."""
        return binaries() / f"{self.name}-{self.version}"

    def ready(self) -> bool:
        """Whether it is there and may be run."""
        return os.access(self.path, os.X_OK)


SERVER = Program("temporal-server", "go.temporal.io/server/cmd/server", "1.32.0", "8 minutes")
WEB_UI = Program(
    "temporal-ui", "github.com/temporalio/ui-server/v2/cmd/server", "2.54.1", "30 seconds"
)
SQL_TOOL = Program(
    "temporal-sql-tool", "go.temporal.io/server/cmd/tools/sql", SERVER.version, "10 seconds"
)  # Temporal's tables on Postgres; production alone needs it

# The first CLI whose embedded server (1.32.0) skips time (temporal.md §0).
CLI_VERSION = (1, 9, 1)
CLI_VERSION_TEXT = ".".join(map(str, CLI_VERSION))
DOWNLOAD_SECONDS = 180.0
BUILD_SECONDS = 45 * 60.0


def cache_dir() -> Path:
    """Where programs are kept between runs: $REFERRAL_LOOP_CACHE, else the user's cache."""
    if own := os.environ.get("REFERRAL_LOOP_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "referral-loop"


def binaries() -> Path:
    """The folder of programs inside the cache."""
    return cache_dir() / "bin"


def downloaded_cli() -> Path:
    """Where the CLI downloaded by the SDK lies, whether it is there or not."""
    return binaries() / f"temporal-cli-{CLI_VERSION_TEXT}"


async def download_cli() -> str | None:
    """Have the SDK download the Temporal CLI into the cache; None when it is there, else why not.

    Fails at once on a machine without internet. Running it twice downloads once.
    """
    target = downloaded_cli()
    if os.access(target, os.X_OK):
        return None
    binaries().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binaries()) as folder:
        try:
            async with asyncio.timeout(DOWNLOAD_SECONDS):
                trial = await WorkflowEnvironment.start_local(
                    download_dest_dir=folder,
                    dev_server_download_version=f"v{CLI_VERSION_TEXT}",
                    runtime=runtime(),
                )
                await trial.shutdown()
        except TimeoutError:
            return f"not finished within {DOWNLOAD_SECONDS:.0f} seconds"
        except RuntimeError as error:
            return _first_line(str(error))
        for found in Path(folder).iterdir():
            if os.access(found, os.X_OK) and found.is_file():
                found.replace(target)
                return None
    return "the download held no program"


async def build(program: Program, say: Say) -> str | None:
    """Build a program with Go into the cache; None when it is there, else why it is not.

    The finished program appears in one step, so a broken-off build leaves nothing half done; a
    second process waits for the first one's build. Running it twice builds once.
    """
    if program.ready():
        return None
    go = shutil.which("go")
    if go is None:
        return "there is no Go on PATH"
    binaries().mkdir(parents=True, exist_ok=True)
    async with locked(binaries() / f"{program.name}.lock", patience=BUILD_SECONDS):
        if program.ready():
            return None
        say(
            f"Building {program.name} {program.version} with `go install` (about {program.about}, "
            "the first time only)."
        )
        with tempfile.TemporaryDirectory(dir=binaries()) as folder:
            problem = await _go_install(go, program, Path(folder))
            if problem is None:
                (Path(folder) / Path(program.module).name).replace(program.path)
            return problem


async def _go_install(go: str, program: Program, folder: Path) -> str | None:
    process = await asyncio.create_subprocess_exec(
        go,
        "install",
        "-trimpath",
        "-ldflags=-s -w",
        f"{program.module}@v{program.version}",
        env={**os.environ, "GOBIN": str(folder)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), BUILD_SECONDS)
    except TimeoutError:
        return f"the build did not finish within {BUILD_SECONDS / 60:.0f} minutes"
    finally:
        if process.returncode is None:  # timed out, or Ctrl-C
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == 0:
        return None
    lines = said.decode(errors="replace").strip().splitlines()
    return f"go install failed: {_first_line(lines[-1]) if lines else 'no reason given'}"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:200] if text.strip() else "no reason given"
