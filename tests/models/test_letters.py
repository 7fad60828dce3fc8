"""What a fact means for letters that went out, and what the chart cannot mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.facts import (
    AnyFact,
    AppointmentBooked,
    CheckInAnswered,
    Discharged,
    DischargeSummarySigned,
    Ending,
    EvaluationCompleted,
    IntakeCompleted,
    MessageSent,
    OrderReceived,
    PlanOfCareSigned,
    ProgressReportSigned,
    Signer,
    VisitCompleted,
)
from models.kinds import Kind
from models.letters import changes_a_letter, contradiction, quoted_in
from models.referral import MessageRef, Referral
from tests.lives import received, rules

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def sent(kind: Kind, to: str, occasion: str, at: datetime) -> MessageSent:
    key = MessageRef(kind, to, occasion).key
    return MessageSent(at=at, message=key, message_kind=kind, channel="fax")


def visit(days: int) -> VisitCompleted:
    at = AT + days * DAY
    return VisitCompleted(at=at, visit_id=f"v{days}", day=at.date())


def test_only_letters_after_the_fact_and_about_it_quote_it() -> None:
    plan = PlanOfCareSigned(at=AT + 7 * DAY, by=Signer.THERAPIST, version=1)
    referral = Referral(
        [
            received(AT),
            plan,
            sent(Kind.THANK_YOU, "source", "1", AT),
            sent(Kind.PLAN_OF_CARE, "certifier", "v1", AT + 8 * DAY),
            sent(Kind.PLAN_OF_CARE, "certifier", "v2", AT + 20 * DAY),
            sent(Kind.PROGRESS_REPORT, "recipient:prv_1", "r1", AT + 30 * DAY),
        ]
    )
    assert [m.key for m in quoted_in(referral, plan)] == ["plan_of_care:certifier:v1"]
    report = ProgressReportSigned(at=AT, report_id="r2", day=AT.date())
    assert quoted_in(referral, report) == []
    assert [m.kind for m in quoted_in(referral, visit(9))] == [Kind.PROGRESS_REPORT]
    assert quoted_in(referral, visit(31)) == []


def test_a_time_that_was_told_to_the_patient_is_quoted() -> None:
    booked = AppointmentBooked(at=AT, appointment_id="a1", starts_at=AT + DAY)
    referral = Referral([received(AT), sent(Kind.BOOKED, "patient", "a1", AT)])
    assert [m.key for m in quoted_in(referral, booked)] == ["booked:patient:a1"]
    other = booked.model_copy(update={"appointment_id": "a2"})
    assert quoted_in(referral, other) == []


@pytest.mark.parametrize(
    ("fact", "asks"),
    [
        (EvaluationCompleted(at=AT, day=AT.date()), True),
        (visit(1), True),
        (PlanOfCareSigned(at=AT, by=Signer.THERAPIST), True),
        (PlanOfCareSigned(at=AT, by=Signer.PROVIDER), False),
        (IntakeCompleted(at=AT), False),
        (AppointmentBooked(at=AT, appointment_id="a1", starts_at=AT), False),
        (CheckInAnswered(at=AT, score=6), True),
        (CheckInAnswered(at=AT, score=7), False),
    ],
)
def test_after_closing_a_person_is_asked_only_where_something_would_differ(
    fact: AnyFact, asks: bool
) -> None:
    assert changes_a_letter(fact, rules()) is asks


@pytest.mark.parametrize(
    ("known", "fact", "contradicts"),
    [
        ([], Discharged(at=AT - DAY, reason=Ending.GOALS_MET), True),
        ([], Discharged(at=AT.replace(hour=0), reason=Ending.GOALS_MET), False),
        ([], DischargeSummarySigned(at=AT - DAY), True),
        ([], EvaluationCompleted(at=AT - DAY, day=AT.date()), False),
        ([], EvaluationCompleted(at=AT - 15 * DAY, day=AT.date()), True),
        (
            [],
            OrderReceived(
                at=AT - 40 * DAY, order_id="o", provider_id="prv_1", signed_and_dated=True
            ),
            False,
        ),
        (
            [EvaluationCompleted(at=AT + 9 * DAY, day=AT.date())],
            Discharged(at=AT + 8 * DAY, reason=Ending.GOALS_MET),
            True,
        ),
        (
            [Discharged(at=AT + 8 * DAY, reason=Ending.GOALS_MET)],
            EvaluationCompleted(at=AT + 9 * DAY, day=AT.date()),
            True,
        ),
        ([], Discharged(at=AT - DAY, reason=Ending.GOALS_MET, retracted=True), False),
    ],
)
def test_what_the_chart_cannot_mean(known: list[AnyFact], fact: AnyFact, contradicts: bool) -> None:
    assert (contradiction(Referral([received(AT), *known]), fact) is not None) is contradicts


def test_nothing_contradicts_a_referral_nobody_has_received() -> None:
    early = Discharged(at=AT - 400 * DAY, reason=Ending.GOALS_MET)
    assert contradiction(Referral(), early) is None
