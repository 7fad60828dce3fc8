"""The board: cards as the front desk sees them, read without the engine."""

from __future__ import annotations

from typing import NamedTuple

from sqlmodel import Session, col, select

from models.contracts import Card
from models.referral import Stage
from store.record import card_from
from store.tables import PatientRow, ReferralRow, SourceRow


class BoardCard(NamedTuple):
    """A card with the names on it; they stay between the store and the page."""

    card: Card
    patient: str
    source: str
    urgency: str


def cards(
    session: Session,
    org: str,
    clinic_id: str | None = None,
    *,
    closed: bool = False,
    limit: int = 1000,
) -> list[BoardCard]:
    """Cards of one organization or clinic, the most pressing first; duplicates are left out."""
    query = (
        select(ReferralRow, PatientRow, SourceRow)
        .where(
            col(ReferralRow.patient_id) == col(PatientRow.id),
            col(ReferralRow.source_id) == col(SourceRow.id),
            ReferralRow.org == org,
            col(ReferralRow.duplicate_of).is_(None),
        )
        # Those without a next action come last on both databases.
        .order_by(col(ReferralRow.next_at).is_(None), col(ReferralRow.next_at), col(ReferralRow.id))
        .limit(limit)
    )
    if clinic_id is not None:
        query = query.where(ReferralRow.clinic_id == clinic_id)
    if not closed:
        query = query.where(ReferralRow.stage != Stage.CLOSED)
    return [
        BoardCard(
            card=card_from(referral),
            patient=f"{patient.given_name} {patient.family_name}",
            source=source.name,
            urgency=referral.urgency,
        )
        for referral, patient, source in session.exec(query)
    ]
