"""A running process keeps the policy it began with, and says when its file has become another.

A policy takes effect at a start, so that what a clinic writes is applied at a moment somebody
chose, in every process alike. A file that has become nonsense would only be noticed at the next
start, in the worst of moments; so each process looks now and then, and says so at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

from activities.tenants import Tenants
from models import policy_file
from models.errors import ConfigError
from telemetry.logs import logger
from telemetry.meters import POLICY_FILE

_LOG = logger(__name__)
EVERY: Final = 30.0  # seconds


class FileState(StrEnum):
    """How a policy file stands to what this process runs."""

    CURRENT = "current"
    CHANGED = "changed"  # a start would bring it into force
    WRONG = "wrong"  # a start would be refused


class PolicyWatch:
    """Looks at the files of one process; reads again only what was written since."""

    def __init__(self, paths: Iterable[Path], tenants: Tenants) -> None:
        """``paths`` in the order in which ``tenants`` were read from them."""
        self._tenants = tenants
        self._files = dict(zip(paths, tenants, strict=False))
        self._seen: dict[Path, tuple[int, int] | None] = {}
        self.states: dict[str, FileState] = {}
        for org in self._files.values():
            self._note(org, FileState.CURRENT)

    def look(self) -> None:
        """Compare every file with what runs; says each change of its state once. Raises nothing."""
        for path, org in self._files.items():
            mark = _mark(path)
            if path in self._seen and self._seen[path] == mark:
                continue
            self._seen[path] = mark
            self._judge(path, org)

    def _judge(self, path: Path, org: str) -> None:
        before = self.states[org]
        try:
            written = policy_file.load(path)
        except ConfigError as error:
            self._note(org, FileState.WRONG)
            _LOG.error("policy_file_wrong", org=org, exc_info=error)
            return
        current = written == self._tenants.get(org)
        self._note(org, FileState.CURRENT if current else FileState.CHANGED)
        if not current:
            _LOG.warning("policy_file_changed", org=org)
        elif before is not FileState.CURRENT:
            _LOG.info("policy_file_current", org=org)

    def _note(self, org: str, state: FileState) -> None:
        self.states[org] = state
        for one in FileState:
            POLICY_FILE.labels(org, one.value).set(one is state)


async def keep_looking(watch: PolicyWatch, every: float = EVERY) -> None:
    """Look again and again, until cancelled."""
    while True:
        await asyncio.sleep(every)
        await asyncio.to_thread(watch.look)


def _mark(path: Path) -> tuple[int, int] | None:
    """What changes when a file is written; None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
