"""Who has guessed too often has to wait; in the memory of this process.

Tokens are too long to be guessed; this keeps somebody who tries from filling logs and processors.
Passwords can be guessed: those are counted in the store as well, for all processes together.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

MOST: Final = 5
WITHIN: Final = timedelta(minutes=15)
MOST_KEPT: Final = 10_000  # callers; whoever failed longest ago is forgotten first


class Attempts:
    """Failed tries by caller; after *most* within fifteen minutes the caller is locked out."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._failed: dict[str, deque[datetime]] = {}

    def locked_for(self, caller: str, now: datetime) -> timedelta | None:
        """How long the caller still has to wait; None when it may try."""
        tries = self._failed.get(caller)
        if tries is None or len(tries) < self._most:
            return None
        left = tries[0] + WITHIN - now
        return left if left > timedelta(0) else None

    def failed(self, caller: str, now: datetime) -> None:
        """Remember a failure."""
        tries = self._failed.pop(caller, None) or deque(maxlen=self._most)
        tries.append(now)
        self._failed[caller] = tries  # last again, so that the first is the oldest
        if len(self._failed) > MOST_KEPT:
            del self._failed[next(iter(self._failed))]

    def succeeded(self, caller: str) -> None:
        """The caller knows a token: what it mistyped is forgotten."""
        self._failed.pop(caller, None)
