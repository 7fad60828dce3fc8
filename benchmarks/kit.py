"""What the benchmarks of pages share: a served desk with somebody signed in, and bare SQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from sqlalchemy import event

from activities.intake import Intake
from activities.loop import Loop
from activities.tenants import Tenants
from cli.serving import serve
from models.policy_file import load as load_policy
from settings import EXAMPLE_PASSWORD, Settings, load
from store import schema
from store.engine import Store, open_store
from web.app import create_app

Asked = list[tuple[str, Any]]


class Desk(NamedTuple):
    """Somebody's browser at a desk over a seeded store."""

    http: httpx.AsyncClient
    store: Store
    path: Path


@asynccontextmanager
async def desk(
    folder: Path, seed: Callable[[Path], None], who: str, now: datetime
) -> AsyncIterator[Desk]:
    """The desk of the example clinic, with its clock standing at *now*."""
    settings = load(_env_file=None, data_dir=folder)
    path = folder / "referral-loop.db"
    store = open_store(settings.database_url)
    schema.bring_up(store)
    seed(path)
    tenants = Tenants([load_policy(one) for one in settings.policy_files])
    async with served(settings, store, tenants, now) as url, signed_in(url, who) as http:
        yield Desk(http, store, path)
    store.close()


@asynccontextmanager
async def served(
    settings: Settings, store: Store, tenants: Tenants, now: datetime
) -> AsyncIterator[str]:
    """The app over a store, with its clock standing at *now*; its address."""
    app = create_app(settings, Intake(store, Loop(), tenants, lambda: now), store, lambda: now)
    async with serve(app, settings, port=0) as url:
        yield url


@asynccontextmanager
async def signed_in(url: str, who: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's browser, through the sign-in page."""
    async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as http:
        form = await http.get("/sign-in")
        nonce = form.text.partition('name="nonce" value="')[2].partition('"')[0]
        told = {"email": f"{who}@example.org", "password": EXAMPLE_PASSWORD, "nonce": nonce}
        await http.post("/sign-in", data=told)
        yield http


@contextmanager
def listening(store: Store, *marks: str) -> Iterator[Asked]:
    """The statements that hold one of these words, as they are asked meanwhile."""
    asked: Asked = []

    def heard(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if any(mark in statement for mark in marks):
            asked.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", heard)
    yield asked
    event.remove(store.engine, "before_cursor_execute", heard)


def bare(path: Path, asked: Asked) -> float:
    """Seconds for a page's own queries, asked of SQLite directly."""
    database = sqlite3.connect(path)
    started = time.perf_counter()
    for statement, values in asked:
        database.execute(statement, values).fetchall()
    took = time.perf_counter() - started
    database.close()
    return took


def sql(at: datetime) -> str:
    """A moment as SQLite keeps it."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")
