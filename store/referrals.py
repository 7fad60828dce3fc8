"""Finding a referral's row: by our id, or by the id another system gave it."""

from __future__ import annotations

from sqlmodel import Session, select

from models.errors import NotFound
from models.events import ExternalId
from store.tables import ReferralRow


def get(session: Session, org: str, referral_id: str) -> ReferralRow:
    """The row, or the first one's where it is a duplicate: milestones go there. Raises NotFound."""
    row = session.get(ReferralRow, referral_id)
    if row is not None and row.duplicate_of is not None:
        row = session.get(ReferralRow, row.duplicate_of)
    if row is None or row.org != org:
        raise NotFound("There is no such referral in this organization.")
    return row


def find(session: Session, org: str, external: ExternalId) -> ReferralRow | None:
    """The row another system's id belongs to, a duplicate itself included."""
    query = select(ReferralRow).where(
        ReferralRow.org == org,
        ReferralRow.assigner == external.assigner,
        ReferralRow.external_value == external.value,
    )
    return session.exec(query).first()
