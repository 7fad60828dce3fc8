"""Records the histories that every later version must replay: ``python -m tests.replay.record``.

Those of the lives in tests/lives.py, and those of every scenario (tests/scenarios), played in
order. Add a life or a case when the workflow learns something new, under a new name. A recorded
history is never made again and never deleted to let a test pass: it stands for referrals that are
running at a clinic. Existing files are left alone, so recording twice changes nothing. Names, such
as ``easy`` or ``scenario-patient_dies``, record only those.

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
from temporalio.service import RPCError, RPCStatusCode

from cli.workplace import wall_clock
from engine.client import connect, run_and_exit
from engine.codec import KeyRing
from engine.server import find_or_start
from models.ids import fax_workflow_id, referral_workflow_id, source_workflow_id
from tests.faxing import Room, through
from tests.lives import LIVES, monday, received, rules
from tests.scenarios.kit.cases import names, scenario
from tests.scenarios.kit.scene import House, in_order, play
from tests.theater import on_stage

HERE = Path(__file__).parent
HISTORIES = HERE / "histories"
KEY = HERE / "key.txt"
SCENARIO = "scenario-"
FEW = 3  # referrals of one scenario: what a fourth does, one of the others has done
FAXES = ("fax", "fax_unread")
PAGED = "easy"  # this life is also recorded with a page turned in the middle


def keyring() -> KeyRing:
    """The key of the recorded histories."""
    return KeyRing.parse(KEY.read_text().strip())


def unrecorded() -> list[str]:
    """The scenarios that have no recorded history yet."""
    return [name for name in names() if not list(HISTORIES.glob(f"{SCENARIO}{name}-*.json.gz"))]


async def record_scenarios(client: Client, wanted: Sequence[str], folder: Path) -> list[Path]:
    """Play the scenarios that have no file yet; the pages of their first referrals."""
    written: list[Path] = []
    house = House(client, folder)
    for name in unrecorded():
        if wanted and f"{SCENARIO}{name}" not in wanted:
            continue
        case = scenario(name).told(wall_clock().date())
        async with house.stage(case, f"replay-{name.replace('_', '-')}"[:60]) as stage:
            played = await play(stage, case, in_order(case))
            if played.wrong:
                raise SystemExit(f"{name} is not as it says, so it is not recorded.")
            pages = 0
            for referral_id in list(dict.fromkeys(stage.referral_ids.values()))[:FEW]:
                workflow_id = referral_workflow_id(stage.org, referral_id)
                pages += await _write(client, workflow_id, f"{SCENARIO}{name}", pages, written)
    return written


async def record_lives(client: Client, wanted: Sequence[str]) -> list[Path]:
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
        written: list[Path] = []
        for name in (*lives, "paged"):
            workflow_id = referral_workflow_id(theater.org, f"ref_{name}")
            await _write(theater.client, workflow_id, name, 0, written)
        watch_id = source_workflow_id(theater.org, "src_1")
        await _write(theater.client, watch_id, "source", 0, written)
        return written


async def record_faxes(client: Client, wanted: Sequence[str]) -> list[Path]:
    """A fax that was read and one that was not, each until a person has looked."""
    written: list[Path] = []
    for name in FAXES:
        if (wanted and name not in wanted) or (HISTORIES / f"{name}-1.json.gz").exists():
            continue
        room = Room()
        room.unreadable = name == "fax_unread"
        await through(client, room, name)
        await _write(client, fax_workflow_id("riverside", name), name, 0, written)
    return written


async def _write(
    client: Client, workflow_id: str, name: str, page: int, written: list[Path]
) -> int:
    """Write the pages of one workflow, numbered on from ``page``; how many there are.

    A duplicate has no workflow of its own.
    """
    try:
        newest = await client.get_workflow_handle(workflow_id).fetch_history()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return 0
        raise
    run = newest.events[0].workflow_execution_started_event_attributes.first_execution_run_id
    first = page
    while run:
        page += 1
        handle: WorkflowHandle[object, object] = client.get_workflow_handle(workflow_id, run_id=run)
        history = await handle.fetch_history()
        path = HISTORIES / f"{name}-{page}.json.gz"
        if not path.exists():
            path.write_bytes(gzip.compress(nameless(history.to_json()).encode(), mtime=0))
            written.append(path)
        end = history.events[-1]
        run = end.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return page - first


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
            told = [name for name in wanted if not name.startswith(SCENARIO)]
            lives = [name for name in told if name not in FAXES]
            written = await record_lives(client, lives) if lives or not wanted else []
            if not wanted or set(told) & set(FAXES):
                written += await record_faxes(client, told)
            written += await record_scenarios(client, wanted, Path(folder))
            for path in written:
                sys.stderr.write(f"recorded {path.name}\n")
        finally:
            await engine.stop()
    return 0


if __name__ == "__main__":
    run_and_exit(main(sys.argv[1:]))
