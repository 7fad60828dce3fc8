"""Finding a referral's row: by our id, by the id another system gave it, by its patient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models.errors import NotFound
from models.events import ExternalId
from models.facts import ClosedReason
from models.referral import Stage
from store.rows import insert_unless_there
from store.tables import ExternalIdRow, PatientRow, ReferralRow


def get(session: Session, org: str, referral_id: str) -> ReferralRow:
    """The row, or the first one's where it is a duplicate: milestones go there. Raises NotFound."""
    row = session.get(ReferralRow, referral_id)
    if row is not None and row.duplicate_of is not None:
        row = session.get(ReferralRow, row.duplicate_of)
    if row is None or row.org != org:
        raise NotFound("There is no such referral in this organization.")
    return row


def find(session: Session, org: str, external: ExternalId) -> ReferralRow | None:
    """The row another system's id belongs to, a duplicate itself included.

    Ids it came with, and those learned since.
    """
    query = select(ReferralRow).where(
        ReferralRow.org == org,
        ReferralRow.assigner == external.assigner,
        ReferralRow.external_value == external.value,
    )
    known = session.exec(query).first()
    if known is not None:
        return known
    learned = session.get(ExternalIdRow, (org, external.assigner, external.value))
    return session.get_one(ReferralRow, learned.referral_id) if learned is not None else None


def learn_id(session: Session, row: ReferralRow, external: ExternalId, at: datetime) -> bool:
    """This id names the referral as well from now on; False where it names one already."""
    if find(session, row.org, external) is not None:
        return False
    learned = ExternalIdRow(
        org=row.org,
        assigner=external.assigner,
        value=external.value,
        referral_id=row.id,
        recorded_at=at,
    )
    return insert_unless_there(session, learned)


def of_patient(
    session: Session, org: str, patient_id: str, *, since: datetime
) -> Sequence[ReferralRow]:
    """A patient's referrals that a further request may be about, oldest first.

    The open ones, those received since a moment, and one that ended with the patient's death;
    rows that point to another are left out.
    """
    query = select(ReferralRow).where(
        ReferralRow.org == org,
        ReferralRow.patient_id == patient_id,
        col(ReferralRow.duplicate_of).is_(None),
        (ReferralRow.stage != Stage.CLOSED)
        | (ReferralRow.received_at >= since)
        | (ReferralRow.closed_reason == ClosedReason.DECEASED),
    )
    return session.exec(query.order_by(col(ReferralRow.received_at), col(ReferralRow.id))).all()


def patients_of(session: Session, wanted: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Given and family name of the patient of each referral."""
    query = (
        select(ReferralRow.id, PatientRow.given_name, PatientRow.family_name)
        .join(PatientRow, col(PatientRow.id) == col(ReferralRow.patient_id))
        .where(col(ReferralRow.id).in_(wanted))
    )
    return {referral: (given, family) for referral, given, family in session.exec(query)}
