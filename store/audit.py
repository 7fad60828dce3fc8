"""Who did what to which subject: ids and codes only, append-only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select

from store.tables import AuditRow, ReferralRow


def note(
    session: Session,
    *,
    org: str,
    who: str,
    what: str,
    subject: str,
    at: datetime,
    recorded_at: datetime,
) -> None:
    """Write a line; ``who`` is a staff id or ``system``, ``what`` a code, ``subject`` an id."""
    session.add(
        AuditRow(org=org, at=at, who=who, what=what, subject=subject, recorded_at=recorded_at)
    )
    session.flush()


def latest(
    session: Session,
    org: str,
    *,
    who: str | None,
    subject: str | None,
    clinics: Collection[str],
    elsewhere: Collection[str],
    limit: int,
) -> Sequence[AuditRow]:
    """The newest lines, of one person or about one subject where told, newest first.

    Those of ``clinics`` alone: nothing about a referral of another clinic, and of the staff who
    work only *elsewhere* what they did with a referral of these.
    """
    here = select(ReferralRow.id).where(
        col(ReferralRow.id) == col(AuditRow.subject), col(ReferralRow.clinic_id).in_(clinics)
    )
    theirs = select(ReferralRow.id).where(
        col(ReferralRow.id) == col(AuditRow.subject), col(ReferralRow.clinic_id).not_in(clinics)
    )
    query = select(AuditRow).where(
        AuditRow.org == org,
        ~theirs.exists(),
        or_(col(AuditRow.who).not_in(elsewhere), here.exists()),
    )
    if who is not None:
        query = query.where(AuditRow.who == who)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    return session.exec(query.order_by(col(AuditRow.id).desc()).limit(limit)).all()


def about(session: Session, org: str, subject: str) -> Sequence[AuditRow]:
    """Every line about one subject, in the order it was written."""
    query = select(AuditRow).where(AuditRow.org == org, AuditRow.subject == subject)
    return session.exec(query.order_by(col(AuditRow.id))).all()


def last_deed(session: Session, org: str, subject: str, *, besides: str) -> AuditRow | None:
    """The last thing somebody did to a subject; *besides* is a code that does not count."""
    query = select(AuditRow).where(
        AuditRow.org == org, AuditRow.subject == subject, AuditRow.what != besides
    )
    return session.exec(query.order_by(col(AuditRow.id).desc()).limit(1)).first()
