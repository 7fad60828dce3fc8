"""Payload encryption: what a workflow says never lies readable in its history.

AES-256-GCM with key ids, compressed first. The associated data binds the marker and the key id,
and not the workflow id, because the Web UI hands the codec endpoint payloads alone
(engine-traps.md §4). Rotate a key before 2^32 payloads; keep the old one for as long as histories
that need it (retention) and put the new one in front.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from models.errors import ConfigError, LoopError
from telemetry.meters import UNREADABLE_PAYLOADS

MARKER: Final = b"binary/referral-loop-aesgcm"
KEY_ID: Final = "encryption-key-id"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
KEY_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")


@dataclass(frozen=True)
class KeyRing:
    """Encryption keys by id; the current one encrypts, all of them decrypt."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ConfigError("The current encryption key is not in its own key ring.")

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Read ``id:base64,id:base64``; the first is current, the others only decrypt.

        Raises ConfigError that names the entry, never its content.
        """
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(text.split(","), start=1):
            name, colon, encoded = entry.strip().partition(":")
            if not colon or not KEY_NAME.fullmatch(name):
                raise ConfigError(
                    f"Encryption key {number} must be written as id:base64, the id in letters, "
                    "digits, dots, dashes and underscores."
                )
            if name in keys:
                raise ConfigError(f"Encryption key {name!r} is listed twice.")
            try:
                key = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                raise ConfigError(f"Encryption key {name!r} is not valid base64.") from None
            if len(key) != KEY_BYTES:
                raise ConfigError(f"Encryption key {name!r} must be {KEY_BYTES} bytes long.")
            keys[name] = key
        return cls(current=next(iter(keys)), keys=keys)

    @staticmethod
    def generate(key_id: str = "k1") -> str:
        """A new key as text for :meth:`parse`; to rotate, put it and a comma before the old."""
        return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


class LoopCodec(PayloadCodec):
    """Compresses, then encrypts each payload; what is encrypted already stays as it is.

    Payloads without our marker decode to themselves, so histories from before encryption open.
    """

    def __init__(self, keyring: KeyRing) -> None:
        self._current = keyring.current
        self._ciphers = {name: AESGCM(key) for name, key in keyring.keys.items()}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt with the current key; running it on its own result changes nothing."""
        return [self.encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt; running it on its own result changes nothing.

        Raises ConfigError (code ``unknown_key``) for a key that is not in the ring and LoopError
        (code ``payload_damaged``) when the payload was altered.
        """
        return [self.decrypt(payload) for payload in payloads]

    def encrypt(self, payload: Payload) -> Payload:
        """One payload, encrypted with the current key."""
        if payload.metadata.get("encoding") == MARKER:
            return payload
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(
            nonce, zlib.compress(payload.SerializeToString()), _bound(self._current)
        )
        return Payload(
            metadata={"encoding": MARKER, KEY_ID: self._current.encode()}, data=nonce + sealed
        )

    def decrypt(self, payload: Payload) -> Payload:
        """One payload, decrypted; raises as ``decode`` does."""
        if payload.metadata.get("encoding") != MARKER:
            return payload
        name = payload.metadata.get(KEY_ID, b"").decode(errors="replace")
        cipher = self._ciphers.get(name)
        if cipher is None:
            UNREADABLE_PAYLOADS.labels("unknown_key").inc()
            raise ConfigError(
                f"A payload was encrypted with the key {name!r}, which is not in the key ring. "
                "Put that key back behind the current one; keep old keys as long as histories.",
                code="unknown_key",
            )
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(zlib.decompress(cipher.decrypt(nonce, sealed, _bound(name))))
        except (InvalidTag, ValueError, zlib.error, DecodeError):
            UNREADABLE_PAYLOADS.labels("payload_damaged").inc()
            raise LoopError(
                f"A payload encrypted with the key {name!r} was altered, or this is another key "
                "of the same name.",
                code="payload_damaged",
            ) from None


def _bound(key_id: str) -> bytes:
    """The associated data: a payload cannot be passed off as another kind or key's."""
    return MARKER + b"|" + key_id.encode()
