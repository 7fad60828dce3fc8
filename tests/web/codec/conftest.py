"""A codec endpoint as production runs it: behind HTTPS, with two people who may read."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from cli.serving import serve
from settings import Settings, load
from store.engine import Store
from tests.doors import Door
from web.app import create_app

UI = "https://temporal.example.org"
HOME = "https://loop.example.org"
ALEX, SAM = "alex-reads-with-this-token", "sam-reads-with-that-token"
NAMESPACE = "referral-loop"
ASK = {"x-namespace": NAMESPACE}
PLAIN = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ=="}]}


class Codec(NamedTuple):
    """The served endpoint; ``door.now`` is its clock."""

    http: httpx.AsyncClient
    door: Door

    async def decode(self, **headers: str) -> httpx.Response:
        """Ask for one payload with these headers beside the namespace."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post("/codec/decode", json=PLAIN, headers={**ASK, **told})


def production(folder: Path, **given: Any) -> Settings:
    """Settings outside dev, complete and our own."""
    own: dict[str, Any] = {
        "environment": "production",
        "codec_keys": "k1:" + base64.b64encode(b"k" * 32).decode(),
        "webhook_secrets": {"riverside": ["whsec_" + base64.b64encode(b"s" * 32).decode()]},
        "api_tokens": {"riverside": ["a-token-of-our-own-1234"]},
        "codec_tokens": f"alex:{ALEX},sam:{SAM}",
        "public_url": HOME,
        "temporal_ui_address": f"{UI}/",
        "data_dir": folder,
    }
    return load(_env_file=None, **{**own, **given})


@asynccontextmanager
async def serving(
    settings: Settings, store: Store, codec_ui: str | None = None
) -> AsyncIterator[Codec]:
    """The whole app with these settings, over real HTTP."""
    door = Door(store)
    app = create_app(settings, door.intake, store, lambda: door.now, codec_ui=codec_ui)
    async with (
        serve(app, settings, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
    ):
        yield Codec(http, door)


@pytest.fixture
async def codec(tmp_path: Path, store: Store) -> AsyncIterator[Codec]:
    async with serving(production(tmp_path), store) as served:
        yield served
