"""Passwords, invitations and sessions of the staff; hashes in, hashes out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func
from sqlmodel import Session, col, delete, select, update

from store.rows import LOCKED, find_or_insert
from store.tables_desk import InviteRow, PasswordRow, SessionRow

MOST_FAILURES: Final = 5
LOCKED_FOR: Final = timedelta(minutes=15)


def password(session: Session, org: str, staff_id: str) -> PasswordRow:
    """How somebody signs in; a row of its own even while no password is set."""
    row, _ = find_or_insert(
        session,
        PasswordRow(org=org, staff_id=staff_id),
        lambda: session.get(PasswordRow, (org, staff_id)),
    )
    return row


def kept(session: Session, org: str, staff_id: str, now: datetime) -> tuple[str | None, bool]:
    """The hash of their password, if they have set one, and whether the account rests just now."""
    row = session.get(PasswordRow, (org, staff_id))
    if row is None:
        return None, False
    return row.hash, row.locked_until is not None and now < row.locked_until


def set_password(session: Session, org: str, staff_id: str, hashed: str, at: datetime) -> None:
    """Their password from now on; whoever was signed in with the one before is signed out."""
    row = password(session, org, staff_id)
    row.hash, row.set_at, row.failures, row.locked_until = hashed, at, 0, None
    session.add(row)
    end_all(session, org, staff_id)


def rehash(session: Session, org: str, staff_id: str, known: str, hashed: str) -> None:
    """The same password by newer parameters, unless it was changed meanwhile."""
    session.exec(
        update(PasswordRow)
        .where(
            col(PasswordRow.org) == org,
            col(PasswordRow.staff_id) == staff_id,
            col(PasswordRow.hash) == known,
        )
        .values(hash=hashed)
    )


def failed(session: Session, org: str, staff_id: str, now: datetime) -> bool:
    """A wrong password; True when that locked the door for a while."""
    password(session, org, staff_id)
    row = session.get_one(
        PasswordRow, (org, staff_id), with_for_update=LOCKED, populate_existing=True
    )
    row.failures += 1
    locks = row.failures >= MOST_FAILURES
    if locks:
        row.failures, row.locked_until = 0, now + LOCKED_FOR
    session.add(row)
    session.flush()
    return locks


def invite(
    session: Session, org: str, staff_id: str, token_hash: str, at: datetime, until: datetime
) -> None:
    """A link for one person; links given before end, so that only the newest opens the door."""
    session.exec(
        delete(InviteRow).where(
            col(InviteRow.org) == org,
            col(InviteRow.staff_id) == staff_id,
            col(InviteRow.used_at).is_(None),
        )
    )
    session.add(
        InviteRow(
            token_hash=token_hash, org=org, staff_id=staff_id, invited_at=at, expires_at=until
        )
    )
    session.flush()


def invited(session: Session, token_hash: str, now: datetime) -> InviteRow | None:
    """Whom a link is for, while it can be used."""
    row = session.get(InviteRow, token_hash)
    return row if row is not None and row.used_at is None and now < row.expires_at else None


def use(session: Session, token_hash: str, now: datetime) -> bool:
    """Use a link up; False for the second of two who try at once."""
    done = session.exec(
        update(InviteRow)
        .where(
            col(InviteRow.token_hash) == token_hash,
            col(InviteRow.used_at).is_(None),
            col(InviteRow.expires_at) > now,
        )
        .values(used_at=now)
    )
    return int(done.rowcount) == 1


def begin(
    session: Session, org: str, staff_id: str, token_hash: str, at: datetime, until: datetime
) -> None:
    """Somebody has signed in; failures are forgotten, and sessions that are over as well."""
    session.exec(delete(SessionRow).where(col(SessionRow.expires_at) <= at))
    row = password(session, org, staff_id)
    row.failures, row.locked_until = 0, None
    session.add(row)
    session.add(
        SessionRow(
            token_hash=token_hash,
            org=org,
            staff_id=staff_id,
            began_at=at,
            seen_at=at,
            expires_at=until,
        )
    )
    session.flush()


def find(session: Session, token_hash: str, now: datetime, idle: timedelta) -> SessionRow | None:
    """The session, unless it is over: by its end, or because nobody was there for so long."""
    row = session.get(SessionRow, token_hash)
    if row is None or now >= row.expires_at or now - row.seen_at >= idle:
        return None
    return row


def seen(session: Session, token_hash: str, now: datetime) -> None:
    """Somebody was there."""
    session.exec(
        update(SessionRow).where(col(SessionRow.token_hash) == token_hash).values(seen_at=now)
    )


def end(session: Session, token_hash: str) -> None:
    """Sign out of one browser; again changes nothing."""
    session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == token_hash))


def end_all(session: Session, org: str, staff_id: str) -> None:
    """Sign somebody out everywhere."""
    session.exec(
        delete(SessionRow).where(col(SessionRow.org) == org, col(SessionRow.staff_id) == staff_id)
    )


def sessions(session: Session, org: str, now: datetime) -> dict[str, int]:
    """In how many browsers each of the staff is signed in."""
    query = (
        select(SessionRow.staff_id, func.count())
        .where(SessionRow.org == org, col(SessionRow.expires_at) > now)
        .group_by(col(SessionRow.staff_id))
    )
    return dict(session.exec(query).all())


def with_password(session: Session, org: str) -> set[str]:
    """The staff ids that have set one; whoever is missing has yet to be invited."""
    query = select(PasswordRow.staff_id).where(
        PasswordRow.org == org, col(PasswordRow.hash).is_not(None)
    )
    return set(session.exec(query).all())
