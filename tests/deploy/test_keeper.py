"""Services kept as a container engine would keep them, with shells in place of servers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.compose import Service
from deploy.keeper import Command, Keeper

ROOT = Path(__file__).parents[2]
ALWAYS = {"restart": "unless-stopped", "stop_grace_period": "5s"}
WELL = {"test": ["CMD-SHELL", "test -e well"], "interval": "1s", "timeout": "5s", "retries": 1}


class House:
    """What runs in a folder, and what it wrote there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    def said(self) -> list[str]:
        path = self.folder / "said"
        return path.read_text().split() if path.exists() else []

    def runs(self, name: str, *, starts: int) -> bool:
        """Whether it runs, after so many starts."""
        part = self.told()[name]
        return part["state"] == "runs" and part["starts"] == starts

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not true():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def kept(folder: Path, **services: dict[str, Any]) -> AsyncIterator[House]:
    """These services, each a line of shell, until the block ends; then they are stopped."""
    read = {
        name: Service.model_validate({"image": "none:1.0", **told})
        for name, told in services.items()
    }
    environment = {"PATH": os.environ["PATH"]}
    commands = {
        name: Command(("/bin/sh", "-c", *service.command), environment, folder)
        for name, service in read.items()
    }
    keeper = Keeper(read, lambda name, _: commands[name], folder, folder / "state.json")
    stop = asyncio.Event()
    running = asyncio.create_task(keeper.run(stop))
    house = House(folder)
    await house.until(lambda: (folder / "state.json").exists())
    yield house
    stop.set()
    await asyncio.wait_for(running, 30)


def stays(name: str) -> list[str]:
    """A shell that says when it starts and when it was told to stop."""
    return [f"trap 'echo -{name} >> said; exit 0' TERM; echo +{name} >> said; sleep 20 & wait"]


async def test_each_starts_when_its_condition_is_met_and_they_end_in_reverse(
    tmp_path: Path,
) -> None:
    after_job = {"job": {"condition": "service_completed_successfully"}}
    async with kept(
        tmp_path,
        last={"command": stays("last"), "depends_on": after_job, **ALWAYS},
        job={
            "command": ["echo +job >> said"],
            "depends_on": {"first": {"condition": "service_healthy"}},
            "restart": "on-failure:5",
        },
        first={"command": stays("first"), "healthcheck": WELL, **ALWAYS},
    ) as house:
        await house.until(lambda: house.said() == ["+first"])
        await house.until(lambda: house.told()["first"]["healthy"] is False)
        assert house.said() == ["+first"], "nothing starts before its condition"
        (tmp_path / "well").touch()
        await house.until(lambda: house.said() == ["+first", "+job", "+last"])
    assert house.said() == ["+first", "+job", "+last", "-last", "-first"]


async def test_what_dies_is_started_again(tmp_path: Path) -> None:
    async with kept(tmp_path, one={"command": stays("one"), **ALWAYS}) as house:
        for times in (1, 2, 3):
            await house.until(lambda n=times: house.said() == ["+one"] * n)
            await house.until(lambda n=times: house.runs("one", starts=n))
            os.kill(house.told()["one"]["pid"], signal.SIGKILL)
        await house.until(lambda: house.told()["one"]["starts"] == 4)


async def test_a_job_that_fails_is_tried_again_so_often_and_no_more(tmp_path: Path) -> None:
    job = {"command": ["echo x >> said; exit 1"], "restart": "on-failure:2"}
    after = {"job": {"condition": "service_completed_successfully"}}
    web = {"command": stays("web"), "depends_on": after, **ALWAYS}
    async with kept(tmp_path, job=job, web=web) as house:
        await house.until(lambda: house.told()["job"]["state"] == "failed")
        assert house.said() == ["x"] * 3
        assert house.told()["web"]["state"] == "waits"


async def test_each_replica_is_a_part_of_its_own(tmp_path: Path) -> None:
    worker = {"command": stays("w"), "deploy": {"replicas": 3}, **ALWAYS}
    async with kept(tmp_path, worker=worker) as house:
        await house.until(lambda: len(house.said()) == 3)
        assert set(house.told()) == {"worker-1", "worker-2", "worker-3"}
        assert len({part["pid"] for part in house.told().values()}) == 3


async def test_what_does_not_listen_is_killed_after_its_grace(tmp_path: Path) -> None:
    deaf = {"command": ["trap '' TERM; echo + >> said; sleep 60"], "restart": "unless-stopped"}
    async with kept(tmp_path, deaf={**deaf, "stop_grace_period": "1s"}) as house:
        await house.until(lambda: house.said() == ["+"])
        pid = house.told()["deaf"]["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_nothing_outlives_a_keeper_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio
from pathlib import Path
from deploy.compose import Service
from deploy.keeper import Command, Keeper
folder = Path({str(tmp_path)!r})
service = Service(image="none:1.0", restart="unless-stopped")
command = Command(("sleep", "60"), {{"PATH": "/usr/bin:/bin"}}, folder)
asyncio.run(
    Keeper({{"one": service}}, lambda *_: command, folder, folder / "state.json").run(
        asyncio.Event()
    )
)
"""
    keeper = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    house = House(tmp_path)
    try:
        state = tmp_path / "state.json"
        await house.until(lambda: state.exists() and house.told()["one"]["pid"] is not None)
        pid = house.told()["one"]["pid"]
    finally:
        keeper.kill()
        keeper.wait()
    await house.until(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    try:  # an orphan nobody waits for stays as a zombie for a moment, or for good in a container
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
