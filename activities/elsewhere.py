"""Decisions that name another clinic of the organization, checked against the policy file.

Which clinics there are is live and not the workflow's to know, so it is asked before a decision
reaches one.
"""

from __future__ import annotations

from models.errors import Refused
from models.facts import AnyDecision, ClosedReason, ReferralClosed, Transferred
from models.organization import Organization
from models.referral import Referral

NAMES_A_CLINIC = (ReferralClosed, Transferred)


def checked(
    organization: Organization, clinic_id: str, known: Referral, decision: AnyDecision
) -> AnyDecision:
    """The decision, or Refused with what is missing; *clinic_id* is where the referral is.

    What is known already is not asked again: the same decision twice changes nothing.
    """
    if isinstance(decision, Transferred):
        decision = _from(known, clinic_id, decision)
    if decision in known.facts or decision.retracted:
        return decision
    if isinstance(decision, Transferred):
        _one_of(organization, decision.clinic_id)
    if isinstance(decision, ReferralClosed):
        _declined(organization, clinic_id, decision)
    return decision


def _from(known: Referral, clinic_id: str, decision: Transferred) -> Transferred:
    """Where it goes on from: where it is, or for one told again where it was."""
    before = [one.from_clinic_id for one in known.all(Transferred) if one.key == decision.key]
    return decision.model_copy(update={"from_clinic_id": before[0] if before else clinic_id})


def _declined(organization: Organization, clinic_id: str, decision: ReferralClosed) -> None:
    """Who is declined hears why, and where else to go (policy.md rule 14)."""
    if decision.reason is ClosedReason.DECLINED_BY_CLINIC and decision.declined_for is None:
        raise Refused(
            "Say why the clinic cannot take the patient (declined_for): capacity, payer or scope. "
            "The source is told.",
            code="reason_missing",
        )
    if decision.sister_clinic_id is None:
        return
    _one_of(organization, decision.sister_clinic_id)
    if decision.sister_clinic_id == clinic_id:
        raise Refused(
            "The sister clinic is the one that declines; name another, or leave it out.",
            code="same_clinic",
        )


def _one_of(organization: Organization, clinic_id: str) -> None:
    if all(clinic.id != clinic_id for clinic in organization.clinics):
        known = ", ".join(clinic.id for clinic in organization.clinics)
        raise Refused(
            f"The organization has no clinic of this id; it has: {known}.", code="unknown_clinic"
        )
