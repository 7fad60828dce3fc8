"""People whom an OpenID provider vouches for: the tokens of a login that the Temporal UI passes on.

The UI sends its access token as ``Authorization`` and its id token as ``Authorization-Extras``, to
https addresses alone. Either may be one we can verify; some providers' access tokens are opaque.
Whom the provider knows is not yet who may read: that is a list of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from settings import Settings
from web.vouched import Provider, looks_like_one, verified_email


class Login:
    """Verifies tokens of one provider, for one audience, for the people on our list."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        issuer, audience = settings.codec_oidc_issuer or "", settings.codec_oidc_audience or ""
        self._provider = Provider(issuer, audience, clock)
        self._readers = settings.login_readers

    async def who(self, *tokens: str) -> str | None:
        """The first listed person whom one of the tokens names, by our name; None when none does.

        Raises NotAllowed ``login_unreachable`` when the provider's keys cannot be had: a token of
        ours still works then.
        """
        for token in filter(looks_like_one, tokens):
            claims = await self._provider.claims(token)
            name = self._listed(claims) if claims is not None else None
            if name is not None:
                return name
        return None

    def _listed(self, claims: Mapping[str, Any]) -> str | None:
        """Our name for this person, if listed; a mail address counts only once it is verified."""
        identities = (str(claims["sub"]), verified_email(claims) or "")
        return next((self._readers[one] for one in identities if one in self._readers), None)
