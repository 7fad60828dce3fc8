"""A web process of its own: from the environment, with Temporal away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cli.serving import serve
from integrations.emr.signature import sign
from models.errors import ConfigError
from settings import EXAMPLE_WEBHOOK_SECRET, Settings
from tests.doors import POLICY, referral_event
from tests.web.conftest import HOOK
from web.app import from_environment, uvicorn_options


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    for name in ("REFERRAL_LOOP_TEMPORAL_ADDRESS", "TEMPORAL_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REFERRAL_LOOP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REFERRAL_LOOP_POLICY_FILES", str(POLICY))
    return monkeypatch


@pytest.fixture
async def http(
    environment: pytest.MonkeyPatch, settings: Settings, unused_tcp_port: int
) -> AsyncIterator[httpx.AsyncClient]:
    environment.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{unused_tcp_port}")
    async with (
        serve(from_environment(), settings, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client,
    ):
        yield client


async def test_it_takes_events_while_temporal_is_away(http: httpx.AsyncClient) -> None:
    ready = (await http.get("/readyz")).json()
    assert (ready["store"], ready["engine"]) == ("ok", "unreachable")
    now = datetime.now(UTC)
    body = json.dumps(referral_event(at=now)).encode()
    answer = await http.post(
        HOOK, content=body, headers=sign(EXAMPLE_WEBHOOK_SECRET, "e-1", now, body)
    )
    assert (answer.status_code, answer.json()["status"]) == (202, "received")


def test_it_says_what_it_needs(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="TEMPORAL_ADDRESS"):
        from_environment()


def test_uvicorn_logs_no_addresses(settings: Settings) -> None:
    assert uvicorn_options(settings)["access_log"] is False
