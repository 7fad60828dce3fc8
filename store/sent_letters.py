"""The pages of a letter exactly as they went out, one letter of one delivery each.

Kept until the purge: facts, names and templates change, and nobody could draw the same page again.
"""

from __future__ import annotations

from sqlmodel import Session

from store.tables import SentLetterRow


def keep(session: Session, delivery_id: str, pdf: bytes) -> None:
    """What is about to leave; drawn anew for another try, the last one counts."""
    row = session.get(SentLetterRow, delivery_id)
    if row is None:
        row = SentLetterRow(delivery_id=delivery_id, pdf=pdf)
    row.pdf = pdf
    session.add(row)
    session.flush()


def find(session: Session, delivery_id: str) -> bytes | None:
    """The letter of a delivery; None for a text, and once it was emptied."""
    row = session.get(SentLetterRow, delivery_id)
    return row.pdf if row is not None else None
