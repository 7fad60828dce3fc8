"""Notes people write on a referral; append-only, read by those who may see the chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models.errors import BadRequest
from models.ids import new_id
from store.tables import NoteRow

LONGEST = 4000


def add(
    session: Session, org: str, referral_id: str, *, by: str, text: str, at: datetime
) -> NoteRow:
    """Keep a note. Raises BadRequest for an empty one, or one of more than ``LONGEST`` letters."""
    words = text.strip()
    if not words:
        raise BadRequest("The note is empty.", code="empty_note", field="text")
    if len(words) > LONGEST:
        raise BadRequest(
            f"A note has at most {LONGEST} characters; make two of it.",
            code="long_note",
            field="text",
        )
    row = NoteRow(
        id=new_id("note"),
        org=org,
        referral_id=referral_id,
        by=by,
        text=words,
        at=at,
        recorded_at=at,
    )
    session.add(row)
    session.flush()
    return row


def of(session: Session, referral_id: str) -> Sequence[NoteRow]:
    """A referral's notes, oldest first."""
    query = select(NoteRow).where(NoteRow.referral_id == referral_id)
    return session.exec(query.order_by(col(NoteRow.at), col(NoteRow.id))).all()
