"""People whom an OpenID provider vouches for: the tokens of a login that the Temporal UI passes on.

The UI sends its access token as ``Authorization`` and its id token as ``Authorization-Extras``, to
https addresses alone. Either may be one we can verify; some providers' access tokens are opaque.
Whom the provider knows is not yet who may read: that is a list of ours.
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
from settings import Settings
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
_SECONDS: Final = 5.0
_CONFIGURATION: Final = "/.well-known/openid-configuration"


@dataclass
class _Keys:
    """The provider's keys by id, and when they were fetched; both empty before the first time."""

    by_id: dict[str, jwt.PyJWK] = field(default_factory=dict)
    asked_at: datetime | None = None
    reached: bool = False


class Login:
    """Verifies tokens of one provider, for one audience, for the people on our list."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._issuer = settings.codec_oidc_issuer or ""
        self._audience = settings.codec_oidc_audience or ""
        self._readers = settings.login_readers
        self._clock = clock
        self._keys = _Keys()
        self._asking = asyncio.Lock()

    async def who(self, *tokens: str) -> str | None:
        """The first listed person whom one of the tokens names, by our name; None when none does.

        Raises NotAllowed ``login_unreachable`` when the provider's keys cannot be had: a token of
        ours still works then.
        """
        for token in filter(looks_like_one, tokens):
            claims = await self._claims(token)
            name = self._listed(claims) if claims is not None else None
            if name is not None:
                return name
        return None

    async def _claims(self, token: str) -> Mapping[str, Any] | None:
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

    def _listed(self, claims: Mapping[str, Any]) -> str | None:
        """Our name for this person, if listed; a mail address counts only once it is verified."""
        identities = [str(claims["sub"])]
        if claims.get("email_verified") in (True, "true"):
            identities.append(str(claims.get("email", "")).lower())
        return next((self._readers[one] for one in identities if one in self._readers), None)

    # --- the provider's keys ----------------------------------------------------------------------

    async def _key(self, key_id: str) -> jwt.PyJWK | None:
        async with self._asking:  # one question for all the requests of a page
            now = self._clock()
            since = now - self._keys.asked_at if self._keys.asked_at else None
            stale = since is None or since >= KEYS_KEPT
            unknown = key_id not in self._keys.by_id
            if stale or (unknown and since is not None and since >= ASK_AGAIN):
                await self._fetch(now)
        if not self._keys.reached and key_id not in self._keys.by_id:
            raise NotAllowed(
                "The login provider does not answer, so nobody's login can be checked. Sign in "
                "with a token of your own meanwhile.",
                code="login_unreachable",
            )
        return self._keys.by_id.get(key_id)

    async def _fetch(self, now: datetime) -> None:
        self._keys.asked_at = now
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as http:
                about = await _json(http, self._issuer.rstrip("/") + _CONFIGURATION)
                if about.get("issuer") != self._issuer:
                    raise ValueError("another issuer")
                told = await _json(http, str(about["jwks_uri"]))
            keys = jwt.PyJWKSet.from_dict(told).keys
        except (httpx.HTTPError, jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            _LOG.warning("codec_login_unreachable", error=type(error).__name__)
            self._keys.reached = False
            return
        self._keys.by_id = {key.key_id: key for key in keys if key.key_id}
        self._keys.reached = True


def looks_like_one(token: str) -> bool:
    """Whether a text has the shape of a signed login token; ours have not."""
    return token.startswith("eyJ") and token.count(".") == 2


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
