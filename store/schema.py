"""Which schema a database has, against the one this release needs.

On a developer's machine a process brings the schema up to date as it starts. In production only
``starter.py migrate`` does, once and after a backup; every other process looks, and refuses to
work on a schema that is not its own.
"""

from __future__ import annotations

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from models.errors import StoreUnavailable
from store.engine import MIGRATIONS, Store, migrate
from store.examine import lacks
from store.tables import Table


def ready(store: Store, *, may_migrate: bool) -> tuple[str, str] | None:
    """Make sure the schema is this release's: by migrating where that is allowed, else by looking.

    Answers from which revision to which it moved a database that was there already. Raises
    StoreUnavailable: ``old_schema`` when it has not been migrated, ``newer_schema`` when a newer
    release has migrated it, and as it is when the database cannot be reached.
    """
    if may_migrate:
        before, after = bring_up(store)
        return None if before is None or before == after else (before, after)
    found, wanted = current(store), newest()
    _refuse_newer(found)
    _refuse_half(store)
    if found != wanted:
        raise StoreUnavailable(
            f"The database has {f'schema {found}' if found else 'no schema yet'}; this release "
            f"needs {wanted}. Back it up, run `python starter.py migrate`, and start this again.",
            code="old_schema",
        )
    return None


def bring_up(store: Store) -> tuple[str | None, str]:
    """Migrate to this release's revision; the revision before (None: empty) and after.

    Doing it again, or from two processes at once, changes nothing; one that is killed on the way
    has changed nothing either. Raises StoreUnavailable: ``newer_schema`` when a newer release has
    migrated the database already, ``half_schema`` when its tables are not those of its version.
    """
    before = current(store)
    _refuse_newer(before)
    _refuse_half(store)
    migrate(store)
    return before, newest()


def current(store: Store) -> str | None:
    """The revision of a database, None for an empty one. Raises StoreUnavailable."""
    with store.read() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def newest() -> str:
    """The revision this release needs."""
    head = _revisions().get_current_head()
    if head is None:
        raise RuntimeError("migrations/ holds no revision")
    return head


def known(revision: str) -> bool:
    """Whether this release knows a revision: else a newer one has been here."""
    return revision in {one.revision for one in _revisions().walk_revisions()}


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and not known(revision):
        raise StoreUnavailable(
            f"The database has schema {revision}, which this release does not know: a newer one "
            "has migrated it. Start that release, or restore the backup made before it.",
            code="newer_schema",
        )


def _refuse_half(store: Store) -> None:
    """Tables without a version, or a version without its tables, are nobody's to guess about."""
    with store.read() as session:
        there = inspect(session.connection())
        known_tables = {table.name for table in Table.metadata.sorted_tables}
        tables = known_tables & set(there.get_table_names())
    # Read after the tables: another process may be migrating, and both come in one commit.
    revision = current(store)
    if revision is None and tables:
        problem = f"The database has {len(tables)} of our tables and no schema version."
    elif revision == newest() and (missing := lacks(store)):
        problem = f"The database says it has schema {revision}, and lacks {', '.join(missing[:3])}."
    else:
        return
    raise StoreUnavailable(
        f"{problem} A migration was cut off or undone by hand, or a backup was restored in part. "
        "Restore a whole backup, then run `python starter.py migrate`.",
        code="half_schema",
    )


def _revisions() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))
