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
from typing import Any

import httpx
from sqlalchemy import event

from activities.intake import Intake
from activities.loop import Loop
from activities.tenants import Tenants
from cli.serving import serve
from models.policy_file import load as load_policy
from settings import EXAMPLE_PASSWORD, load
from store import schema
from store.engine import Store, open_store
from web.app import create_app
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
        (_sql(NOW),),
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
            (patient, patient, patient, f"Example-{number}", _sql(came)),
        )
        database.execute(
            "INSERT INTO referrals (id, org, patient_id, source_id, urgency, rules, policy_version,"
            " recorded_at, certification, open_tasks, attempts, holds, confirmed, version,"
            " clinic_id, received_at, last_touch_at, stage, payer, next_at, next_key, next_says)"
            " VALUES (?,'riverside',?,'src_1','routine','{}','1',?,'needs_signature',0,2,'[]',1,'',"
            " ?,?,?,?,'medicare_part_b',?,'k','Call the patient to book the evaluation')",
            (
                *(ref, patient, _sql(came), clinic, _sql(came), _sql(came)),
                *(dice.choice(STAGES), _sql(due)),
            ),
        )
        if number % 10 == 0:
            database.execute(
                "INSERT INTO tasks (id, org, clinic_id, subject, referral_id, key, kind, role, due,"
                " says, state, opened_at) VALUES (?,'riverside',?,?,?,'call_patient:1',"
                "'call_patient','lead',?,'Call the patient','open',?)",
                (f"tsk_{number}", clinic, ref, ref, _sql(due), _sql(came)),
            )
    database.commit()
    database.close()


def bare(path: Path, asked: list[tuple[str, Any]]) -> float:
    """Seconds for the board's own queries, asked of SQLite directly."""
    database = sqlite3.connect(path)
    started = time.perf_counter()
    for statement, values in asked:
        database.execute(statement, values).fetchall()
    took = time.perf_counter() - started
    database.close()
    return took


def listened(store: Store) -> tuple[list[tuple[str, Any]], Callable[[], None]]:
    """What is asked of the cards from now on, and how to stop listening."""
    asked: list[tuple[str, Any]] = []

    def heard(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if "row_number()" in statement:
            asked.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", heard)
    return asked, lambda: event.remove(store.engine, "before_cursor_execute", heard)


async def timed(ask: Callable[[], Awaitable[httpx.Response]], expected: int) -> float:
    """Seconds for one answer."""
    started = time.perf_counter()
    answer = await ask()
    took = time.perf_counter() - started
    assert answer.status_code == expected, answer.status_code
    return took


async def measure(folder: Path) -> None:
    """Seed, serve, and compare."""
    settings = load(_env_file=None, data_dir=folder)
    path = folder / "referral-loop.db"
    store = open_store(settings.database_url)
    schema.bring_up(store)
    seed(path)
    tenants = Tenants([load_policy(one) for one in settings.policy_files])
    app = create_app(settings, Intake(store, Loop(), tenants, lambda: NOW), store, lambda: NOW)
    async with (
        serve(app, settings, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http,
    ):
        form = await http.get("/sign-in")
        nonce = form.text.partition('name="nonce" value="')[2].partition('"')[0]
        who = {"email": "lee@example.org", "password": EXAMPLE_PASSWORD, "nonce": nonce}
        await http.post("/sign-in", data=who)
        asked, stop = listened(store)
        first = await http.get("/board")
        stop()
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
    store.close()


def _sql(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(measure(Path(place)))
