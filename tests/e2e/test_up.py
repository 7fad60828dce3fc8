"""``starter.py up`` as an integrator meets it: signed events over HTTP, Temporal down and back."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.server import Engine, find_or_start
from integrations.emr.signature import sign
from settings import EXAMPLE_API_TOKEN, EXAMPLE_WEBHOOK_SECRET

ROOT = Path(__file__).parents[2]
TOKEN = {"Authorization": f"Bearer {EXAMPLE_API_TOKEN}"}
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(180)]


class Up:
    """A running ``up`` and the ways in."""

    def __init__(self, url: str, environment: dict[str, str]) -> None:
        self.url = url
        self.environment = environment

    def cli(self, *words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "starter.py", *words, "--json"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def tell(self, event_id: str, body: dict[str, Any]) -> httpx.Response:
        raw = json.dumps(body).encode()
        headers = sign(EXAMPLE_WEBHOOK_SECRET, event_id, datetime.now(UTC), raw)
        return httpx.post(f"{self.url}/hooks/riverside/events", content=raw, headers=headers)

    def card(self, referral_id: str) -> dict[str, Any]:
        found = httpx.get(f"{self.url}/api/v1/referrals/{referral_id}", headers=TOKEN).json()
        return found["card"]


def eventually(check: Callable[[], bool], what: str, seconds: float = 40) -> None:
    """Poll a condition; the limit is a failure, never a wait that passes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return
        time.sleep(0.1)
    pytest.fail(f"not within {seconds} s: {what}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
async def own_engine(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Path, Engine]]:
    """A server that the test may stop and start; ``up`` is told its address."""
    del engine
    folder = tmp_path_factory.mktemp("own-engine")
    started = await find_or_start(data_dir=folder, namespace="up", ui=False, say=print)
    holder = [started]
    yield folder, holder[0]
    await holder[0].stop()


@pytest.fixture(scope="module")
async def up(
    own_engine: tuple[Path, Engine], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    port = free_port()
    environment = {
        **os.environ,
        "REFERRAL_LOOP_DATA_DIR": str(folder),
        "REFERRAL_LOOP_HTTP_PORT": str(port),
        "TEMPORAL_ADDRESS": own_engine[1].address,
        "TEMPORAL_NAMESPACE": "up",
    }
    log = (folder / "up.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "starter.py", "up", "--simulate-vendors"],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        assert process.poll() is None, (folder / "up.log").read_text()
        try:
            return httpx.get(f"{url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    eventually(ready, "up is ready")
    yield Up(url, environment)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
    log.close()


@pytest.fixture(scope="module")
def referral_id(up: Up) -> str:
    rows = up.cli("refer", "docs/integrators/referral.json")
    assert rows[0]["status"] == "applied"
    return str(rows[0]["referral_id"])


def test_the_same_file_again_changes_nothing(up: Up, referral_id: str) -> None:
    again = up.cli("refer", "docs/integrators/referral.json")
    assert again[0]["referral_id"] == referral_id


def test_a_signed_event_moves_a_referral_once(up: Up, referral_id: str) -> None:
    now = datetime.now(UTC).isoformat()
    body = {
        "type": "evaluation_completed",
        "at": now,
        "referral": {"id": referral_id},
        "data": {"day": now[:10]},
    }
    assert up.tell("evt-evaluated", body).status_code == 202
    eventually(lambda: up.card(referral_id)["stage"] == "evaluated", "the event is applied")
    before = up.cli("show", referral_id)["timeline"]
    assert up.tell("evt-evaluated", body).status_code == 202
    kinds = [fact["kind"] for fact in up.cli("show", referral_id)["timeline"]]
    assert kinds.count("evaluation_completed") == 1
    assert len(kinds) >= len(before)


def test_explain_says_what_is_owed(up: Up, referral_id: str) -> None:
    agenda = up.cli("explain", "example-emr:E-2001")["agenda"]
    assert any(due["owner"] == "therapist" for due in agenda), agenda


def test_the_readme_block_runs_as_it_stands(up: Up, referral_id: str) -> None:
    del referral_id  # the block refers the same file: nothing changes by doing it again
    readme = (ROOT / "README.md").read_text()
    block = readme.split("<!-- a test runs this block -->\n```bash\n")[1].split("```")[0]
    folder = str(Path(sys.executable).parent)
    environment = {**up.environment, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-eu", "-c", block],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The referral stands at" in done.stdout
    assert "appointment booked" in done.stdout


def test_a_text_from_the_simulated_phone_is_answered_there(up: Up, referral_id: str) -> None:
    """Both ways through the simulated vendor: signed in, sent out, and its receipt."""
    (told, *_) = json.loads((ROOT / "docs" / "integrators" / "referral.json").read_text())
    page = json.loads((Path(up.environment["REFERRAL_LOOP_DATA_DIR"]) / "up.json").read_text())
    with httpx.Client(base_url=page["vendors"], trust_env=False) as http:
        opened = http.post("/phones", data={"number": told["patient"]["phone"]})
        phone = opened.headers["location"].partition("phone=")[2]
        words = {"to": "+15185550142", "body": "HELP"}
        sent = http.post(f"/phones/{phone}/texts", data=words)
        assert "answer=200" in sent.headers["location"]

        def answered() -> bool:
            thread = http.get("/thread", params={"phone": phone}).text
            return "Reply STOP to opt out" in thread and ", delivered" in thread

        eventually(answered, "the patient has our answer")
        timeline = up.cli("show", referral_id)["timeline"]
        assert [fact["kind"] for fact in timeline].count("patient_replied") == 1


async def test_temporal_down_event_kept_and_applied_when_it_is_back(
    up: Up, own_engine: tuple[Path, Engine], referral_id: str
) -> None:
    folder, running = own_engine
    await running.stop()
    now = datetime.now(UTC).isoformat()
    body = {
        "type": "visit_completed",
        "at": now,
        "referral": {"id": referral_id},
        "data": {"visit_id": "V1", "day": "2026-01-05"},
    }
    answer = up.tell("evt-while-down", body)
    assert answer.status_code == 202
    # the record knows at once; the workflow hears when the engine is back
    port = int(running.address.rsplit(":", 1)[1])
    back = await find_or_start(data_dir=folder, namespace="up", ui=False, say=print, port=port)
    try:
        status = answer.json()["status_url"]

        def applied() -> bool:
            return httpx.get(status, headers=TOKEN).json()["status"] == "applied"

        eventually(applied, "the event is applied after Temporal came back", 60)
        assert up.card(referral_id)["stage"] == "in_care"
    finally:
        await back.stop()
