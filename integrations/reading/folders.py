"""A folder for each reading, gone afterwards; what a killed process left is cleared away.

Pages of patients stand in it while programs look at them. It is its owner's alone (0700) and locked
for as long as somebody reads: the system gives the lock back however a process ends, so one that
can be had is a folder that nobody will empty any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PREFIX: Final = "referral-loop-fax-"


@contextmanager
def reading_folder() -> Iterator[Path]:
    """A folder of this reading alone."""
    made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}"))  # not found by its name before it is locked
    folder = made.with_name(made.name.removeprefix("."))
    held = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        made.rename(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def clear_left() -> int:
    """Remove what readings of killed processes left on this machine; how many folders.

    Folders somebody reads in, and other users', are left alone. Never raises; again is harmless.
    """
    gone = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # being read just now, or cleared by another process
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(held).st_uid == os.getuid():
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder)
                    gone += 1
            finally:
                os.close(held)
    return gone
