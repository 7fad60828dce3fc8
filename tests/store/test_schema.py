"""The schema is migrated where that is allowed, and looked at everywhere else."""

from __future__ import annotations

import pytest

from models.errors import StoreUnavailable
from store import schema
from store.engine import Store, migrate


def stamp(store: Store, revision: str) -> None:
    with store.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")


def test_a_developer_gets_the_schema_without_asking(empty: Store) -> None:
    schema.ready(empty, may_migrate=True)
    assert schema.current(empty) == schema.newest()


def test_production_refuses_an_empty_database_and_says_what_to_run(empty: Store) -> None:
    with pytest.raises(StoreUnavailable, match=r"no schema yet.*starter\.py migrate") as refused:
        schema.ready(empty, may_migrate=False)
    assert refused.value.code == "old_schema"
    assert schema.current(empty) is None


def test_production_takes_the_schema_of_its_release(empty: Store) -> None:
    assert schema.bring_up(empty) == (None, schema.newest())
    assert schema.bring_up(empty) == (schema.newest(), schema.newest())
    schema.ready(empty, may_migrate=False)


@pytest.mark.parametrize("may_migrate", [True, False])
def test_a_schema_of_a_newer_release_is_left_alone(empty: Store, may_migrate: bool) -> None:
    schema.bring_up(empty)
    stamp(empty, "9999")
    with pytest.raises(StoreUnavailable, match="newer one has migrated it") as refused:
        schema.ready(empty, may_migrate=may_migrate)
    assert refused.value.code == "newer_schema"
    assert schema.current(empty) == "9999"


@pytest.mark.parametrize("may_migrate", [True, False])
def test_a_migration_that_ends_meanwhile_is_no_half_one(
    empty: Store, may_migrate: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = schema._refuse_newer

    def another_is_done_first(revision: str | None) -> None:
        look(revision)
        migrate(empty)

    monkeypatch.setattr(schema, "_refuse_newer", another_is_done_first)
    if may_migrate:
        assert schema.bring_up(empty) == (None, schema.newest())
    else:
        with pytest.raises(StoreUnavailable) as refused:
            schema.ready(empty, may_migrate=False)  # it had none when it looked
        assert refused.value.code == "old_schema"
