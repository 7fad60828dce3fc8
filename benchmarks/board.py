"""The board with 2,000 open cards: ``python -m benchmarks.board``.

Prints how long the server takes for the page, and for its own look for news, as a ratio to the bare
queries; how many queries that is; and what the page weighs, plain and compressed. Times are the
median of several turns, taken one after the other.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from benchmarks.kit import bare, desk, listening, sql
from web.desk.door import COOKIE, csrf_of

COUNT = 2_000
TURNS = 15
NOW = datetime(2027, 3, 2, 15, 0, tzinfo=UTC)
STAGES = ("received", "contacting", "scheduled", "intake", "evaluated", "in_care", "discharging")


def seed(path: Path) -> None:
    """Open referrals of as many patients at both clinics, one in ten with a task for the desk."""
    dice = random.Random(1)
    database = sqlite3.connect(path)
    database.execute(
        "INSERT INTO sources (id, org, identity, kind, name, prefers, verified, key_source,"
        " created_at) VALUES ('src_1','riverside','i','provider','Dr. Sample','fax',1,0,?)",
        (sql(NOW),),
    )
    for number in range(COUNT):
        ref, patient = f"ref_{number:08d}", f"pat_{number:08d}"
        came = NOW - timedelta(hours=number)
        due = NOW + timedelta(hours=dice.randrange(-48, 200))
        clinic = dice.choice(["east", "west"])
        database.execute(
            "INSERT INTO patients (id, org, identity, person, given_name, family_name, born,"
            " language, may_text, phone_by_friend, may_email, created_at)"
            " VALUES (?,'riverside',?,?,'Casey',?,'1980-01-01','en',1,0,0,?)",
            (patient, patient, patient, f"Example-{number}", sql(came)),
        )
        database.execute(
            "INSERT INTO referrals (id, org, patient_id, source_id, urgency, rules, policy_version,"
            " recorded_at, certification, open_tasks, attempts, holds, confirmed, version,"
            " clinic_id, received_at, last_touch_at, stage, payer, next_at, next_key, next_says)"
            " VALUES (?,'riverside',?,'src_1','routine','{}','1',?,'needs_signature',0,2,'[]',1,'',"
            " ?,?,?,?,'medicare_part_b',?,'k','Call the patient to book the evaluation')",
            (
                *(ref, patient, sql(came), clinic, sql(came), sql(came)),
                *(dice.choice(STAGES), sql(due)),
            ),
        )
        if number % 10 == 0:
            database.execute(
                "INSERT INTO tasks (id, org, clinic_id, subject, referral_id, key, kind, role, due,"
                " says, state, opened_at) VALUES (?,'riverside',?,?,?,'call_patient:1',"
                "'call_patient','lead',?,'Call the patient','open',?)",
                (f"tsk_{number}", clinic, ref, ref, sql(due), sql(came)),
            )
    database.commit()
    database.close()


async def timed(ask: Callable[[], Awaitable[httpx.Response]], expected: int) -> float:
    """Seconds for one answer."""
    started = time.perf_counter()
    answer = await ask()
    took = time.perf_counter() - started
    assert answer.status_code == expected, answer.status_code
    return took


async def measure(folder: Path) -> None:
    """Seed, serve, and compare."""
    async with desk(folder, seed, "lee", NOW) as (http, store, path):
        with listening(store, "row_number()") as asked:
            first = await http.get("/board")
        first.raise_for_status()
        have = re.search(r'data-have="(\w+)"', first.text)
        assert have
        told = {"csrf": csrf_of(http.cookies[COOKIE]), "have": have[1]}
        pages, polls, queries = [], [], []
        for _ in range(TURNS):
            queries.append(bare(path, asked))
            pages.append(await timed(lambda: http.get("/board"), 200))
            polls.append(await timed(lambda: http.post("/board/cards", data=told), 204))
    page, poll, query = (statistics.median(one) for one in (pages, polls, queries))
    shown = first.text.count("<article")
    sys.stdout.write(
        f"{COUNT:,} open cards, {shown} on the page: page {page * 1000:.1f} ms, a look for news "
        f"{poll * 1000:.1f} ms, the {len(asked)} bare queries {query * 1000:.1f} ms; ratios "
        f"{page / query:.2f} and {poll / query:.2f}; {len(first.content) / 1024:.0f} KiB, "
        f"{len(gzip.compress(first.content)) / 1024:.0f} KiB compressed\n"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(measure(Path(place)))
