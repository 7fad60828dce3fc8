"""A step is added while a hundred referrals are open, by the lesson and the operator's command."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from engine.codec import KeyRing
from engine.server import Engine
from tests.lesson import ROOT, apply, blocks, copy_to, keys_of
from tests.lives import LIVES, monday, received, rules
from tests.release import NEW_STEP
from tests.theater import Theater, on_stage

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

DAYS = 20  # into their lives, when the release comes
KINDS = ("easy", "missed", "never_signed", "changed", "stopped")  # open on that day


async def test_a_hundred_open_referrals_take_up_a_new_step(
    client: Client, engine: Engine, keyring: KeyRing, tmp_path: Path
) -> None:
    start, names = monday(), _names(100)
    async with on_stage(client, start) as theater:
        now = await _live(theater, start, names)
        sent = {one: theater.fakes.messages(one) for one in names}
        await theater.drop_curtain()
        async with _next_release(theater, engine, keyring, tmp_path, names, now) as child:
            new = await _seen(child)
    assert new["open_before"] == 100
    asked_early = [one for one, tasks in new["asked_before_the_turn"].items() if NEW_STEP in tasks]
    assert asked_early == []  # who began on the old release keeps to its tracks
    assert len(new["in_care"]) >= 80
    _all_turned(new, 100)
    for one in names:
        assert not sent[one].keys() & new["sent"][one].keys(), "sent again by the new release"


async def test_two_releases_beside_each_other_lose_and_double_nothing(
    client: Client, engine: Engine, keyring: KeyRing, tmp_path: Path
) -> None:
    start, old, born = monday(), _names(5), [f"ref-born-{n}" for n in range(5)]
    # Nothing is kept in memory, so every task of a referral may meet either release.
    async with on_stage(client, start, cache=0) as theater:
        now = await _live(theater, start, old)
        before = {one: theater.fakes.messages(one) for one in old}
        async with _next_release(
            theater, engine, keyring, tmp_path, old, now, born=born, cache=0
        ) as child:
            assert await _line(child) == "beside"
            await theater.drop_curtain()
            new = await _seen(child, "go on")
        both = {one: theater.fakes.messages(one) for one in [*old, *born]}
    _all_turned(new, 10)
    assert set(born) <= set(new["in_care"])
    for one in [*old, *born]:
        assert not both[one].keys() & new["sent"][one].keys(), "sent by both releases"
        assert all(times == 1 for times in both[one].values())
    assert all(before[one].items() <= both[one].items() for one in old)


def _all_turned(new: dict[str, Any], many: int) -> None:
    """Everybody moved, the new step asks once, nothing failed and nothing went twice."""
    assert (new["exit"], len(new["command"]["turned"])) == (0, many)
    assert new["command"]["waiting"] == []
    for one in new["in_care"]:
        assert new["asked"][one].count(NEW_STEP) == 1, one
    assert all(times == 1 for sent in new["sent"].values() for times in sent.values())
    assert new["broken"] == []


def _names(many: int) -> list[str]:
    return [f"ref-{KINDS[n % len(KINDS)].replace('_', '-')}-{n:03d}" for n in range(many)]


async def _live(theater: Theater, start: datetime, names: list[str]) -> datetime:
    """Bring lives to the middle; answers the virtual time."""
    now = start + timedelta(days=DAYS)
    script = []
    for name in names:
        kind = name.removeprefix("ref-").rpartition("-")[0].replace("-", "_")
        await theater.begin(name, received(start), rules())
        script += [(fact.as_of, name, fact) for fact in LIVES[kind](start) if fact.as_of < now]
    await theater.play(script, now)
    return now


@asynccontextmanager
async def _next_release(
    theater: Theater,
    engine: Engine,
    keyring: KeyRing,
    copy: Path,
    names: list[str],
    now: datetime,
    *,
    born: Sequence[str] = (),
    cache: int = 1000,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process on a copy with the lesson applied, whose worker goes on with everybody."""
    copy_to(copy)
    for block in blocks():
        apply(block, copy)
    given = {
        "root": str(ROOT),
        "org": theater.org,
        "referrals": names,
        "born": list(born),
        "beside": bool(born),
        "cache": cache,
        "rules": rules().model_dump(mode="json"),
        "now": now.isoformat(),
    }
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(copy),
        "TEMPORAL_ADDRESS": engine.address,
        "TEMPORAL_NAMESPACE": engine.namespace,
        "REFERRAL_LOOP_CODEC_KEYS": keys_of(keyring),
    }
    with (copy / "stderr").open("wb") as trouble:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.release"),
            cwd=copy,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=trouble,
            limit=2**24,
        )
    assert child.stdin is not None
    child.stdin.write(json.dumps(given).encode() + b"\n")
    try:
        yield child
    except AssertionError:
        child.kill()
        await child.wait()
        raise AssertionError((copy / "stderr").read_text()[-3000:]) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def _line(child: asyncio.subprocess.Process) -> str:
    assert child.stdout is not None
    async with asyncio.timeout(200):
        line = (await child.stdout.readline()).decode().strip()
    assert line, "the new release ended without a word"
    return line


async def _seen(child: asyncio.subprocess.Process, say: str = "") -> dict[str, Any]:
    """What the new release saw, once told to go on."""
    assert child.stdin is not None
    child.stdin.write(say.encode() + b"\n")
    seen: dict[str, Any] = json.loads(await _line(child))
    return seen
