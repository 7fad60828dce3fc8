"""Where a page of the read API ended, as a word that tells its reader nothing.

The word holds an id and a moment, so it is encrypted with the organization's key, and it is bound
to the question it belongs to: put to another one it is refused.
"""

from __future__ import annotations

import base64
import hmac
import os
from datetime import datetime
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.errors import BadRequest

_NONCE: Final = 12
_LONGEST: Final = 400
_PSEUDONYM_BYTES: Final = 12  # 96 bits: no two referrals of an organization will share one


class Place(NamedTuple):
    """The last referral of a page, and the moment the first page was counted as of."""

    as_of: datetime
    referral_id: str


class Cover:
    """What an organization's key makes of ids; safe to share between threads."""

    def __init__(self, key: bytes) -> None:
        self._names = hmac.digest(key, b"pseudonyms", "sha256")
        self._seal = AESGCM(hmac.digest(key, b"cursors", "sha256"))

    def pseudonym(self, referral_id: str) -> str:
        """The same name for the same id, always; nobody without the key makes or undoes it."""
        told = hmac.digest(self._names, referral_id.encode(), "sha256")
        return f"p_{told[:_PSEUDONYM_BYTES].hex()}"

    def seal(self, place: Place, question: str) -> str:
        """A cursor for the next page of a question."""
        nonce = os.urandom(_NONCE)
        text = f"{place.as_of.isoformat()} {place.referral_id}".encode()
        sealed = nonce + self._seal.encrypt(nonce, text, question.encode())
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, cursor: str, question: str) -> Place:
        """What a cursor of ours says; raises BadRequest ``bad_cursor`` for any other."""
        try:
            if len(cursor) > _LONGEST:
                raise ValueError("too long")
            sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            text = self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], question.encode())
        except (ValueError, InvalidTag):
            raise BadRequest(
                "`after` is the `next` of the page before, with the same question otherwise.",
                code="bad_cursor",
                field="after",
            ) from None
        as_of, _, referral_id = text.decode().partition(" ")
        return Place(datetime.fromisoformat(as_of), referral_id)
