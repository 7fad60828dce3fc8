"""One behaviour on two databases: transactions, locks, errors and what values survive."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import DateTime, exc, text
from sqlmodel import select

from models.errors import BadRequest, ConfigError, Conflict, StoreUnavailable
from store import audit, engine
from store.columns import UtcDateTime, storable
from store.engine import Store, migrate, open_store
from store.tables import AuditRow, DocumentRow, PatientRow, Table
from tests.store.world import ORG, START

HOSTILE = [
    "<script>alert('x')</script> & \"quotes\" \\ ; DROP TABLE facts; --",
    "\u202eEvil\u202c מרים O'Brien-Ñandú 李小龍 🧑🏽‍⚕️",
    "é and é",  # composed and not
    "x" * 300,
    "%(name)s :name ? $1 {0}",
    "line\nbreak\ttab",
]


def patient(name: str, number: int = 1) -> PatientRow:
    return PatientRow(
        id=f"pat_{number}",
        org=ORG,
        identity=f"i{number}",
        person=f"p{number}",
        given_name=name,
        family_name=name,
        born=date(1960, 2, 29),
        created_at=START,
    )


def test_what_is_written_is_read(store: Store) -> None:
    with store.write() as session:
        audit.note(
            session,
            org=ORG,
            who="staff",
            what="looked",
            subject="ref_1",
            at=START,
            recorded_at=START,
        )
    with store.read() as session:
        assert [line.what for line in audit.about(session, ORG, "ref_1")] == ["looked"]


def test_an_exception_takes_everything_back(store: Store) -> None:
    def half_way() -> None:
        with store.write() as session:
            session.add(patient("Ada"))
            session.flush()
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        half_way()
    with store.read() as session:
        assert session.exec(select(PatientRow)).all() == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_back_unchanged(store: Store, name: str) -> None:
    with store.write() as session:
        session.add(patient(name))
        session.add(
            DocumentRow(
                id="doc_1",
                org=ORG,
                kind="plan",
                content={"name": name, name: [name]},
                pdf=b"\x00\xff%PDF",
                sha256="0",
                created_at=START,
            )
        )
    with store.read() as session:
        found = session.get_one(PatientRow, "pat_1")
        document = session.get_one(DocumentRow, "doc_1")
    assert (found.given_name, found.family_name) == (name, name)
    assert document.content == {"name": name, name: [name]}
    assert document.pdf == b"\x00\xff%PDF"


def test_what_one_database_would_refuse_is_kept_alike_by_both(store: Store) -> None:
    with store.write() as session:
        session.add(patient("a\x00b\ud800c"))
    with store.read() as session:
        assert session.get_one(PatientRow, "pat_1").given_name == "a\ufffdb\ufffdc"
    assert storable("plain 🧑🏽‍⚕️") == "plain 🧑🏽‍⚕️"


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 8, 1, 59, 59, 123456, tzinfo=timezone(timedelta(hours=-5))),
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(3000, 12, 31, 23, 59, tzinfo=UTC),
    ],
)
def test_moments_come_back_aware_and_in_utc(store: Store, moment: datetime) -> None:
    with store.write() as session:
        audit.note(session, org=ORG, who="w", what="x", subject="s", at=moment, recorded_at=moment)
    with store.read() as session:
        row = session.exec(select(AuditRow)).one()
    assert row.at == moment
    assert row.at.utcoffset() == timedelta(0)


def test_a_naive_moment_never_arrives(store: Store) -> None:
    naive = START.replace(tzinfo=None)
    with (
        pytest.raises(exc.StatementError, match="naive datetime"),
        store.write() as session,
    ):
        audit.note(session, org=ORG, who="w", what="x", subject="s", at=naive, recorded_at=START)


def test_every_moment_column_is_zone_safe() -> None:
    moments = [
        column
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, DateTime | UtcDateTime)
    ]
    assert len(moments) > 20
    assert [c for c in moments if not isinstance(c.type, UtcDateTime)] == []


def test_the_same_row_twice_is_a_conflict_without_its_values(store: Store) -> None:
    with store.write() as session:
        session.add(patient("Ada Sentinel"))
    with pytest.raises(Conflict) as caught, store.write() as session:
        session.add(patient("Ada Sentinel"))
    assert "Sentinel" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_numbers_that_are_none_are_refused_by_both(store: Store) -> None:
    with pytest.raises(BadRequest, match="not finite"), store.write() as session:
        session.add(
            DocumentRow(
                id="doc_1",
                org=ORG,
                kind="plan",
                content={"score": float("nan")},
                sha256="0",
                created_at=START,
            )
        )


def test_a_look_cannot_write(store: Store) -> None:
    with pytest.raises(RuntimeError, match="read-only"), store.read() as session:
        session.add(patient("Ada"))
    with pytest.raises((StoreUnavailable, exc.DBAPIError)), store.read() as session:
        session.connection().execute(text("DELETE FROM patients"))
    with store.write() as session:  # the connection it used is as good as any
        session.add(patient("Ada"))


def test_a_look_sees_one_moment(store: Store) -> None:
    with store.read() as session:
        assert session.exec(select(PatientRow)).all() == []
        with store.write() as other:
            other.add(patient("Ada"))
        session.expire_all()
        assert session.exec(select(PatientRow)).all() == []
    with store.read() as session:
        assert len(session.exec(select(PatientRow)).all()) == 1


def test_many_writers_lose_nothing(store: Store) -> None:
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for step in range(5):
                with store.write() as session:
                    session.exec(select(PatientRow)).all()  # read first: no lock half way
                    session.add(patient("Ada", number * 10 + step))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with store.read() as session:
        assert len(session.exec(select(PatientRow)).all()) == 20


def test_foreign_keys_hold(store: Store) -> None:
    with pytest.raises(Conflict), store.write() as session:
        session.add(
            DocumentRow(
                id="doc_1", org=ORG, referral_id="nobody", kind="k", sha256="0", created_at=START
            )
        )


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "loop.db").mkdir()  # a folder where the file should be
    for url in (f"sqlite:///{tmp_path / 'loop.db'}", "postgresql://nobody@127.0.0.1:1/nothing"):
        gone = open_store(url)
        with pytest.raises(StoreUnavailable) as caught:
            gone.ping()
        assert caught.value.retryable
        gone.close()


def test_an_empty_database_says_that_it_is_not_migrated(store: Store) -> None:
    migrate(store, "base")
    with pytest.raises(StoreUnavailable, match="migrated"), store.read() as session:
        session.exec(select(PatientRow)).all()


@pytest.mark.parametrize(
    "url", ["mysql://root@localhost/x", "not a url", "sqlite://", "sqlite:///:memory:"]
)
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        open_store(url)


def test_a_password_in_the_url_stays_out_of_errors() -> None:
    gone = open_store("postgresql://loop:s3ntinel@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailable) as caught:
        gone.ping()
    assert "s3ntinel" not in str(caught.value)
    gone.close()


class Locked:
    """A new file that another process is just making; free at the third try."""

    def __init__(self, code: int = sqlite3.SQLITE_BUSY) -> None:
        self.tries = 0
        self.code = code

    def execute(self, _: str) -> None:
        self.tries += 1
        if self.tries < 3:
            error = sqlite3.OperationalError("it says so in its own words")
            error.sqlite_errorcode = self.code
            raise error


def test_two_that_open_a_new_file_at_once_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine.time, "sleep", lambda _: None)
    file = Locked()
    engine._to_wal(file, patience=1)
    assert file.tries == 3
    with pytest.raises(sqlite3.OperationalError):
        engine._to_wal(Locked(), patience=0)
    with pytest.raises(sqlite3.OperationalError):
        engine._to_wal(Locked(sqlite3.SQLITE_CANTOPEN), patience=1)
