"""How Telnyx signs its webhooks: Ed25519 over ``<timestamp>|<raw body>`` (integrations.md §2.1).

The public key is the account's, base64 of 32 bytes, from the portal. A test holds this against the
vendor's own verifier.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from models.errors import NotAllowed

SIGNATURE = "telnyx-signature-ed25519"
TIMESTAMP = "telnyx-timestamp"
_STAMP = re.compile(r"[0-9]{1,11}")  # seconds


def check_key(public_key: str) -> str | None:
    """What is wrong with a public key, or None."""
    try:
        raw = base64.b64decode(public_key, validate=True)
    except (binascii.Error, ValueError):
        return "is not base64"
    return None if len(raw) == 32 else "must hold 32 bytes"


def sign(key: Ed25519PrivateKey, body: bytes, at: datetime) -> dict[str, str]:
    """The two headers of one webhook, for our simulator and tests."""
    stamp = str(int(at.timestamp()))
    made = key.sign(stamp.encode() + b"|" + body)
    return {SIGNATURE: base64.b64encode(made).decode(), TIMESTAMP: stamp}


def verify(
    headers: Mapping[str, str], body: bytes, *, public_key: str, now: datetime, window: timedelta
) -> None:
    """Raise NotAllowed ``bad_signature`` or ``stale_timestamp`` unless it is Telnyx's, and recent.

    Header names in lower case. Has no effect.
    """
    stamp = headers.get(TIMESTAMP, "")
    try:
        signature = base64.b64decode(headers.get(SIGNATURE, ""), validate=True)
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
        if not _STAMP.fullmatch(stamp):
            raise ValueError
        key.verify(signature, stamp.encode() + b"|" + body)
    except (InvalidSignature, ValueError):  # binascii.Error is a ValueError
        raise NotAllowed(
            "The request is not signed with the key of this installation's Telnyx account. Compare "
            "REFERRAL_LOOP_TELNYX_PUBLIC_KEY with the portal's.",
            code="bad_signature",
            field=SIGNATURE,
        ) from None
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > window:
        raise NotAllowed(
            f"The {TIMESTAMP} is more than {int(window.total_seconds())} seconds from our clock.",
            code="stale_timestamp",
            field=TIMESTAMP,
        )
