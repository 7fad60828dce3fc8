"""Finding and starting a server: the order, the ports, what survives and what does not."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import socket
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest

from engine import install, server, starting
from engine.client import connect, connect_service
from engine.codec import KeyRing
from engine.install import SERVER
from engine.process import reserved, try_lock
from engine.server import Engine, find_or_start
from engine.serverfiles import (
    DEV_DYNAMIC_CONFIG,
    TIME_SKIPPING_KEY,
    USUAL_PORTS,
    ServerFiles,
    dynamic_config,
)
from models.errors import EngineUnavailable
from tests.engine.tiny import Note, Reads
from tests.required import lacking

needs_server = pytest.mark.engine


@pytest.fixture
def said() -> list[str]:
    return []


@asynccontextmanager
async def running(data_dir: Path, **options: object) -> AsyncIterator[Engine]:
    given = {"ui": False, "say": lambda _: None, **options}
    started = await find_or_start(data_dir=data_dir, **given)
    try:
        yield started
    finally:
        await started.stop()


@contextmanager
def taken(*ports: int) -> Iterator[None]:
    """Listeners on those of the ports that are still free."""
    listeners = []
    for port in ports:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            pass
        listeners.append(listener)
    try:
        yield
    finally:
        for listener in listeners:
            listener.close()


# ── what is started ──────────────────────────────────────────────────────────────────────────


@needs_server
async def test_workflows_survive_a_stop_and_a_start(
    engine: Engine, tmp_path: Path, keyring: KeyRing
) -> None:
    async with running(tmp_path) as first:
        client = await connect(first.address, first.namespace, keyring=keyring)
        await client.start_workflow(Reads.run, Note(patient="x"), id="kept", task_queue="none")
    assert not await starting.healthy(first.address)
    async with running(tmp_path) as second:
        client = await connect(second.address, second.namespace, keyring=keyring)
        described = await client.get_workflow_handle("kept").describe()
    assert described.workflow_type == "Reads"


@needs_server
async def test_taken_ports_are_left_to_their_owners(engine: Engine, tmp_path: Path) -> None:
    with taken(*USUAL_PORTS.values()):
        async with running(tmp_path) as started:
            assert started.address != "127.0.0.1:7233"
            assert await (await connect_service(started.address)).check_health()


@needs_server
async def test_a_port_that_was_asked_for_is_used_or_refused(engine: Engine, tmp_path: Path) -> None:
    port = int(engine.address.rpartition(":")[2])
    with pytest.raises(EngineUnavailable, match=f"Port {port} is taken"):
        await find_or_start(data_dir=tmp_path, ui=False, say=lambda _: None, port=port)
    with reserved({"free": 0}) as ports:
        free = ports["free"]
    async with running(tmp_path, port=free) as started:
        assert started.address == f"127.0.0.1:{free}"


@needs_server
async def test_a_second_start_on_the_same_directory_shares_the_first(
    engine: Engine, tmp_path: Path
) -> None:
    both = await asyncio.gather(
        *(find_or_start(data_dir=tmp_path, ui=False, say=lambda _: None) for _ in range(2))
    )
    assert both[0].address == both[1].address
    shared, own = sorted(both, key=lambda found: not found.source.startswith("running"))
    assert shared.source.startswith("running")
    assert not own.source.startswith("running")
    await shared.stop()
    assert await starting.healthy(own.address), "stopping what one did not start stops nothing"
    await own.stop()
    await own.stop()


@needs_server
async def test_the_web_ui_comes_with_it(engine: Engine, tmp_path: Path) -> None:
    if not install.WEB_UI.ready():
        lacking("the Web UI is not built on this machine")
    codec = "http://127.0.0.1:9/codec"
    async with running(tmp_path, ui=True, codec_endpoint=codec) as started:
        assert started.ui_address is not None
        async with httpx.AsyncClient(base_url=started.ui_address, trust_env=False) as http:
            settings = (await http.get("/api/v1/settings")).json()
            cluster = (await http.get("/api/v1/cluster-info")).json()
    assert settings["Codec"]["Endpoint"] == codec
    assert settings["DefaultNamespace"] == started.namespace
    assert settings["DisableNewsFetch"] is True
    assert cluster["serverVersion"] == SERVER.version


@needs_server
async def test_who_only_looks_keeps_nobody_from_starting(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = itertools.count()

    def held_at_the_second_look(path: Path) -> int | None:
        return None if next(calls) == 1 else try_lock(path)

    monkeypatch.setattr(starting, "try_lock", held_at_the_second_look)
    async with running(tmp_path) as started:
        assert await starting.healthy(started.address)
    assert next(calls) > 3


@needs_server
async def test_a_killed_parent_leaves_no_server_behind(engine: Engine, tmp_path: Path) -> None:
    program = """
        import asyncio, sys
        from pathlib import Path
        from engine.server import find_or_start
        async def main():
            ui = sys.argv[2] == "ui"
            started = await find_or_start(data_dir=Path(sys.argv[1]), ui=ui, say=lambda _: None)
            print(started.address, started.ui_address, flush=True)
            await asyncio.Event().wait()
        asyncio.run(main())
    """
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(program),
        str(tmp_path),
        "ui" if install.WEB_UI.ready() else "none",
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    address, ui_address = (await parent.stdout.readline()).decode().split()
    assert await starting.healthy(address)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    # The lock is free only when the guard and the server are gone: it is what a restart waits for.
    async with asyncio.timeout(20):
        while (lock := try_lock(ServerFiles(tmp_path).lock)) is None:
            await asyncio.sleep(0.05)
        os.close(lock)
        while ui_address != "None" and await answers(ui_address):
            await asyncio.sleep(0.05)
    assert not await starting.healthy(address)
    async with running(tmp_path) as again:
        assert await starting.healthy(again.address)


async def answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            await http.get(f"{url}/healthz")
        except httpx.HTTPError:
            return False
    return True


@needs_server
async def test_metrics_are_served_when_asked_for(engine: Engine, tmp_path: Path) -> None:
    with reserved({"metrics": 0}) as ports:
        metrics = ports["metrics"]
    async with (
        running(tmp_path, metrics_port=metrics),
        httpx.AsyncClient(trust_env=False) as http,
    ):
        async with asyncio.timeout(20):  # served a moment after the server is healthy
            while "service_requests" not in await _said_at(http, metrics):
                await asyncio.sleep(0.05)


async def _said_at(http: httpx.AsyncClient, port: int) -> str:
    try:
        return (await http.get(f"http://127.0.0.1:{port}/metrics")).text
    except httpx.TransportError:
        return ""


# ── the order of the ways ────────────────────────────────────────────────────────────────────


def test_the_ways_are_tried_in_the_promised_order() -> None:
    assert [name for name, _ in server.WAYS] == [
        "TEMPORAL_ADDRESS",
        "a running server",
        "a server built or downloaded earlier",
        "the temporal CLI",
        "the download by the Temporal SDK",
        "a build with Go",
    ]


@needs_server
async def test_a_named_server_is_used_and_never_stopped(engine: Engine, tmp_path: Path) -> None:
    found = await find_or_start(data_dir=tmp_path, address=engine.address, say=lambda _: None)
    assert (found.address, found.source) == (engine.address, "TEMPORAL_ADDRESS")
    await found.stop()
    assert await starting.healthy(engine.address)
    assert list(tmp_path.iterdir()) == []


async def test_a_named_server_that_is_silent_is_an_error_and_nothing_is_started(
    tmp_path: Path,
) -> None:
    with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\)"):
        await find_or_start(data_dir=tmp_path, address="127.0.0.1:1", say=lambda _: None)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache, an empty PATH and no internet; returns its program folder."""
    monkeypatch.setenv("REFERRAL_LOOP_CACHE", str(tmp_path / "cache"))
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    async def no_internet(**_: object) -> None:
        raise RuntimeError("failed to download\nand more")

    monkeypatch.setattr(install.WorkflowEnvironment, "start_local", no_internet)
    return programs


def put(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)


async def test_where_nothing_can_be_had_it_says_what_was_tried_and_what_to_do(
    bare: Path, tmp_path: Path, said: list[str]
) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        await find_or_start(data_dir=tmp_path / "data", say=said.append)
    assert str(caught.value).splitlines() == [
        "No Temporal server could be found or started.",
        "  - TEMPORAL_ADDRESS: not set",
        "  - a running server: none is running on this data directory",
        "  - a server built or downloaded earlier: none yet",
        "  - the temporal CLI: not on PATH",
        "  - the download by the Temporal SDK: failed to download",
        "  - a build with Go: there is no Go on PATH",
        "Install the temporal CLI 1.9.1 or later, or Go 1.26.8 or later, or set TEMPORAL_ADDRESS "
        "to a running server (host:port).",
    ]


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)", "version 1.8.2 is older than 1.9.1"),
        ("nonsense", "it does not tell its version"),
    ],
)
async def test_a_cli_that_cannot_skip_time_is_passed_over(
    bare: Path, tmp_path: Path, version: str, why: str
) -> None:
    put(bare / "temporal", f"echo '{version}'")
    with pytest.raises(EngineUnavailable, match=f"the temporal CLI: {why}"):
        await find_or_start(data_dir=tmp_path / "data", say=lambda _: None)


async def test_the_cli_is_asked_for_everything_our_own_server_does(
    bare: Path, tmp_path: Path
) -> None:
    heard = tmp_path / "heard"
    put(
        bare / "temporal",
        'if [ "$1" = --version ]; then echo "temporal version 1.10.0"; exit; fi',
        f'for word in "$@"; do echo "$word" >> {heard}; done',
        "echo 'flag provided but not defined'; exit 2",
    )
    with pytest.raises(EngineUnavailable, match=r"it did not start \(flag provided but not"):
        await find_or_start(
            data_dir=tmp_path / "data", namespace="clinic", codec_endpoint="u", say=lambda _: None
        )
    words = heard.read_text().splitlines()
    assert words[:2] == ["server", "start-dev"]
    options = list(zip(words[2::2], words[3::2], strict=True))
    assert ("--namespace", "clinic") in options
    assert ("--db-filename", str(tmp_path / "data" / "temporal.db")) in options
    assert ("--ui-codec-endpoint", "u") in options
    switches = dict(value.split("=") for name, value in options if name == "--dynamic-config-value")
    assert {key: json.loads(value) for key, value in switches.items()} == DEV_DYNAMIC_CONFIG


@needs_server
async def test_the_build_with_go_is_announced_kept_and_used_at_once_next_time(
    engine: Engine, bare: Path, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    real = Path(REAL_SERVER)
    if not real.exists():
        lacking("this machine has its server from somewhere else")
    put(
        bare / "go",
        f'echo "$@" >> {calls}',
        'case "$*" in *ui-server*) echo "no room" >&2; exit 1;; esac',
        f'/bin/cp {real} "$GOBIN/server"',
    )
    monkeypatch.setattr(starting, "USUAL_PORTS", dict.fromkeys(USUAL_PORTS, 0))
    async with running(tmp_path / "data", ui=True, say=said.append) as started:
        assert started.source == "temporal-server 1.32.0"
        assert started.ui_address is None
    assert any("about 8 minutes, the first time only" in line for line in said)
    assert any("Web UI is missing (go install failed: no room)" in line for line in said)
    assert calls.read_text().splitlines() == [
        "install -trimpath -ldflags=-s -w go.temporal.io/server/cmd/server@v1.32.0",
        "install -trimpath -ldflags=-s -w github.com/temporalio/ui-server/v2/cmd/server@v2.54.1",
    ]
    async with running(tmp_path / "data") as again:
        assert again.source == "temporal-server 1.32.0"
    assert len(calls.read_text().splitlines()) == 2
    assert [path.name for path in install.binaries().iterdir() if path.is_dir()] == []


REAL_SERVER = SERVER.path  # before a test points the cache elsewhere


async def test_the_sdk_download_is_kept_for_the_next_time(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Trial:
        async def shutdown(self) -> None: ...

    async def start_local(*, download_dest_dir: str, **_: object) -> Trial:
        put(Path(download_dest_dir) / "temporal-from-somewhere", "exit 0")
        return Trial()

    monkeypatch.setattr(install.WorkflowEnvironment, "start_local", start_local)
    assert await install.download_cli() is None
    assert os.access(install.downloaded_cli(), os.X_OK)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"REFERRAL_LOOP_CACHE": "/own"}, "/own"),
        ({"XDG_CACHE_HOME": "/xdg"}, "/xdg/referral-loop"),
        ({"HOME": "/home/nobody"}, "/home/nobody/.cache/referral-loop"),
    ],
)
def test_the_cache_lies_where_people_expect_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name in ("REFERRAL_LOOP_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert install.cache_dir() == Path(expected)


# ── what is written ──────────────────────────────────────────────────────────────────────────


def test_without_time_skipping_only_its_own_switch_is_left_out() -> None:
    with_it, without = dynamic_config(time_skipping=True), dynamic_config(time_skipping=False)
    assert with_it == DEV_DYNAMIC_CONFIG
    assert with_it.keys() - without.keys() == {TIME_SKIPPING_KEY}


def test_reserved_ports_are_all_different_and_free_afterwards() -> None:
    with reserved(dict.fromkeys("abc", 0)) as ports:
        assert len(set(ports.values())) == 3
        with reserved({"same": ports["a"]}) as other:
            assert other["same"] not in ports.values()
    with reserved(ports) as again:
        assert again == ports


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    first = try_lock(tmp_path / "new" / "lock")
    assert first is not None
    assert try_lock(tmp_path / "new" / "lock") is None
    os.close(first)
    second = try_lock(tmp_path / "new" / "lock")
    assert second is not None
    os.close(second)
