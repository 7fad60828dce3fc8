"""Texts from outside, word for word, and whose referrals they are about.

A thread belongs to a phone number, so a text is about every open referral on it (policy.md rule
12). What a text means is decided by ``models.replies``; the words are read here by people only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models.facts import Meaning
from models.ids import new_id
from models.referral import Stage
from store.rows import find_or_insert
from store.tables import InboxRow, PatientRow, ReferralRow, ReplyRow


def keep(
    session: Session,
    inbox: InboxRow,
    *,
    reply_id: str,
    phone: str | None,
    text: str | None,
    meanings: Sequence[Meaning],
    at: datetime,
) -> ReplyRow:
    """The text's row; the same text by two ways in is one row."""
    row = ReplyRow(
        id=new_id("txt"),
        org=inbox.org,
        reply_id=reply_id,
        phone=phone,
        text=text,
        meanings=" ".join(meanings),
        at=at,
        inbox_id=inbox.id,
        recorded_at=inbox.received_at,
    )
    return find_or_insert(session, row, lambda: get(session, inbox.org, reply_id))[0]


def get(session: Session, org: str, reply_id: str) -> ReplyRow | None:
    """One text by its id."""
    query = select(ReplyRow).where(ReplyRow.org == org, ReplyRow.reply_id == reply_id)
    return session.exec(query).first()


def thread(session: Session, org: str, phone: str) -> Sequence[ReplyRow]:
    """Every text that came from a number, oldest first."""
    query = select(ReplyRow).where(ReplyRow.org == org, ReplyRow.phone == phone)
    return session.exec(query.order_by(col(ReplyRow.at), col(ReplyRow.reply_id))).all()


def meanings_of(row: ReplyRow) -> tuple[Meaning, ...]:
    """What the text was found to mean when it came."""
    return tuple(Meaning(one) for one in row.meanings.split())


def owners(session: Session, org: str, phone: str) -> Sequence[PatientRow]:
    """The patients a number belongs to, as their own or as their guardian's, first met first."""
    query = select(PatientRow).where(
        PatientRow.org == org,
        (col(PatientRow.phone) == phone) | (col(PatientRow.guardian_phone) == phone),
    )
    return session.exec(query.order_by(col(PatientRow.created_at), col(PatientRow.id))).all()


def on_number(session: Session, org: str, phone: str) -> Sequence[ReferralRow]:
    """Every open referral on a number, oldest first."""
    whose = [patient.id for patient in owners(session, org, phone)]
    query = select(ReferralRow).where(
        ReferralRow.org == org,
        col(ReferralRow.patient_id).in_(whose),
        col(ReferralRow.duplicate_of).is_(None),
        ReferralRow.stage != Stage.CLOSED,
    )
    return session.exec(query.order_by(col(ReferralRow.received_at), col(ReferralRow.id))).all()
