"""Two processes that do the same thing at the same instant, one item after another.

``both`` has two processes crank messages or dispatch inbox rows. Before each item they wait for
each other at a gate of files, so that they collide on every one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from activities.intake import Intake
from activities.loop import Loop
from engine.client import connect, run_and_exit
from engine.codec import KeyRing
from models.contracts import SendInput
from models.errors import Conflict
from models.kinds import Kind
from store.engine import Store, open_store
from tests.activities.office import CLINIC, ORG
from tests.outages.crew import FORKED, Cue, now, post_office, tenants, write_to

PATIENCE = 60.0
NAMES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


class Twin(BaseModel):
    """One of two, what both do, and to which items."""

    name: Literal["left", "right"]
    what: Literal["crank", "dispatch"]
    items: tuple[str, ...]
    cue: Cue


def meet(gate: Path, name: str) -> None:
    """Wait here until the other one has come as well."""
    gate.mkdir(exist_ok=True)
    (gate / name).touch()
    other = gate / ("right" if name == "left" else "left")
    end = time.monotonic() + PATIENCE
    while not other.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{gate.name}: the other one never came")
        time.sleep(0.0005)


def crank(twin: Twin, store: Store) -> Counter[str]:
    """One turn for each referral's thank-you; what each came to."""
    post = post_office(twin.cue, store)
    ends: Counter[str] = Counter()
    for item in twin.items:
        given = SendInput(
            org=ORG,
            clinic_id=CLINIC,
            referral_id=item,
            kind=Kind.THANK_YOU,
            to="source",
            occasion="1",
        )
        meet(twin.cue.folder / f"gate-{item}", twin.name)
        try:
            post.turn(given, now())
            ends["answered"] += 1
        except Conflict as error:
            ends[error.code] += 1
    return ends


async def dispatch(twin: Twin, store: Store) -> Counter[str]:
    """Each row, as a web process does it right after it has answered."""
    cue = twin.cue
    client = await connect(cue.address, cue.namespace, keyring=KeyRing.parse(cue.keys))
    intake = Intake(store, Loop(client, cue.queue), tenants(), now)
    for item in twin.items:
        await asyncio.to_thread(meet, cue.folder / f"gate-{item}", twin.name)
        await intake.dispatch(item)
    return Counter(dispatched=len(twin.items))


def both(what: Literal["crank", "dispatch"], items: Sequence[str], cue: Cue) -> Counter[str]:
    """Run the twins to their end; what their items came to, together."""
    twins = [Twin(name=name, what=what, items=tuple(items), cue=cue) for name in NAMES]
    running = [FORKED.Process(target=_live, args=(twin.model_dump_json(),)) for twin in twins]
    for process in running:
        process.start()
    for process in running:
        process.join(180)
        process.kill()
    for twin, process in zip(twins, running, strict=True):
        assert process.exitcode == 0, (cue.folder / f"{twin.name}.log").read_text()[-3000:]
    done = [json.loads((cue.folder / f"{name}.json").read_text()) for name in NAMES]
    return sum(map(Counter, done), Counter[str]())


def _live(told: str) -> None:
    twin = Twin.model_validate_json(told)
    write_to(twin.cue.folder / f"{twin.name}.log")
    run_and_exit(_main(twin))


async def _main(twin: Twin) -> int:
    """Do it, and leave what came of it."""
    store = open_store(twin.cue.store)
    done = crank(twin, store) if twin.what == "crank" else await dispatch(twin, store)
    (twin.cue.folder / f"{twin.name}.json").write_text(json.dumps(done))
    return 0
