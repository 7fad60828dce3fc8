"""Every promised date that passes becomes its owner's task, on its day: on the real engine.

One referral for each case, all on stage together. Days are counted from a Monday at 10:00; the
clinic is open Monday to Friday 8 to 18. A case ends with the patient's death, which ends waits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from temporalio.client import Client

from models import dues
from models.facts import (
    AppointmentBooked,
    AppointmentMissed,
    BookingRequested,
    CallMissed,
    CheckInAnswered,
    Discharged,
    Ending,
    Meaning,
    PageJudged,
    PageVerdict,
    PatientDied,
    PatientReplied,
    PlanOfCareReturned,
    WhyDeclined,
)
from models.kinds import Kind
from models.planned import Goal, Weeks
from models.tasks import hold_occasion
from tests.lives import (
    CALENDAR,
    Life,
    approval,
    booked,
    certified,
    did,
    discharged,
    evaluated,
    lifted,
    local,
    monday,
    on,
    planned,
    received,
    rules,
    transferred,
    visits,
    waits,
)
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine


class Case(NamedTuple):
    """What is told, and the tasks it comes to: key → (role, when asked)."""

    rule: dues.DueRule
    life: Life
    asks: dict[str, tuple[str, str]]
    until: int  # the day on which the case ends
    request: Mapping[str, Any] | None = MappingProxyType({})  # None: it never came
    hold: tuple[Kind, int] | None = None


def discharge_told(start: datetime, day: int, *, planned: bool = True) -> Life:
    return [Discharged(at=on(start, day, "16:00"), reason=Ending.GOALS_MET, planned=planned)]


def missed(start: datetime, day: int, name: str) -> Life:
    return [AppointmentMissed(at=on(start, day, "12:00"), appointment_id=name)]


def about(start: datetime, day: int, clock: str = "12:00", name: str = "au1") -> str:
    return hold_occasion(name, on(start, day, clock))


def a_visit(start: datetime, told: int, day: int) -> AppointmentBooked:
    return AppointmentBooked(
        at=on(start, told), appointment_id=f"v{day}", starts_at=on(start, day), purpose="visit"
    )


def enough(start: datetime, begin: int, end: int) -> str:
    first, last = (CALENDAR.local_date(on(start, day)) for day in (begin, end))
    return f"under_scheduled:{Goal(1, 4, Weeks(first, last, CALENDAR.zone)).occasion}"


def cases(start: datetime) -> dict[str, Case]:
    unsigned = [*booked(start), *evaluated(start), *planned(start)]
    in_care = [*unsigned, *certified(start, day=8)]
    ten_days = visits(start, 8, 9, 10, 11, 14, 15, 16, 17, 18)
    return {
        "acknowledged: 20 hours on the wall clock": Case(
            dues.acknowledged,
            [],
            {"acknowledge:1": ("lead", "day 1 06:00")},
            until=2,
            hold=(Kind.THANK_YOU, 3),
        ),
        "verified: at once, then the lead in time for the 24 hours": Case(
            dues.verified,
            [],
            {
                "verify_sender:1": ("front_desk", "day 0 10:00"),
                "acknowledge:1": ("lead", "day 1 06:00"),
            },
            until=2,
            request={"source_verified": False},
        ),
        "evaluation_window: 30 days, while calls are open nothing is proposed": Case(
            dues.evaluation_window,
            [],
            {"evaluation_overdue:1": ("lead", "day 30 10:00")},
            until=50,
        ),
        "call_beside: a text that is held back keeps nobody from calling": Case(
            dues.call_beside,
            [],
            {
                "call_patient:bd-0-1": ("front_desk", "day 0 12:00"),
                "call_patient:bd-1-2": ("front_desk", "day 1 08:00"),
            },
            until=2,
            hold=(Kind.SCHEDULE_TEXT, 3),
        ),
        "intake_help: 24 hours ahead": Case(
            dues.intake_help,
            booked(start),
            {"intake_help:a1": ("front_desk", "day 6 11:00")},
            until=7,
        ),
        "attendance: the next business day at 10:00, and again when nobody said": Case(
            dues.attendance,
            [*booked(start), *did(start, 9, "confirm_attendance:a1")],
            {
                "confirm_attendance:a1": ("front_desk", "day 8 10:00"),
                "confirm_attendance:a1-again-1": ("front_desk", "day 10 18:00"),
            },
            until=12,
        ),
        "rebooking: two calls, then the lead": Case(
            dues.rebooking,
            [
                *booked(start, day=2, name="a1"),
                *missed(start, 2, "a1"),
                *booked(start, made=3, day=4, name="a2"),
                *missed(start, 4, "a2"),
                *booked(start, made=7, day=8, name="a3"),
                *missed(start, 8, "a3"),
            ],
            {
                "rebook_call:miss-1": ("front_desk", "day 2 12:00"),
                "rebook_call:miss-2": ("front_desk", "day 4 12:00"),
                "decide_no_shows:miss-3": ("lead", "day 8 12:00"),
            },
            until=9,
        ),
        "plan_signature: one business day, the director after three": Case(
            dues.plan_signature,
            [*booked(start), *evaluated(start)],
            {
                "sign_plan:1": ("therapist", "day 8 18:00"),
                "sign_plan:director": ("director", "day 10 18:00"),
            },
            until=11,
        ),
        "certifier: on the day of the evaluation": Case(
            dues.certifier,
            [*booked(start), *evaluated(start), *planned(start)],
            {"name_certifier:1": ("front_desk", "day 7 11:00")},
            until=9,
            request={"certifier_id": None},
        ),
        "plan_sent: one business day after the therapist's signature": Case(
            dues.plan_sent,
            [*booked(start), *evaluated(start), *planned(start)],
            {"undeliverable:plan_of_care:certifier:v1": ("front_desk", "day 8 18:00")},
            until=9,
            hold=(Kind.PLAN_OF_CARE, 5),
        ),
        "returned_page: at once": Case(
            dues.returned_page,
            [
                *booked(start),
                *evaluated(start),
                *planned(start),
                PlanOfCareReturned(at=on(start, 9, "09:00"), document_id="doc_r"),
            ],
            {"judge_returned_plan:v1-doc_r": ("front_desk", "day 9 09:00")},
            until=10,
        ),
        "changed_plan: at once, the director after a business day": Case(
            dues.changed_plan,
            [
                *booked(start),
                *evaluated(start),
                *planned(start),
                *certified(start, day=9, changed=True),
            ],
            {
                "review_changed_plan:v1": ("therapist", "day 9 13:00"),
                "review_changed_plan:v1-director": ("director", "day 10 18:00"),
            },
            until=11,
        ),
        "recertification: 14 days ahead of day 90, the director 3": Case(
            dues.recertification,
            [*in_care, *did(start, 83, "propose_discharge:after-1")],
            {
                "recertify:v1": ("therapist", "day 83 11:00"),
                "recertify:v1-director": ("director", "day 94 11:00"),
            },
            until=96,
        ),
        "progress_overdue: the end of the tenth treatment day": Case(
            dues.progress_overdue,
            [*in_care, *ten_days],
            {"progress_overdue:0": ("director", "day 18 18:00")},
            until=19,
        ),
        "engagement: 7 days after an early visit, 30 for a discharge": Case(
            dues.engagement,
            in_care,
            {
                "dropout:after-1": ("front_desk", "day 14 11:00"),
                "propose_discharge:after-1": ("therapist", "day 37 11:00"),
            },
            until=40,
        ),
        "under_scheduled: a business day after the evaluation": Case(
            dues.under_scheduled,
            [*booked(start), *evaluated(start), *planned(start, weekly=2), a_visit(start, 7, 9)],
            {enough(start, 8, 35): ("front_desk", "day 8 18:00")},
            until=10,
        ),
        "missing_evaluation: three days": Case(
            dues.missing_evaluation,
            [*visits(start, 7), *discharged(start, 8)],
            {"missing_evaluation:1": ("therapist", "day 11 16:00")},
            until=13,
        ),
        "summary: three business days, the director two later": Case(
            dues.summary,
            [*in_care, *discharge_told(start, 14)],
            {
                "sign_summary:1": ("therapist", "day 17 18:00"),
                "sign_summary:director": ("director", "day 21 18:00"),
            },
            until=22,
        ),
        "summary: seven days when unplanned": Case(
            dues.summary,
            [*in_care, *discharge_told(start, 14, planned=False)],
            {"sign_summary:1": ("therapist", "day 21 16:00")},
            until=22,
        ),
        "unconfirmed: the desk, the lead, the director": Case(
            dues.unconfirmed,
            [],
            {
                "confirm_request:1": ("front_desk", "day 0 10:00"),
                "confirm_request:lead": ("lead", "day 0 12:00"),
                "confirm_request:director": ("director", "day 0 14:00"),
            },
            until=1,
            request={"confirmed": False},
        ),
        "answer: a text at once, the lead an hour later": Case(
            dues.answer,
            [PatientReplied(at=on(start, 1, "11:00"), reply_id="m1", meaning=Meaning.OTHER)],
            {
                "answer_patient:m1": ("front_desk", "day 1 11:00"),
                "answer_patient:m1-lead": ("lead", "day 1 12:00"),
            },
            until=2,
        ),
        "call_back: a call nobody answered, at once and once": Case(
            dues.call_back,
            [
                CallMissed(at=on(start, 1, "11:00"), call_id="c1"),
                CallMissed(at=on(start, 1, "11:02"), call_id="c2"),
            ],
            {"call_back:c1": ("front_desk", "day 1 11:00")},
            until=2,
        ),
        "booking_request: a time they asked for, within two business hours": Case(
            dues.booking_request,
            [
                BookingRequested(
                    at=on(start, 1, "11:00"), request_id="q1", starts_at=on(start, 4, "09:00")
                )
            ],
            {"book_request:q1": ("front_desk", "day 1 11:00")},
            until=2,
        ),
        "answer_late: something urgent is the director's by then": Case(
            dues.answer_late,
            [
                *in_care,
                PatientReplied(at=on(start, 8, "17:30"), reply_id="m1", meaning=Meaning.RED_FLAG),
            ],
            {
                "red_flag:m1": ("therapist", "day 8 17:30"),
                "red_flag:m1-lead": ("director", "day 9 08:30"),
            },
            until=10,
        ),
        "undated_page: the office is asked for the date": Case(
            dues.undated_page,
            [*unsigned, PageJudged(at=on(start, 9), by="dana", verdict=PageVerdict.UNDATED)],
            {"plan_undated:v1": ("front_desk", "day 9 10:00")},
            until=10,
        ),
        "declined_plan: the lead deals with the reason": Case(
            dues.declined_plan,
            [
                *unsigned,
                PageJudged(
                    at=on(start, 9),
                    by="dana",
                    verdict=PageVerdict.DECLINED,
                    why=WhyDeclined.DISAGREES,
                ),
            ],
            {"plan_disagreed:v1": ("lead", "day 9 10:00")},
            until=10,
        ),
        "low_score: at once": Case(
            dues.low_score,
            [
                *in_care,
                *discharged(start, 14),
                CheckInAnswered(at=on(start, 24, "09:30"), score=6),
            ],
            {"low_score:1": ("lead", "day 24 09:30")},
            until=25,
        ),
        "authorization: at once, chased three business days later, denied: the lead": Case(
            dues.authorization,
            [
                *approval(start, 0, "required"),
                *approval(start, 1, "requested"),
                *approval(start, 9, "denied"),
            ],
            {
                f"request_authorization:{about(start, 0)}": ("billing", "day 0 12:00"),
                f"chase_authorization:{about(start, 1)}": ("billing", "day 4 18:00"),
                f"authorization_denied:{about(start, 9)}": ("lead", "day 9 12:00"),
            },
            until=10,
        ),
        "hold_limit: ten business days into an authorization": Case(
            dues.hold_limit,
            [*approval(start, 0, "required"), *approval(start, 1, "requested")],
            {f"hold_limit:{about(start, 0)}": ("lead", "day 14 18:00")},
            until=15,
        ),
        "hold_check: on the day agreed on, until it is lifted": Case(
            dues.hold_check,
            [*waits(start, 1, check=3, limit=20), *lifted(start, 14)],
            {
                f"check_hold:{about(start, 3, '09:00', 'h1')}": ("front_desk", "day 3 09:00"),
                "call_patient:bd-0-1": ("front_desk", "day 0 12:00"),
                "call_patient:r2-bd-0-1": ("front_desk", "day 14 14:00"),
            },
            until=15,
        ),
        "authorization_low: two weeks ahead of its end": Case(
            dues.authorization_low,
            approval(start, 0, "granted", ends_on=CALENDAR.local_date(on(start, 30))),
            {f"renew_authorization:{about(start, 0)}": ("billing", "day 16 17:00")},
            until=18,
        ),
        "order_stale: as soon as a visit is known beyond the life of the order": Case(
            dues.order_stale,
            booked(start, day=64),
            {f"order_stale:of-{start:%Y%m%d}": ("front_desk", "day 0 13:00")},
            until=2,
            request={"order_signed_and_dated": True},
        ),
        "transfer_call: at once": Case(
            dues.transfer_call,
            [*booked(start), transferred(on(start, 2, "09:00"))],
            {
                f"call_after_transfer:{transferred(on(start, 2, '09:00')).occasion}": (
                    "front_desk",
                    "day 2 09:00",
                )
            },
            until=3,
        ),
        "request: a milestone without one": Case(
            dues.request,
            visits(start, 1),
            {"unmatched_event:request": ("front_desk", "day 2 18:00")},
            until=3,
            request=None,
        ),
    }


# They act by themselves at their time, or their task is tested with the cadence they belong to.
WITHOUT_A_TASK = {
    dues.first_day,
    dues.pause_end,
    dues.thank_you,
    dues.waiting_word,
    dues.reach,
    dues.intake_reminder,
    dues.reminder,
    dues.chase,
    dues.signature,
    dues.progress_report,
    dues.patient_thanks,
    dues.check_in,
    dues.check_in_answer,
}
START = monday()
CASES = cases(START)


@pytest.fixture(scope="module")
async def played(client: Client) -> AsyncIterator[Theater]:
    async with on_stage(client, START) as theater:
        theater.fakes.clinics = {"west": rules()}
        script = []
        for number, case in enumerate(CASES.values()):
            who = f"ref_{number}"
            if case.hold:
                kind, days = case.hold
                theater.fakes.hold[who, kind] = timedelta(days=days)
            first = received(START, **case.request) if case.request is not None else None
            await theater.begin(who, first, rules())
            end = PatientDied(at=on(START, case.until))
            script += [(fact.at, who, fact) for fact in [*case.life, end]]
        await theater.play(script, on(START, 100), watched=True)
        assert await theater.open_at_end() == []
        yield theater


@pytest.mark.parametrize("name", CASES)
def test_what_passes_becomes_its_owners_task(played: Theater, name: str) -> None:
    asked = played.fakes.asked_on(f"ref_{list(CASES).index(name)}")
    found = {key: (role, local(START, at)) for key, (role, at) in asked.items()}
    expected = CASES[name].asks
    assert {key: found.get(key) for key in expected} == expected


def test_every_promise_with_an_owner_has_a_case() -> None:
    assert {case.rule for case in CASES.values()} | WITHOUT_A_TASK == {*dues.RULES, dues.request}
