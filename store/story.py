"""Everything one referral's page tells, read in one transaction and a fixed number of queries."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from models.errors import NotFound
from models.facts import PatientReplied, parse_fact
from models.policy import Rules
from models.referral import Referral
from store import notes, referrals, sent_letters
from store.record import Told
from store.tables import (
    DeliveryRow,
    DocumentRow,
    FactRow,
    FaxPartRow,
    MessageRow,
    NoteRow,
    ReplyRow,
    SubjectType,
    TaskRow,
)


class Sent(NamedTuple):
    """One way out for one message, and how far it came."""

    message: MessageRow
    delivery: DeliveryRow | None  # None: a row that waits, or was dropped before any try
    pdf: bytes | None = None  # its pages, where one message alone is read


class Paper(NamedTuple):
    """A document, without its content."""

    document_id: str
    kind: str
    created_at: datetime
    has_pdf: bool


class Story(NamedTuple):
    """What is known of one referral, and what was said about it."""

    told: list[Told]
    referral: Referral
    rules: Rules
    messages: list[Sent]
    papers: list[Paper]
    faxes: list[tuple[str, str]]  # the faxes that are about it, each with the part that is
    notes: list[NoteRow]
    replies: dict[str, str]  # the words of texts by their id, while they are kept
    asked: dict[str, str]  # the very questions of its tasks, by key


def read(session: Session, org: str, referral_id: str) -> Story:
    """The story of one referral; raises NotFound."""
    row = referrals.get(session, org, referral_id)
    facts = session.exec(
        select(FactRow)
        .where(FactRow.referral_id == row.id)
        .order_by(col(FactRow.at), col(FactRow.id))
    )
    told = [Told(parse_fact(one.body), one.recorded_at) for one in facts]
    referral = Referral(one.fact for one in told)
    ids = [fact.reply_id for fact in referral.all(PatientReplied)]
    replies = session.exec(
        select(ReplyRow).where(ReplyRow.org == org, col(ReplyRow.reply_id).in_(ids))
    )
    asked = session.exec(select(TaskRow).where(TaskRow.referral_id == row.id))
    return Story(
        told=told,
        referral=referral,
        rules=Rules.model_validate(row.rules),
        messages=_messages(session, row.id),
        papers=_papers(session, row.id),
        faxes=_faxes(session, row.id),
        notes=list(notes.of(session, row.id)),
        replies={one.reply_id: one.text for one in replies if one.text is not None},
        asked={one.key: one.says for one in asked},
    )


def delivery(session: Session, org: str, referral_id: str, delivery_id: str) -> Sent:
    """One message as it was sent; raises NotFound for another referral's."""
    row = session.get(DeliveryRow, delivery_id)
    message = session.get(MessageRow, row.subject_id) if row is not None else None
    if row is None or message is None or (row.org, message.referral_id) != (org, referral_id):
        raise NotFound("There is no such message on this referral.")
    return Sent(message, row, sent_letters.find(session, row.id))


def _messages(session: Session, referral_id: str) -> list[Sent]:
    query = (
        select(MessageRow, DeliveryRow)
        .join(
            DeliveryRow,
            (col(DeliveryRow.subject_id) == col(MessageRow.id))
            & (col(DeliveryRow.subject_type) == SubjectType.MESSAGE),
            isouter=True,
        )
        .where(MessageRow.referral_id == referral_id)
        .order_by(col(MessageRow.created_at).desc(), col(MessageRow.key), col(DeliveryRow.rung))
    )
    return [Sent(message, sent) for message, sent in session.exec(query)]


def _faxes(session: Session, referral_id: str) -> list[tuple[str, str]]:
    query = (
        select(FaxPartRow.fax_id, FaxPartRow.id)
        .where(FaxPartRow.referral_id == referral_id)
        .order_by(col(FaxPartRow.due), col(FaxPartRow.id))
    )
    return list(session.exec(query).all())


def _papers(session: Session, referral_id: str) -> list[Paper]:
    query = (
        select(
            DocumentRow.id,
            DocumentRow.kind,
            DocumentRow.created_at,
            col(DocumentRow.pdf).is_not(None),
        )
        .where(DocumentRow.referral_id == referral_id)
        .order_by(col(DocumentRow.created_at), col(DocumentRow.id))
    )
    return [Paper(*row) for row in session.exec(query)]
