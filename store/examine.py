"""Looks at the record the way an administrator would; reads only, and never a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, and_, exc, func, inspect, text
from sqlmodel import Session, col, select

from models.health import Late, Leftover, Stuck
from store.engine import Store
from store.tables import (
    DeadNumberRow,
    DeliveryRow,
    DeliveryState,
    FactRow,
    InboxRow,
    InboxState,
    MessageRow,
    MessageState,
    PatientRow,
    PracticeRow,
    ReferralRow,
    Table,
    TaskRow,
    TaskState,
)

LEFT_OVER: Final = timedelta(minutes=5)  # the chore comes every 15 seconds
SENDING_LONGEST: Final = timedelta(minutes=15)  # far longer than any vendor call
UNTURNED: Final = timedelta(hours=1)
_MOST: Final = 1000


# --- the database itself --------------------------------------------------------------------------


def why_not_reached(store: Store) -> str | None:
    """Why the database does not answer, in a few words; None when it does."""
    try:
        with store.engine.connect():
            return None
    except (exc.DatabaseError, exc.TimeoutError) as error:
        said = str(error.orig if isinstance(error, exc.DatabaseError) else error).lower()
        return next((words for sign, words in _REASONS.items() if sign in said), "no answer")


_REASONS: Final = {  # what drivers say, in lower case
    "authentication failed": "it does not accept the password",
    "does not exist": "there is no such database or role",
    "refused": "nobody listens there",
    "could not translate host": "its host has no address",
    "no such file": "nobody listens there",
    "timeout": "not in time",
    "unable to open": "the file cannot be opened",
    "not a database": "the file is no database",
    "malformed": "the file is damaged",
    "locked": "something holds it exclusively",
}


def lacks(store: Store) -> list[str]:
    """Tables and columns that this release's code needs and the database has not."""
    with store.read() as session:
        there = inspect(session.connection())
        tables = set(there.get_table_names())
        found = []
        for table in Table.metadata.sorted_tables:
            if table.name not in tables:
                found.append(table.name)
                continue
            columns = {column["name"] for column in there.get_columns(table.name)}
            found += [f"{table.name}.{c.name}" for c in table.columns if c.name not in columns]
    return found


def why_not_writable(store: Store) -> tuple[str, str] | None:
    """Why nobody can write: a finding's code and a few words; None while it can be done.

    Waits for a lock as long as the store does: open one with a short ``patience`` for this.
    """
    try:
        if store.dialect == "sqlite":
            store.take_turn()
            return None
        with store.engine.connect() as connection:
            asked = "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')"
            standby, read_only = connection.execute(text(asked)).one()
            held = connection.execute(text(_WAITING)).scalar_one()
    except exc.OperationalError as error:
        said = str(error.orig).lower()
        if "readonly" in said or "read-only" in said:
            return "store_read_only", "SQLite says it is read-only"
        if "locked" in said or "busy" in said:
            return "store_locked", "SQLite says it is locked"
        raise
    if standby or read_only == "on":
        return "store_read_only", "a standby" if standby else "default_transaction_read_only is on"
    return ("store_locked", f"{held} connections wait for a lock") if held else None


# Connections of this database that have waited for a lock longer than any of our writes takes.
_WAITING: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
      AND query_start < clock_timestamp() - interval '5 seconds'
"""


def clock_ahead(store: Store) -> timedelta:
    """How far the database server's clock is ahead of ours; nothing for SQLite, which has none."""
    if store.dialect == "sqlite":
        return timedelta(0)
    with store.read() as session:
        session.connection()
        asked = datetime.now(UTC)
        theirs: datetime = (
            session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
        )
        answered = datetime.now(UTC)
    return theirs - asked - (answered - asked) / 2


def file_of(store: Store) -> Path | None:
    """The file of a SQLite record; None for a server."""
    database = store.engine.url.database
    return Path(database) if store.dialect == "sqlite" and database else None


# --- what it holds --------------------------------------------------------------------------------


def latest_written(session: Session) -> datetime | None:
    """The latest moment at which any process says it wrote."""
    moments = [
        session.exec(select(func.max(FactRow.recorded_at))).one(),
        session.exec(select(func.max(InboxRow.received_at))).one(),
    ]
    return max((at for at in moments if at is not None), default=None)


def overdue(session: Session, orgs: Iterable[str], now: datetime) -> list[Late]:
    """Open tasks past their time, by organization and by who has to do them."""
    query = (
        select(TaskRow.org, TaskRow.role, func.count(), func.min(TaskRow.due))
        .where(
            col(TaskRow.org).in_(list(orgs)),
            TaskRow.state == TaskState.OPEN,
            TaskRow.due < now,
            col(TaskRow.gathered_in).is_(None),
        )
        .group_by(col(TaskRow.org), col(TaskRow.role))
    )
    return [Late(*row) for row in session.exec(query)]


def leftovers(session: Session, orgs: Iterable[str], now: datetime) -> list[Leftover]:
    """Events received a while ago and not applied yet, by organization."""
    query = (
        select(InboxRow.org, InboxRow.reason, func.count(), func.min(InboxRow.received_at))
        .where(
            InboxRow.state == InboxState.RECEIVED,
            InboxRow.received_at < now - LEFT_OVER,
            col(InboxRow.org).in_(list(orgs)),
        )
        .group_by(col(InboxRow.org), col(InboxRow.reason))
    )
    found: dict[str, Leftover] = {}
    for org, reason, number, oldest in session.exec(query):
        before = found.get(org, Leftover(org, 0, oldest))
        reasons = (*before.reasons, reason) if reason else before.reasons
        found[org] = Leftover(org, before.number + number, min(before.oldest, oldest), reasons)
    return [found[org] for org in sorted(found)]


def stuck(session: Session, orgs: Iterable[str], now: datetime) -> list[Stuck]:
    """What is on its way out and has not moved for too long, by what it waits for."""
    mine = list(orgs)
    hour = now - UNTURNED
    untold = col(DeliveryRow.channel) == "crm", col(DeliveryRow.recorded_at) < hour
    waiting: tuple[tuple[str, DeliveryState, ColumnElement[bool]], ...] = (
        (
            "messages that a worker took and never settled",
            DeliveryState.SENDING,
            col(DeliveryRow.claimed_at) < now - SENDING_LONGEST,
        ),
        (
            "messages whose receipt nobody asked for",
            DeliveryState.ACCEPTED,
            col(DeliveryRow.prove_by) < hour,
        ),
        ("entries for the CRM", DeliveryState.QUEUED, and_(*untold)),
    )
    found: list[Stuck] = []
    for what, state, since in waiting:
        query = select(DeliveryRow).where(
            col(DeliveryRow.org).in_(mine), DeliveryRow.state == state, since
        )
        by_channel: dict[str, list[DeliveryRow]] = {}
        for row in session.exec(query.order_by(col(DeliveryRow.recorded_at)).limit(_MOST)):
            by_channel.setdefault(row.channel, []).append(row)
        for channel, rows in sorted(by_channel.items()):
            ids = tuple(row.reference for row in rows)
            found.append(Stuck(what, channel, ids, rows[0].recorded_at))
    unturned = select(MessageRow.referral_id, MessageRow.recorded_at).where(
        col(MessageRow.org).in_(mine),
        MessageRow.state == MessageState.QUEUED,
        MessageRow.recorded_at < hour,
    )
    untried = session.exec(unturned.order_by(col(MessageRow.recorded_at)).limit(_MOST)).all()
    if untried:
        of = tuple(referral_id for referral_id, _ in untried)
        found.append(Stuck("messages that nobody has tried to send", "any", of, untried[0][1]))
    return found


def dead_numbers(session: Session, orgs: Iterable[str]) -> Counter[tuple[str, str]]:
    """Addresses that take nothing any more, counted by organization and whose they are."""
    counted: Counter[tuple[str, str]] = Counter()
    mine = col(DeadNumberRow.org).in_(list(orgs))
    for org, address in session.exec(select(DeadNumberRow.org, DeadNumberRow.address).where(mine)):
        practice = select(PracticeRow.id).where(
            PracticeRow.org == org, (PracticeRow.fax == address) | (PracticeRow.email == address)
        )
        patient = select(PatientRow.id).where(
            PatientRow.org == org, (PatientRow.phone == address) | (PatientRow.email == address)
        )
        if session.exec(practice).first() is not None:
            counted[org, "practices"] += 1
        elif session.exec(patient).first() is not None:
            counted[org, "patients"] += 1
        else:
            counted[org, "others"] += 1
    return counted


def known_referrals(session: Session) -> set[tuple[str, str]]:
    """Every referral there is, whatever became of it, as (organization, id)."""
    return {(org, one) for org, one in session.exec(select(ReferralRow.org, ReferralRow.id))}
