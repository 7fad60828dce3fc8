"""Tokens of an OpenID provider: verified by its published keys, for one audience.

Used where the Temporal UI passes a login on, and where the staff sign in through a provider.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import jwt

from models.errors import NotAllowed
from telemetry.logs import logger

_LOG = logger(__name__)

# Signatures by a key that only the provider has; never a shared secret, never none.
ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
KEYS_KEPT: Final = timedelta(hours=1)
ASK_AGAIN: Final = timedelta(seconds=30)  # soonest, for a key we do not know or after a failure
SLACK: Final = timedelta(minutes=1)  # between the provider's clock and ours
SECONDS: Final = 5.0
_CONFIGURATION: Final = "/.well-known/openid-configuration"


@dataclass
class _Known:
    """What the provider publishes, and when it was asked; empty before the first time."""

    about: Mapping[str, Any] = field(default_factory=dict)
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    asked_at: datetime | None = None
    reached: bool = False


class Provider:
    """One provider, for one audience."""

    def __init__(self, issuer: str, audience: str, clock: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._known = _Known()
        self._asking = asyncio.Lock()

    async def claims(self, token: str) -> Mapping[str, Any] | None:
        """What a token says, if it is this provider's, for us, and in time; None otherwise.

        Raises NotAllowed ``login_unreachable`` when the provider's keys cannot be had.
        """
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid", ""))
            key = await self._key(key_id)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                # Times are judged below, by the clock that is handed in.
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return claims if _in_time(claims, self._clock()) else None

    async def address(self, name: str) -> str:
        """One of the provider's addresses, by its name in the discovery document.

        Raises NotAllowed ``login_unreachable``.
        """
        async with self._asking:
            await self._refresh(wanted=not self._known.reached)
            told = self._known.about.get(name)
        if not self._known.reached or not isinstance(told, str):
            raise _unreachable()
        return told

    # --- what the provider publishes --------------------------------------------------------------

    async def _key(self, key_id: str) -> jwt.PyJWK | None:
        async with self._asking:  # one question for all the requests of a page
            await self._refresh(wanted=key_id not in self._known.keys)
        if not self._known.reached and key_id not in self._known.keys:
            raise _unreachable()
        return self._known.keys.get(key_id)

    async def _refresh(self, *, wanted: bool) -> None:
        """Ask again once an hour, and for what is *wanted* and missing every half minute."""
        now = self._clock()
        since = now - self._known.asked_at if self._known.asked_at else None
        if since is None or since >= KEYS_KEPT or (wanted and since >= ASK_AGAIN):
            await self._fetch(now)

    async def _fetch(self, now: datetime) -> None:
        self._known.asked_at = now
        try:
            async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as http:
                about = await _json(http, self._issuer.rstrip("/") + _CONFIGURATION)
                if about.get("issuer") != self._issuer:
                    raise ValueError("another issuer")
                told = await _json(http, str(about["jwks_uri"]))
            keys = jwt.PyJWKSet.from_dict(told).keys
        except (httpx.HTTPError, jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            _LOG.warning("login_unreachable", error=type(error).__name__)
            self._known.reached = False
            return
        self._known.about = about
        self._known.keys = {key.key_id: key for key in keys if key.key_id}
        self._known.reached = True


def verified_email(claims: Mapping[str, Any]) -> str | None:
    """The mail address in lower case, once the provider has verified it."""
    if claims.get("email_verified") not in (True, "true"):
        return None
    return str(claims.get("email", "")).lower() or None


def looks_like_one(token: str) -> bool:
    """Whether a text has the shape of a signed login token; ours have not."""
    return token.startswith("eyJ") and token.count(".") == 2


def _unreachable() -> NotAllowed:
    return NotAllowed(
        "The login provider does not answer, so nobody's login can be checked. Sign in with a "
        "token or password of your own meanwhile.",
        code="login_unreachable",
    )


def _in_time(claims: Mapping[str, Any], now: datetime) -> bool:
    try:
        until = datetime.fromtimestamp(float(claims["exp"]), UTC)
        since = datetime.fromtimestamp(float(claims.get("nbf", 0)), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return False
    return since - SLACK <= now < until + SLACK


async def _json(http: httpx.AsyncClient, address: str) -> dict[str, Any]:
    answer = await http.get(address)
    answer.raise_for_status()
    told = answer.json()
    if not isinstance(told, dict):
        raise ValueError("not an object")
    return told
