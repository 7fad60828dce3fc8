"""The states of policy.md rule 5, one row a case; evaluated on day 7, the plan signed that day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from models import certification
from models.certification import Certification, PayerRule, payer_rule
from models.facts import (
    AnyFact,
    CertificationWaived,
    MessageDelivered,
    OrderReceived,
    Payer,
    VisitCompleted,
)
from models.kinds import Kind
from models.referral import Referral
from tests.lives import CALENDAR, Life, certified, evaluated, on, planned, received

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
PART_B = {"payers": (Payer.MEDICARE_PART_B,)}
ORDERED = {**PART_B, "order_signed_and_dated": True}
CARE: Life = [*evaluated(START), *planned(START)]


def delivered(day: int, to: str = "prv_1") -> AnyFact:
    return MessageDelivered(
        at=on(START, day, "16:00"),
        message="plan_of_care:certifier:v1",
        message_kind=Kind.PLAN_OF_CARE,
        channel="fax",
        recipient_id=to,
    )


def order(provider: str = "prv_1", *, signed: bool = True, full: bool = False) -> AnyFact:
    return OrderReceived(
        at=on(START, 3),
        order_id="o1",
        provider_id=provider,
        signed_and_dated=signed,
        holds_full_plan=full,
    )


def gave_up(day: int) -> AnyFact:
    return CertificationWaived(at=on(START, day), by="drew")


EARLIER = [VisitCompleted(at=on(START, 2), visit_id="v0", day=CALENDAR.local_date(on(START, 2)))]
SECOND = planned(START, day=85, version=2, recertifies=True)
CHANGED = planned(START, day=60, version=2)
ADOPTED = planned(START, day=11, version=2)

ROWS = [
    ("nothing yet", {}, CARE, Certification.NEEDS_SIGNATURE),
    ("a payer that asks for none", {"payers": ("self_pay",)}, CARE, Certification.NOT_REQUIRED),
    ("signed in time", {}, [*CARE, *certified(START, day=9)], Certification.BY_SIGNATURE),
    ("on the 30th day", {}, [*CARE, *certified(START, day=37)], Certification.BY_SIGNATURE),
    ("on the 31st day", {}, [*CARE, *certified(START, day=38)], Certification.LATE),
    (
        "30 days from an earlier treatment",
        {},
        [*CARE, *EARLIER, *certified(START, day=33)],
        Certification.LATE,
    ),
    ("before the therapist's", {}, [*certified(START, day=7)], Certification.BY_SIGNATURE),
    (
        "spoken",
        {},
        [*CARE, *certified(START, day=9, verbal=True)],
        Certification.VERBAL,
    ),
    (
        "spoken, then signed",
        {},
        [*CARE, *certified(START, day=9, verbal=True), *certified(START, day=20)],
        Certification.BY_SIGNATURE,
    ),
    ("order and receipt", ORDERED, [*CARE, delivered(8)], Certification.BY_TRANSMISSION),
    ("a later order", PART_B, [*CARE, order(), delivered(8)], Certification.BY_TRANSMISSION),
    ("no receipt", ORDERED, CARE, Certification.NEEDS_SIGNATURE),
    ("no order", PART_B, [*CARE, delivered(8)], Certification.NEEDS_SIGNATURE),
    (
        "an unsigned order",
        PART_B,
        [*CARE, order(signed=False), delivered(8)],
        Certification.NEEDS_SIGNATURE,
    ),
    (
        "somebody else's order",
        PART_B,
        [*CARE, order("prv_9"), delivered(8)],
        Certification.NEEDS_SIGNATURE,
    ),
    (
        "the receipt of somebody else",
        ORDERED,
        [*CARE, delivered(8, "prv_9")],
        Certification.NEEDS_SIGNATURE,
    ),
    ("a receipt too late", ORDERED, [*CARE, delivered(38)], Certification.NEEDS_SIGNATURE),
    (
        "a chiropractor's order",
        {**ORDERED, "certifier_may_certify": False},
        [*CARE, delivered(8)],
        Certification.NEEDS_SIGNATURE,
    ),
    (
        "transmission is Part B's alone",
        {**ORDERED, "payers": (Payer.MEDICARE_PART_B, Payer.MEDICARE_ADVANTAGE)},
        [*CARE, delivered(8)],
        Certification.NEEDS_SIGNATURE,
    ),
    (
        "the order is the plan",
        {**ORDERED, "order_holds_full_plan": True},
        CARE,
        Certification.BY_ORDER,
    ),
    (
        "a recertification needs a signature",
        ORDERED,
        [*CARE, delivered(8), *SECOND],
        Certification.NEEDS_SIGNATURE,
    ),
    (
        "and thirty days of its own",
        {},
        [*CARE, *certified(START, day=9), *SECOND, *certified(START, day=110, version=2)],
        Certification.BY_SIGNATURE,
    ),
    (
        "which end",
        {},
        [*CARE, *certified(START, day=9), *SECOND, *certified(START, day=116, version=2)],
        Certification.LATE,
    ),
    (
        "a plan changed by the therapist needs a new one",
        {},
        [*CARE, *certified(START, day=9), *CHANGED],
        Certification.NEEDS_SIGNATURE,
    ),
    (
        "counted from then",
        {},
        [*CARE, *certified(START, day=9), *CHANGED, *certified(START, day=70, version=2)],
        Certification.BY_SIGNATURE,
    ),
    (
        "signed with changes covers what adopts them",
        {},
        [*CARE, *certified(START, day=10, changed=True), *ADOPTED],
        Certification.BY_SIGNATURE,
    ),
    (
        "and no recertification",
        {},
        [*CARE, *certified(START, day=10, changed=True), *SECOND],
        Certification.NEEDS_SIGNATURE,
    ),
    ("given up", {}, [*CARE, gave_up(40)], Certification.LATE),
    (
        "given up, which does not cover the next period",
        {},
        [*CARE, gave_up(40), *SECOND],
        Certification.NEEDS_SIGNATURE,
    ),
]


@pytest.mark.parametrize(
    ("request_", "facts", "state"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_the_state_of_the_newest_plan(
    request_: dict[str, object], facts: Life, state: Certification
) -> None:
    assert certification.state(Referral([received(START, **request_), *facts])) is state


def test_without_a_request_a_signature_is_needed() -> None:
    assert certification.state(Referral(CARE)) is Certification.NEEDS_SIGNATURE


def test_every_payer_has_a_rule_and_the_strictest_holds() -> None:
    assert set(certification.PAYER_RULES) == set(Payer)
    assert payer_rule(()) is PayerRule.SIGNATURE
    assert payer_rule((Payer.SELF_PAY, Payer.MEDICARE_PART_B)) is PayerRule.EXCEPTION_2025
    assert payer_rule((Payer.MEDICARE_PART_B, Payer.MEDICAID)) is PayerRule.SIGNATURE


def test_only_an_open_question_is_chased() -> None:
    chased = {state for state in Certification if not certification.settled(state)}
    assert chased == {Certification.NEEDS_SIGNATURE, Certification.VERBAL}
