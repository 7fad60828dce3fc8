"""A migration is cut off, or a database is put together from halves: all or nothing, and a word.

The migration is a process of its own that dies by SIGKILL right before one of its statements, with
rows of the schema before it on record.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import event, inspect

from models.errors import StoreUnavailable
from store import schema
from store.engine import Store, migrate, open_store
from tests.databases import empty
from tests.outages.crew import FORKED, write_to
from tests.store.world import ORG, a_referral

__all__ = ["empty"]

FIRST = "0001"


@pytest.fixture
def store(empty: Store) -> Store:
    """A database without a single table."""
    return empty


def killed_after(store: Store, statements: int, log: Path) -> bool:
    """A migration that dies after so many statements; False when it had no more and ended well."""
    url = store.engine.url.render_as_string(hide_password=False)
    process = FORKED.Process(target=_migrate, args=(url, statements, log))
    process.start()
    process.join(60)
    assert process.exitcode in {0, -signal.SIGKILL}, log.read_text()
    return process.exitcode == -signal.SIGKILL


def _migrate(url: str, left: int, log: Path) -> None:
    write_to(log)
    still = iter(range(left))

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        changes = ("ALTER", "CREATE", "DROP", "UPDATE", "INSERT")
        if statement.lstrip().upper().startswith(changes) and next(still, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(sqlalchemy.Engine, "before_cursor_execute", count)
    schema.bring_up(open_store(url))


def shape(store: Store) -> dict[str, list[str]]:
    look = inspect(store.engine)
    names = [name for name in look.get_table_names() if name != "alembic_version"]
    return {name: sorted(column["name"] for column in look.get_columns(name)) for name in names}


def refused(store: Store, *, may_migrate: bool = False) -> tuple[str, str]:
    """What a process that starts says of this database: its code and its sentence."""
    with pytest.raises(StoreUnavailable) as told:
        schema.ready(store, may_migrate=may_migrate)
    return told.value.code, told.value.sentence


def test_a_first_migration_killed_on_the_way_has_changed_nothing(
    store: Store, tmp_path: Path
) -> None:
    assert killed_after(store, 8, tmp_path / "log")
    assert shape(store) == {}
    code, says = refused(store)
    assert (code, "starter.py migrate" in says) == ("old_schema", True)
    schema.bring_up(store)  # what the sentence says
    schema.ready(store, may_migrate=False)
    a_referral(store)


def test_an_upgrade_killed_anywhere_has_changed_nothing_and_then_goes_through(
    store: Store, tmp_path: Path
) -> None:
    migrate(store, FIRST)
    row = {"org": ORG, "address": "+15185550143", "since": "2026-03-02 15:00:00", "why": "fax"}
    with store.begin() as connection:
        names, marks = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
        connection.exec_driver_sql(f"INSERT INTO dead_numbers ({names}) VALUES ({marks})")
    before = shape(store)
    deaths = 0
    for statements in (0, 1, 4, 9):
        if not killed_after(store, statements, tmp_path / "log"):
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
