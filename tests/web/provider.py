"""An OpenID provider over real HTTP: discovery, keys, and the code flow with PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from cli.serving import serve
from settings import Settings


@cache
def key() -> rsa.RSAPrivateKey:
    """One key for all the tests of a session: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """Logs everybody in as ``claims`` say, and refuses what the standard tells it to refuse."""

    def __init__(self) -> None:
        self.issuer = ""
        self.claims: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.secret: str | None = None
        self.signs_with = key()

    def app(self) -> Starlette:
        """Its four addresses."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._about),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _about(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
            }
        )

    async def _keys(self, _: Request) -> Response:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key().public_key()))
        return JSONResponse({"keys": [{**public, "kid": "a"}]})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=303)

    async def _token(self, request: Request) -> Response:
        form = {name: one[0] for name, one in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        told = request.headers.get("authorization")
        basic = base64.b64encode(f"desk:{self.secret}".encode()).decode()
        known = self.secret is None or told == f"Basic {basic}"
        fits = asked is not None and asked["code_challenge"] == challenge
        if not (known and fits and asked and asked["redirect_uri"] == form["redirect_uri"]):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        claims = {"iss": self.issuer, "aud": "desk", "sub": "s-1", "nonce": asked["nonce"]}
        token = jwt.encode(
            {**claims, **self.claims}, self.signs_with, algorithm="RS256", headers={"kid": "a"}
        )
        return JSONResponse({"id_token": token, "token_type": "Bearer", "access_token": "x"})


@asynccontextmanager
async def provider(settings: Settings) -> AsyncIterator[Provider]:
    """One, served on a free port."""
    made = Provider()
    async with serve(made.app(), settings, port=0) as url:
        made.issuer = url
        yield made
