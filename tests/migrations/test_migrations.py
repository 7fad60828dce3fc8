"""The schema comes up and goes down on both databases, and is what the models say."""

from __future__ import annotations

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import exc, inspect

from models.errors import LoopError
from store.engine import Store, alembic_config, migrate
from store.tables import Table

OURS = {table.name for table in Table.metadata.sorted_tables}


def tables(store: Store) -> set[str]:
    return set(inspect(store.engine).get_table_names())


def test_up_and_down_leaves_nothing_behind(empty: Store) -> None:
    migrate(empty)
    assert tables(empty) == OURS | {"alembic_version"}
    migrate(empty, "base")
    assert tables(empty) == {"alembic_version"}
    migrate(empty)
    assert tables(empty) == OURS | {"alembic_version"}


def test_migrating_again_changes_nothing(empty: Store) -> None:
    migrate(empty)
    before = shape(empty)
    migrate(empty)
    assert shape(empty) == before


def test_two_processes_at_once_both_find_a_schema(empty: Store) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            migrate(empty)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert tables(empty) == OURS | {"alembic_version"}


def test_head_is_what_the_models_say(empty: Store) -> None:
    migrate(empty)
    with empty.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_a_change_nobody_migrated_is_seen(empty: Store) -> None:
    # The test above could not fail if the comparison were blind on this database.
    migrate(empty)
    with empty.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_tasks_source_id")
        connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN surprise INTEGER")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = {difference[0] for difference in compare_metadata(context, Table.metadata)}
    assert found == {"add_index", "remove_column"}


def test_revisions_form_one_line(empty: Store) -> None:
    with empty.begin() as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
        assert len(script.get_heads()) == 1
        assert len(script.get_bases()) == 1


def test_a_failed_migration_leaves_the_schema_as_it_was(empty: Store) -> None:
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE tasks (id INTEGER)")  # in the way of ours
    with pytest.raises((LoopError, exc.SQLAlchemyError)):
        migrate(empty)
    assert tables(empty) == {"tasks"}


def shape(store: Store) -> dict[str, list[str]]:
    look = inspect(store.engine)
    return {name: [c["name"] for c in look.get_columns(name)] for name in look.get_table_names()}
