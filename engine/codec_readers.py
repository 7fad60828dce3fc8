"""Who may have payloads decoded: people by name, each with a token of their own.

Only hashes stay in memory. A session that a token began is signed with that token's hash, so it
needs no table, works in every web process, and ends when the token leaves the settings.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from models.errors import ConfigError

SHORTEST_TOKEN: Final = 20
# Names stand in log lines, where nothing may look like somebody's number.
NAME: Final = re.compile(r"(?!.*\d[\d_.-]{3,}\d)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TOKEN: Final = re.compile(r"[!-+\--~]+")  # printable, neither comma nor space
_PURPOSE: Final = b"referral-loop codec session"


@dataclass(frozen=True)
class Reader:
    """One person and one of their tokens, by its hash."""

    name: str
    digest: bytes = field(repr=False)

    def session(self, until: datetime) -> str:
        """A text that stands for this token until then; fit for a cookie, worthless afterwards."""
        expires = int(until.timestamp())
        return f"{self.name}|{expires}|{self._signature(expires)}"

    def signed(self, name: str, expires: int, signature: str) -> bool:
        """Whether the parts of a session were signed with this token."""
        same = hmac.compare_digest(self._signature(expires).encode(), signature.encode())
        return same and name == self.name

    def _signature(self, expires: int) -> str:
        said = b"|".join((_PURPOSE, self.name.encode(), str(expires).encode()))
        return hmac.new(self.digest, said, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Readers:
    """Everybody who may read; empty lets nobody in."""

    everybody: tuple[Reader, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.everybody)

    @classmethod
    def parse(cls, text: str) -> Readers:
        """Read ``name:token`` entries, divided by commas or line breaks.

        A name may have several tokens, while one is being replaced. Raises ConfigError that names
        the entry, never its token.
        """
        return cls(tuple(_entries(text)))

    def with_token(self, token: str) -> Reader | None:
        """Whose token this is; every one is compared, so that the time taken tells nothing."""
        digest = _hash(token)
        found = None
        for reader in self.everybody:
            if hmac.compare_digest(reader.digest, digest):
                found = reader
        return found

    def in_session(self, text: str, now: datetime) -> Reader | None:
        """Whose session this is; None once it is over, altered, or its token is gone."""
        name, _, rest = text.partition("|")
        expires, _, signature = rest.partition("|")
        if not (expires.isascii() and expires.isdecimal() and len(expires) < 12):
            return None
        found = None
        for reader in self.everybody:
            if reader.signed(name, int(expires), signature):
                found = reader
        return found if found and now < datetime.fromtimestamp(int(expires), UTC) else None


def _entries(text: str) -> Iterator[Reader]:
    known: dict[bytes, str] = {}
    entries = [part for part in re.split(r"[,\s]+", text) if part]
    for number, entry in enumerate(entries, start=1):
        name, colon, token = entry.partition(":")
        if not colon or not NAME.fullmatch(name):
            raise ConfigError(
                f"Codec token {number} must be written as name:token, the name in letters, "
                "digits, dots, dashes and underscores, and without a long number."
            )
        if len(token) < SHORTEST_TOKEN or not _TOKEN.fullmatch(token):
            raise ConfigError(
                f"The codec token of {name!r} must have at least {SHORTEST_TOKEN} printable "
                "characters; make one with `openssl rand -base64 32`."
            )
        digest = _hash(token)
        if digest in known:
            raise ConfigError(
                f"Codec tokens of {known[digest]!r} and {name!r} are the same; give each its own, "
                "or nobody can tell who decoded what."
            )
        known[digest] = name
        yield Reader(name, digest)


def _hash(token: str) -> bytes:
    # No slow hash: tokens are long and random, and each request compares one.
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
