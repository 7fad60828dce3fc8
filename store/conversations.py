"""Talks by text: one thread for each phone number, what came in and what went out.

Words stay here: pages read them, facts and logs hold ids alone. A thread is seen by the clinics
where a patient with its number has a referral; one of nobody's number by everybody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from models.errors import NotFound
from models.facts import Meaning
from models.ids import new_id
from models.kinds import Kind
from store import replies
from store.rows import LOCKED, find_or_insert
from store.tables import (
    DeliveryRow,
    DeskTextRow,
    MessageRow,
    PatientRow,
    ReferralRow,
    ReplyRow,
    SubjectType,
    ThreadRow,
)

LONGEST = 200
_ALONE = frozenset({Meaning.HELP, Meaning.START, Meaning.CONFIRM})  # a machine answers these


class Going(NamedTuple):
    """A text of ours: the message, its last delivery, and the words a person wrote."""

    message: MessageRow | None
    delivery: DeliveryRow | None
    written: DeskTextRow | None


# --- threads --------------------------------------------------------------------------------------


def thread_of(session: Session, org: str, phone: str, at: datetime) -> ThreadRow:
    """The thread of a number, made unless there is one: addresses name the number by its id."""
    row = ThreadRow(id=new_id("thr"), org=org, phone=phone, last_at=at)
    query = select(ThreadRow).where(ThreadRow.org == org, ThreadRow.phone == phone)
    return find_or_insert(session, row, lambda: session.exec(query).first())[0]


def came(session: Session, reply: ReplyRow) -> None:
    """A text has come from a number; in the transaction that keeps it."""
    if reply.phone is None:
        return
    row = _locked(session, thread_of(session, reply.org, reply.phone, reply.at).id)
    row.last_at = max(row.last_at, reply.at)
    if not set(replies.meanings_of(reply)) <= _ALONE:
        row.asked_at = max(row.asked_at or reply.at, reply.at)
    session.add(row)
    session.flush()


def answered(session: Session, org: str, phone: str, at: datetime) -> None:
    """Somebody has written to a number, called it, or said that nothing is to be answered."""
    row = _locked(session, thread_of(session, org, phone, at).id)
    row.last_at = max(row.last_at, at)
    row.answered_at = max(row.answered_at or at, at)
    session.add(row)
    session.flush()


def assign(session: Session, thread_id: str, owner: str | None) -> None:
    """Whose it is to answer from now on; None: anybody's."""
    row = _locked(session, thread_id)
    row.owner = owner
    session.add(row)
    session.flush()


def threads(
    session: Session, org: str, clinics: Collection[str], limit: int = LONGEST
) -> Sequence[ThreadRow]:
    """The threads these clinics may see: those that wait for an answer first, then the newest.

    One that somebody has merely opened, and in which nothing was ever said, is none yet.
    """
    query = (
        select(ThreadRow)
        .where(ThreadRow.org == org, _begun(), _seen_by(clinics))
        .order_by(_waits().desc(), col(ThreadRow.last_at).desc(), col(ThreadRow.id))
        .limit(limit)
    )
    return session.exec(query).all()


def unread(session: Session, org: str, clinics: Collection[str]) -> int:
    """How many of them wait for a person's answer."""
    query = select(func.count()).select_from(ThreadRow)
    found = session.exec(query.where(ThreadRow.org == org, _waits(), _seen_by(clinics)))
    return found.one()


def thread(session: Session, org: str, thread_id: str, clinics: Collection[str]) -> ThreadRow:
    """One of them; raises NotFound for one these clinics may not see, as if there were none."""
    query = select(ThreadRow).where(
        ThreadRow.org == org, ThreadRow.id == thread_id, _seen_by(clinics)
    )
    found = session.exec(query).first()
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


def waits(row: ThreadRow) -> bool:
    """Whether a text of theirs waits for a person's answer."""
    return row.asked_at is not None and (row.answered_at is None or row.answered_at < row.asked_at)


def people(
    session: Session, org: str, phones: Collection[str], clinics: Collection[str]
) -> dict[str, list[PatientRow]]:
    """The patients of these clinics each number belongs to, as their own or as their guardian's."""
    found: dict[str, list[PatientRow]] = {phone: [] for phone in phones}
    here = select(ReferralRow.patient_id).where(
        ReferralRow.org == org, col(ReferralRow.clinic_id).in_(clinics)
    )
    query = select(PatientRow).where(
        PatientRow.org == org,
        or_(col(PatientRow.phone).in_(phones), col(PatientRow.guardian_phone).in_(phones)),
        col(PatientRow.id).in_(here),
    )
    for patient in session.exec(query.order_by(col(PatientRow.created_at), col(PatientRow.id))):
        for phone in {patient.phone, patient.guardian_phone} & set(phones):
            found[str(phone)].append(patient)
    return found


def referrals_on(
    session: Session, org: str, phone: str, clinics: Collection[str]
) -> Sequence[ReferralRow]:
    """The referrals of a number at these clinics, open ones first, then the newest."""
    whose = [patient.id for patient in replies.owners(session, org, phone)]
    query = select(ReferralRow).where(
        ReferralRow.org == org,
        col(ReferralRow.patient_id).in_(whose),
        col(ReferralRow.duplicate_of).is_(None),
        col(ReferralRow.clinic_id).in_(clinics),
    )
    rows = session.exec(query.order_by(col(ReferralRow.received_at).desc(), col(ReferralRow.id)))
    return sorted(rows, key=lambda row: row.stage == "closed")


def latest(session: Session, org: str, phones: Collection[str]) -> dict[str, ReplyRow]:
    """The last text that came from each number."""
    newest = (
        select(col(ReplyRow.phone), func.max(ReplyRow.at).label("at"))
        .where(ReplyRow.org == org, col(ReplyRow.phone).in_(phones))
        .group_by(col(ReplyRow.phone))
        .subquery()
    )
    query = select(ReplyRow).join(
        newest, and_(col(ReplyRow.phone) == newest.c.phone, col(ReplyRow.at) == newest.c.at)
    )
    return {str(row.phone): row for row in session.exec(query.where(ReplyRow.org == org))}


# --- what is in one -------------------------------------------------------------------------------


def outgoing(session: Session, org: str, phone: str) -> list[Going]:
    """Every text of ours to a number, in no order: what was sent, waits, or was not handed over."""
    by_hand = {
        row.id: row
        for row in session.exec(
            select(DeskTextRow).where(DeskTextRow.org == org, DeskTextRow.phone == phone)
        )
    }
    query = (
        select(MessageRow, DeliveryRow)
        .join(DeliveryRow, col(DeliveryRow.subject_id) == col(MessageRow.id))
        .where(
            DeliveryRow.org == org,
            DeliveryRow.address_ref == phone,
            DeliveryRow.channel == "sms",
            DeliveryRow.subject_type == SubjectType.MESSAGE,
        )
    )
    found = [
        Going(message, delivery, by_hand.pop(message.occasion, None))
        for message, delivery in session.exec(query)
    ]
    waiting = select(MessageRow).where(
        MessageRow.org == org,
        MessageRow.kind == Kind.DESK_TEXT,
        col(MessageRow.occasion).in_(by_hand),
    )
    rows = {row.occasion: row for row in session.exec(waiting)} if by_hand else {}
    return found + [Going(rows.get(one), None, text) for one, text in by_hand.items()]


def text(session: Session, org: str, text_id: str) -> DeskTextRow | None:
    """What a person wrote, by its id."""
    row = session.get(DeskTextRow, text_id)
    return row if row is not None and row.org == org else None


def write(
    session: Session,
    *,
    org: str,
    referral_id: str,
    phone: str,
    body: str,
    by: str,
    nonce: str,
    live: bool,
    at: datetime,
    recorded_at: datetime,
    send_at: datetime | None = None,
) -> DeskTextRow:
    """The text's row; the same form sent again finds the same one.

    *send_at* is the moment they chose for it; None: as soon as it may go.
    """
    row = DeskTextRow(
        id=new_id("dtx"),
        org=org,
        referral_id=referral_id,
        phone=phone,
        body=body,
        by=by,
        nonce=nonce,
        live=live,
        at=at,
        recorded_at=recorded_at,
        send_at=send_at,
    )
    query = select(DeskTextRow).where(DeskTextRow.org == org, DeskTextRow.nonce == nonce)
    return find_or_insert(session, row, lambda: session.exec(query).first())[0]


def handed(session: Session, text_id: str, at: datetime, refused: str | None = None) -> None:
    """The referral has taken a text over, or has said why it does not; again changes nothing."""
    row = session.get_one(DeskTextRow, text_id, with_for_update=LOCKED, populate_existing=True)
    if row.handed_at is None:
        row.handed_at, row.refused = at, refused
        session.add(row)
        session.flush()


def not_handed(session: Session, before: datetime, limit: int = 100) -> Sequence[DeskTextRow]:
    """Texts written before a moment (wall time) that no referral has taken over yet."""
    query = select(DeskTextRow).where(
        col(DeskTextRow.handed_at).is_(None), col(DeskTextRow.recorded_at) < before
    )
    return session.exec(query.order_by(col(DeskTextRow.recorded_at)).limit(limit)).all()


# --- inside ---------------------------------------------------------------------------------------


def _begun() -> ColumnElement[bool]:
    """They have written, or somebody has answered, called or taken it."""
    wrote = select(ReplyRow.id).where(
        col(ReplyRow.org) == col(ThreadRow.org), col(ReplyRow.phone) == col(ThreadRow.phone)
    )
    answered = col(ThreadRow.answered_at).is_not(None)
    return or_(answered, col(ThreadRow.owner).is_not(None), wrote.exists())


def _waits() -> ColumnElement[bool]:
    asked, told = col(ThreadRow.asked_at), col(ThreadRow.answered_at)
    return and_(asked.is_not(None), or_(told.is_(None), told < asked))


def _seen_by(clinics: Collection[str]) -> ColumnElement[bool]:
    """A number of a patient with a referral there, or one that is nobody's."""
    theirs = and_(
        col(PatientRow.org) == col(ThreadRow.org),
        or_(
            col(PatientRow.phone) == col(ThreadRow.phone),
            col(PatientRow.guardian_phone) == col(ThreadRow.phone),
        ),
    )
    somebodys = select(PatientRow.id).where(theirs).exists()
    here = (
        select(ReferralRow.id)
        .join(PatientRow, col(PatientRow.id) == col(ReferralRow.patient_id))
        .where(theirs, col(ReferralRow.clinic_id).in_(clinics))
        .exists()
    )
    return or_(here, ~somebodys)


def _locked(session: Session, thread_id: str) -> ThreadRow:
    return session.get_one(ThreadRow, thread_id, with_for_update=LOCKED, populate_existing=True)
