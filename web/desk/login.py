"""Signing in through the organization's own OpenID provider, beside or instead of a password.

The authorization code flow with PKCE (RFC 7636), state and nonce. Whom the provider vouches for is
found among the staff by the verified mail address; it decides nothing about roles or clinics.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from datetime import timedelta
from typing import Any, Final

import httpx
from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc6749.parameters import parse_authorization_code_response, prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from models.errors import Forbidden, NotAllowed
from telemetry.logs import logger
from web.desk.account import SIGN_IN, Account, safe, with_session
from web.desk.door import Desk
from web.vouched import SECONDS, Provider, verified_email

_LOG = logger(__name__)

START: Final = f"{SIGN_IN}/provider"
BACK: Final = f"{START}/back"
COOKIE: Final = "referral-loop-login"
_TIME: Final = timedelta(minutes=10)  # for somebody who looks for their phone


class Login:
    """One provider, and the way there and back."""

    def __init__(self, desk: Desk, account: Account) -> None:
        settings = desk.settings
        self.desk = desk
        self.account = account
        self.client_id = settings.desk_oidc_client_id or ""
        secret = settings.desk_oidc_client_secret
        self._secret = secret.get_secret_value() if secret else None
        self.back = f"{settings.base_url}{BACK}"
        self._provider = Provider(settings.desk_oidc_issuer or "", self.client_id, desk.clock)

    async def there(self, target: str) -> tuple[str, dict[str, str]]:
        """The address at the provider, and what this browser must bring back."""
        kept = {
            "state": secrets.token_urlsafe(24),
            "nonce": secrets.token_urlsafe(24),
            "verifier": secrets.token_urlsafe(48),
            "next": safe(target),
        }
        # authlib has no types here
        challenge = create_s256_code_challenge(kept["verifier"])  # type: ignore[no-untyped-call]
        address = prepare_grant_uri(
            await self._provider.address("authorization_endpoint"),
            client_id=self.client_id,
            response_type="code",
            redirect_uri=self.back,
            scope="openid email",
            state=kept["state"],
            nonce=kept["nonce"],
            code_challenge=challenge,
            code_challenge_method="S256",
        )
        return str(address), kept

    async def back_again(self, answer: str, kept: dict[str, str]) -> str:
        """The token of a session for whom the provider vouches.

        Raises Forbidden ``login_failed`` for whatever does not fit, ``login_unknown`` for somebody
        who is not of the staff, and NotAllowed ``login_unreachable``.
        """
        try:
            told = parse_authorization_code_response(answer, kept.get("state") or "-")
        except OAuth2Error as error:
            raise _failed(type(error).__name__) from None
        claims = await self._provider.claims(await self._id_token(str(told["code"]), kept))
        same = secrets.compare_digest(
            str((claims or {}).get("nonce", "")).encode(), kept.get("nonce", "-").encode()
        )
        if claims is None or not same:
            raise _failed("token")
        people = self.account.people(verified_email(claims) or "")
        if not people:
            raise Forbidden(
                "Your login is fine, but nobody of the staff has its mail address here. Ask your "
                "director to add you.",
                code="login_unknown",
            )
        org, person = people[0]
        return await asyncio.to_thread(self.account.begin, org, person)

    async def _id_token(self, code: str, kept: dict[str, str]) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "client_id": self.client_id,
            "code_verifier": kept.get("verifier", ""),
        }
        where = await self._provider.address("token_endpoint")
        basic = httpx.BasicAuth(self.client_id, self._secret) if self._secret else None
        try:
            async with httpx.AsyncClient(timeout=SECONDS, trust_env=False, auth=basic) as http:
                answer = await http.post(where, data=form)
            told: Any = answer.json()
            return str(told["id_token"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise _failed(type(error).__name__) from None


def router(desk: Desk, account: Account) -> APIRouter:
    """The way to the provider and back; nothing where none is configured."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])
    if not desk.settings.desk_oidc_issuer:
        return pages
    login = Login(desk, account)

    @pages.get(START)
    async def there(next: str = "/") -> Response:
        address, kept = await login.there(next)
        answer = RedirectResponse(address, status_code=303)
        answer.set_cookie(
            COOKIE,
            base64.urlsafe_b64encode(json.dumps(kept).encode()).decode(),
            max_age=int(_TIME.total_seconds()),
            path=START,
            secure=desk.https,
            httponly=True,
            samesite="lax",
        )
        return answer

    @pages.get(BACK)
    async def back(request: Request) -> Response:
        kept = _kept(request)
        token = await login.back_again(str(request.url), kept)
        answer = with_session(desk, token, safe(kept.get("next", "")))
        answer.delete_cookie(COOKIE, path=START)
        return answer

    return pages


def _kept(request: Request) -> dict[str, str]:
    try:
        told = json.loads(base64.urlsafe_b64decode(request.cookies.get(COOKIE, "")))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _failed("cookie")
    return {str(name): str(value) for name, value in told.items()}


def _failed(why: str) -> NotAllowed:
    _LOG.warning("desk_login_failed", outcome=why)
    return Forbidden(
        "That login did not work out: it took too long, was tried twice, or was begun in another "
        "browser. Begin again from the sign-in page.",
        code="login_failed",
    )
