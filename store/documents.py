"""Clinical content: the fields or the signed PDF that came with an event."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from models.errors import BadRequest, NotFound
from models.ids import new_id
from store.rows import find_or_insert
from store.tables import DocumentRow


def put(
    session: Session,
    *,
    org: str,
    kind: str,
    at: datetime,
    referral_id: str | None = None,
    content: dict[str, Any] | None = None,
    pdf: bytes | None = None,
    signed_by_therapist: bool = False,
    signed_by_provider: bool = False,
) -> DocumentRow:
    """Keep a document; the same content again is the same row, its signatures added up.

    Raises BadRequest ``empty_document`` without fields and without a PDF.
    """
    if content is None and pdf is None:
        raise BadRequest("A document needs fields or a PDF.", code="empty_document")
    row = DocumentRow(
        id=new_id("doc"),
        org=org,
        referral_id=referral_id,
        kind=kind,
        content=content,
        pdf=pdf,
        sha256=_sha256(content, pdf),
        signed_by_therapist=signed_by_therapist,
        signed_by_provider=signed_by_provider,
        created_at=at,
    )
    same = select(DocumentRow).where(
        DocumentRow.org == org,
        DocumentRow.referral_id == referral_id,
        DocumentRow.kind == kind,
        DocumentRow.sha256 == row.sha256,
    )
    found, fresh = find_or_insert(session, row, lambda: session.exec(same).first())
    if fresh:
        return row
    found.signed_by_therapist |= signed_by_therapist
    found.signed_by_provider |= signed_by_provider
    session.add(found)
    session.flush()
    return found


def get(session: Session, org: str, document_id: str) -> DocumentRow:
    """One document; raises NotFound."""
    row = session.get(DocumentRow, document_id)
    if row is None or row.org != org:
        raise NotFound("There is no such document.")
    return row


def of_referral(
    session: Session, referral_id: str, kind: str | None = None
) -> Sequence[DocumentRow]:
    """A referral's documents, oldest first."""
    query = select(DocumentRow).where(DocumentRow.referral_id == referral_id)
    if kind is not None:
        query = query.where(DocumentRow.kind == kind)
    return session.exec(query.order_by(col(DocumentRow.created_at), col(DocumentRow.id))).all()


def _sha256(content: dict[str, Any] | None, pdf: bytes | None) -> str:
    whole = hashlib.sha256()
    if content is not None:
        whole.update(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
    whole.update(b"\x00")
    whole.update(pdf or b"")
    return whole.hexdigest()
