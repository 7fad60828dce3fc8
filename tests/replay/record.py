"""Records the histories that every later version must replay: ``python -m tests.replay.record``.

Add a life when the workflow learns something new, under a new name. A recorded history is never
made again and never deleted to let a test pass: it stands for referrals that are running at a
clinic. Existing files are left alone, so recording twice changes nothing.

Payloads are encrypted with the key in ``key.txt``: it protects nothing, it only opens these files.
"""

from __future__ import annotations

import gzip
import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client, WorkflowHandle

from engine.client import connect, run_and_exit
from engine.codec import KeyRing
from engine.server import find_or_start
from models.ids import referral_workflow_id, source_workflow_id
from tests.lives import LIVES, monday, received, rules
from tests.theater import Theater, on_stage

HERE = Path(__file__).parent
HISTORIES = HERE / "histories"
KEY = HERE / "key.txt"
PAGED = "easy"  # this life is also recorded with a page turned in the middle


def keyring() -> KeyRing:
    """The key of the recorded histories."""
    return KeyRing.parse(KEY.read_text().strip())


async def record(client: Client, wanted: Sequence[str]) -> list[Path]:
    """Play the lives that have no file yet and write what the engine kept of them."""
    start = monday()
    lives = {name: life for name, life in LIVES.items() if not wanted or name in wanted}
    async with on_stage(client, start) as theater:
        for name in lives:
            await theater.begin(f"ref_{name}", received(start), rules())
        await theater.begin("ref_paged", received(start), rules())
        theater.fakes.heard["src_1"] = start
        await theater.begin_source("src_1")
        script = [
            (fact.as_of, f"ref_{name}", fact)
            for name, life in {**lives, "paged": LIVES[PAGED]}.items()
            for fact in life(start)
        ]
        turn = start + timedelta(days=20)
        await theater.play([line for line in script if line[0] <= turn], turn)
        await theater.signal("ref_paged", "turn_the_page")
        theater.fakes.heard["src_1"] = theater.skipper.now
        watch = theater.client.get_workflow_handle(source_workflow_id(theater.org, "src_1"))
        await watch.signal("referral_received", theater.skipper.now)
        await theater.play([line for line in script if line[0] > turn], start + timedelta(days=130))
        written = []
        for name in (*lives, "paged"):
            workflow_id = referral_workflow_id(theater.org, f"ref_{name}")
            written += await _write(theater, workflow_id, name)
        return written + await _write(theater, source_workflow_id(theater.org, "src_1"), "source")


async def _write(theater: Theater, workflow_id: str, name: str) -> list[Path]:
    written = []
    newest = await theater.client.get_workflow_handle(workflow_id).fetch_history()
    run = newest.events[0].workflow_execution_started_event_attributes.first_execution_run_id
    page = 0
    while run:
        page += 1
        handle: WorkflowHandle[object, object] = theater.client.get_workflow_handle(
            workflow_id, run_id=run
        )
        history = await handle.fetch_history()
        path = HISTORIES / f"{name}-{page}.json.gz"
        if not path.exists():
            path.write_bytes(gzip.compress(nameless(history.to_json()).encode(), mtime=0))
            written.append(path)
        end = history.events[-1]
        run = end.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return written


def nameless(history: str) -> str:
    """A history without the process and the machine that made it."""
    return re.sub(r'("identity": )"[^"]*"', r'\1"recorder"', history)


async def main(wanted: Sequence[str]) -> int:
    """Record on a server of our own."""
    with tempfile.TemporaryDirectory() as folder:
        engine = await find_or_start(
            data_dir=Path(folder), namespace="replay", ui=False, say=sys.stderr.write
        )
        try:
            client = await connect(engine.address, engine.namespace, keyring=keyring())
            for path in await record(client, wanted):
                sys.stderr.write(f"recorded {path.name}\n")
        finally:
            await engine.stop()
    return 0


if __name__ == "__main__":
    run_and_exit(main(sys.argv[1:]))
