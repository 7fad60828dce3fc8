"""The release after this one: a worker on another copy of the code takes open referrals over.

``python -m tests.release`` runs in the copy to which the lesson was applied, so ``workflows`` is
the new code. It reads one line of JSON, plays, and writes what it saw as one line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import datetime, timedelta
from typing import Any

from engine.client import connect, run_and_exit
from engine.codec import KeyRing
from models.ids import referral_workflow_id
from models.policy import Rules
from models.referral import Referral
from models.tasks import TaskKind, kind_of
from tests.lives import evaluated, received
from tests.theater import Theater

NEW_STEP = "call_caregiver:1"


async def main() -> None:
    """Go on with the referrals as they are, turn their pages by the operator's command, go on."""
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    keyring = KeyRing.parse(os.environ["REFERRAL_LOOP_CODEC_KEYS"])
    client = await connect(
        os.environ["TEMPORAL_ADDRESS"], os.environ["TEMPORAL_NAMESPACE"], keyring=keyring
    )
    now = datetime.fromisoformat(given["now"])
    theater = Theater(client, now, given["cache"], None)
    theater.queue = theater.org = given["org"]
    theater.ids = [referral_workflow_id(theater.org, one) for one in given["referrals"]]
    rules = Rules.model_validate(given["rules"])
    await theater.raise_curtain()
    for one in given["born"]:  # on the release of whoever takes their first task
        await theater.begin(one, received(now), rules, *evaluated(now, day=0))
    await theater.advance(now + timedelta(days=2))
    names = [*given["referrals"], *given["born"]]
    before = {one: theater.fakes.task_keys(one) for one in names}
    open_before = await theater.open_at_end()
    if given["beside"]:
        sys.stdout.write("beside\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)  # until the old workers are stopped
    command = await asyncio.create_subprocess_exec(
        sys.executable,
        *("starter.py", "turn-the-page", "--all", "--org", theater.org, "--json"),
        cwd=given["root"],
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await command.communicate()
    await theater.advance(now + timedelta(days=9))
    still = [one.rsplit("/", 1)[1] for one in await theater.open_at_end()]
    facts = {one: await theater.known(one) for one in still}
    await theater.drop_curtain()
    seen = {
        "open_before": len(open_before),
        "asked_before_the_turn": before,
        "command": json.loads(told),
        "exit": command.returncode,
        "asked": {one: theater.fakes.task_keys(one) for one in names},
        "sent": {one: theater.fakes.messages(one) for one in names},
        "in_care": [one for one, r in facts.items() if r.evaluated() and not r.discharged()],
        "broken": [one for one, r in facts.items() if _failed(r)],
    }
    sys.stdout.write(json.dumps(seen) + "\n")


def _failed(r: Referral) -> bool:
    return any(kind_of(one.task) is TaskKind.STEP_FAILED for one in r.open_tasks())


if __name__ == "__main__":
    run_and_exit(main())
