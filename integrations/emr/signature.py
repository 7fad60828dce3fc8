"""The Standard Webhooks signature, checked with time as an argument.

The library's own ``verify`` reads the machine's clock, so only its ``sign`` is used: the moment a
request arrived is handed in, and a fast-forwarded demo signs with its own time. A test holds both
directions against the library's ``verify``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import Webhook

from models.errors import BadRequest, NotAllowed

PREFIX = "whsec_"
SHORTEST_SECRET, LONGEST_SECRET = 24, 64  # bytes, by the Standard Webhooks specification
LONGEST_ID = 100
_STAMP = re.compile(
    r"[0-9]{1,11}"
)  # seconds: eleven digits end in the year 5138, twelve in no year


def check_secret(secret: str) -> str | None:
    """What is wrong with a signing secret, or None; never repeats it."""
    if not secret.startswith(PREFIX):
        return f"must begin with {PREFIX}"
    try:
        raw = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return f"is not base64 behind {PREFIX}"
    if not SHORTEST_SECRET <= len(raw) <= LONGEST_SECRET:
        return f"must hold {SHORTEST_SECRET} to {LONGEST_SECRET} bytes"
    return None


def sign(secret: str, event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of one request, for our own clients, the demo and tests."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": _expected(secret, event_id, int(at.timestamp()), body),
    }


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    secrets: Iterable[str],
    now: datetime,
    window: timedelta,
) -> str:
    """The event id of an authentic and recent request; header names in lower case.

    Every secret is tried in constant time, so that one can be rotated while the other still
    signs. Raises NotAllowed ``bad_signature`` or ``stale_timestamp`` (both 401: signing again is
    the cure) and BadRequest ``bad_event_id``. Has no effect.
    """
    event_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (event_id and given and _STAMP.fullmatch(stamp)):
        raise _bad_signature()
    signatures = [part[3:] for part in given.split(" ") if part.startswith("v1,")]
    authentic = False
    for secret in secrets:
        expected = _expected(secret, event_id, int(stamp), body)[3:]
        for signature in signatures:
            same = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
            authentic = same or authentic
    if not authentic:
        raise _bad_signature()
    # Told only to those who hold the secret: whether their clock is wrong.
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > window:
        raise NotAllowed(
            f"The webhook-timestamp is more than {int(window.total_seconds())} seconds from our "
            "clock. Check the sender's clock and sign again with the present time.",
            code="stale_timestamp",
            field="webhook-timestamp",
        )
    if len(event_id) > LONGEST_ID or not event_id.isprintable():
        raise BadRequest(
            f"The webhook-id must be printable and at most {LONGEST_ID} characters.",
            code="bad_event_id",
            field="webhook-id",
        )
    return event_id


def _expected(secret: str, event_id: str, stamp: int, body: bytes) -> str:
    # Not UTF-8 is not JSON either; replaced here so that the signature alone decides.
    text = body.decode("utf-8", "replace")
    signed: str = Webhook(secret).sign(event_id, datetime.fromtimestamp(stamp, UTC), text)
    return signed


def _bad_signature() -> NotAllowed:
    return NotAllowed(
        "The request is not signed with a secret of this organization. Sign "
        "'<webhook-id>.<webhook-timestamp>.<body>' by the Standard Webhooks convention.",
        code="bad_signature",
        field="webhook-signature",
    )
