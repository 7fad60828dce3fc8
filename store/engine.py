"""One store on SQLite or Postgres; every difference between the two is in this module.

SQLite: write-ahead log, foreign keys on, writers queue at ``BEGIN IMMEDIATE`` (so a transaction
that began to write never meets a lock half way). Postgres: psycopg 3, row locks where
``store.record`` asks for them, and a limit on how long a lock is waited for.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from psycopg.errors import UndefinedTable
from sqlalchemy import Connection, Engine, event, exc, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session, col, create_engine

from models.errors import BadRequest, ConfigError, Conflict, StoreUnavailable

WAIT_SECONDS = 10  # for a lock, then StoreUnavailable: the caller's retry is kinder than a queue
CONNECT_SECONDS = 5
POOL = 10
_WRITES = "referral_loop_writes"
_ONCE_TRUE = "referral_loop_once_true"
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_LOCKED_PAUSE = 0.02  # seconds between two looks at a locked file
_MIGRATION_LOCK = 7_266_102  # any number, the same in every process


class Store:
    """The record's database; safe to share between threads, one session per ``with``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: commits at the end, rolls back on any exception.

        Never open a second one inside it: on SQLite it would wait for the first. Raises
        StoreUnavailable when the database cannot be reached or a lock is not had within
        ``WAIT_SECONDS``, Conflict when a row breaks a uniqueness rule, BadRequest when a value
        cannot be stored. Their sentences carry no values.
        """
        with _told(), Session(self._writer, expire_on_commit=False) as session:
            yield session
            session.commit()
            for do in session.info.pop(_ONCE_TRUE, ()):
                do()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent, read-only look; writing inside it fails. Raises StoreUnavailable."""
        with _told(), Session(self.engine, expire_on_commit=False) as session:
            yield session
            if session.new or session.dirty or session.deleted:
                raise RuntimeError("rows were changed in a read-only look; use store.write()")

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A connection in a writing transaction of its own; migrations need one."""
        with _told(), self._writer.begin() as connection:
            yield connection

    def take_turn(self) -> None:
        """Take the writers' lock and give it back; raises SQLAlchemy's own error when it cannot."""
        with self._writer.connect() as connection, connection.begin() as transaction:
            if self.dialect == "sqlite":  # which begins to write a read-only file without a word
                version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
                connection.exec_driver_sql(f"PRAGMA user_version = {version}")
            transaction.rollback()

    def ping(self) -> None:
        """Raises StoreUnavailable unless the database answers."""
        with self.read() as session:
            session.connection().execute(text("SELECT 1"))

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def once_true(session: Session, do: Callable[[], None]) -> None:
    """Call once ``Store.write`` has committed this session, and never if it is rolled back."""
    session.info.setdefault(_ONCE_TRUE, []).append(do)


class unindexed(FunctionElement[Any]):  # noqa: N801 - read as a function, as SQLAlchemy's own are
    """A column by which SQLite looks up and orders nothing; to Postgres it is the column itself.

    SQLite keeps no count of how many rows hold a value: an index on the organization is to it as
    good as one on a single source, and it would read all that ever was. Where a query has a
    narrower way in, the wider one is marked so. Postgres counts, and chooses well by itself.
    """

    name = "unindexed"
    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(col(column))
        self.type = column.type


@compiles(unindexed)
def _itself(element: unindexed, compiler: Any, **more: Any) -> str:
    return str(compiler.process(element.clauses, **more))


@compiles(unindexed, "sqlite")
def _by_value(element: unindexed, compiler: Any, **more: Any) -> str:
    return f"+{compiler.process(element.clauses, **more)}"


def open_store(url: str, *, patience: float = WAIT_SECONDS) -> Store:
    """A store by URL: ``sqlite:///path`` (the folder is made) or ``postgresql://…``.

    Opens no connection yet. *patience* in seconds is how long it waits for a lock, and at most for
    a connection. Raises ConfigError for any other database.
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise ConfigError(
            "The database URL cannot be read; expected sqlite:///path or postgresql://user@host/db."
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return Store(_sqlite(parsed, patience))
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        return Store(_postgres(parsed.set(drivername="postgresql+psycopg"), patience))
    raise ConfigError("The database must be SQLite (sqlite:///path) or Postgres (postgresql://…).")


def migrate(store: Store, to: str = "head") -> None:
    """Bring the schema to a revision, in one transaction; doing it again changes nothing.

    Several processes may call it at once: all but the first wait and find nothing to do. ``base``
    takes every table away.
    """
    with store.begin() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
        config = alembic_config(connection)
        if to == "base":
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)


def alembic_config(connection: Connection) -> Config:
    """Alembic on our revisions and an open connection, without its ini file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _sqlite(url: URL, patience: float) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigError("SQLite needs a file: sqlite:///path/to/loop.db.")
    folder = Path(url.database).expanduser().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder of the SQLite file cannot be made ({error.strerror}); choose another one."
        ) from None
    engine = create_engine(
        url.set(database=str(Path(url.database).expanduser())),
        hide_parameters=True,  # values are PHI and must not reach an exception's text
        json_serializer=_json,
        pool_size=POOL,
        max_overflow=POOL,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions begin where we say, not the driver
        connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")
        _to_wal(connection, patience)
        for pragma in (
            "synchronous = FULL",  # a 202 promises that the event survives a power cut
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _to_wal(connection: Any, patience: float) -> None:
    """Write-ahead log, for as long as the file lives.

    Where two processes open a new file at once, SQLite tells the second that it is locked without
    waiting its busy timeout, so we do.
    """
    for left in range(round(patience / _LOCKED_PAUSE), -1, -1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not left:
                raise
            time.sleep(_LOCKED_PAUSE)


def _postgres(url: URL, patience: float) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        json_serializer=_json,
        pool_size=POOL,
        max_overflow=POOL,
        pool_pre_ping=True,
        connect_args={"connect_timeout": max(2, min(CONNECT_SECONDS, round(patience)))},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.execute(f"SET lock_timeout = '{round(patience * 1000)}ms'")
        connection.execute("SET timezone = 'UTC'")
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(_WRITES, False):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    return engine


def _json(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        raise BadRequest("A number is not finite; NaN and Infinity cannot be stored.") from None


@contextmanager
def _told() -> Iterator[None]:
    """Database errors as ours, without the values and without the driver's words about them."""
    try:
        yield
    except exc.IntegrityError:
        raise Conflict("A row is there already, or one it needs is not.") from None
    except exc.DataError:
        raise BadRequest("A value cannot be stored: out of range or not text.") from None
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        raise _unavailable(error) from None
    except exc.ProgrammingError as error:
        if isinstance(error.orig, UndefinedTable):  # what SQLite calls operational
            raise _unavailable(error) from None
        raise
    except exc.StatementError as error:
        # Raised while values are bound, ours inside: a BadRequest passes, a bug stays a bug.
        if isinstance(error.orig, BadRequest):
            raise error.orig from None
        raise


def _unavailable(error: exc.SQLAlchemyError) -> StoreUnavailable:
    what = type(getattr(error, "orig", None) or error).__name__
    return StoreUnavailable(
        f"The database did not do its work ({what}). Check that it runs, that its disk has room "
        "and that its schema is migrated; what was asked can be asked again."
    )
