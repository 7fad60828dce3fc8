"""What may be sent to an address: consent, opt-outs, and numbers that take nothing any more.

It belongs to the number or mailbox, never to a patient (policy.md rule 12). The newest word about
an address and purpose counts, ``all`` covering every purpose. Rows are only added; one goes only
when a person takes back what they told by mistake.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from store.rows import insert_unless_there
from store.tables import ConsentRow, ConsentState, DeadNumberRow

ALL = "all"


def record(
    session: Session,
    *,
    org: str,
    address: str,
    state: ConsentState,
    at: datetime,
    why: str,
    recorded_at: datetime,
    purpose: str = ALL,
) -> None:
    """Add what was said; the same word at the same moment is not added twice."""
    row = ConsentRow(
        org=org,
        address=_key(address),
        purpose=purpose,
        state=state,
        at=at,
        why=why,
        recorded_at=recorded_at,
    )
    same = select(ConsentRow).where(
        ConsentRow.org == org,
        ConsentRow.address == row.address,
        ConsentRow.purpose == purpose,
        ConsentRow.state == state,
        ConsentRow.at == at,
    )
    if session.exec(same).first() is None:
        session.add(row)
        session.flush()


def take_back(
    session: Session, *, org: str, address: str, state: ConsentState, at: datetime, why: str
) -> None:
    """Forget a word that nobody said; what was said before or since counts again."""
    session.connection().execute(
        delete(ConsentRow).where(
            col(ConsentRow.org) == org,
            col(ConsentRow.address) == _key(address),
            col(ConsentRow.state) == state,
            col(ConsentRow.at) == at,
            col(ConsentRow.why) == why,
        )
    )


def current(session: Session, org: str, address: str, purpose: str = ALL) -> ConsentRow | None:
    """The newest word about an address for a purpose; None when nothing was ever said.

    Newest by when it was said, not by when we heard; at the same moment a no counts.
    """
    query = select(ConsentRow).where(
        ConsentRow.org == org,
        ConsentRow.address == _key(address),
        col(ConsentRow.purpose).in_({purpose, ALL}),
    )
    return max(
        session.exec(query),
        key=lambda row: (row.at, row.state == ConsentState.OPTED_OUT),
        default=None,
    )


def opted_out(session: Session, org: str, address: str, purpose: str = ALL) -> bool:
    """Whether the newest word is a no."""
    newest = current(session, org, address, purpose)
    return newest is not None and newest.state == ConsentState.OPTED_OUT


def last_said(session: Session, org: str, address: str, state: ConsentState) -> datetime | None:
    """When this was last said about an address; None if never."""
    query = select(ConsentRow.at).where(
        ConsentRow.org == org, ConsentRow.address == _key(address), ConsentRow.state == state
    )
    return max(session.exec(query), default=None)


def mark_dead(session: Session, *, org: str, address: str, why: str, at: datetime) -> bool:
    """An address takes nothing any more; False when that was known."""
    return insert_unless_there(
        session, DeadNumberRow(org=org, address=_key(address), since=at, why=why)
    )


def revive(session: Session, *, org: str, address: str, since: datetime | None = None) -> None:
    """A person has corrected or confirmed the address, or takes back what they said of it.

    ``since`` is when they said so: an address that was known to be dead before stays dead.
    """
    row = session.get(DeadNumberRow, (org, _key(address)))
    if row is not None and since in {None, row.since}:
        session.delete(row)
        session.flush()


def is_dead(session: Session, org: str, address: str) -> bool:
    """Whether nothing is to be sent there until a person has looked."""
    return session.get(DeadNumberRow, (org, _key(address))) is not None


def _key(address: str) -> str:
    # A number has no case; a mailbox is the same person however its letters are written.
    return address.strip().casefold()
