"""Who is asking: a bearer token of one organization, compared in constant time."""

from __future__ import annotations

import hmac

from models.errors import NotAllowed
from settings import Settings


def organization_of(settings: Settings, authorization: str | None) -> str:
    """The organization whose token this is; raises NotAllowed ``bad_token``.

    Every token of every organization is compared, so that the time taken tells nothing.
    """
    scheme, _, token = (authorization or "").partition(" ")
    found: str | None = None
    for org in settings.api_tokens:
        for known in settings.tokens(org):
            same = hmac.compare_digest(known.encode(), token.strip().encode("utf-8", "replace"))
            if same and scheme.lower() == "bearer":
                found = org
    if found is None:
        raise NotAllowed(
            "Send a token of your organization: 'Authorization: Bearer <token>'.",
            code="bad_token",
            field="Authorization",
        )
    return found
