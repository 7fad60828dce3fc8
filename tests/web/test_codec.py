"""The codec endpoint of the Temporal UI: for that UI alone, and in development alone."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from cli.serving import serve
from engine.codec import MARKER
from settings import Settings, load
from store.engine import Store
from tests.doors import Door
from web.app import create_app

UI = "http://127.0.0.1:8233"
PLAIN = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ=="}]}


@pytest.fixture
async def codec(settings: Settings, store: Store) -> AsyncIterator[httpx.AsyncClient]:
    door = Door(store)
    app = create_app(settings, door.intake, store, lambda: door.now, codec_ui=UI)
    async with (
        serve(app, settings, port=0) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, headers={"origin": UI}) as http,
    ):
        yield http


async def test_what_it_hides_it_shows_again(codec: httpx.AsyncClient) -> None:
    hidden = (await codec.post("/codec/encode", json=PLAIN)).json()
    assert "MQ==" not in json.dumps(hidden)
    shown = await codec.post("/codec/decode", json=hidden)
    assert shown.json() == PLAIN
    assert shown.headers["access-control-allow-origin"] == UI


@pytest.mark.parametrize(
    "origin",
    ["", "null", "http://evil.example", f"{UI}.evil.example", f"{UI}/", "https://127.0.0.1"],
)
async def test_another_page_gets_nothing(codec: httpx.AsyncClient, origin: str) -> None:
    answer = await codec.post("/codec/decode", json=PLAIN, headers={"origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_allowed")
    asked = {"origin": origin, "access-control-request-method": "POST"}
    preflight = await codec.options("/codec/decode", headers=asked)
    assert "access-control-allow-origin" not in preflight.headers


async def test_only_the_codec_is_open_to_the_ui(codec: httpx.AsyncClient) -> None:
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-namespace",
    }
    assert (await codec.options("/codec/decode", headers=asked)).is_success
    for address in ("/api/v1/referrals", "/hooks/riverside/events", "/healthz"):
        answer = await codec.options(address, headers=asked)
        assert "access-control-allow-origin" not in answer.headers


def _payload(**metadata: str) -> bytes:
    told = {
        name.replace("_", "-"): base64.b64encode(v.encode()).decode()
        for name, v in metadata.items()
    }
    return json.dumps({"payloads": [{"metadata": told, "data": "AAAA"}]}).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_payloads"),
        (b"{", "bad_payloads"),
        (b"\xff\xfe\x00", "bad_payloads"),
        (b"[" * 100_000, "bad_payloads"),
        (b'{"payloads": 5}', "bad_payloads"),
        (_payload(encoding=MARKER.decode()), "unknown_key"),
        (_payload(encoding=MARKER.decode(), encryption_key_id="example"), "payload_damaged"),
    ],
)
async def test_what_it_cannot_read_is_a_coded_400(
    codec: httpx.AsyncClient, body: bytes, code: str
) -> None:
    answer = await codec.post("/codec/decode", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_production_has_no_such_address(settings: Settings, store: Store) -> None:
    real = load(
        _env_file=None,
        data_dir=settings.data_dir,
        environment="production",
        codec_keys="k1:" + base64.b64encode(b"k" * 32).decode(),
        webhook_secrets={"riverside": ["whsec_" + base64.b64encode(b"s" * 32).decode()]},
        api_tokens={"riverside": ["a-token-of-our-own-1234"]},
    )
    door = Door(store)
    app = create_app(real, door.intake, store, lambda: door.now, codec_ui=UI)
    async with serve(app, real, port=0) as url, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{url}/codec/decode", json=PLAIN, headers={"origin": UI})
    assert answer.status_code == 404
