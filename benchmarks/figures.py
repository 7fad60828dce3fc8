"""The director's page over 200,000 referrals: ``python -m benchmarks.figures``.

Prints how long the server takes for the page as a ratio to its bare queries, and what the page
weighs. Both are the median of several turns, taken one after the other.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
import sys
import tempfile
import time
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
from store.engine import open_store
from web.app import create_app

COUNT = 200_000
TURNS = 15
NOW = datetime(2027, 3, 2, 15, 0, tzinfo=UTC)
YEARS = timedelta(days=730)


def seed(path: Path) -> None:
    """Two years of referrals of one patient and one source, one in forty of them still open."""
    dice = random.Random(1)
    told = []
    for number in range(COUNT):
        came = NOW - YEARS * (number / COUNT)
        still = number < COUNT // 40
        tried = came + timedelta(minutes=dice.randrange(5, 60 * 40))
        told.append(
            (
                f"ref_{number:08d}",
                dice.choice(["east", "west"]),
                *(_sql(at) for at in (came, came + timedelta(days=1), came + timedelta(hours=30))),
                _sql(tried),
                _sql(tried + timedelta(hours=3)) if dice.random() < 0.8 else None,
                dice.choice(["received", "contacting", "scheduled"]) if still else "closed",
                None if still else "completed",
                _sql(NOW + timedelta(hours=dice.randrange(-48, 48))) if still else None,
            )
        )
    database = sqlite3.connect(path)
    database.execute(
        "INSERT INTO patients (id, org, identity, person, given_name, family_name, born, language,"
        " may_text, phone_by_friend, may_email, created_at)"
        " VALUES ('pat_1','riverside','i','p','Casey','Example','1980-01-01','en',1,0,0,?)",
        (_sql(NOW),),
    )
    database.execute(
        "INSERT INTO sources (id, org, identity, kind, name, prefers, verified, key_source,"
        " created_at) VALUES ('src_1','riverside','i','provider','Dr. Sample','fax',1,0,?)",
        (_sql(NOW),),
    )
    database.executemany(
        "INSERT INTO referrals (id, org, patient_id, source_id, urgency, rules, policy_version,"
        " recorded_at, certification, open_tasks, attempts, holds, confirmed, version, clinic_id,"
        " received_at, contact_within, contact_by, attempted_at, reached_at, stage, closed_reason,"
        " next_at) VALUES (?,'riverside','pat_1','src_1','routine','{}','1','2027-01-01 00:00:00',"
        "'needs_signature',0,1,'[]',1,'', ?,?,?,?,?,?,?,?,?)",
        told,
    )
    database.commit()
    database.close()


def bare(path: Path, asked: list[tuple[str, Any]]) -> float:
    """Seconds for the page's own counts, asked of SQLite directly."""
    database = sqlite3.connect(path)
    started = time.perf_counter()
    for statement, values in asked:
        database.execute(statement, values).fetchall()
    took = time.perf_counter() - started
    database.close()
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
        who = {"email": "drew@example.org", "password": EXAMPLE_PASSWORD, "nonce": nonce}
        await http.post("/sign-in", data=who)
        asked: list[tuple[str, Any]] = []

        def heard(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
            if "sum(" in statement or "tasks.role" in statement:
                asked.append((statement, values))

        event.listen(store.engine, "before_cursor_execute", heard)
        (await http.get("/today")).raise_for_status()
        event.remove(store.engine, "before_cursor_execute", heard)
        pages, queries = [], []
        for _ in range(TURNS):
            queries.append(bare(path, asked))
            started = time.perf_counter()
            answer = await http.get("/today")
            pages.append(time.perf_counter() - started)
            answer.raise_for_status()
    page, query = statistics.median(pages), statistics.median(queries)
    sys.stdout.write(
        f"{COUNT:,} referrals: page {page * 1000:.1f} ms, its {len(asked)} bare queries "
        f"{query * 1000:.1f} ms, ratio {page / query:.2f}; {len(answer.content) / 1024:.1f} KiB\n"
    )
    store.close()


def _sql(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(measure(Path(place)))
