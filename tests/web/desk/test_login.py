"""Signing in through an OpenID provider: only the whole way there and back opens the door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from cli.serving import free_port, serve
from models.errors import ConfigError
from settings import load
from store.engine import Store
from tests.doors import Door
from tests.web.provider import Provider, provider
from web.app import create_app


class World(NamedTuple):
    """A desk that trusts a provider, and somebody's browser."""

    http: httpx.AsyncClient
    provider: Provider
    door: Door
    url: str

    async def log_in(self, target: str = "/tasks") -> httpx.Response:
        """There and back, as a browser follows it."""
        there = await self.http.get("/sign-in/provider", params={"next": target})
        assert there.status_code == 303, there.text
        at_them = await self.http.get(there.headers["location"])
        return await self.http.get(at_them.headers["location"])


@pytest.fixture
async def world(tmp_path: Path, store: Store) -> AsyncIterator[World]:
    port = free_port()
    async with provider(load(_env_file=None, data_dir=tmp_path)) as known:
        known.secret = "s3cret of the desk"
        settings = load(
            _env_file=None,
            data_dir=tmp_path,
            http_port=port,
            desk_oidc_issuer=known.issuer,
            desk_oidc_client_id="desk",
            desk_oidc_client_secret=known.secret,
        )
        door = Door(store)
        known.claims = {
            "email": "Dana@Example.org",
            "email_verified": True,
            "exp": (door.now + timedelta(minutes=5)).timestamp(),
        }
        app = create_app(settings, door.intake, store, lambda: door.now)
        async with (
            serve(app, settings, port=port) as url,
            httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
        ):
            yield World(http, known, door, url)


async def test_somebody_of_the_staff_gets_in_and_goes_on(world: World) -> None:
    assert "/sign-in/provider?next=/board" in (await world.http.get("/sign-in")).text
    answer = await world.log_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")
    assert "referral-loop" in world.http.cookies
    assert (await world.http.get("/staff")).status_code == 403  # Dana, not anybody


async def test_no_target_elsewhere(world: World) -> None:
    answer = await world.log_in("//evil.example")
    assert answer.headers["location"] == "/board"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@example.org"},
        {"email_verified": False},
        {"email": None},
        {"nonce": "another"},
        {"aud": "another"},
        {"iss": "https://another.example.org"},
        {"exp": 1},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_whoever_is_not_vouched_for_stays_out(
    world: World, claims: dict[str, object]
) -> None:
    world.provider.claims |= claims
    answer = await world.log_in()
    assert answer.status_code == 403, answer.text
    assert "referral-loop" not in world.http.cookies


async def test_another_key_a_wrong_secret_or_a_second_use_stay_out(world: World) -> None:
    world.provider.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert (await world.log_in()).status_code == 403
    world.provider.signs_with = Provider().signs_with
    world.provider.secret = "changed"
    assert (await world.log_in()).status_code == 403
    world.provider.secret = "s3cret of the desk"
    there = await world.http.get("/sign-in/provider")
    at_them = await world.http.get(there.headers["location"])
    back = at_them.headers["location"]
    assert (await world.http.get(back)).status_code == 303
    world.http.cookies.clear()
    assert (await world.http.get(back)).status_code == 403  # by somebody who saw the address


async def test_a_login_begun_elsewhere_is_nobodys(world: World) -> None:
    there = await world.http.get("/sign-in/provider")
    at_them = await world.http.get(there.headers["location"])
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as other:
        await other.get("/sign-in/provider")
        answer = await other.get(at_them.headers["location"])
    assert answer.status_code == 403
    assert "Begin again" in answer.text
    refused = f"{world.url}/sign-in/provider/back?error=access_denied&state=x"
    assert (await world.http.get(refused)).status_code == 403


async def test_a_provider_that_is_away_leaves_the_password(world: World) -> None:
    world.provider.issuer = "http://127.0.0.1:9"  # its discovery names another one
    answer = await world.http.get("/sign-in/provider")
    assert answer.status_code == 401
    assert "does not answer" in answer.text


def test_half_a_provider_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CLIENT_ID is missing"):
        load(_env_file=None, data_dir=tmp_path, desk_oidc_issuer="https://login.example.org")
