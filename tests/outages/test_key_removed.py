"""A key is taken off the ring while a referral runs: said at once, healed by putting it back.

Real processes: the worker, the command line, ``doctor``; the keys come by the environment, as they
would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio.service import RPCError

from cli.serving import free_port
from engine.client import connect, connect_service
from engine.codec import KeyRing
from engine.namespace import ensure
from engine.server import Engine
from models.ids import referral_workflow_id
from tests.doors import ORG

ROOT = Path(__file__).parents[2]
OLD, NEW = KeyRing.generate("old"), KeyRing.generate("new")

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(180)]


class Clinic:
    """A data directory and a namespace; ``keys`` is what the next process is given."""

    def __init__(self, engine: Engine, namespace: str, folder: Path) -> None:
        self.keys = OLD
        self.folder = folder
        self.metrics = free_port()
        self._told = {
            "REFERRAL_LOOP_DATA_DIR": str(folder),
            "REFERRAL_LOOP_LOG_FORMAT": "json",
            "REFERRAL_LOOP_METRICS_PORT": str(self.metrics),
            "TEMPORAL_ADDRESS": engine.address,
            "TEMPORAL_NAMESPACE": namespace,
        }

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self._told, "REFERRAL_LOOP_CODEC_KEYS": self.keys}

    def cli(self, *words: str, code: int | None = 0) -> Any:
        """A command's answer as JSON; it ends with this code, or (None) with any."""
        done = subprocess.run(
            [sys.executable, "starter.py", *words, "--json"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert code in (None, done.returncode), done.stdout + done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def worker(self) -> Iterator[Path]:
        """A worker process while the block lasts; its log."""
        log = self.folder / "worker.log"
        (self.folder / "worker.pid").unlink(missing_ok=True)
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "worker.py"], cwd=ROOT, env=self.environment, stderr=out
            )
            try:
                until((self.folder / "worker.pid").exists, "the worker polls", log)
                yield log
            finally:
                process.terminate()
                assert process.wait(timeout=60) == 0

    def measured(self, name: str) -> dict[str, float]:
        """A counter of the worker's, by the code it counts."""
        told = httpx.get(f"http://127.0.0.1:{self.metrics}/metrics", trust_env=False).text
        return {
            sample.labels["code"]: sample.value
            for family in text_string_to_metric_families(told)
            for sample in family.samples
            if sample.name == name
        }


def until(check: Callable[[], Any], what: str, log: Path, seconds: float = 60) -> None:
    """Poll a condition; the limit is a failure, never a wait that passes."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"not within {seconds} s: {what}\n{log.read_text()}"
        time.sleep(0.05)


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.fixture
async def clinic(engine: Engine, tmp_path: Path) -> Clinic:
    namespace = f"keys-{os.getpid()}-{time.monotonic_ns()}"
    await ensure(await connect_service(engine.address), namespace)
    return Clinic(engine, namespace, tmp_path)


async def test_a_missing_key_is_said_everywhere_and_heals_when_it_is_back(
    clinic: Clinic, engine: Engine
) -> None:
    namespace = clinic.environment["TEMPORAL_NAMESPACE"]
    both = KeyRing.parse(f"{NEW},{OLD}")
    client = await connect(engine.address, namespace, keyring=both)

    # a referral runs on the old key
    [row] = clinic.cli("refer", "docs/integrators/referral.json")
    referral_id = row["referral_id"]
    handle = client.get_workflow_handle(referral_workflow_id(ORG, referral_id))
    with clinic.worker():
        await _heard(handle, "referral_received")

    # somebody rotates by replacing instead of adding; meanwhile the EMR tells something
    clinic.keys = NEW
    told = clinic.cli(
        "milestone",
        referral_id,
        "appointment_booked",
        "appointment_id=A-1",
        "starts_at=2027-03-01T10:00:00-05:00",
    )
    assert told["status"] == "applied", "the record knows it all the same"
    with clinic.worker() as log:
        unreadable = "referral_loop_unreadable_payloads_total"
        until(lambda: clinic.measured(unreadable).get("unknown_key", 0) >= 1, "it is counted", log)
        until(lambda: any(one.get("code") == "unknown_key" for one in lines(log)), "said", log)
        said = next(one for one in lines(log) if one.get("code") == "unknown_key")
        assert "'old', which is not in the key ring. Put that key back" in said["says"]
        assert said["logger"].startswith("temporalio.")
        assert said["run_id"], "the run can be found in the UI"
        doctor = clinic.cli("doctor", code=1)
        [finding] = [one for one in doctor["findings"] if "key" in one["code"]]
        assert "old" in finding["says"] + finding["do"]
        assert "REFERRAL_LOOP_CODEC_KEYS" in finding["says"] + finding["do"]
        assert (await handle.describe()).status.name == "RUNNING"

    # put back behind the new one, the referral goes on by itself
    clinic.keys = f"{NEW},{OLD}"
    with clinic.worker() as log:
        facts = await _heard(handle, "appointment_booked")
        assert [one["kind"] for one in facts].count("appointment_booked") == 1
        assert not [one for one in lines(log) if one.get("code") == "unknown_key"]
        doctor = clinic.cli("doctor", code=None)
        assert not [one for one in doctor["findings"] if "key" in one["code"]]
    timeline = clinic.cli("show", referral_id)["timeline"]
    assert [one["kind"] for one in timeline].count("appointment_booked") == 1
    await handle.terminate()


async def _heard(handle: Any, kind: str) -> list[dict[str, Any]]:
    """The facts a running workflow knows, once one of this kind is among them."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(RPCError):  # its last task failed; it is tried again soon
                facts = await handle.query("facts", result_type=list[dict[str, Any]])
                if any(one["kind"] == kind for one in facts):
                    return facts
            await asyncio.sleep(0.1)  # a condition is polled
