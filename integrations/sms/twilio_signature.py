"""How Twilio signs its requests: HMAC-SHA1 of the address and the form's fields (integrations.md).

The address is the one Twilio was given, letter by letter, query included; whether it names the
port is not settled, so both ways count. A test holds this against the vendor's own verifier.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit, urlunsplit

from models.errors import NotAllowed

HEADER = "x-twilio-signature"
Fields = Sequence[tuple[str, str]]
_PORTS = {"https": 443, "http": 80}


def sign(token: str, address: str, fields: Fields) -> str:
    """The signature of one form; pure."""
    # By name; of a field told several times each value once, in order.
    told = "".join(name + value for name, value in sorted(set(fields)))
    # SHA-1 is the vendor's choice; as a keyed hash it still holds.
    made = hmac.new(token.encode(), (address + told).encode("utf-8", "replace"), hashlib.sha1)
    return base64.b64encode(made.digest()).decode()


def verify(given: str, address: str, fields: Fields, *, tokens: Iterable[str]) -> None:
    """Raise NotAllowed ``bad_signature`` unless one of the tokens signed it; constant time."""
    authentic = False
    for token in tokens:
        for written in _both_ways(address):
            made = sign(token, written, fields)
            same = hmac.compare_digest(made.encode(), given.encode("utf-8", "replace"))
            authentic = same or authentic
    if not authentic:
        raise NotAllowed(
            "The request is not signed with the Auth Token of this installation, or not for this "
            "address. Compare REFERRAL_LOOP_PUBLIC_URL with the address set at Twilio.",
            code="bad_signature",
            field=HEADER,
        )


def _both_ways(address: str) -> tuple[str, str]:
    """The address with its port and without."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = parts.port or _PORTS.get(parts.scheme, 443)
    return (
        urlunsplit(parts._replace(netloc=host)),
        urlunsplit(parts._replace(netloc=f"{host}:{port}")),
    )
