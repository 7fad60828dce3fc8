"""Example lives of a referral, as facts with times: the vocabulary of the workflow tests.

A life is a list of facts and decisions, told at their ``as_of``. Days are counted from the opening
Monday at the clinic of ``rules()``: New York, Monday to Friday 8 to 18, no holidays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from models.clock import Calendar
from models.facts import (
    AnyFact,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AuthorizationChanged,
    CertificationWaived,
    CheckInAnswered,
    ClosedReason,
    CoSourceAdded,
    Discharged,
    DischargeSummarySigned,
    Ending,
    EvaluationCompleted,
    HoldLifted,
    HoldPlaced,
    IntakeCompleted,
    Meaning,
    MessageStopped,
    OrderReceived,
    PatientReplied,
    Paused,
    Payer,
    PlanOfCareSigned,
    ProgressReportSigned,
    ReferralClosed,
    ReferralReceived,
    Signer,
    TaskCompleted,
    TextWritten,
    Transferred,
    VisitCompleted,
)
from models.hours import Hours
from models.policy import Policy, Rules
from models.roles import Role

WEEKDAY_HOURS = {day: ["08:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
Life = list[AnyFact]


def rules(**changes: Any) -> Rules:
    """Default policy, Monday to Friday 8 to 18 in New York, no holidays."""
    return Rules(policy=Policy(**changes), calendar=CALENDAR)


CALENDAR = Calendar(
    zone="America/New_York",
    hours=Hours.model_validate(WEEKDAY_HOURS),
    known_until=date(2029, 12, 31),
)


def monday() -> datetime:
    """A Monday at 10:00 in New York, a little ahead of the real clock."""
    today = CALENDAR.local_date(datetime.now(UTC))
    return CALENDAR.at_local(today + timedelta(days=7 - today.weekday()), time(10))


def on(start: datetime, day: int, clock: str = "10:00") -> datetime:
    """A local moment, ``day`` days after a start."""
    return CALENDAR.at_local(
        CALENDAR.local_date(start) + timedelta(days=day), time.fromisoformat(clock)
    )


def local(start: datetime, at: datetime) -> str:
    """A moment as people would say it in a test: ``day 3 08:00``."""
    days = (CALENDAR.local_date(at) - CALENDAR.local_date(start)).days
    midnight = CALENDAR.at_local(CALENDAR.local_date(at), time(0))
    minutes = round((at - midnight).total_seconds() / 60)
    return f"day {days} {minutes // 60:02d}:{minutes % 60:02d}"


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


# --- parts of a life ------------------------------------------------------------------------------


def approval(start: datetime, day: int, status: str, name: str = "au1", **more: Any) -> Life:
    """A payer's approval stands at this from noon of a day on."""
    given = {"at": on(start, day, "12:00"), "authorization_id": name, "status": status, **more}
    return [AuthorizationChanged.model_validate(given)]


def waits(start: datetime, day: int, check: int, limit: int, **more: Any) -> Life:
    """Somebody places a hold at 12:00, to be looked at at 9:00 of one day, at most until another.

    Without further words the patient is away, which is the front desk's.
    """
    given = {"by": "dana", "hold_id": "h1", "reason": "patient_away", "owner": "front_desk", **more}
    given |= {"at": on(start, day, "12:00"), "next_check": on(start, check, "09:00")}
    return [HoldPlaced.model_validate(given | {"limit": on(start, limit, "09:00")})]


def lifted(start: datetime, day: int, name: str = "h1") -> Life:
    """Somebody lifts a hold at 12:00."""
    return [HoldLifted(at=on(start, day, "12:00"), by="dana", hold_id=name)]


def paused(start: datetime, day: int, until: int) -> Life:
    """Somebody pauses at 12:00 until 9:00 of a day."""
    end = on(start, until, "09:00")
    return [Paused(at=on(start, day, "12:00"), by="dana", until=end, owner=Role.LEAD)]


def booked(start: datetime, *, made: int = 0, day: int = 7, name: str = "a1") -> Life:
    """An evaluation booked on one day for 11:00 of another."""
    at = on(start, made, "13:00")
    return [AppointmentBooked(at=at, appointment_id=name, starts_at=on(start, day, "11:00"))]


def evaluated(start: datetime, *, day: int = 7) -> Life:
    """Evaluated at 11:00."""
    at = on(start, day, "11:00")
    return [EvaluationCompleted(at=at, day=CALENDAR.local_date(at))]


def planned(start: datetime, *, day: int = 7, **more: Any) -> Life:
    """The therapist signs the plan at 15:00."""
    more = {"by": Signer.THERAPIST, "document_id": "doc_plan", **more}
    return [PlanOfCareSigned(at=on(start, day, "15:00"), **more)]


def certified(start: datetime, *, day: int, **more: Any) -> Life:
    """The provider signs at 13:00."""
    return [PlanOfCareSigned(at=on(start, day, "13:00"), by=Signer.PROVIDER, **more)]


def visits(start: datetime, *days: int) -> Life:
    """Completed visits at 14:00."""
    moments = [(day, on(start, day, "14:00")) for day in days]
    return [
        VisitCompleted(at=at, visit_id=f"v{day}", day=CALENDAR.local_date(at))
        for day, at in moments
    ]


def reported(start: datetime, day: int, name: str = "r1") -> Life:
    """The clinician signs a progress report at 16:00."""
    at = on(start, day, "16:00")
    day_of = CALENDAR.local_date(at)
    return [
        ProgressReportSigned(at=at, report_id=name, document_id=f"doc_{name}", day=day_of),
    ]


def discharged(start: datetime, day: int, reason: Ending = Ending.GOALS_MET) -> Life:
    """Discharged at 16:00, the summary signed at noon of the next day."""
    return [
        Discharged(at=on(start, day, "16:00"), reason=reason, planned=reason is Ending.GOALS_MET),
        DischargeSummarySigned(at=on(start, day + 1, "12:00"), document_id="doc_sum"),
    ]


def co_source(
    at: datetime, source_id: str, kind: str = "provider", **changes: Any
) -> CoSourceAdded:
    """Somebody else sent the same patient."""
    fields = {"at": at, "confirmed_at": at, "source_id": source_id, "source_kind": kind}
    return CoSourceAdded(**(fields | changes))


def transferred(at: datetime, to: str = "west", before: str = "east") -> Transferred:
    """The referral goes on at another clinic."""
    return Transferred(at=at, by="lee", clinic_id=to, from_clinic_id=before)


def did(start: datetime, day: int, task: str, clock: str = "17:00") -> Life:
    """A person did a task."""
    return [TaskCompleted(at=on(start, day, clock), by="dana", task=task)]


# --- whole lives ----------------------------------------------------------------------------------


def easy_life(start: datetime, *, visits: int = 12) -> Life:
    """Reached at once, evaluated in a week, signed, twelve visits, goals met, content."""
    evaluated = start + timedelta(days=6)
    facts: Life = [
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


def missed_life(start: datetime) -> Life:
    """The easy life, but the first appointment was missed and another one made."""
    missed = start + timedelta(days=2)
    return [
        AppointmentBooked(at=start + timedelta(hours=1), appointment_id="a0", starts_at=missed),
        AppointmentMissed(at=missed + timedelta(hours=2), appointment_id="a0"),
        *(later(fact, timedelta(days=3)) for fact in easy_life(start + timedelta(days=1))),
    ]


def slow_life(start: datetime) -> Life:
    """Never reached: every call is made and leads nowhere, the lead closes as lost."""
    return [
        *did(start, 0, "call_patient:bd-0-1"),
        *did(start, 1, "call_patient:bd-1-2"),
        *did(start, 4, "call_patient:bd-4-4"),
        *did(start, 9, "call_patient:bd-7-5"),
        ReferralClosed(at=on(start, 17), by="lee", reason=ClosedReason.UNABLE_TO_REACH),
    ]


def never_signed_life(start: datetime) -> Life:
    """The provider never signs; one late call is made, then the director gives up."""
    return [
        *booked(start),
        IntakeCompleted(at=on(start, 1)),
        *evaluated(start),
        *planned(start),
        *visits(start, 10, 14, 17, 21, 24, 28, 31, 35, 38),
        *reported(start, 38),
        *did(start, 39, "call_certifier:v1-late-1"),
        *discharged(start, 50),
        CertificationWaived(at=on(start, 60), by="drew"),
    ]


def changed_life(start: datetime) -> Life:
    """The provider signs with changes; the therapist takes them over as version 2."""
    return [
        *booked(start),
        IntakeCompleted(at=on(start, 1)),
        *evaluated(start),
        *planned(start),
        *certified(start, day=10, changed=True),
        *planned(start, day=11, version=2),
        *visits(start, 14, 17, 21, 24),
        *discharged(start, 28),
    ]


def stopped_life(start: datetime) -> Life:
    """Three visits, then nothing; discharged without a plan to do so."""
    return [
        *booked(start),
        *evaluated(start),
        *planned(start),
        *certified(start, day=9),
        *visits(start, 10, 14, 17),
        *discharged(start, 49, Ending.STOPPED_COMING),
    ]


def cancelled_life(start: datetime) -> Life:
    """Booked, cancelled, booked again; the discharge is told before the evaluation is."""
    return [
        *booked(start, name="a1"),
        AppointmentCancelled(at=on(start, 1), appointment_id="a1"),
        *booked(start, made=2, day=9, name="a2"),
        *discharged(start, 12),
        *(told_late(fact, timedelta(days=7)) for fact in evaluated(start, day=9)),
        *(told_late(fact, timedelta(days=8)) for fact in planned(start, day=9)),
        *certified(start, day=20),
    ]


def shared_life(start: datetime) -> Life:
    """A past patient and a second physician sent the same patient; the order is renewed in care."""
    return [
        co_source(on(start, 1), "src_friend", "past_patient"),
        *booked(start),
        co_source(on(start, 3), "src_2", recipients=("prv_2",), verified=False),
        co_source(on(start, 3), "src_2", recipients=("prv_2",), as_of=on(start, 4)),
        *evaluated(start),
        *planned(start),
        *certified(start, day=9),
        *visits(start, 10, 14, 17, 21, 24),
        OrderReceived(
            at=on(start, 25),
            confirmed_at=on(start, 25),
            order_id="ref_again",
            provider_id="prv_1",
            signed_and_dated=True,
            source_id="prv_1",
        ),
        *discharged(start, 28),
    ]


def written_life(start: datetime) -> Life:
    """The easy life of somebody the desk texts with; the question at the end is stopped."""
    by: dict[str, Any] = {"by": "dana"}
    return [
        PatientReplied(at=on(start, 0, "12:00"), reply_id="m1", meaning=Meaning.OTHER),
        TextWritten(at=on(start, 0, "12:10"), text_id="dtx_1", live=True, **by),
        TextWritten(at=on(start, 0, "12:20"), text_id="dtx_2", carried_by="ref_other", **by),
        MessageStopped(at=on(start, 2), message="check_in:patient:1", **by),
        *easy_life(start),
        TextWritten(at=on(start, 20), text_id="dtx_3", **by),
    ]


LIVES: dict[str, Callable[[datetime], Life]] = {
    "easy": easy_life,
    "missed": missed_life,
    "slow": slow_life,
    "never_signed": never_signed_life,
    "changed": changed_life,
    "stopped": stopped_life,
    "cancelled": cancelled_life,
    "shared": shared_life,
    "written": written_life,
}


def later(fact: AnyFact, by: timedelta) -> AnyFact:
    """The same fact, told and dated later."""
    return fact.model_copy(update={"at": fact.at + by, "as_of": fact.at + by})


def told_late(fact: AnyFact, by: timedelta) -> AnyFact:
    """The same fact, only known later."""
    return fact.model_copy(update={"as_of": fact.at + by})
