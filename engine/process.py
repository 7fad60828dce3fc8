"""Child processes that never outlive us, locks that say who runs, and ports that are free."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")


@dataclass(frozen=True)
class Child:
    """A command under its guard; it ends with us, also when we are killed."""

    name: str
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def running(self) -> bool:
        """Whether the command still runs."""
        return self.process.poll() is None

    async def stop(self) -> None:
        """End the command and wait for it; harmless when it has already ended."""
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        await asyncio.to_thread(self.process.wait)

    def last_words(self) -> str:
        """The last line it logged, shortened: the reason why it did not start.

        Of a line of ours in JSON, the sentence or the class of the error.
        """
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            return ""
        last = lines[-1] if lines else ""
        with contextlib.suppress(ValueError, AttributeError):
            line = json.loads(last)
            last = str(line.get("says") or line.get("error") or line.get("event"))
        return last[:300]


def spawn(name: str, command: Sequence[str], *, log: Path, hold: int | None = None) -> Child:
    """Start a command under a guard, in its own session so that Ctrl-C reaches only us.

    ``hold`` is a descriptor (a lock) that stays open for as long as the command lives. Standard
    output and error are appended to ``log``. Raises OSError when the command cannot be run.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - our own guard and a command of ours
            [sys.executable, "-I", "-S", str(GUARD), *command],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=() if hold is None else (hold,),
        )
    return Child(name=name, log=log, process=process)


def try_lock(path: Path) -> int | None:
    """An open descriptor that locks the file, or None when somebody else holds it.

    The lock lasts until every copy of the descriptor is closed: by us, or by the death of all
    processes that inherited it. Closing is the caller's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


@contextlib.asynccontextmanager
async def locked(path: Path, *, patience: float) -> AsyncGenerator[None]:
    """Hold the lock on a file for a block, waiting up to ``patience`` seconds for it.

    Raises TimeoutError. Two processes that start at once take turns instead of racing.
    """
    async with asyncio.timeout(patience):
        while (descriptor := try_lock(path)) is None:
            await asyncio.sleep(0.05)
    try:
        yield
    finally:
        os.close(descriptor)


def _listen(port: int) -> socket.socket | None:
    """A socket listening on this port of the loopback address; None when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As the server itself will do it: a port in TIME_WAIT is free, one that is listened on is not.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(1)
    except OSError:
        listener.close()
        return None
    return listener


@contextlib.contextmanager
def reserved(wanted: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Ports by name, the wanted one where it is free, else any; held until the block ends.

    All are held together, so no two names get the same one. Leave the block right before the
    server that needs them is started. Raises OSError when no port can be had at all.
    """
    held: list[socket.socket] = []
    ports: dict[str, int] = {}
    try:
        for name, port in wanted.items():
            listener = _listen(port) or _listen(0)
            if listener is None:
                raise OSError("no free port on the loopback address")
            held.append(listener)
            ports[name] = listener.getsockname()[1]
        yield ports
    finally:
        for listener in held:
            listener.close()
