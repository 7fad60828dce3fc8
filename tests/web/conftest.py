"""The app over real HTTP: uvicorn on a free port, a real SQLite file, a stand-in engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI

from cli.serving import serve
from integrations.emr.signature import sign
from settings import EXAMPLE_API_TOKEN, EXAMPLE_WEBHOOK_SECRET, Settings, load
from store.engine import Store
from tests.doors import ORG, Door
from web.app import create_app

HOOK = f"/hooks/{ORG}/events"
TOKEN = {"authorization": f"Bearer {EXAMPLE_API_TOKEN}"}


class Site(NamedTuple):
    """One served app, and what stands behind it."""

    http: httpx.AsyncClient
    door: Door
    app: FastAPI
    url: str

    async def hook(
        self,
        content: Any,
        event_id: str = "e-1",
        *,
        secret: str = EXAMPLE_WEBHOOK_SECRET,
        at: datetime | None = None,
        path: str = HOOK,
    ) -> httpx.Response:
        """Post one signed event."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = sign(secret, event_id, at or self.door.now, body)
        return await self.http.post(path, content=body, headers=headers)

    async def settled(self) -> None:
        """Everything accepted so far has been dispatched."""
        await self.app.state.dispatcher.settled()

    async def applied(self, content: Any, event_id: str) -> dict[str, Any]:
        """Post one event, wait until it is dispatched, and read its status."""
        answer = await self.hook(content, event_id)
        assert answer.status_code == 202, answer.text
        await self.settled()
        status = await self.http.get(httpx.URL(answer.json()["status_url"]).path, headers=TOKEN)
        assert status.status_code == 200
        found: dict[str, Any] = status.json()
        return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(_env_file=None, data_dir=tmp_path)


@pytest.fixture
async def site(settings: Settings, store: Store) -> AsyncIterator[Site]:
    door = Door(store)
    app = create_app(settings, door.intake, store, lambda: door.now)
    async with (
        serve(app, settings, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
    ):
        yield Site(http, door, app, url)


@pytest.fixture
async def wall_site(settings: Settings, store: Store) -> AsyncIterator[Site]:
    """The same by the wall's clock, for programs that sign with their own."""
    door = Door(store)
    door.now = datetime.now(UTC)
    app = create_app(settings, door.intake, store)
    async with (
        serve(app, settings, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
    ):
        yield Site(http, door, app, url)
