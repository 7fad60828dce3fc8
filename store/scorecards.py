"""Letters about scorecards: at most one for an office and quarter, held until a person approves it.

A letter is a row first; approving it queues the delivery in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, or_
from sqlmodel import Session, col, select

from models.errors import NotFound, Refused
from models.ids import new_id
from store import post, sources
from store.engine import unindexed
from store.rows import LOCKED, find_or_insert
from store.tables import (
    DeliveryRow,
    DeliveryState,
    ScorecardLetterRow,
    SourceRow,
    SubjectType,
)

PURPOSE = "scorecard"  # what an office says no to; it binds the number (policy.md rule 13)
_MAY_BE_ASKED_ABOUT = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN)


class LetterState(StrEnum):
    """What people have said of a letter."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"


class Way(NamedTuple):
    """How the letter is to go."""

    channel: str  # fax | email
    address: str


def quarter(day: date) -> str:
    """``2027-Q1``: of the calendar, by the organization's own day."""
    return f"{day.year}-Q{(day.month - 1) // 3 + 1}"


def about(source: SourceRow) -> str:
    """Whom a letter is about: the office; a source without one stands for itself."""
    return f"practice:{source.practice_id}" if source.practice_id else f"source:{source.id}"


def of_quarter(session: Session, source: SourceRow, when: str) -> ScorecardLetterRow | None:
    """The newest letter of a source's office in a quarter, if there is one."""
    query = select(ScorecardLetterRow).where(
        _theirs(session, source), ScorecardLetterRow.quarter == when
    )
    return session.exec(query.order_by(col(ScorecardLetterRow.asked_at).desc()).limit(1)).first()


def waiting(session: Session, source: SourceRow) -> ScorecardLetterRow | None:
    """The letter of a source's office that waits for approval, of whichever quarter; the newest."""
    query = select(ScorecardLetterRow).where(
        _theirs(session, source), ScorecardLetterRow.state == LetterState.WAITING
    )
    return session.exec(query.order_by(col(ScorecardLetterRow.asked_at).desc()).limit(1)).first()


def uncertain(session: Session, source: SourceRow) -> DeliveryRow | None:
    """The newest try to reach a source's office of which nobody can tell whether it arrived."""
    query = (
        select(DeliveryRow)
        .join(ScorecardLetterRow, col(ScorecardLetterRow.id) == col(DeliveryRow.subject_id))
        .where(
            ScorecardLetterRow.org == source.org,
            _theirs(session, source),
            DeliveryRow.subject_type == SubjectType.SCORECARD,
            DeliveryRow.state == DeliveryState.UNKNOWN,
        )
    )
    return session.exec(query.order_by(col(DeliveryRow.created_at).desc()).limit(1)).first()


def get(session: Session, org: str, letter_id: str) -> ScorecardLetterRow:
    """One letter; raises NotFound."""
    row = session.get(ScorecardLetterRow, letter_id)
    if row is None or row.org != org:
        raise NotFound("There is no such letter.")
    return row


def ask(
    session: Session,
    source: SourceRow,
    way: Way,
    *,
    when: str,
    content: dict[str, Any],
    by: str,
    at: datetime,
) -> ScorecardLetterRow:
    """Hold a letter for approval; one that was declined, or never arrived, may be asked for again.

    Raises Refused ``one_a_quarter`` where the office, or somebody else at its number, has one.
    """
    row = ScorecardLetterRow(
        id=new_id("sc"),
        org=source.org,
        about=about(source),
        source_id=source.id,
        quarter=when,
        address=way.address,
        channel=way.channel,
        state=LetterState.WAITING,
        content=content,
        asked_by=by,
        asked_at=at,
    )
    there = and_(
        col(ScorecardLetterRow.org) == row.org, col(ScorecardLetterRow.address) == row.address
    )
    query = select(ScorecardLetterRow).where(
        ScorecardLetterRow.quarter == when, or_(_theirs(session, source), there)
    )
    same = col(ScorecardLetterRow.about) == row.about
    query = query.order_by(case((there, 0), (same, 1), else_=2), col(ScorecardLetterRow.id))
    known, fresh = find_or_insert(session, row, lambda: session.exec(query).first())
    if fresh:
        return known
    for one in [_locked(session, one) for one in session.exec(query).all()]:
        lost = one.state == LetterState.APPROVED and _lost(session, one)
        if one.state != LetterState.DECLINED and not lost:
            raise _one_a_quarter(when)
        if one.about == row.about and one is not known:  # the number is in another one's row
            one.about = f"letter:{one.id}"
            session.add(one)
            session.flush()
    told = row.model_dump(exclude={"id"})
    for name, value in told.items():
        setattr(known, name, value)
    session.add(known)
    session.flush()
    return known


def approve(
    session: Session, row: ScorecardLetterRow, *, content: dict[str, Any], by: str, at: datetime
) -> DeliveryRow:
    """Let a letter go: from here on the outbox has it.

    Raises Refused ``not_waiting``, and ``one_a_quarter`` where the one before it, which had failed
    when this one was worded, has arrived after all.
    """
    row = _decide(session, row, LetterState.APPROVED, by, at)
    of_theirs = select(ScorecardLetterRow).where(
        ScorecardLetterRow.source_id == row.source_id, ScorecardLetterRow.quarter == row.quarter
    )
    for one in session.exec(of_theirs).all():
        if deliveries(session, one.id) and not _lost(session, one):
            raise _one_a_quarter(row.quarter)
    row.content = content
    session.add(row)
    return post.queue_letter(
        session,
        org=row.org,
        subject_type=SubjectType.SCORECARD,
        subject_id=row.id,
        channel=row.channel,
        address=row.address,
        rung=len(deliveries(session, row.id)),
        at=at,
    )


def decline(session: Session, row: ScorecardLetterRow, *, by: str, at: datetime) -> None:
    """Say no to a letter that waits. Raises Refused ``not_waiting``."""
    _decide(session, row, LetterState.DECLINED, by, at)


def deliveries(session: Session, letter_id: str) -> Sequence[DeliveryRow]:
    """Every try to send a letter, the first one first; the CRM's row is none of them."""
    query = select(DeliveryRow).where(
        DeliveryRow.subject_type == SubjectType.SCORECARD,
        DeliveryRow.subject_id == letter_id,
        col(DeliveryRow.channel) != post.CRM,
    )
    return session.exec(query.order_by(col(DeliveryRow.rung))).all()


def to_send(
    session: Session, orgs: Collection[str], now: datetime, most: int
) -> Sequence[DeliveryRow]:
    """What is queued, and what a run cut off has left in nobody's hands.

    The oldest first, of those tried as often: what a vendor puts off holds nobody else up.
    """
    queued = col(DeliveryRow.state) == DeliveryState.QUEUED
    left = (col(DeliveryRow.state) == DeliveryState.SENDING) & (
        col(DeliveryRow.in_hand_until) <= now
    )
    query = select(DeliveryRow).where(
        unindexed(DeliveryRow.subject_type) == SubjectType.SCORECARD,
        unindexed(DeliveryRow.org).in_(orgs),
        col(DeliveryRow.channel) != post.CRM,
        queued | left,
    )
    query = query.order_by(col(DeliveryRow.attempt), col(DeliveryRow.created_at))
    return session.exec(query.limit(most)).all()


def to_ask(
    session: Session, orgs: Collection[str], now: datetime, most: int
) -> Sequence[DeliveryRow]:
    """What a vendor took and has not proved by now."""
    query = select(DeliveryRow).where(
        DeliveryRow.subject_type == SubjectType.SCORECARD,
        col(DeliveryRow.org).in_(orgs),
        col(DeliveryRow.channel) != post.CRM,
        col(DeliveryRow.state).in_(_MAY_BE_ASKED_ABOUT),
        col(DeliveryRow.prove_by) <= now,
    )
    return session.exec(query.order_by(col(DeliveryRow.prove_by)).limit(most)).all()


def _theirs(session: Session, source: SourceRow) -> ColumnElement[bool]:
    """Letters to its office, and those asked for when it was still called otherwise."""
    known = sources.also_known_as(session, source.id)
    return or_(
        and_(
            col(ScorecardLetterRow.org) == source.org,
            col(ScorecardLetterRow.about) == about(source),
        ),
        col(ScorecardLetterRow.source_id).in_(known),
    )


def _one_a_quarter(when: str) -> Refused:
    return Refused(
        f"This office has its letter of {when} already; at most one goes out in a quarter.",
        code="one_a_quarter",
    )


def _decide(
    session: Session, row: ScorecardLetterRow, state: LetterState, by: str, at: datetime
) -> ScorecardLetterRow:
    row = _locked(session, row)
    if row.state != LetterState.WAITING:
        raise Refused(
            f"This letter does not wait any more: it is {row.state}. The page says by whom.",
            code="not_waiting",
        )
    row.state, row.decided_by, row.decided_at = state, by, at
    session.add(row)
    session.flush()
    return row


def _lost(session: Session, row: ScorecardLetterRow) -> bool:
    tries = deliveries(session, row.id)
    return bool(tries) and tries[-1].state == DeliveryState.FAILED


def _locked(session: Session, row: ScorecardLetterRow) -> ScorecardLetterRow:
    session.flush()
    return session.get_one(
        ScorecardLetterRow, row.id, with_for_update=LOCKED, populate_existing=True
    )
