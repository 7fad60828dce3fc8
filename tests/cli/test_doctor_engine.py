"""Doctor on a real Temporal server, each test in a namespace of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.worker import Worker

from activities.intake import Intake
from activities.loop import Loop
from cli import checks, reach
from cli.doctor import examine
from cli.reach import Patient
from cli.resuming import resume
from cli.workplace import load_tenants
from engine import examine as looks
from engine.attributes import ALL, STAGE
from engine.client import connect, connect_service
from engine.codec import KeyRing
from engine.namespace import ensure, searchable
from engine.release import identity, release
from engine.schedules import CHORES, ensure_schedules
from engine.server import Engine
from models import health
from models.errors import EngineUnavailable
from models.findings import Finding
from models.ids import new_id
from settings import PREFIX, TASK_QUEUE, Settings
from store.engine import Store
from tests.doors import ORG, Door, StandIn
from tests.engine.tiny import Broken
from tests.theater import Fakes
from worker import make_worker
from workflows.referral import ReferralWorkflow
from workflows.source import SourceWorkflow

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
OLD, NEW = (KeyRing.generate(name) for name in ("k1", "k2"))


@pytest.fixture
async def namespace(engine: Engine) -> str:
    """A namespace with our search attributes, and nothing else in it."""
    name = f"doctor-{uuid.uuid4().hex[:8]}"
    service = await connect_service(engine.address)
    await ensure(service, name)
    await eventually(lambda: searchable(service, name))
    return name


async def eventually(call: Callable[[], Awaitable[Any]]) -> Any:
    """What a call answers once the server has learned what it needs for it."""
    async with asyncio.timeout(40):
        while True:
            try:
                return await call()
            except EngineUnavailable:
                await asyncio.sleep(0.1)


@pytest.fixture
def here(settings: Settings, engine: Engine, namespace: str, store: Store) -> Settings:
    """The settings of a deployment on this server and this store."""
    return settings.model_copy(
        update={
            "temporal_address": engine.address,
            "temporal_namespace": namespace,
            "codec_keys": SecretStr(OLD),
            "store_url": SecretStr(f"sqlite:///{store.engine.url.database}"),
        }
    )


@pytest.fixture
async def patient(here: Settings, store: Store) -> Patient:
    client = await connect(
        str(here.temporal_address), here.temporal_namespace, keyring=here.keyring
    )
    return Patient(here, load_tenants(here), client, store)


@pytest.fixture
async def worker(patient: Patient) -> AsyncIterator[Worker]:
    assert patient.client is not None
    async with Worker(
        patient.client,
        task_queue=TASK_QUEUE,
        workflows=[ReferralWorkflow, SourceWorkflow, Broken],
        activities=Fakes().activities,
        identity=identity(),
    ) as working:
        yield working


def codes(findings: Any) -> list[str]:
    return [one.code for one in findings]


async def until(look: Callable[[], Awaitable[list[Finding]]], *wanted: str) -> list[Finding]:
    """The findings of a check once it finds exactly these: lists of the server lag behind."""
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(90):
            while codes(findings := await look()) != list(wanted):
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"found {findings}, not {wanted}")
    return findings


# --- server and namespace -------------------------------------------------------------------------


async def test_a_namespace_that_is_not_there(here: Settings) -> None:
    wrong = Patient(here.model_copy(update={"temporal_namespace": "nobody-made-this"}))
    (finding,) = await reach.temporal(wrong)
    assert (finding.code, "nobody-made-this" in finding.says) == ("no_namespace", True)
    assert wrong.client is None


async def test_a_namespace_that_forgets_too_soon_and_cannot_be_searched(
    engine: Engine, here: Settings
) -> None:
    name = f"bare-{uuid.uuid4().hex[:8]}"
    service = await connect_service(engine.address)
    asked = RegisterNamespaceRequest(namespace=name)
    asked.workflow_execution_retention_period.FromTimedelta(timedelta(days=3))
    await service.workflow_service.register_namespace(asked)
    bare = Patient(here.model_copy(update={"temporal_namespace": name}))
    (finding,) = await until_there(bare)
    assert (finding.code, "3 days" in finding.says) == ("short_retention", True)
    (finding,) = await checks.search_attributes(bare)
    assert finding.code == "missing_attributes"
    assert all(key.name in finding.says for key in ALL)


async def until_there(patient: Patient) -> list[Finding]:
    """The namespace has just been made; the server takes a moment to know it."""
    return await until(lambda: reach.temporal(patient), "short_retention")


async def test_a_search_attribute_of_another_type(engine: Engine, here: Settings) -> None:
    name = f"typed-{uuid.uuid4().hex[:8]}"
    service = await connect_service(engine.address)
    number = SearchAttributeKey.for_int(STAGE.name)
    await ensure(service, name, attributes=[number])
    typed = Patient(here.model_copy(update={"temporal_namespace": name}))
    await until(lambda: reach.temporal(typed))

    async def look() -> list[Finding]:
        return await checks.search_attributes(typed)

    findings = await until(look, "missing_attributes", "wrong_attributes")
    assert "Stage" in findings[1].says
    assert "Stage" not in findings[0].says


# --- who works ------------------------------------------------------------------------------------


async def test_nobody_works_and_then_somebody_does(patient: Patient) -> None:
    findings = await checks.workers(patient)
    assert codes(findings) == ["no_worker", "no_worker"]
    assert TASK_QUEUE in findings[0].says
    assert patient.client is not None
    async with Worker(
        patient.client,
        task_queue=TASK_QUEUE,
        workflows=[ReferralWorkflow],
        activities=Fakes().activities,
        identity=identity(),
    ):
        await until(lambda: checks.workers(patient))
        elsewhere = await connect(
            str(patient.settings.temporal_address),
            patient.client.namespace,
            keyring=patient.settings.keyring,
        )
        other = Worker(
            elsewhere,
            task_queue=TASK_QUEUE,
            workflows=[ReferralWorkflow],
            identity="release-0ddba11e@elsewhere:1",
        )
        async with other:
            findings = await until(lambda: checks.workers(patient), "two_releases")
    assert "0ddba11e" in findings[0].says
    assert release() in findings[0].says


async def test_the_servers_clock_is_compared_with_ours(
    patient: Patient, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert patient.client is not None
    assert abs(await looks.clock_ahead(patient.client)) < timedelta(seconds=2)
    await until(lambda: checks.workers(patient))

    class Fast(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(minutes=6, seconds=30)

    monkeypatch.setattr(looks, "datetime", Fast)
    monkeypatch.setattr(checks, "wall_clock", lambda: Fast.now(UTC))
    findings = await checks.workers(patient)
    # Whether somebody polls is judged by the server's clock, so a wrong one of ours hides nobody.
    assert codes(findings) == ["clock_wrong"]
    assert "6 minutes behind this machine's clock" in findings[0].says


async def test_schedules_that_are_missing_paused_or_in_order(patient: Patient) -> None:
    client = patient.client
    assert client is not None
    findings = await checks.schedules(patient)
    assert codes(findings) == ["schedule_missing"] * len(CHORES)
    await ensure_schedules(client, TASK_QUEUE)
    assert await checks.schedules(patient) == []
    await client.get_schedule_handle("chore-receipts").pause()
    (finding,) = await checks.schedules(patient)
    assert (finding.code, "chore-receipts" in finding.do) == ("schedule_paused", True)


async def test_a_chore_that_does_not_come_to_its_end(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert patient.client is not None
    await ensure_schedules(patient.client, TASK_QUEUE)
    await patient.client.get_schedule_handle("chore-purge").trigger()  # and no worker runs it
    monkeypatch.setattr(health, "CHORE_LONGEST", timedelta(0))
    findings = await until(lambda: checks.schedules(patient), "chore_stuck")
    assert "purge" in findings[0].says


# --- what runs ------------------------------------------------------------------------------------


async def test_a_workflow_that_cannot_take_its_next_step(patient: Patient, worker: Worker) -> None:
    assert patient.client is not None
    assert await checks.failing(patient) == []
    await patient.client.start_workflow("Broken", id="broken/1", task_queue=TASK_QUEUE)
    (finding,) = await until(lambda: checks.failing(patient), "failing_workflows")
    assert finding.about == ("broken/1",)


async def test_a_key_that_is_gone_and_another_of_its_name(patient: Patient) -> None:
    assert patient.client is not None
    await patient.client.start_workflow(
        "ReferralWorkflow", "a secret", id="referral/riverside/ref_1", task_queue=TASK_QUEUE
    )

    async def with_keys(keys: str) -> list[Finding]:
        given = patient.settings.model_copy(update={"codec_keys": SecretStr(keys)})
        return await checks.payloads(Patient(given, client=patient.client))

    (finding,) = await until(lambda: with_keys(NEW), "unknown_key")
    assert "1 of 1 running workflows" in finding.says
    assert "'k1'" in finding.says
    (finding,) = await with_keys(KeyRing.generate("k1"))
    assert finding.code == "wrong_key"
    assert await with_keys(f"{NEW},{OLD}") == []


def referral(store: Store, client: Client, here: Settings) -> Door:
    """A door whose engine is this server."""
    door = Door(store)
    door.now = datetime.now(UTC)
    door.intake = Intake(store, Loop(client), load_tenants(here), lambda: door.now)
    return door


async def test_open_referrals_without_a_workflow_and_the_way_back(
    patient: Patient, here: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert patient.client is not None
    door = Door(store, StandIn())  # an engine that has lost it all since
    referral_id = await door.refer()
    (finding,) = await checks.lives(patient)
    assert finding.code == "not_running"
    assert "1 open referrals and 1 watches" in finding.says
    assert finding.about[0] == referral_id
    assert "starter.py resume" in finding.do

    monkeypatch.setenv(f"{PREFIX}TEMPORAL_ADDRESS", str(here.temporal_address))
    monkeypatch.setenv(f"{PREFIX}TEMPORAL_NAMESPACE", here.temporal_namespace)
    monkeypatch.setenv(f"{PREFIX}STORE_URL", here.database_url)
    monkeypatch.setenv(f"{PREFIX}CODEC_KEYS", OLD)
    assert await resume(org=None, anew=False, dry_run=True, as_json=True) == 0
    assert codes(await checks.lives(patient)) == ["not_running"]
    assert await resume(org=ORG, anew=False, dry_run=False, as_json=True) == 0
    await until(lambda: checks.lives(patient))


async def test_a_referral_that_has_just_come_is_not_lost(patient: Patient, store: Store) -> None:
    door = Door(store, StandIn())
    door.now = datetime.now(UTC)
    await door.refer()
    assert await checks.lives(patient) == []


async def test_runs_that_this_database_does_not_know(patient: Patient) -> None:
    assert patient.client is not None
    strange = f"referral/{ORG}/{new_id('ref')}"
    await patient.client.start_workflow("ReferralWorkflow", id=strange, task_queue=TASK_QUEUE)
    (finding,) = await until(lambda: checks.lives(patient), "unknown_runs")
    assert finding.about == (strange,)


# --- the whole ------------------------------------------------------------------------------------


async def test_all_is_well_from_the_command_line(
    patient: Patient, here: Settings, store: Store, tmp_path: Path
) -> None:
    assert patient.client is not None
    await ensure_schedules(patient.client, TASK_QUEUE)
    door = referral(store, patient.client, here)
    await door.refer()
    with ThreadPoolExecutor(16) as threads:
        async with make_worker(patient.client, here, store, load_tenants(here), threads):
            await _from_the_command_line(patient.client, here, tmp_path)


async def _from_the_command_line(client: Client, here: Settings, folder: Path) -> None:
    async def whole() -> list[Finding]:
        return list((await examine(here)).findings)

    await until(whole)
    environment = {
        **os.environ,
        f"{PREFIX}DATA_DIR": str(folder / "var"),
        f"{PREFIX}STORE_URL": here.database_url,
        f"{PREFIX}POLICY_FILES": str(here.policy_files[0]),
        f"{PREFIX}TEMPORAL_ADDRESS": str(here.temporal_address),
        f"{PREFIX}TEMPORAL_NAMESPACE": here.temporal_namespace,
        f"{PREFIX}CODEC_KEYS": OLD,
    }

    def run(**changes: str) -> tuple[int, Any]:
        done = subprocess.run(
            [sys.executable, "starter.py", "doctor", "--json"],
            cwd=ROOT,
            env={**environment, **changes},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)

    status, told = await asyncio.to_thread(run)
    assert (status, told["ok"], told["findings"], told["left_out"]) == (0, True, [], [])
    await client.get_schedule_handle("chore-crm").pause()
    status, told = await asyncio.to_thread(run)
    assert (status, told["ok"]) == (0, True), "a warning alone is no failure"
    assert [one["severity"] for one in told["findings"]] == ["warning"]
    status, told = await asyncio.to_thread(run, **{f"{PREFIX}CODEC_KEYS": NEW})
    assert (status, told["ok"]) == (1, False)
    assert told["findings"][0]["code"] == "unknown_key"
