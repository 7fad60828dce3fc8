"""The production shape as it stands: roles, jobs, the UI and the codec."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payloads

from deploy.native import parts, unready
from engine.attributes import ALL
from engine.client import connect
from engine.codec import KeyRing, LoopCodec
from engine.schedules import CHORES
from tests.native.topology import ORG, Topology

pytestmark = [pytest.mark.native, pytest.mark.timeout(300)]


def test_every_part_does_its_work(topology: Topology) -> None:
    told = parts(topology.place)
    assert told is not None
    assert unready(told) == []
    assert [name for name in told if name.startswith("worker")] == [
        "worker-1",
        "worker-2",
        "worker-3",
    ]


@pytest.mark.parametrize(
    ("role", "database"),
    [("temporal", "referral_loop"), ("referral_loop", "temporal"), ("referral_loop", "postgres")],
)
def test_no_role_reads_what_is_the_others(topology: Topology, role: str, database: str) -> None:
    own = "temporal" if role == "temporal" else "referral_loop"
    psycopg.connect(topology.database_url(role, own)).close()
    url = topology.database_url(role, database)
    if database == "postgres":  # the empty one everybody may look at, and make nothing in
        with (
            psycopg.connect(url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("CREATE TABLE mine (id int)")
        return
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url).close()


@pytest.mark.parametrize("job", ["temporal-schema", "migrate", "prepare"])
def test_a_job_may_run_again_and_twice_at_once(topology: Topology, job: str) -> None:
    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(topology.run, job) for _ in range(2)]:
            assert done.result().returncode == 0, done.result().stderr


async def test_the_engine_has_what_the_workers_need(topology: Topology) -> None:
    keyring = KeyRing.parse(topology.place.secret("codec_keys"))
    address = f"127.0.0.1:{topology.place.ports['frontend']}"
    client = await connect(address, "referral-loop", keyring=keyring)
    reports = {f"report.{ORG}.{scope}" for scope in ("east", "west", "all")}
    assert {one.id async for one in await client.list_schedules()} == {
        *(f"chore-{chore}" for chore in CHORES),
        *reports,
    }
    said = topology.run("prepare").stdout
    assert "kept for 90 days" in said
    assert f"{len(ALL)} search attributes" in said


def test_every_part_tells_its_metrics(topology: Topology) -> None:
    standing = topology.metrics("web_metrics")
    for line in ("referral_loop_store_up 1.0", "referral_loop_engine_up 1.0"):
        assert line in standing
    for worker in range(3):
        assert "referral_loop_" in topology.metrics("worker_metrics", 2 * worker)
        assert "temporal_" in topology.metrics("worker_metrics", 2 * worker + 1)
    assert "service_requests" in topology.metrics("metrics"), "the Temporal server's own"


def test_the_ui_shows_and_cannot_write(topology: Topology) -> None:
    with topology.ui() as ui:
        told = ui.get("/api/v1/settings").json()
        assert told["DisableWriteActions"] is True
        assert told["Codec"]["Endpoint"] == f"{topology.place.url('web')}/codec"
        listed = ui.get("/api/v1/namespaces/referral-loop/workflows")
        assert listed.is_success
        token = ui.cookies["_csrf"]
        refused = ui.post(
            "/api/v1/namespaces/referral-loop/workflows/sweep%2Finbox/terminate",
            headers={"X-CSRF-TOKEN": token, "Cookie": f"_csrf={token}"},
            json={"reason": "a test"},
        )
    assert refused.status_code == 405, refused.text


async def test_the_codec_decodes_for_those_with_a_token(topology: Topology) -> None:
    keyring = KeyRing.parse(topology.place.secret("codec_keys"))
    plain = Payloads()
    plain.payloads.add(metadata={"encoding": b"json/plain"}, data=b'"ref_7gk2mz4vhtqp"')
    hidden = Payloads(payloads=await LoopCodec(keyring).encode(list(plain.payloads)))
    body = json_format.MessageToDict(hidden)
    assert b"ref_7gk2mz4vhtqp" not in json.dumps(body).encode()
    token = topology.place.secret("codec_tokens").partition(":")[2]
    with topology.http() as http:
        headers = {"X-Namespace": "referral-loop"}
        assert http.post("/codec/decode", json=body, headers=headers).status_code == 401
        headers["Authorization"] = f"Bearer {token}"
        answer = http.post("/codec/decode", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    data = base64.b64decode(answer.json()["payloads"][0]["data"])
    assert data == b'"ref_7gk2mz4vhtqp"'


def test_an_unsigned_event_is_turned_away(topology: Topology) -> None:
    with topology.http() as http:
        assert http.post(f"/hooks/{ORG}/events", json={}).status_code == 401
