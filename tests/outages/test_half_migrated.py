"""A migration is cut off, or a database is put together from halves: all or nothing, and a word.

The migration is a process of its own that dies by SIGKILL right before one of its statements, with
rows of the schema before it on record.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect

from models.errors import StoreUnavailable
from store import schema
from store.engine import Store, migrate, open_store
from tests.databases import postgres_url
from tests.store.world import ORG, a_referral

ROOT = Path(__file__).parents[2]
FIRST = "0001"
PROGRAM = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from store import schema
from store.engine import open_store
left = int(sys.argv[2])
@event.listens_for(Engine, "before_cursor_execute")
def count(connection, cursor, statement, parameters, context, executemany):
    global left
    if statement.lstrip().upper().startswith(("ALTER", "CREATE", "DROP", "UPDATE", "INSERT")):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
schema.bring_up(open_store(sys.argv[1]))
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    if request.param == "sqlite":
        opened = open_store(f"sqlite:///{tmp_path / 'loop.db'}")
        yield opened
        opened.close()
        return
    with postgres_url() as url:
        opened = open_store(url)
        yield opened
        opened.close()


def killed_after(store: Store, statements: int) -> bool:
    """A migration that dies after so many statements; False when it had no more and ended well."""
    url = store.engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url, str(statements)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.returncode == -9


def shape(store: Store) -> dict[str, list[str]]:
    look = inspect(store.engine)
    names = [name for name in look.get_table_names() if name != "alembic_version"]
    return {name: sorted(column["name"] for column in look.get_columns(name)) for name in names}


def refused(store: Store, *, may_migrate: bool = False) -> tuple[str, str]:
    """What a process that starts says of this database: its code and its sentence."""
    with pytest.raises(StoreUnavailable) as told:
        schema.ready(store, may_migrate=may_migrate)
    return told.value.code, told.value.sentence


def test_a_first_migration_killed_on_the_way_has_changed_nothing(store: Store) -> None:
    assert killed_after(store, 8)
    assert shape(store) == {}
    code, says = refused(store)
    assert (code, "starter.py migrate" in says) == ("old_schema", True)
    schema.bring_up(store)  # what the sentence says
    schema.ready(store, may_migrate=False)
    a_referral(store)


def test_an_upgrade_killed_anywhere_has_changed_nothing_and_then_goes_through(store: Store) -> None:
    migrate(store, FIRST)
    row = {"org": ORG, "address": "+15185550143", "since": "2026-03-02 15:00:00", "why": "fax"}
    with store.begin() as connection:
        names, marks = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
        connection.exec_driver_sql(f"INSERT INTO dead_numbers ({names}) VALUES ({marks})")
    before = shape(store)
    deaths = 0
    for statements in (0, 1, 4, 9):
        if not killed_after(store, statements):
            break
        deaths += 1
        assert (schema.current(store), shape(store)) == (FIRST, before)
        code, says = refused(store)
        assert (code, f"has schema {FIRST}" in says) == ("old_schema", True)
    assert deaths >= 3
    assert schema.bring_up(store) in {(FIRST, schema.newest()), (schema.newest(),) * 2}
    schema.ready(store, may_migrate=False)
    with store.begin() as connection:
        kept = connection.exec_driver_sql("SELECT address FROM dead_numbers").scalars().all()
    assert kept == ["+15185550143"]


@pytest.mark.parametrize("may_migrate", [True, False])
@pytest.mark.parametrize(
    ("cut", "lacks"),
    [
        ("DELETE FROM alembic_version", "no schema version"),
        ("DROP TABLE consent", "lacks consent"),
        ("ALTER TABLE inbox DROP COLUMN attempts", "lacks inbox.attempts"),
    ],
)
def test_a_database_of_two_halves_is_refused_with_what_it_lacks(
    store: Store, cut: str, lacks: str, may_migrate: bool
) -> None:
    schema.bring_up(store)
    with store.begin() as connection:
        connection.exec_driver_sql(cut)
    code, says = refused(store, may_migrate=may_migrate)
    assert code == "half_schema"
    assert lacks in says
    assert "Restore a whole backup" in says
    assert "tasks" in shape(store), "nothing was touched"
