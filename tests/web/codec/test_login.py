"""People who log in to the Temporal UI: every token but the right one is none."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cli.serving import serve
from models.errors import ConfigError
from settings import load
from store.engine import Store
from tests.web.codec.conftest import ALEX, PLAIN, UI, Codec, production, serving

AUDIENCE = "temporal-ui"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """Speaks the two documents of OpenID discovery; signs what it is asked to."""

    def __init__(self) -> None:
        self.issuer = ""
        self.keys: dict[str, Any] = {"a": KEY}
        self.asked = 0
        self.down = False
        self.says: dict[str, Any] = {}

    def app(self) -> Starlette:
        async def configuration(_: object) -> Response:
            self.asked += 1
            if self.down:
                return Response(status_code=500)
            told = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **self.says}
            return JSONResponse(told)

        async def keys(_: object) -> Response:
            public = [_jwk(name, key) for name, key in self.keys.items()]
            return JSONResponse({"keys": public})

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", configuration),
                Route("/keys", keys),
            ]
        )


def _jwk(name: str, key: Any) -> dict[str, Any]:
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else None
    algorithm = kind or jwt.algorithms.ECAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": name}


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    made = Provider()
    config = uvicorn.Config(made.app(), log_level="warning")
    async with serve(config.app, production(tmp_path), port=0) as url:
        made.issuer = url
        yield made


@pytest.fixture
async def codec(tmp_path: Path, store: Store, provider: Provider) -> AsyncIterator[Codec]:
    settings = production(
        tmp_path,
        codec_oidc_issuer=provider.issuer,
        codec_oidc_audience=AUDIENCE,
        codec_oidc_readers="robin:Robin@Example.org, kim:subject-7",
    )
    async with serving(settings, store) as served:
        yield served


def token(provider: Provider, codec: Codec, key: Any = KEY, **changes: Any) -> str:
    """A login's token; ``kid`` and ``algorithm`` go to its header."""
    headers = {"kid": changes.pop("kid", "a")}
    algorithm = changes.pop("algorithm", "RS256")
    claims = {
        "iss": provider.issuer,
        "aud": AUDIENCE,
        "sub": "subject-1",
        "email": "robin@example.org",
        "email_verified": True,
        "exp": codec.door.now + timedelta(minutes=10),
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers=headers)


async def ask(codec: Codec, bearer: str, extras: str | None = None) -> httpx.Response:
    given = {"authorization": f"Bearer {bearer}", "origin": UI}
    return await codec.decode(**given, **({"authorization_extras": extras} if extras else {}))


async def test_the_access_token_or_the_id_token_of_a_login_opens_it(
    codec: Codec, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    good = token(provider, codec)
    assert (await ask(codec, good)).json() == PLAIN
    assert (await ask(codec, "opaque-access-token", good)).json() == PLAIN
    other_audience = token(provider, codec, aud="https://api.example.org")
    assert (await ask(codec, other_audience, good)).json() == PLAIN
    by_subject = token(provider, codec, sub="subject-7", email=None)
    assert (await ask(codec, by_subject)).json() == PLAIN
    lines = [record.msg for record in caplog.records if record.name == "web.codec.routes"]
    assert [one["reader"] for one in lines] == ["robin", "robin", "robin", "kim"]
    assert provider.asked == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "somebody@example.org"},
        {"email_verified": False},
        {"email_verified": None},
        {"email": None},
        {"aud": "another-application"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"exp": None},
        {"key": OTHER},
        {"kid": "unknown"},
        {"key": "", "algorithm": "none"},
    ],
    ids=lambda changes: "-".join(changes),
)
async def test_any_other_token_is_none(
    codec: Codec, provider: Provider, changes: dict[str, Any]
) -> None:
    refused = await ask(codec, token(provider, codec, **changes))
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")


async def test_a_public_key_is_no_shared_secret(codec: Codec, provider: Provider) -> None:
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = token(provider, codec)
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"a","typ":"JWT"}').rstrip(b"=").decode()
    body = good.split(".")[1]
    import hashlib
    import hmac

    mac = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    forged = f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert (await ask(codec, forged)).status_code == 401


async def test_a_login_ends_by_our_clock_give_or_take_a_minute(
    codec: Codec, provider: Provider
) -> None:
    good = token(provider, codec)
    begins = codec.door.now
    for later, status in (
        (timedelta(minutes=10, seconds=59), 200),
        (timedelta(minutes=11), 401),
    ):
        codec.door.now = begins + later
        assert (await ask(codec, good)).status_code == status
    codec.door.now = begins
    early = token(provider, codec, nbf=begins + timedelta(minutes=2))
    assert (await ask(codec, early)).status_code == 401


@pytest.mark.parametrize(
    "shape", ["eyJ.eyJ.x", "eyJhbGciOiJSUzI1NiJ9.e30.", "eyJ" + "A" * 5000 + ".b.c", "eyJ\x7f.b.c"]
)
async def test_nonsense_is_refused_and_locks_nobody_out(codec: Codec, shape: str) -> None:
    for _ in range(8):  # a page of the UI asks many times with the same token
        assert (await ask(codec, shape)).status_code == 401
    assert (await codec.decode(authorization=f"Bearer {ALEX}")).is_success


async def test_new_keys_are_fetched_when_they_are_met(codec: Codec, provider: Provider) -> None:
    assert (await ask(codec, token(provider, codec))).is_success
    provider.keys = {"b": ec.generate_private_key(ec.SECP256R1())}
    rotated = token(provider, codec, provider.keys["b"], kid="b", algorithm="ES256")
    assert (await ask(codec, rotated)).status_code == 401  # asked a moment ago
    codec.door.now += timedelta(seconds=30)
    assert (await ask(codec, rotated)).json() == PLAIN
    assert (await ask(codec, token(provider, codec))).status_code == 401  # the old one is gone
    assert provider.asked == 2


@pytest.mark.parametrize("says", [{"issuer": "https://evil.example"}, {"jwks_uri": 5}, None])
async def test_a_provider_that_cannot_be_asked_is_said_and_tokens_still_work(
    codec: Codec, provider: Provider, says: dict[str, Any] | None
) -> None:
    provider.down, provider.says = says is None, says or {}
    good = token(provider, codec)
    for _ in range(3):
        answer = await ask(codec, good)
        assert (answer.status_code, answer.json()["code"]) == (401, "login_unreachable")
    assert provider.asked == 1, "one question, not one for each request"
    assert (await codec.decode(authorization=f"Bearer {ALEX}")).is_success
    provider.down, provider.says = False, {}
    codec.door.now += timedelta(seconds=30)
    assert (await ask(codec, good)).json() == PLAIN


@pytest.mark.parametrize("left_out", ["issuer", "audience", "readers"])
def test_all_three_settings_or_none(tmp_path: Path, left_out: str) -> None:
    given = {
        "codec_oidc_issuer": "https://login.example.org/",
        "codec_oidc_audience": AUDIENCE,
        "codec_oidc_readers": "robin:robin@example.org",
    }
    del given[f"codec_oidc_{left_out}"]
    with pytest.raises(ConfigError, match=f"OIDC_{left_out.upper()} is missing"):
        load(_env_file=None, data_dir=tmp_path, **given)


@pytest.mark.parametrize("entry", ["robin@example.org", "robin:", ":x", "ro bin:x", "r-123456:x"])
def test_every_reader_has_a_name_that_a_log_may_show(tmp_path: Path, entry: str) -> None:
    with pytest.raises(ConfigError, match="OIDC_READERS is wrong: entry 2"):
        load(_env_file=None, data_dir=tmp_path, codec_oidc_readers=f"kim:subject-7,{entry}")


def test_a_provider_without_encryption_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="OIDC_ISSUER"):
        load(_env_file=None, data_dir=tmp_path, codec_oidc_issuer="http://login.example.org")
