"""Metrics as Prometheus fetches them: on a port of their own, true, and silent about people."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cli.serving import free_port, serve
from models.errors import ConfigError, Refused, StoreUnavailable
from settings import Settings
from store.engine import Store
from telemetry.serving import metrics_served
from tests.doors import ORG, START, Door, referral_event
from tests.web.conftest import TOKEN, Site
from web.app import create_app
from web.examples import DECISION

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Measured(NamedTuple):
    """A served app whose metrics can be fetched."""

    site: Site
    port: int

    async def text(self) -> str:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            return (await http.get(f"http://127.0.0.1:{self.port}/metrics")).text

    async def value(self, name: str, **labels: str) -> float | None:
        families = text_string_to_metric_families(await self.text())
        samples = {
            (s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples
        }
        return samples.get((f"referral_loop_{name}", frozenset(labels.items())))


@pytest.fixture
async def measured(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Measured]:
    monkeypatch.setattr("web.gauges.KEPT", -1.0)  # each look is a new one
    port = free_port()
    door = Door(store)
    here = settings.model_copy(update={"metrics_port": port})
    app = create_app(here, door.intake, store, lambda: door.now)
    async with (
        serve(app, here, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
    ):
        yield Measured(Site(http, door, app, url), port)


async def test_they_are_not_on_the_port_that_events_come_in_by(measured: Measured) -> None:
    assert (await measured.site.http.get("/metrics")).status_code == 404
    assert await measured.value("store_up") == 1


async def test_how_the_record_stands(measured: Measured) -> None:
    site = measured.site
    await site.applied(referral_event(), "e-1")
    assert await measured.value("referrals", org=ORG, stage="received") == 1
    site.door.engine.down = True
    await site.hook(referral_event("R-2", patient={"given_name": "Bo"}), "e-2")
    await site.settled()
    site.door.now += timedelta(minutes=30)
    assert await measured.value("inbox_oldest_seconds", org=ORG) == pytest.approx(1800, abs=1)
    assert await measured.value("engine_up") == 0
    assert await measured.value("worker_seen") == 0


async def test_a_feed_that_stopped_is_told_as_silent(measured: Measured) -> None:
    await measured.site.hook(referral_event(), "e-1")
    feed = {"org": ORG, "origin": "events"}
    assert await measured.value("feed_silent", **feed) == 0
    assert await measured.value("feed_last_heard_timestamp_seconds", **feed) == START.timestamp()
    measured.site.door.now += timedelta(hours=6)
    assert await measured.value("feed_silent", **feed) == 1


async def test_a_database_that_is_away_is_told_and_nothing_is_guessed(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(measured.site.door.store, "read", away)
    assert await measured.value("store_up") == 0
    assert "referral_loop_tasks_open{" not in await measured.text()


async def test_events_and_decisions_are_counted_by_what_came_of_them(measured: Measured) -> None:
    site = measured.site

    async def taken(kind: str, outcome: str) -> float:
        labels = {"org": ORG, "origin": "events", "kind": kind, "outcome": outcome}
        return await measured.value("events_taken_total", **labels) or 0

    outcomes = [
        *(("referral_received", one) for one in ("accepted", "repeated", "reused")),
        ("unreadable", "rejected"),
    ]
    before = {one: await taken(*one) for one in outcomes}
    applied = await site.applied(referral_event(), "e-1")
    await site.hook(referral_event(), "e-1")
    await site.hook(referral_event("R-2"), "e-1")
    await site.hook({"type": "Jordan Placeholder"}, "e-3")
    assert {one: await taken(*one) - before[one] for one in outcomes} == dict.fromkeys(outcomes, 1)

    def no(_: object) -> str:
        raise Refused("Not now.", code="unread_reply")

    site.door.engine.answer = no
    refused = {"org": ORG, "code": "unread_reply"}
    earlier = await measured.value("decisions_refused_total", **refused) or 0
    path = f"/api/v1/referrals/{applied['referral_id']}/decisions"
    assert (await site.http.post(path, json=DECISION, headers=TOKEN)).status_code == 409
    assert await measured.value("decisions_refused_total", **refused) == earlier + 1
    text = await measured.text()
    assert applied["id"] not in text
    assert not re.search(r"(ref|evt|prv|src|tsk|msg|dlv)_[0-9a-z]{12}", text), "an id is a label"
    for word in ("Jordan", "Sample", "+1518555"):  # digits alone may be a moment
        assert word not in text


async def test_requests_are_counted_by_route_whatever_is_asked(measured: Measured) -> None:
    for method, path in (("BREW", "/healthz"), ("GET", "/patients/Jordan"), ("GET", "/readyz")):
        await measured.site.http.request(method, path)
    text = await measured.text()
    told = set(re.findall(r"http_requests_total\{([^}]*)\}", text))
    assert 'code="none",method="GET",route="/readyz",status="200"' in told
    assert 'code="none",method="GET",route="-",status="404"' in told
    assert any('method="other"' in labels for labels in told)
    assert "BREW" not in text
    assert "Jordan" not in text


def test_a_port_that_is_taken_is_said_at_the_start() -> None:
    with (
        metrics_served("127.0.0.1", port := free_port()),
        pytest.raises(ConfigError, match="REFERRAL_LOOP_METRICS_PORT anew"),
        metrics_served("127.0.0.1", port),
    ):
        pytest.fail("two on one port")
    with metrics_served("127.0.0.1", port):
        pass  # given back
    with metrics_served("127.0.0.1", None):
        pass  # none asked for
