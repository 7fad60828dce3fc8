"""The referrals of the waiting list, each with its facts, in two queries however many there are."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Text, case, cast, literal, or_
from sqlmodel import Session, col, select

from models.facts import parse_fact
from models.policy import Rules
from models.referral import OPEN, Referral, Stage
from store.tables import DocumentRow, FactRow, PatientRow, ReferralRow

LONGEST = 500
_PLAN = "plan_of_care"
_IN_CARE = (Stage.EVALUATED, Stage.IN_CARE)


class Waiting(NamedTuple):
    """One referral that waits, is paid by an authorization, or has just begun care."""

    row: ReferralRow
    patient: PatientRow
    referral: Referral
    rules: Rules
    frequency: str  # as the newest plan says; empty where no plan of fields came


def waiting(session: Session, org: str, clinics: Collection[str]) -> list[Waiting]:
    """Open referrals of these clinics that hold, have an authorization, or are in care.

    At most ``LONGEST``: those that hold first, however old, then the newest.
    """
    authorized = (
        select(FactRow.id)
        .where(FactRow.referral_id == ReferralRow.id, FactRow.kind == "authorization_changed")
        .exists()  # asked of open referrals alone: nobody reads the facts of all that ever were
    )
    holding = cast(col(ReferralRow.holds), Text) != literal("[]")
    query = (
        select(ReferralRow, PatientRow)
        .join(PatientRow, col(PatientRow.id) == col(ReferralRow.patient_id))
        .where(
            ReferralRow.org == org,
            col(ReferralRow.clinic_id).in_(clinics),
            col(ReferralRow.duplicate_of).is_(None),
            col(ReferralRow.stage).in_(OPEN),
            or_(
                holding,
                col(ReferralRow.stage).in_(_IN_CARE),
                authorized,
            ),
        )
        .order_by(
            case((holding, 0), else_=1), col(ReferralRow.received_at).desc(), col(ReferralRow.id)
        )
        .limit(LONGEST)
    )
    rows = list(session.exec(query))
    ids = [row.id for row, _ in rows]
    facts: dict[str, list[FactRow]] = {one: [] for one in ids}
    for fact in session.exec(select(FactRow).where(col(FactRow.referral_id).in_(ids))):
        facts[fact.referral_id].append(fact)
    plans = _frequencies(session, ids)
    return [
        Waiting(
            row,
            patient,
            Referral(parse_fact(one.body) for one in facts[row.id]),
            Rules.model_validate(row.rules),
            plans.get(row.id, ""),
        )
        for row, patient in rows
    ]


def _frequencies(session: Session, ids: Collection[str]) -> dict[str, str]:
    query = (
        select(DocumentRow)
        .where(col(DocumentRow.referral_id).in_(ids), DocumentRow.kind == _PLAN)
        .order_by(col(DocumentRow.created_at))
    )
    found = {}
    for plan in session.exec(query):
        told = (plan.content or {}).get("plan", plan.content or {})
        if isinstance(told, dict) and told.get("frequency"):
            found[str(plan.referral_id)] = str(told["frequency"])
    return found
