"""Messages and their deliveries as rows: queued before anything is done about them, and found.

What becomes of them from there on is ``store.settling``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from models.ids import new_id
from models.referral import MessageRef
from store.rows import find_or_insert
from store.tables import DeliveryRow, DeliveryState, MessageRow, SubjectType

CRM = "crm"


# --- messages -----------------------------------------------------------------------------------


def queue_message(
    session: Session,
    *,
    org: str,
    referral_id: str,
    message: MessageRef,
    at: datetime,
    recorded_at: datetime,
) -> tuple[MessageRow, bool]:
    """The message's row, and whether it is new; asking again finds the same row."""
    row = MessageRow(
        id=new_id("msg"),
        org=org,
        referral_id=referral_id,
        key=message.key,
        kind=message.kind,
        to_party=message.to,
        occasion=message.occasion,
        created_at=at,
        recorded_at=recorded_at,
    )
    return find_or_insert(session, row, lambda: find_message(session, referral_id, message))


def find_message(session: Session, referral_id: str, message: MessageRef) -> MessageRow | None:
    """The row of one message, if it was ever queued."""
    query = select(MessageRow).where(
        MessageRow.referral_id == referral_id, MessageRow.key == message.key
    )
    return session.exec(query).first()


def messages_of(session: Session, referral_id: str) -> Sequence[MessageRow]:
    """Every message of a referral, oldest first."""
    query = select(MessageRow).where(MessageRow.referral_id == referral_id)
    return session.exec(query.order_by(col(MessageRow.created_at), col(MessageRow.key))).all()


# --- deliveries ---------------------------------------------------------------------------------


def queue_delivery(
    session: Session,
    message: MessageRow,
    *,
    channel: str,
    rung: int,
    address: str,
    at: datetime,
    recorded_at: datetime,
    payload: dict[str, Any] | None = None,
) -> tuple[DeliveryRow, bool]:
    """The delivery of a message on one rung of its ladder, and whether it is new.

    ``address`` is normalised (E.164, email in lower case). Its ``reference`` is what the vendor is
    given and asked about. One still queued takes over the words of this attempt: an appointment may
    have moved since the line was busy.
    """
    row, fresh = _queue(
        session,
        DeliveryRow(
            id=new_id("dlv"),
            org=message.org,
            subject_type=SubjectType.MESSAGE,
            subject_id=message.id,
            referral_id=message.referral_id,
            channel=channel,
            rung=rung,
            reference=new_id("rl"),
            address_ref=address,
            payload=payload,
            created_at=at,
            recorded_at=recorded_at,
        ),
    )
    if not fresh and row.state == DeliveryState.QUEUED and row.payload != payload:
        row.payload = payload
        session.add(row)
        session.flush()
    return row, fresh


def kept(session: Session, delivery_id: str) -> Mapping[str, Any]:
    """What a delivery's row keeps of what it says; nothing once it was purged."""
    row = session.get(DeliveryRow, delivery_id)
    return (row.payload or {}) if row else {}


def queue_crm(
    session: Session,
    *,
    org: str,
    subject_type: SubjectType,
    subject_id: str,
    payload: dict[str, Any],
    at: datetime,
    recorded_at: datetime,
    referral_id: str | None = None,
) -> tuple[DeliveryRow, bool]:
    """A row for the CRM about one subject, and whether it is new; the ``crm`` chore sends it."""
    return _queue(
        session,
        DeliveryRow(
            id=new_id("dlv"),
            org=org,
            subject_type=subject_type,
            subject_id=subject_id,
            referral_id=referral_id,
            channel=CRM,
            reference=new_id("rl"),
            payload=payload,
            created_at=at,
            recorded_at=recorded_at,
        ),
    )


def unsent_crm(session: Session, limit: int = 100) -> Sequence[DeliveryRow]:
    """Rows the CRM has not been given yet, oldest first."""
    query = select(DeliveryRow).where(
        DeliveryRow.channel == CRM,
        col(DeliveryRow.state).in_([DeliveryState.QUEUED, DeliveryState.SENDING]),
    )
    return session.exec(
        query.order_by(col(DeliveryRow.recorded_at), col(DeliveryRow.id)).limit(limit)
    ).all()


def queue_letter(
    session: Session,
    *,
    org: str,
    subject_type: SubjectType,
    subject_id: str,
    channel: str,
    address: str,
    rung: int,
    at: datetime,
) -> DeliveryRow:
    """A letter or notice that belongs to no referral; asked again it is the same row."""
    row, _ = _queue(
        session,
        DeliveryRow(
            id=new_id("dlv"),
            org=org,
            subject_type=subject_type,
            subject_id=subject_id,
            channel=channel,
            rung=rung,
            reference=new_id("rl"),
            address_ref=address,
            pages=1 if channel == "fax" else None,
            created_at=at,
            recorded_at=at,
        ),
    )
    return row


def notice(session: Session, org: str, subject_id: str) -> DeliveryRow | None:
    """The mail about a report to one of the staff, if it was asked for."""
    query = select(DeliveryRow).where(
        DeliveryRow.org == org,
        DeliveryRow.subject_type == SubjectType.REPORT,
        DeliveryRow.subject_id == subject_id,
    )
    return session.exec(query).first()


def delivery_of(session: Session, message_id: str, rung: int) -> DeliveryRow | None:
    """The delivery of a message on one rung."""
    query = select(DeliveryRow).where(
        DeliveryRow.subject_type == SubjectType.MESSAGE,
        DeliveryRow.subject_id == message_id,
        DeliveryRow.rung == rung,
    )
    return session.exec(query).first()


def deliveries_of(session: Session, referral_id: str) -> Sequence[DeliveryRow]:
    """Every delivery of a referral, oldest first."""
    query = select(DeliveryRow).where(DeliveryRow.referral_id == referral_id)
    return session.exec(query.order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))).all()


def _queue(session: Session, row: DeliveryRow) -> tuple[DeliveryRow, bool]:
    query = select(DeliveryRow).where(
        DeliveryRow.subject_type == row.subject_type,
        DeliveryRow.subject_id == row.subject_id,
        DeliveryRow.channel == row.channel,
        DeliveryRow.rung == row.rung,
    )
    return find_or_insert(session, row, lambda: session.exec(query).first())
