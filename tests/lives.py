"""Example lives of a referral, as facts with times: the vocabulary of the workflow tests."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from models.clock import Calendar
from models.facts import (
    AnyFact,
    AppointmentBooked,
    AppointmentMissed,
    CheckInAnswered,
    Discharged,
    DischargeSummarySigned,
    Ending,
    EvaluationCompleted,
    IntakeCompleted,
    Payer,
    PlanOfCareSigned,
    ProgressReportSigned,
    ReferralReceived,
    Signer,
    VisitCompleted,
)
from models.hours import Hours
from models.policy import Policy, Rules

WEEKDAY_HOURS = {day: ["08:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def rules(**changes: Any) -> Rules:
    """Default policy, Monday to Friday 8 to 18 in New York, no holidays."""
    calendar = Calendar(
        zone="America/New_York",
        hours=Hours.model_validate(WEEKDAY_HOURS),
        known_until=date(2029, 12, 31),
    )
    return Rules(policy=Policy(**changes), calendar=calendar)


def received(at: datetime, **changes: Any) -> ReferralReceived:
    """A routine referral by a provider who also certifies and hears the reports."""
    fields: dict[str, Any] = {
        "at": at,
        "confirmed_at": at,
        "source_id": "prv_1",
        "source_kind": "provider",
        "certifier_id": "prv_1",
        "recipients": ("prv_1",),
        "payers": (Payer.COMMERCIAL,),
        **changes,
    }
    return ReferralReceived(**fields)


def easy_life(start: datetime, *, visits: int = 12) -> list[AnyFact]:
    """Reached at once, evaluated in a week, signed, twelve visits, goals met, content."""
    evaluated = start + timedelta(days=6)
    facts: list[AnyFact] = [
        AppointmentBooked(at=start + timedelta(hours=3), appointment_id="a1", starts_at=evaluated),
        IntakeCompleted(at=start + timedelta(days=1)),
        EvaluationCompleted(at=evaluated, day=evaluated.date()),
        PlanOfCareSigned(
            at=evaluated + timedelta(hours=4), by=Signer.THERAPIST, document_id="doc_plan"
        ),
        PlanOfCareSigned(at=evaluated + timedelta(days=3), by=Signer.PROVIDER),
    ]
    for number in range(visits):
        at = evaluated + timedelta(days=3 + number * 3)
        facts.append(VisitCompleted(at=at, visit_id=f"v{number}", day=at.date()))
        if number == 8:
            facts.append(
                ProgressReportSigned(
                    at=at + timedelta(hours=1), report_id="r1", document_id="doc_r1", day=at.date()
                )
            )
    end = evaluated + timedelta(days=4 + visits * 3)
    return [
        *facts,
        Discharged(at=end, reason=Ending.GOALS_MET),
        DischargeSummarySigned(at=end + timedelta(days=1), document_id="doc_sum"),
        CheckInAnswered(at=end + timedelta(days=10), score=9),
    ]


def missed_life(start: datetime) -> list[AnyFact]:
    """The easy life, but the first appointment was missed and another one made."""
    missed = start + timedelta(days=2)
    return [
        AppointmentBooked(at=start + timedelta(hours=1), appointment_id="a0", starts_at=missed),
        AppointmentMissed(at=missed + timedelta(hours=2), appointment_id="a0"),
        *(
            fact.model_copy(
                update={"at": fact.at + timedelta(days=3), "as_of": fact.at + timedelta(days=3)}
            )
            for fact in easy_life(start + timedelta(days=1))
        ),
    ]


def _later(fact: AnyFact, by: timedelta) -> AnyFact:
    return fact.model_copy(update={"at": fact.at + by, "as_of": fact.at + by})
