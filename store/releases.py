"""Authorizations of a patient, as told to any of their referrals; facts are where they live."""

from __future__ import annotations

from sqlmodel import Session, col, select

from models.facts import AnyFact, ReleaseRecorded, ReleaseRevoked, parse_fact
from store import referrals
from store.tables import FactRow, ReferralRow

_KINDS = [cls.model_fields["kind"].default for cls in (ReleaseRecorded, ReleaseRevoked)]


def of_patient(session: Session, org: str, referral_id: str) -> list[AnyFact]:
    """Everything told of authorizations of this referral's patient; raises NotFound."""
    patient_id = referrals.get(session, org, referral_id).patient_id
    mine = select(ReferralRow.id).where(ReferralRow.patient_id == patient_id)
    query = select(FactRow.body).where(
        col(FactRow.referral_id).in_(mine), col(FactRow.kind).in_(_KINDS)
    )
    return [parse_fact(dict(body)) for body in session.exec(query.order_by(col(FactRow.id)))]
