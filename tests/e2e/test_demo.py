"""The demonstration as a newcomer runs it: a process of its own, on the real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.server import Engine

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def played(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """One run with ``--json``; the session's engine proves only that a server can be had."""
    del engine
    folder = tmp_path_factory.mktemp("demo")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")
    }
    done = subprocess.run(
        [sys.executable, "starter.py", "demo", "--json"],
        cwd=ROOT,
        env={**environment, "REFERRAL_LOOP_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return json.loads(done.stdout), folder / "demo"


def test_every_referral_ends_where_its_story_says(played: tuple[dict[str, Any], Path]) -> None:
    value, _ = played
    assert value["referrals"] >= 6
    assert value["stages"] == value["expected_stages"]


def test_nothing_is_doubled_though_a_worker_was_killed(played: tuple[dict[str, Any], Path]) -> None:
    value, _ = played
    assert value["duplicate_sends"] == 0
    assert value["worker_kills"] >= 1


def test_each_message_of_the_promise_went_out(played: tuple[dict[str, Any], Path]) -> None:
    value, _ = played
    promised = {
        *("thank_you", "thank_you_past_patient", "schedule_text", "plan_of_care"),
        *("signature_request", "progress_report", "discharge_summary", "check_in", "missed"),
    }
    assert promised <= value["messages"].keys()


def test_silence_became_a_task_in_the_crm(played: tuple[dict[str, Any], Path]) -> None:
    value, folder = played
    assert value["sources_quiet"] >= 1
    assert value["tasks"]["re_engagement"] >= 1
    lines = [
        json.loads(line)
        for path in (folder / "outbox" / "crm").iterdir()
        if path.suffix == ".jsonl"
        for line in path.read_text().splitlines()
    ]
    assert any("re_engagement" in json.dumps(line) for line in lines)


def test_a_referral_costs_little_more_than_the_least_possible(
    played: tuple[dict[str, Any], Path],
) -> None:
    value, _ = played
    ratio = value["actions_per_referral"] / value["floor_actions_per_referral"]
    assert ratio <= 1.15, value


def test_the_plan_of_care_is_one_fax_with_the_update_on_top(
    played: tuple[dict[str, Any], Path],
) -> None:
    from pypdf import PdfReader

    _, folder = played
    texts = [
        [page.extract_text() for page in PdfReader(path).pages]
        for path in (folder / "outbox" / "fax").glob("*.pdf")
    ]
    plans = [pages for pages in texts if "Progress update and plan of care" in pages[0]]
    assert plans
    assert all(len(pages) >= 2 for pages in plans)
