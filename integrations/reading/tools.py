"""The programs that read pages: found, run with limits, and never shown anything but one file.

Poppler (``pdfinfo``, ``pdftotext``, ``pdftoppm``) opens PDFs and tesseract reads pictures. They run
as processes of their own, so a file that breaks one of them breaks nothing of ours; none of them
executes what a PDF may carry.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

PDF_PROGRAMS: Final = ("pdfinfo", "pdftotext", "pdftoppm")
OCR_PROGRAM: Final = "tesseract"
MOST_MEMORY: Final = 2 * 1024**3  # bytes of address space for one program
MOST_WRITTEN: Final = 256 * 1024**2  # bytes of one file; the largest page we draw has 60 MB
MOST_OUTPUT: Final = 64 * 1024**2  # bytes; what is longer was no page


class Slow(Exception):
    """A program did not end within its time."""


class Ran(NamedTuple):
    """What a program answered."""

    ok: bool
    out: bytes
    said: str  # what it complained of; read for known words, never logged


def lacking() -> tuple[str, ...]:
    """The programs this machine does not have; with none of them every fax is a person's."""
    return tuple(one for one in (*PDF_PROGRAMS, OCR_PROGRAM) if shutil.which(one) is None)


def has(*programs: str) -> bool:
    """Whether these programs are there."""
    return not set(programs) & set(lacking())


def run(command: Sequence[str | Path], folder: Path, limit: timedelta) -> Ran:
    """Run a program in a folder of its own, within a time; raises Slow.

    It sees no environment but a path, gets no input, and cannot take more than its memory.
    """
    with subprocess.Popen(  # noqa: S603  (fixed programs, our own arguments)
        [str(part) for part in command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LC_ALL": "C.UTF-8",
            "OMP_THREAD_LIMIT": "1",
            "HOME": str(folder),
        },
        start_new_session=True,
    ) as process:
        _limited(process.pid, limit)
        try:
            out, said = process.communicate(timeout=limit.total_seconds())
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Slow(str(command[0])) from None
    return Ran(process.returncode == 0, out[:MOST_OUTPUT], said.decode("utf-8", "replace")[:4000])


def _limited(pid: int, limit: timedelta) -> None:
    """Limits on memory, files and time of computing, where the system can set them for a process
    that runs already: the last one ends a program whose reader was killed.
    """
    if sys.platform == "linux":
        import resource

        with suppress(OSError, ValueError):  # it has ended meanwhile
            resource.prlimit(pid, resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            seconds = int(limit.total_seconds()) + 5
            resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds))
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
