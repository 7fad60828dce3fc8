"""The production shape while it runs: its addresses, its parts, its record and its engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from deploy.compose import services
from deploy.native import parts
from deploy.place import COMPOSE_FILE, ROOT, Place
from deploy.translating import command_for

ORG = "riverside"


def eventually(true: Callable[[], bool], what: str | Callable[[], str], seconds: float) -> float:
    """Wait for a condition; how long it took. The limit is a failure, never a wait that passes."""
    began = time.monotonic()
    while not true():
        if time.monotonic() > began + seconds:
            said = what if isinstance(what, str) else what()
            pytest.fail(f"not within {seconds:.0f} s: {said}")
        time.sleep(0.1)
    return time.monotonic() - began


class Topology:
    """One native run."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder)

    # --- its parts --------------------------------------------------------------------------------

    def part(self, name: str) -> dict[str, Any]:
        """Where one part stands."""
        told = parts(self.place)
        assert told is not None
        found: dict[str, Any] = told[name]
        return found

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash or an out-of-memory killer would."""
        os.kill(self.part(name)["pid"], signal.SIGKILL)

    def run(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """A command in the place of a service: its own, or another one."""
        service = services(COMPOSE_FILE, self.place.variables)[name]
        command = command_for(self.place, name, service)
        return subprocess.run(
            words or command.words,
            env=dict(command.environment),
            cwd=command.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    # --- its record -------------------------------------------------------------------------------

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the record, asked as our own role; raises psycopg.OperationalError."""
        with psycopg.connect(self.place.secret("store_url"), connect_timeout=5) as connection:
            return connection.execute(query, values).fetchall()

    def try_ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The same, and nothing while the database is away."""
        try:
            return self.ask(query, *values)
        except psycopg.OperationalError:
            return []

    def database_url(self, role: str, database: str) -> str:
        """How a role would address a database."""
        password = self.place.secret(
            "temporal_password" if role == "temporal" else "store_password"
        )
        return f"postgresql://{role}:{password}@127.0.0.1:{self.place.ports['postgres']}/{database}"

    @property
    def outbox(self) -> Path:
        """What the embedded channels would have sent."""
        return self.place.volumes / "outbox" / "outbox"

    # --- its doors --------------------------------------------------------------------------------

    def http(self) -> httpx.Client:
        """A client of the HTTP API."""
        return httpx.Client(base_url=self.place.url("web"), trust_env=False, timeout=60)

    def metrics(self, port: str, after: int = 0) -> str:
        """What Prometheus would read at the port of this name, or so many after it."""
        address = f"http://127.0.0.1:{self.place.ports[port] + after}/metrics"
        return httpx.get(address, trust_env=False).raise_for_status().text

    def ui(self) -> httpx.Client:
        """A client of the Temporal UI."""
        return httpx.Client(base_url=self.place.url("ui"), trust_env=False, timeout=30)


@contextmanager
def started(folder: Path, workers: int, environment: dict[str, str]) -> Any:
    """``deploy/native.sh up`` in a folder, and ``down`` at the end."""
    script = [str(ROOT / "deploy" / "native.sh")]
    where = ["--dir", str(folder)]
    given = {**os.environ, **environment}
    try:
        begun = time.monotonic()
        subprocess.run([*script, "up", *where, "--workers", str(workers)], env=given, check=True)
        sys.stderr.write(f"up after {time.monotonic() - begun:.0f} s\n")
        yield Topology(folder)
    finally:
        subprocess.run([*script, "down", *where], env=given, check=True)
