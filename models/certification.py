"""Whether the newest plan of care still needs a signature, by rule (policy.md rule 5).

Initial certification must be dated within 30 days of the first treatment day; we count from the
earlier of evaluation and first treatment [G1][G4]. Since 1 January 2025 a signed and dated order
on file plus proof that the plan reached that same provider within those 30 days certifies the
initial plan without a signature [G1][G4]; never a recertification, and never beyond Part B unless
the payer table says so [G5].
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from models import parties
from models.facts import (
    CertificationWaived,
    MessageDelivered,
    OrderReceived,
    Payer,
    PlanOfCareSigned,
    ReferralReceived,
    Signer,
)
from models.kinds import Kind

if TYPE_CHECKING:
    from models.referral import Referral

INITIAL_WINDOW = timedelta(days=30)  # [G1]
VERBAL_WINDOW = timedelta(days=14)  # [G1]


class Certification(StrEnum):
    """The states of policy.md rule 5."""

    NEEDS_SIGNATURE = "needs_signature"
    BY_SIGNATURE = "certified_by_signature"
    BY_TRANSMISSION = "certified_by_transmission"
    BY_ORDER = "certified_by_order"
    VERBAL = "verbal"
    LATE = "late"
    NOT_REQUIRED = "not_required"


class PayerRule(StrEnum):
    """What a payer asks for, loosest first."""

    NOT_REQUIRED = "not_required"
    EXCEPTION_2025 = "exception_2025"
    SIGNATURE = "signature"


# Medicare Advantage plans differ; without a table entry of the organization's own the stricter
# reading holds (policy.md rule 5, [G5]).
PAYER_RULES: dict[Payer, PayerRule] = {
    Payer.MEDICARE_PART_B: PayerRule.EXCEPTION_2025,
    Payer.MEDICARE_ADVANTAGE: PayerRule.SIGNATURE,
    Payer.MEDICAID: PayerRule.SIGNATURE,
    Payer.WORKERS_COMP: PayerRule.SIGNATURE,
    Payer.COMMERCIAL: PayerRule.SIGNATURE,
    Payer.SELF_PAY: PayerRule.NOT_REQUIRED,
}
_STRICTNESS = list(PayerRule)


def payer_rule(payers: tuple[Payer, ...]) -> PayerRule:
    """The strictest rule among the payers; an unknown payer asks for a signature."""
    rules = [PAYER_RULES[p] for p in payers] or [PayerRule.SIGNATURE]
    return max(rules, key=_STRICTNESS.index)


def settled(state: Certification) -> bool:
    """Nobody needs to chase any more."""
    return state not in {Certification.NEEDS_SIGNATURE, Certification.VERBAL}


def state(r: Referral) -> Certification:
    """The state of the newest plan from facts alone; ``late`` once signed or given up late."""
    if not r.is_received():
        return Certification.NEEDS_SIGNATURE
    rule = payer_rule(r.received.payers)
    if rule is PayerRule.NOT_REQUIRED:
        return Certification.NOT_REQUIRED
    signed = signature(r)
    if signed is not None:
        return Certification.BY_SIGNATURE if _dated_in_time(r, signed) else Certification.LATE
    if not _recertifying(r):
        asked = [one for one in parties.certifiers(r) if one.certifier_may_certify]
        if any(_order(r, one, full_plan=True) for one in asked):
            return Certification.BY_ORDER
        excepted = rule is PayerRule.EXCEPTION_2025
        if excepted and any(_order(r, one) and _transmitted(r, one) for one in asked):
            return Certification.BY_TRANSMISSION
    plan = r.plan()
    if any(plan is None or waived.at >= plan.at for waived in r.all(CertificationWaived)):
        return Certification.LATE
    if spoken(r) is not None:
        return Certification.VERBAL
    return Certification.NEEDS_SIGNATURE


def signature(r: Referral) -> PlanOfCareSigned | None:
    """The provider's signature that covers the newest plan.

    A signature with changes covers its version and the next one, which only adopts what the
    provider wrote (policy.md rule 4).
    """
    newest = max(r.plan_version, 1)
    for signed in reversed(r.plans(Signer.PROVIDER)):
        if signed.version >= newest or _adopted(r, signed):
            return signed
    return None


def began(r: Referral) -> datetime | None:
    """When the thirty days for the newest plan's signature began.

    With care itself [G1][G4]; for a recertification, and for a new version of a plan the provider
    had signed already, with the therapist's own signature [G3].
    """
    plan = r.plan()
    if plan is None:
        return r.care_started_at
    before = [p for p in r.plans(Signer.PROVIDER) if p.version < plan.version]
    if plan.recertifies or any(not _adopted(r, signed) for signed in before):
        return plan.at
    return r.care_started_at


def spoken(r: Referral) -> PlanOfCareSigned | None:
    """A spoken approval of the newest plan; its signature must follow within 14 days [G1]."""
    for plan in reversed(r.all(PlanOfCareSigned)):
        if plan.verbal and plan.by is Signer.PROVIDER and plan.version >= max(r.plan_version, 1):
            return plan
    return None


def _adopted(r: Referral, signed: PlanOfCareSigned) -> bool:
    plan = r.plan()
    if plan is None or plan.recertifies:
        return False
    return signed.changed and plan.version == signed.version + 1


def _dated_in_time(r: Referral, signed: PlanOfCareSigned) -> bool:
    return _in_time(r, signed.signed_on or signed.at.date())


def _in_time(r: Referral, day: date) -> bool:
    """Dated by the thirtieth day, however late on it; in doubt about the zone, not in time."""
    start, days = began(r), r.treatment_days()
    if start is None:
        return True
    first = days[0] if days and start == r.care_started_at else start.date()
    return day <= first + INITIAL_WINDOW


def _recertifying(r: Referral) -> bool:
    plan = r.plan()
    return plan is not None and plan.recertifies


def _order(r: Referral, asked: ReferralReceived, *, full_plan: bool = False) -> bool:
    if asked.certifier_id is None:
        return False
    if asked.order_signed_and_dated and (asked.order_holds_full_plan or not full_plan):
        return True
    return any(
        order.signed_and_dated
        and order.provider_id == asked.certifier_id
        and (order.holds_full_plan or not full_plan)
        for order in r.all(OrderReceived)
    )


def _transmitted(r: Referral, asked: ReferralReceived) -> bool:
    return any(
        receipt.message_kind is Kind.PLAN_OF_CARE
        and receipt.recipient_id == asked.certifier_id
        and _in_time(r, receipt.at.date())
        for receipt in r.all(MessageDelivered)
    )
