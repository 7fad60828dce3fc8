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

from benchmarks.kit import bare, desk, listening, sql
from store.tables_ledger import FOR_EVER

COUNT = 200_000
TURNS = 15
SENT = ("sent", "delivered", "failed")
NOW = datetime(2027, 3, 2, 15, 0, tzinfo=UTC)
YEARS = timedelta(days=730)
#: Columns of the ledger that are never empty, and counts nobody asks about here.
NONE = (
    *(
        "missed_evaluations",
        "visits",
        "missed_visits",
        "certified",
        "thanks_unwanted",
        "reports",
        "prompt_reports",
    ),
    *(f"{name}_{what}" for name in ("texts", "faxes", "mails") for what in SENT),
    "replied",
)


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
                *(sql(at) for at in (came, came + timedelta(days=1), came + timedelta(hours=30))),
                sql(tried),
                sql(tried + timedelta(hours=3)) if dice.random() < 0.8 else None,
                dice.choice(["received", "contacting", "scheduled"]) if still else "closed",
                None if still else "completed",
                sql(NOW + timedelta(hours=dice.randrange(-48, 48))) if still else None,
            )
        )
    database = sqlite3.connect(path)
    database.execute(
        "INSERT INTO patients (id, org, identity, person, given_name, family_name, born, language,"
        " may_text, phone_by_friend, may_email, created_at)"
        " VALUES ('pat_1','riverside','i','p','Casey','Example','1980-01-01','en',1,0,0,?)",
        (sql(NOW),),
    )
    database.execute(
        "INSERT INTO sources (id, org, identity, kind, name, prefers, verified, key_source,"
        " created_at) VALUES ('src_1','riverside','i','provider','Dr. Sample','fax',1,0,?)",
        (sql(NOW),),
    )
    database.executemany(
        "INSERT INTO referrals (id, org, patient_id, source_id, urgency, rules, policy_version,"
        " recorded_at, certification, open_tasks, attempts, holds, confirmed, version, clinic_id,"
        " received_at, contact_within, contact_by, attempted_at, reached_at, stage, closed_reason,"
        " next_at) VALUES (?,'riverside','pat_1','src_1','routine','{}','1','2027-01-01 00:00:00',"
        "'needs_signature',0,1,'[]',1,'', ?,?,?,?,?,?,?,?,?)",
        told,
    )
    database.execute(
        f"INSERT INTO ledger (org, referral_id, known_from, known_until, clinic_id, counted,"
        " source_id, source_kind, stage, received_at, received_on, received_month, contact_within,"
        f" contact_by, attempted_at, reached_at, closed_reason, {', '.join(NONE)})"
        " SELECT org, id, received_at, ?, clinic_id, 'referral', source_id, 'provider', stage,"
        " received_at, substr(received_at, 1, 10), substr(received_at, 1, 7), contact_within,"
        f" contact_by, attempted_at, reached_at, closed_reason, {', '.join('0' for _ in NONE)}"
        " FROM referrals",
        (sql(FOR_EVER),),
    )
    database.commit()
    database.close()


async def measure(folder: Path) -> None:
    """Seed, serve, and compare."""
    async with desk(folder, seed, "drew", NOW) as (http, store, path):
        with listening(store, "sum(", "tasks.role") as asked:
            (await http.get("/today")).raise_for_status()
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


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(measure(Path(place)))
