"""The demonstration's worker: a process of its own, which may be killed in the middle."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

from cli.workplace import make_folder
from engine.process import Child, spawn
from engine.server import Engine
from models.errors import EngineUnavailable
from settings import Settings
from worker import PID_FILE

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30.0  # seconds of real time for the process to be up


class Crew:
    """One worker at a time; ``kills`` counts those that were killed."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._worker: Child | None = None
        self.kills = 0

    async def start(self) -> None:
        """A worker process that ends with this one; waits until it polls."""
        self._worker = await _start_worker(self._settings, self._engine)

    async def kill(self) -> None:
        """SIGKILL the worker: no goodbye, no clean-up. Then a new one takes over."""
        pid = int((self._settings.data_dir / PID_FILE).read_text())
        os.kill(pid, signal.SIGKILL)
        await self.stop()
        self.kills += 1
        await self.start()

    async def stop(self) -> None:
        """Let the worker end."""
        if self._worker is not None:
            await self._worker.stop()


async def _start_worker(settings: Settings, engine: Engine) -> Child:
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
