"""Doctor on real parts: each thing that can be wrong is made wrong, and said in words."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlmodel import Session

from activities.tenants import Tenants
from cli import checks, reach
from cli.doctor import LIMIT, examine
from cli.reach import Patient
from cli.workplace import load_tenants
from models import health
from models.findings import Finding, Severity
from models.organization import OURS
from models.policy_file import load as load_policy
from models.tasks import TaskKind
from settings import Settings
from store import examine as looks
from store import inbox, post, schema, settling, tasks
from store.engine import Store, open_store
from store.tables import DeadNumberRow, DeliveryState, SubjectType
from tests.databases import on_either, postgres_store, sqlite_store
from tests.doors import ORG, POLICY, START, Door
from tests.store.world import a_referral

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=10)  # open hours whatever the day


def pointed(settings: Settings, store: Store) -> Settings:
    """The settings, with this store as the record."""
    url = store.engine.url.render_as_string(hide_password=False)
    from pydantic import SecretStr

    return settings.model_copy(update={"store_url": SecretStr(url)})


def codes(findings: list[Finding]) -> list[str]:
    return [one.code for one in findings]


async def looked_at(settings: Settings, store: Store) -> list[Finding]:
    """What the check of the database finds."""
    patient = Patient(pointed(settings, store))
    try:
        return await reach.database(patient)
    finally:
        if patient.store is not None:
            patient.store.close()


# --- everything down ------------------------------------------------------------------------------


async def test_with_nothing_there_it_says_so_quickly_and_makes_nothing(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    diagnosis = await examine(settings)
    assert codes(list(diagnosis.findings)) == ["engine_unknown", "no_schema"]
    assert not diagnosis.fine
    assert "workers" in diagnosis.left_out
    assert loop.time() - began < LIMIT
    assert not (settings.data_dir / "referral-loop.db").exists()


async def test_a_server_and_a_database_that_do_not_answer(
    settings: Settings, unused_tcp_port: int
) -> None:
    from pydantic import SecretStr

    away = settings.model_copy(
        update={
            "temporal_address": f"127.0.0.1:{unused_tcp_port}",
            "store_url": SecretStr(f"postgresql://loop:s3cret@127.0.0.1:{unused_tcp_port}/loop"),
            "public_url": f"http://127.0.0.1:{unused_tcp_port}",
        }
    )
    diagnosis = await examine(away)
    told = {one.code: one for one in diagnosis.findings}
    assert set(told) == {"engine_unreachable", "store_unreachable", "no_web"}
    assert f"127.0.0.1:{unused_tcp_port}" in told["engine_unreachable"].says
    assert "nobody listens there" in told["store_unreachable"].says
    assert "s3cret" not in str(diagnosis)


# --- settings and policy --------------------------------------------------------------------------


def test_a_setting_that_is_wrong_is_a_finding_and_not_a_crash(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli.doctor import doctor

    environment.setenv("REFERRAL_LOOP_CODEC_KEYS", "no-colon")
    assert asyncio.run(doctor(as_json=True)) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["findings"][0]["code"] == "bad_settings"
    assert "no-colon" not in json.dumps(told)


async def test_a_policy_file_changed_to_nonsense(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('[organization]\nid = "riverside"\nzone = 5\n')
    patient = Patient(
        settings.model_copy(update={"policy_files": (broken, tmp_path / "none.toml")})
    )
    findings = await reach.policy(patient)
    assert set(codes(findings)) == {"bad_policy"}
    assert any("none.toml" in one.says for one in findings)
    assert patient.tenants is None


async def test_example_secrets_are_wrong_where_others_can_come(settings: Settings) -> None:
    assert await reach.secrets(Patient(settings)) == []
    for change in ({"http_host": "0.0.0.0"}, {"public_url": "https://loop.example.org"}):
        findings = await reach.secrets(Patient(settings.model_copy(update=change)))
        assert codes(findings) == ["example_secret"] * 3


async def test_links_that_no_phone_can_open_are_a_finding(settings: Settings) -> None:
    def patient(link: str, **change: Any) -> Patient:
        tenant = load_policy(POLICY)
        clinics = tuple(
            one.model_copy(update={"scheduling_link": link}) for one in tenant.organization.clinics
        )
        there = tenant.organization.model_copy(update={"clinics": clinics})
        own = tenant.model_copy(update={"organization": there})
        return Patient(settings.model_copy(update=change), Tenants([own]))

    here, abroad = {"environment": "production"}, {"public_url": "https://loop.example.org"}
    (finding,) = await reach.links(patient(OURS, **here))
    assert finding.code == "links_lead_nowhere"
    assert finding.about == ("riverside/east", "riverside/west")
    assert await reach.links(patient(OURS, **here, **abroad)) == []
    assert await reach.links(patient("https://book.example.org", **here)) == []
    assert await reach.links(patient(OURS)) == []  # a trial on one machine


# --- the database ---------------------------------------------------------------------------------


@on_either
async def test_a_database_in_order_is_no_finding(settings: Settings, store: Store) -> None:
    assert await looked_at(settings, store) == []


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "old_schema", "0001"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer_schema", "9999"),
        ("DELETE FROM alembic_version", "no_schema", "no tables"),
        ("ALTER TABLE tasks DROP COLUMN outcome", "half_schema", "tasks.outcome"),
        ("DROP TABLE dead_numbers", "half_schema", "dead_numbers"),
    ],
)
@on_either
async def test_a_schema_that_is_not_ours_or_half_applied(
    settings: Settings, store: Store, change: str, code: str, says: str
) -> None:
    with store.begin() as connection:
        connection.exec_driver_sql(change)
    (finding,) = await looked_at(settings, store)
    assert finding.code == code
    assert says in finding.says
    if code == "old_schema":
        assert schema.newest() in finding.says


async def test_a_sqlite_file_that_something_holds(settings: Settings, tmp_path: Path) -> None:
    with sqlite_store(tmp_path) as store:
        other = sqlite3.connect(str(store.engine.url.database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            assert codes(await looked_at(settings, store)) == ["store_locked"]
        finally:
            other.close()
        assert await looked_at(settings, store) == []


def test_a_sqlite_file_that_cannot_be_written(tmp_path: Path) -> None:
    with sqlite_store(tmp_path) as store:
        path = store.engine.url.database
    read_only = open_store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert looks.why_not_writable(read_only) == ("store_read_only", "SQLite says it is read-only")
    read_only.close()


async def test_a_file_that_is_no_database(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "loop.db").write_bytes(b"certainly not a database" * 100)
    store = open_store(f"sqlite:///{tmp_path / 'loop.db'}")
    (finding,) = await looked_at(settings, store)
    assert finding.code == "store_unreachable"
    assert "the file is no database" in finding.says


@pytest.mark.postgres
async def test_a_postgres_that_only_reads(settings: Settings) -> None:
    with postgres_store() as store:
        name = store.engine.url.database
        with store.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, psycopg.Connection)
            raw.rollback()
            raw.autocommit = True
            raw.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        assert codes(await looked_at(settings, store)) == ["store_read_only"]


@pytest.mark.postgres
async def test_a_postgres_where_writers_wait_for_a_lock(settings: Settings) -> None:
    with postgres_store() as store:
        url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url) as holder, psycopg.connect(url) as waiter:
            holder.execute("LOCK TABLE tasks")

            def wait() -> None:
                waiter.execute("LOCK TABLE tasks")

            waiting = threading.Thread(target=wait)
            waiting.start()
            try:
                async with asyncio.timeout(30):
                    while not (findings := await looked_at(settings, store)):
                        await asyncio.sleep(0.2)
            finally:
                holder.rollback()
                waiting.join()
        (finding,) = findings
        assert finding.code == "store_locked"
        assert "1 connections wait for a lock" in finding.says


async def test_a_disk_that_runs_full(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert codes(await reach.disks(Patient(settings))) in ([], ["disk_low"], ["disk_full"])
    monkeypatch.setattr(health, "DISK_LOW", 2**70)
    assert codes(await reach.disks(Patient(settings))) == ["disk_low"]  # one disk, told once
    monkeypatch.setattr(health, "DISK_FULL", 2**70)
    assert codes(await reach.disks(Patient(settings))) == ["disk_full"]


# --- what waits in the record ---------------------------------------------------------------------


async def waits(settings: Settings, store: Store) -> list[Finding]:
    """What the check of the record's contents finds."""
    return await checks.waits(Patient(settings, tenants=load_tenants(settings), store=store))


def told(session: Session, at: datetime, **changes: Any) -> str:
    given = {"org": ORG, "origin": "events", "event_id": at.isoformat(), "body": b"{}", **changes}
    return inbox.accept(session, received_at=at, **given)[0].id


@on_either
async def test_a_record_in_order_is_no_finding(settings: Settings, store: Store) -> None:
    with store.write() as session:
        inbox.mark(session, told(session, NOW), inbox.InboxState.APPLIED, at=NOW)
    assert await waits(settings, store) == []


@on_either
async def test_a_feed_that_fell_silent_and_events_nobody_applied(
    settings: Settings, store: Store
) -> None:
    with store.write() as session:
        row = told(session, LONG_AGO)
        inbox.mark(session, row, inbox.InboxState.RECEIVED, at=NOW, reason="engine_unavailable")
    silent, left = await waits(settings, store)
    assert (silent.code, left.code) == ("feed_silent", "inbox_leftover")
    assert "4 business hours" in silent.says
    assert "1 events of riverside" in left.says
    assert "9 days (engine_unavailable)" in left.says or "10 days" in left.says


@on_either
async def test_late_tasks_by_who_has_to_do_them(settings: Settings, store: Store) -> None:
    with store.write() as session:
        for number in range(3):
            due = NOW - timedelta(days=number + 1)
            kind = TaskKind.UNMATCHED_EVENT
            tasks.open_for_org(session, ORG, kind, str(number), due=due, at=LONG_AGO)
        tasks.open_for_org(
            session, ORG, TaskKind.UNMATCHED_EVENT, "later", due=NOW + timedelta(days=1), at=NOW
        )
    (finding,) = await waits(settings, store)
    assert (finding.code, finding.severity) == ("overdue_tasks", Severity.WARNING)
    assert "3 tasks" in finding.says
    assert "3 days" in finding.says


@on_either
async def test_what_is_on_its_way_out_and_does_not_move(settings: Settings, store: Store) -> None:
    _, referral_id = a_referral(store)
    from models.kinds import Kind
    from models.referral import MessageRef

    with store.write() as session:
        for number, state in enumerate((None, DeliveryState.SENDING, DeliveryState.ACCEPTED)):
            message, _ = post.queue_message(
                session,
                org=ORG,
                referral_id=referral_id,
                message=MessageRef(Kind.THANK_YOU, "source", str(number)),
                at=LONG_AGO,
                recorded_at=LONG_AGO if state is None else NOW,
            )
            if state is None:
                continue
            row, _ = post.queue_delivery(
                session,
                message,
                channel="fax",
                rung=0,
                address="+15185550143",
                at=LONG_AGO,
                recorded_at=LONG_AGO,
            )
            assert settling.claim(session, row.id, 0, at=LONG_AGO)
            if state is DeliveryState.ACCEPTED:
                settling.settle(session, row.id, state, at=LONG_AGO, prove_by=LONG_AGO)
        post.queue_crm(
            session,
            org=ORG,
            subject_type=SubjectType.TASK,
            subject_id="tsk_1",
            payload={},
            at=LONG_AGO,
            recorded_at=LONG_AGO,
        )
    findings = await waits(settings, store)
    assert codes(findings) == ["stuck_deliveries"] * 4
    for words in ("never settled", "nobody asked for", "for the CRM", "nobody has tried to send"):
        assert any(words in one.says for one in findings)


@on_either
async def test_numbers_that_take_nothing_are_counted_by_whose_they_are(
    settings: Settings, store: Store
) -> None:
    a_referral(store)
    with store.write() as session:
        for address in ("+15185550143", "+15185550142", "+15185550199"):
            session.add(DeadNumberRow(org=ORG, address=address, since=NOW, why="fax_failed"))
    findings = await waits(settings, store)
    assert codes(findings) == ["dead_numbers"] * 3
    assert [one.says.split(" of ")[1].split(" in ")[0] for one in findings] == [
        "others",
        "patients",
        "practices",
    ]
    assert "555" not in str(findings)


# --- clocks ---------------------------------------------------------------------------------------


@on_either
async def test_a_row_from_the_future_tells_of_a_clock_that_is_wrong(
    settings: Settings, store: Store
) -> None:
    with store.write() as session:
        at = NOW + timedelta(minutes=20)
        inbox.mark(session, told(session, at), inbox.InboxState.APPLIED, at=at)
    assert codes(await waits(settings, store)) == ["clock_wrong"]


class _Slow(datetime):
    """A clock of ours that is seven minutes behind."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) - timedelta(minutes=7)


@on_either
async def test_the_database_servers_clock_is_compared_with_ours(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = Patient(settings, store=store)
    assert await checks.database_clock(patient) == []
    monkeypatch.setattr(looks, "datetime", _Slow)
    findings = await checks.database_clock(patient)
    if store.dialect == "sqlite":
        assert findings == []  # it has no clock of its own
    else:
        assert codes(findings) == ["clock_wrong"]
        assert "7 minutes ahead of" in findings[0].says


# --- no PHI ---------------------------------------------------------------------------------------


async def test_it_names_no_patient(settings: Settings, tmp_path: Path) -> None:
    with sqlite_store(tmp_path) as store:
        door = Door(store)
        door.now = START
        await door.refer()
        diagnosis = await examine(pointed(settings, store))
    assert diagnosis.findings
    said = str(diagnosis)
    for secret in ("Jordan", "Sample", "555-01", "example.org", "+1518"):
        assert secret not in said
