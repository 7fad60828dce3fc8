"""The monthly report over a million referrals: ``python -m benchmarks.report [sqlite|postgres]``.

Prints how long the report of all 20 clinics takes, put together and written as PDF, page and
spreadsheet, as a ratio to its bare queries on the same database; and the most memory that Python
held meanwhile, over a tenth of the referrals and over all of them.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

from activities.monthly import Monthly
from benchmarks.kit import Asked, listening
from models.monthly import ALL_CLINICS
from reports import forms
from store.engine import Store
from store.tables import LedgerRow, LedgerScoreRow, ReferralRow
from tests.databases import postgres_store, sqlite_store
from tests.truth.year import ORG, fill, tenants, year

COUNT = 1_000_000
MADE = 50_000  # made up one by one; the others are these again
TURNS = 3
NOW = datetime(2026, 12, 2, 15, 0, tzinfo=UTC)
MONTH = "2026-11"


def seed(store: Store, count: int) -> None:
    """So many referrals: the first ones made up, then the same again under other ids."""
    fill(store, year(min(count, MADE)))
    for copy in range(1, count // MADE):
        with store.write() as session:
            for table, names in (
                (ReferralRow, ("id",)),
                (LedgerRow, ("referral_id",)),
                (LedgerScoreRow, ("referral_id",)),
            ):
                columns = [c.name for c in table.metadata.tables[table.__tablename__].columns]
                columns = [one for one in columns if not (one == "id" and table is not ReferralRow)]
                told = ", ".join(f"{c} || '_{copy}'" if c in names else c for c in columns)
                original = f"{names[0]} NOT LIKE '%!_%!_%' ESCAPE '!'"
                session.connection().execute(
                    text(
                        f"INSERT INTO {table.__tablename__} ({', '.join(columns)})"
                        f" SELECT {told} FROM {table.__tablename__} WHERE {original}"
                    )
                )
    with store.write() as session:
        session.connection().execute(text("ANALYZE"))


def bare(store: Store, asked: Asked) -> float:
    """Seconds for the report's own queries, asked of the driver directly."""
    with _driver(store) as run:
        started = time.perf_counter()
        for statement, values in asked:
            run(statement, values)
        return time.perf_counter() - started


@contextmanager
def _driver(store: Store) -> Iterator[Callable[[str, Any], object]]:
    url = store.engine.url
    if store.dialect == "sqlite":
        database = sqlite3.connect(str(url.database))
        yield lambda statement, values: database.execute(statement, values).fetchall()
        database.close()
        return
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        yield lambda statement, values: connection.execute(statement, values).fetchall()


def measure(store: Store, folder: Path) -> None:
    """Seed a tenth, then everything; print the ratio and the memory."""
    monthly = Monthly(store, tenants())

    def report() -> Any:
        return monthly.report(ORG, ALL_CLINICS, MONTH, now=NOW)

    seed(store, COUNT // 10)
    little = peak(report)
    with store.write() as session:
        for table in (LedgerScoreRow, LedgerRow, ReferralRow):
            session.connection().execute(text(f"DELETE FROM {table.__tablename__}"))
        for name in ("sources", "patients"):
            session.connection().execute(text(f"DELETE FROM {name}"))
    seed(store, COUNT)
    with listening(store, "ledger", "source_") as asked:
        told = report()
    put_together, queries, drawn = [], [], []
    for _ in range(TURNS):
        queries.append(bare(store, asked))
        started = time.perf_counter()
        told = report()
        put_together.append(time.perf_counter() - started)
        started = time.perf_counter()
        forms.write(told, folder)
        drawn.append(time.perf_counter() - started)
    much = peak(report)
    took, query = statistics.median(put_together), statistics.median(queries)
    sys.stdout.write(
        f"{store.dialect}, {COUNT:,} referrals: {took:.1f} s, its {len(asked)} bare queries "
        f"{query:.1f} s, ratio {took / query:.2f}; PDF, page, spreadsheet and the rest "
        f"{statistics.median(drawn):.1f} s; at most {little / 2**20:.1f} MiB over "
        f"{COUNT // 10:,}, {much / 2**20:.1f} MiB over {COUNT:,}\n"
    )


def peak(work: Callable[[], object]) -> int:
    """The most bytes Python held while it worked."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
        opened = sqlite_store(Path(place)) if kind == "sqlite" else postgres_store()
        with opened as made:
            measure(made, Path(place) / "report")
