"""Parts that fail on cue and come back: disks without room, databases held or stopped."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from engine.guard import die_with_parent
from store.engine import Store, migrate, open_store
from tests.databases import INITDB, programs

PATIENCE = 0.3  # seconds a store of these tests waits for a lock
HELD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


class Outage(Protocol):
    """Something that goes and comes back; both may be asked for twice."""

    def strike(self) -> None:
        """From now on it fails."""

    def heal(self) -> None:
        """It works again."""


# --- disks ----------------------------------------------------------------------------------------


class Quota:
    """No file of this process may grow beyond a page, as under a quota: EFBIG."""

    def __init__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def strike(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, self._before[1]))

    def heal(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


class Filled:
    """A small disk of its own that somebody has filled to the last byte: ENOSPC."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def strike(self) -> None:
        with self._filler.open("ab", buffering=0) as filler:
            for piece in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        filler.write(b"\0" * piece)

    def heal(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 4 MiB; skips where this account may mount none."""
    place = folder / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this account may not mount a file system; the quota stands for it")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


# --- databases ------------------------------------------------------------------------------------


class Held:
    """Another process has the SQLite file's write lock and does not let go."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._holder: subprocess.Popen[str] | None = None

    def strike(self) -> None:
        self._holder = subprocess.Popen(
            [sys.executable, "-c", HELD, str(self._file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "held\n"

    def heal(self) -> None:
        if self._holder is not None:
            self._holder.communicate()
            self._holder = None


class Stopped:
    """A Postgres server of its own that can be stopped as by a power cut, and started again."""

    def __init__(self) -> None:
        self._programs = programs()
        self._account = "postgres" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="loop-pg-own-", dir="/tmp"))
        if self._account:
            owner = pwd.getpwnam(self._account)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", str(self.folder / "data"), *INITDB)
        self._server: subprocess.Popen[bytes] | None = None
        self.heal()

    @property
    def url(self) -> str:
        """Its one database."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def strike(self) -> None:
        if self._server is not None:
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
            self._server.wait(timeout=30)
            self._server = None

    def heal(self) -> None:
        if self._server is not None:
            return
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *options],
                stdout=log,
                stderr=log,
                user=self._account,
                group=self._account,
                extra_groups=[] if self._account else None,
                preexec_fn=die_with_parent,
                cwd=self.folder,
            )
        end = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.05)  # the server cannot be waited on

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [str(self._programs / program), *words],
            check=True,
            user=self._account,
            group=self._account,
            extra_groups=[] if self._account else None,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )


# --- a record on each -----------------------------------------------------------------------------

KINDS = (
    "quota",
    "disk full",
    "locked",
    pytest.param("postgres gone", marks=pytest.mark.postgres),
)


@contextmanager
def record_and_outage(kind: str, folder: Path) -> Iterator[tuple[Store, Outage]]:
    """A migrated record, and what will take it away."""
    with contextlib.ExitStack() as stack:
        outage: Outage
        if kind == "postgres gone":
            outage = Stopped()
            stack.callback(shutil.rmtree, outage.folder, ignore_errors=True)
            stack.callback(outage.strike)
            url = outage.url
        else:
            place = stack.enter_context(small_disk(folder)) if kind == "disk full" else folder
            url = f"sqlite:///{place / 'loop.db'}"
            given = {"quota": Quota, "disk full": lambda: Filled(place)}
            outage = given[kind]() if kind in given else Held(place / "loop.db")
            stack.callback(outage.heal)
        store = open_store(url, patience=PATIENCE)
        stack.callback(store.close)
        migrate(store)
        yield store, outage


def is_full(error: OSError) -> bool:
    """Whether a write failed for want of room."""
    return error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
