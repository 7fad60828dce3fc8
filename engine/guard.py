"""Runs one command and ends it when whoever started us is gone, however that happened.

A script of the standard library only: ``python guard.py COMMAND ARGUMENT...``. The starter holds
the other end of our standard input. When it closes (asked for, crash, SIGKILL: the kernel closes
it in every case) the command gets SIGTERM, and SIGKILL if it does not listen. On Linux the
command also gets SIGTERM if this guard itself is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

GRACE_SECONDS = 10.0
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux for SIGTERM when the guard dies; other systems rely on the pipe alone."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end(child: subprocess.Popen[bytes]) -> None:
    """Terminate the command, kill it after the grace; harmless when it has already ended."""
    child.terminate()
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def main(command: list[str]) -> int:
    """Run the command until it ends or our standard input closes; the exit code is its own."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    # The lock on the data directory is an inherited descriptor: the command must hold it too, so
    # that it is free only when the command is really gone.
    child = subprocess.Popen(  # noqa: S603 - the command is ours
        command,
        stdin=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=die_with_parent,  # safe: no threads yet
    )

    def follow() -> None:
        code = child.wait()
        os._exit(code if code >= 0 else 128 - code)

    threading.Thread(target=follow, daemon=True).start()
    try:
        os.read(0, 1)
    finally:
        end(child)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
