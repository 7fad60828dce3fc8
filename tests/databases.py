"""Real databases for tests: SQLite files, and a throwaway Postgres cluster of this machine.

One cluster a session, on a Unix socket, without fsync. It ends with the process that started it,
also when that is killed: a shell holds the other end of a pipe and stops the server at its end.
Each test gets an empty database of its own: a file copied from a migrated template, or, because
Postgres takes longer for a new database than most tests do, one that an earlier test left whole.
"""

from __future__ import annotations

import atexit
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from store.engine import Store, migrate, open_store
from tests.required import lacking

_WATCH = '"$@" & server=$!; read _; kill -INT $server; wait $server; rm -rf "$HOME_DIR"'
INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
_numbers = itertools.count(1)
_emptied: list[str] = []  # databases a test has left as they were
_DELETE_ALL = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', name);
  END LOOP;
END $$
"""
# The revision, the columns of tables and indexes, and whether the database has settings of its own.
_SHAPE = """
SELECT (SELECT string_agg(version_num, ',') FROM alembic_version),
  (SELECT md5(string_agg(concat_ws(' ', c.oid::regclass, attname, atttypid, attnotnull), ','
    ORDER BY c.oid::regclass::text, attnum)) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace),
  (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase =
    (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


@contextmanager
def sqlite_store(folder: Path) -> Iterator[Store]:
    """A migrated SQLite file of its own."""
    path = folder / f"loop-{next(_numbers)}.db"
    shutil.copyfile(_sqlite_template(), path)
    store = open_store(f"sqlite:///{path}")
    yield store
    store.close()


@contextmanager
def postgres_store() -> Iterator[Store]:
    """A migrated, empty Postgres database; skips, or fails under CI, without Postgres."""
    template = _postgres_template()
    name = _emptied.pop() if _emptied else _new_database(template)
    store = open_store(_url(cluster(), name))
    yield store
    store.close()
    if _as_new(name, template):
        _emptied.append(name)
    else:
        _drop(name)


EITHER = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
# For a module whose tests, all of them on a store, are to run on both.
on_either = pytest.mark.parametrize("store", EITHER, indirect=True)


@contextmanager
def migrated_store(kind: str, folder: Path) -> Iterator[Store]:
    """A migrated, empty store on the database of this kind."""
    with sqlite_store(folder) if kind == "sqlite" else postgres_store() as store:
        yield store


@pytest.fixture(params=EITHER)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database of either kind without a single table; import it into a ``conftest.py``."""
    with ExitStack() as stack:
        sqlite = f"sqlite:///{tmp_path / 'loop.db'}"
        url = sqlite if request.param == "sqlite" else stack.enter_context(postgres_url())
        store = open_store(url)
        yield store
        store.close()


@contextmanager
def postgres_url(template: str = "template0") -> Iterator[str]:
    """The URL of a database that is dropped at the end."""
    name = _new_database(template)
    yield _url(cluster(), name)
    _drop(name)


def until_somebody_waits(store: Store) -> None:
    """Until a second writer has come to the lock; on SQLite it cannot even begin."""
    if store.dialect == "sqlite":
        return
    patience = time.monotonic() + 10
    waiting = 0
    while not waiting and time.monotonic() < patience:
        with store.read() as session:
            found = session.connection().execute(
                text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            )
            waiting = found.scalar_one()
    assert waiting


@cache
def cluster() -> Path:
    """The folder with the socket of this session's cluster, started at the first call."""
    found = programs()
    folder = Path(tempfile.mkdtemp(prefix="loop-pg-", dir="/tmp"))  # a socket's path is short
    account = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    if account:
        owner = pwd.getpwnam(account)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    subprocess.run(
        [found / "initdb", "-D", data, *INITDB],
        check=True,
        user=account,
        group=account,
        extra_groups=[] if account else None,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "200",
    }
    flags = [f for name, value in options.items() for f in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        watcher = subprocess.Popen(
            ["sh", "-c", _WATCH, "sh", found / "postgres", "-D", data, *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            user=account,
            group=account,
            extra_groups=[] if account else None,
            start_new_session=True,  # a Ctrl-C is for pytest; the pipe ends the server
            env={"PATH": os.environ["PATH"], "HOME_DIR": str(folder), "LC_ALL": "C"},
            cwd=folder,
        )
    atexit.register(_stop, watcher)
    _wait_until_up(folder, watcher)
    return folder


def programs() -> Path:
    """The folder with Postgres's server programs; skips, or fails under CI, without them."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    folders += [Path(on_path).resolve().parent] if on_path else []
    both = (f for f in folders if (f / "initdb").exists() and (f / "postgres").exists())
    found = next(both, None)
    if found is None:
        lacking("no PostgreSQL server programs (initdb, postgres) on this machine")
    return found


def _wait_until_up(folder: Path, watcher: subprocess.Popen[bytes]) -> None:
    patience = time.monotonic() + 30
    while True:
        try:
            return _admin(folder, "SELECT 1")
        except psycopg.OperationalError:
            if watcher.poll() is not None or time.monotonic() > patience:
                raise
            time.sleep(0.05)


def _stop(watcher: subprocess.Popen[bytes]) -> None:
    assert watcher.stdin is not None
    watcher.stdin.close()
    watcher.wait(timeout=30)


def _new_database(template: str) -> str:
    name = f"t{next(_numbers)}"
    _admin(cluster(), f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def _drop(name: str) -> None:
    _admin(cluster(), f"DROP DATABASE {name} WITH (FORCE)")


def _as_new(name: str, template: str) -> bool:
    """Whether every row of this database could be deleted and nothing but rows was changed."""
    try:
        with psycopg.connect(_url(cluster(), name), autocommit=True) as connection:
            connection.execute("SET lock_timeout = '2s'")
            connection.execute("SET session_replication_role = replica")  # in any order of tables
            connection.execute(_DELETE_ALL)
            return connection.execute(_SHAPE).fetchone() == _shape_of(template)
    except psycopg.Error:  # read-only, locked by somebody, or without one of its tables
        return False


@cache
def _shape_of(template: str) -> object:
    with psycopg.connect(_url(cluster(), template), autocommit=True) as connection:
        return connection.execute(_SHAPE).fetchone()


def _admin(folder: Path, statement: str) -> None:
    with psycopg.connect(_url(folder, "postgres"), autocommit=True) as connection:
        connection.execute(statement)


def _url(folder: Path, name: str) -> str:
    return f"postgresql://postgres@/{name}?host={folder}"


@cache
def _postgres_template() -> str:
    _admin(cluster(), "CREATE DATABASE loop_template TEMPLATE template0")
    _migrated(_url(cluster(), "loop_template"))
    return "loop_template"


@cache
def _sqlite_template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="loop-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "template.db"
    _migrated(f"sqlite:///{path}")
    return path


def _migrated(url: str) -> None:
    store = open_store(url)
    migrate(store)
    store.close()
