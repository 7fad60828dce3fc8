"""Two processes that do the same thing at the same instant, one item after another.

``python -m tests.outages.twins <Twin as JSON>`` cranks messages or dispatches inbox rows. Before
each item both wait for each other at a gate of files, so that they collide on every one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
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
from tests.outages.crew import Cue, now, post_office, tenants

PATIENCE = 60.0


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


async def main(twin: Twin) -> int:
    """Do it, and print what came of it."""
    store = open_store(twin.cue.store)
    done = crank(twin, store) if twin.what == "crank" else await dispatch(twin, store)
    sys.stdout.write(" ".join(f"{how}={times}" for how, times in sorted(done.items())))
    return 0


if __name__ == "__main__":
    run_and_exit(main(Twin.model_validate_json(sys.argv[1])))
