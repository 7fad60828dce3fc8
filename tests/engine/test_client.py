"""The client: pydantic values, nothing readable in the history, dead servers known as such."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError
from temporalio.worker import Replayer, Worker

from engine.client import connect, loop_plugin, runtime
from engine.codec import KeyRing
from models.errors import EngineUnavailable
from tests.engine.tiny import Note, Reads, read_aloud

SENTINEL = "Ramona Sentinel"


async def play(client: Client, patient: str) -> tuple[str, bytes]:
    """Run one workflow with this name in every kind of payload; its result and raw history."""
    queue = f"client-{uuid.uuid4()}"
    async with Worker(client, task_queue=queue, workflows=[Reads], activities=[read_aloud]):
        handle = await client.start_workflow(
            Reads.run, Note(patient=patient), id=queue, task_queue=queue
        )
        await handle.signal(Reads.hear, Note(patient=patient))
        try:
            result = await handle.result()
        except WorkflowFailureError as error:
            result = str(error.cause.__cause__)
    history = await handle.fetch_history()
    return result, b"".join(event.SerializeToString() for event in history.events)


def replayer(keyring: KeyRing) -> Replayer:
    return Replayer(workflows=[Reads], plugins=[loop_plugin(keyring)], runtime=runtime())


@pytest.mark.engine
async def test_models_cross_the_border_and_no_name_is_in_the_history(client: Client) -> None:
    result, raw = await play(client, SENTINEL)
    assert result == f"{SENTINEL} was read, Note {SENTINEL}"
    assert b"read_aloud" in raw, "the search below must be able to find something"
    assert b"Sentinel" not in raw


@pytest.mark.engine
async def test_failure_messages_are_encrypted_too(client: Client) -> None:
    result, raw = await play(client, f"bad {SENTINEL}")
    assert result == f"cannot read bad {SENTINEL}"
    assert b"Sentinel" not in raw


@pytest.mark.engine
async def test_a_replayer_with_the_plugin_reads_what_a_worker_wrote(
    client: Client, keyring: KeyRing
) -> None:
    queue = f"client-{uuid.uuid4()}"
    async with Worker(client, task_queue=queue, workflows=[Reads], activities=[read_aloud]):
        handle = await client.start_workflow(
            Reads.run, Note(patient=SENTINEL), id=queue, task_queue=queue
        )
        await handle.signal(Reads.hear, Note(patient=SENTINEL))
        await handle.result()
    history = await handle.fetch_history()
    await replayer(keyring).replay_workflow(history)
    with pytest.raises(RuntimeError, match="ConfigError"):
        await replayer(KeyRing.parse(KeyRing.generate("k2"))).replay_workflow(history)


async def test_a_dead_server_is_said_to_be_one() -> None:
    keyring = KeyRing.parse(KeyRing.generate())
    async with asyncio.timeout(4):
        with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1:1\. Start it") as caught:
            await connect("127.0.0.1:1", "tests", keyring=keyring)
    assert caught.value.retryable


async def test_a_lazy_client_starts_without_a_server_and_its_calls_fail_soon() -> None:
    keyring = KeyRing.parse(KeyRing.generate())
    client = await connect("127.0.0.1:1", "tests", keyring=keyring, lazy=True)
    async with asyncio.timeout(6):
        with pytest.raises((RPCError, RuntimeError)):
            await client.get_workflow_handle("any").describe()


ENDINGS = {
    "return 0": 0,
    "return 3": 3,
    "return None": 0,
    "raise SystemExit(4)": 4,
    "raise SystemExit('a sentence')": 1,
    "raise KeyboardInterrupt": 130,
    "raise ValueError('quoted')": 1,
}


@pytest.fixture(scope="module")
def endings() -> dict[str, subprocess.CompletedProcess[str]]:
    """Every ending in a process of its own, all of them at once."""

    def program(ending: str) -> str:
        return f"""
            from engine.client import run_and_exit, runtime
            async def main():
                runtime()
                print("said", end="")
                {ending}
            run_and_exit(main())
        """

    def end(ending: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", textwrap.dedent(program(ending))]
        return subprocess.run(command, capture_output=True, text=True)

    with ThreadPoolExecutor(len(ENDINGS)) as threads:
        return dict(zip(ENDINGS, threads.map(end, ENDINGS), strict=True))


@pytest.mark.parametrize(("ending", "code"), ENDINGS.items())
def test_run_and_exit_keeps_the_output_and_the_exit_code(
    endings: dict[str, subprocess.CompletedProcess[str]], ending: str, code: int
) -> None:
    ended = endings[ending]
    assert (ended.returncode, ended.stdout) == (code, "said")
    assert ("ValueError" in ended.stderr) == ("ValueError" in ending)
    assert "quoted" not in ended.stderr, "an exception's text may be about a patient"
    assert ("a sentence" in ended.stderr) == ("a sentence" in ending)
