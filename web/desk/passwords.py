"""Passwords: argon2id with the parameters of RFC 9106, checked a few at a time.

Each check takes 64 MiB for a moment, so no more than a handful run at once.
"""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.errors import BadRequest

SHORTEST: Final = 12  # characters; NIST SP 800-63B asks for length, not for a mix of signs
LONGEST: Final = 200
_HASHER: Final = PasswordHasher()
_AT_ONCE: Final = 4


class Passwords:
    """Hashes and checks; safe to share between tasks."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(_AT_ONCE)
        # Checked where there is no password, so that an answer takes as long for nobody.
        self._nobody = ""

    async def hashed(self, password: str) -> str:
        """What to keep of a password."""
        async with self._turn:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def right(self, kept: str | None, password: str) -> bool:
        """Whether this is the password; takes its time for nobody's as well."""
        if not self._nobody:
            self._nobody = await self.hashed("nobody's")
        async with self._turn:
            return await asyncio.to_thread(_same, kept or self._nobody, password) and bool(kept)

    def stale(self, kept: str) -> bool:
        """Whether a hash is of older parameters and should be made anew."""
        return _HASHER.check_needs_rehash(kept)


def check(password: str, again: str, *known: str) -> None:
    """Refuse what is too short, mistyped or the person's own name. Raises BadRequest."""
    if password != again:
        raise BadRequest("The two passwords differ; type the same one twice.", code="differ")
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadRequest(
            f"Take at least {SHORTEST} characters; a few words in a row are easy to remember.",
            code="too_short",
        )
    folded = password.casefold()
    if len(set(folded)) < 5 or any(part and part in folded for part in known):
        raise BadRequest(
            "That is too easy to guess; take a few words that have nothing to do with you.",
            code="too_easy",
        )


def _same(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
