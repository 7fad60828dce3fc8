"""A policy file becomes nonsense while referrals are open: what runs goes on, no start is made."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from activities.intake import Intake
from activities.policy_watch import FileState, PolicyWatch
from activities.tenants import Tenants
from models.policy_file import load
from store.engine import Store
from telemetry.meters import POLICY_FILE
from tests.doors import ORG, POLICY, START, Door, referral_event
from workflows.policies import SEND_TIMEOUT

ROOT = Path(__file__).parents[2]
NONSENSE = "silent = 4 bananas"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The example's policy in a file of its own."""
    place = tmp_path / "riverside.toml"
    place.write_text(POLICY.read_text())
    return place


def write(file: Path, text: str) -> None:
    """As an editor does, seen as newer whatever the clock's grain."""
    stamp = file.stat().st_mtime_ns + 1_000_000
    file.write_text(text)
    os.utime(file, ns=(stamp, stamp))


def gauge() -> dict[str, float]:
    return {state: POLICY_FILE.labels(ORG, state)._value.get() for state in FileState}


async def test_a_running_process_keeps_the_last_good_one_and_says_so(
    file: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    door = Door(store)
    door.tenants = Tenants([load(file)])
    door.intake = Intake(store, door.intake.loop, door.tenants, lambda: door.now)
    open_before = await door.refer()
    watch = PolicyWatch([file], door.tenants)

    def look() -> list[dict[str, Any]]:
        caplog.clear()
        watch.look()
        return [one.msg for one in caplog.records if isinstance(one.msg, dict)]

    assert look() == []
    good = file.read_text()
    line = next(n for n, text in enumerate(good.splitlines(), 1) if text.startswith("silent"))
    write(file, good.replace('silent = "4 bh"', NONSENSE))
    [said] = look()
    assert (said["event"], said["org"], said["level"]) == ("policy_file_wrong", ORG, "error")
    assert f"riverside.toml:{line}:" in said["says"]
    assert gauge() == {"current": 0, "changed": 0, "wrong": 1}
    assert look() == [], "said once, not every half minute"

    # referrals go on, open ones and new ones, by the policy that was good
    visit = await door.tell(
        {
            "type": "intake_completed",
            "at": START.isoformat(),
            "referral": {"id": open_before},
            "data": {},
        }
    )
    assert visit.state == "applied"
    assert (await door.tell(referral_event("R-2", patient={"given_name": "Bo"}))).state == "applied"

    write(file, good.replace('silent = "4 bh"', 'silent = "6 bh"'))
    assert [one["event"] for one in look()] == ["policy_file_changed"]
    assert gauge() == {"current": 0, "changed": 1, "wrong": 0}
    write(file, good)
    assert [one["event"] for one in look()] == ["policy_file_current"]
    file.unlink()
    [gone] = look()
    assert gone["event"] == "policy_file_wrong"


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [["worker.py"], ["starter.py", "web"]],
    ids=lambda command: command[-1],
)
def test_a_process_that_starts_refuses_with_the_line(
    command: list[str], file: Path, tmp_path: Path
) -> None:
    text = file.read_text().replace('silent = "4 bh"', NONSENSE)
    write(file, text)
    line = next(n for n, told in enumerate(text.splitlines(), 1) if told.startswith(NONSENSE))
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={
            **os.environ,
            "REFERRAL_LOOP_DATA_DIR": str(tmp_path),
            "REFERRAL_LOOP_POLICY_FILES": str(file),
            "REFERRAL_LOOP_LOG_FORMAT": "json",
            "TEMPORAL_ADDRESS": "127.0.0.1:1",
        },
        capture_output=True,
        text=True,
        timeout=int(SEND_TIMEOUT.total_seconds()),
        check=False,
    )
    assert done.returncode != 0
    assert f"riverside.toml:{line}:" in done.stderr
    if command == ["worker.py"]:
        said = json.loads(done.stderr.splitlines()[-1])
        assert (said["event"], said["error"]) == ("crashed", "ConfigError")
    assert "Traceback" not in done.stderr
