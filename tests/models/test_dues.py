"""Every promised date, one row a promise; rows and rules are cited from policy.md.

Day 0 is Monday 12 January 2026, the referral comes at 10:00; the clinic is open 8 to 18, Monday
to Friday, in New York.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

import pytest

from models import dues
from models.due import Due
from models.facts import (
    AnyFact,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    CallLogged,
    CallOutcome,
    CheckInAnswered,
    Discharged,
    Ending,
    IntakeCompleted,
    MessageDropped,
    MessageHeld,
    MessageSent,
    NotBeforeChanged,
    OrderReceived,
    PatientDied,
    PlanOfCareReturned,
    ReferralWithdrawn,
    Resumed,
    TaskCompleted,
    TaskHeld,
    TaskOpened,
    Urgency,
    VisitCompleted,
)
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.sending import NO_GUARDIAN
from tests.lives import (
    CALENDAR,
    Life,
    approval,
    booked,
    certified,
    discharged,
    evaluated,
    lifted,
    local,
    on,
    paused,
    planned,
    received,
    reported,
    rules,
    transferred,
    visits,
    waits,
)

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
FRIDAY_NIGHT = on(START, 4, "21:00")


def at(day: int, clock: str = "10:00") -> datetime:
    return on(START, day, clock)


def sent(key: str, day: int, clock: str = "10:00") -> AnyFact:
    kind = MessageRef.parse(key).kind
    return MessageSent(at=at(day, clock), message=key, message_kind=kind, channel="fax")


def spoken(day: int, clock: str) -> AnyFact:
    return CallLogged(at=at(day, clock), by="dana", call_id="c1", outcome=CallOutcome.REACHED)


def opened(task: str, day: int, clock: str = "10:00") -> AnyFact:
    return TaskOpened(at=at(day, clock), task=task, role="lead", due=at(day + 1))


def done(task: str, day: int, clock: str = "10:00") -> AnyFact:
    return TaskCompleted(at=at(day, clock), by="dana", task=task)


def put_off(task: str, day: int, clock: str) -> AnyFact:
    return TaskHeld(at=at(7), task=task, until=at(day, clock))


def visit_ahead(day: int, name: str = "w1", told: int = 8) -> AnyFact:
    return AppointmentBooked(
        at=at(told), appointment_id=name, starts_at=at(day, "14:00"), purpose="visit"
    )


ASKED = received(START)
IN_CARE: Life = [ASKED, *booked(START), *evaluated(START), *planned(START)]
SIGNED: Life = [*IN_CARE, *certified(START, day=8)]
THANKED = sent("thank_you:source:1", 0)
CHECKED_IN = sent("check_in:patient:1", 17)
ENDED: Life = [*SIGNED, Discharged(at=at(10, "16:00"), reason=Ending.GOALS_MET)]
TEN_DAYS = visits(START, 8, 9, 10, 11, 14, 15, 16, 17, 18)
REQUIRED: Life = [ASKED, *approval(START, 0, "required")]
DENIED: Life = [*REQUIRED, *approval(START, 1, "requested"), *approval(START, 3, "denied")]
GRANTED: Life = [*DENIED, *approval(START, 9, "granted", visits=12)]
ASKED_INSURER = TaskOpened(
    at=at(0, "12:00"),
    task="request_authorization:au1-20260112T170000",
    role="billing",
    due=at(1, "18:00"),
)
PAUSED: Life = [ASKED, *paused(START, 1, until=9)]
RESUMED = Resumed(at=at(5), by="lee")
OTHERS = rules(owner=dict.fromkeys(Kind, "emr"))
NO_TIME_OFF = CALENDAR.model_copy(update={"closed": (date(2026, 1, 22), date(2026, 1, 24))})
CLOSED_A_DAY = Rules(policy=rules().policy, calendar=NO_TIME_OFF)


ORDERED: Life = [received(START, order_signed_and_dated=True), *IN_CARE[1:]]


def order(day: int, *, signed: bool = True) -> AnyFact:
    fields = {"order_id": f"o{day}", "provider_id": "prv_1", "signed_and_dated": signed}
    return OrderReceived.model_validate({"at": at(day), **fields})


class Row(NamedTuple):
    """A rule, what is known, and what is then promised: when, to whose account, as which task."""

    why: str
    rule: dues.DueRule
    facts: Life
    when: str | None
    owner: str | None = None
    task: str | None = None
    rules: Rules = rules()


HELD_TEXT = MessageHeld(
    at=at(0), message="schedule_text:patient:bd-0", until=at(3, "09:00"), why="cap"
)

ROWS = [
    Row(
        "while the text waits for its hour",
        dues.call_beside,
        [received(START), HELD_TEXT],
        "day 0 12:00",
        "front_desk",
        "call_patient:bd-0-1",
    ),
    Row(
        "nobody calls a child whose guardian is not known",
        dues.call_beside,
        [received(START), HELD_TEXT.model_copy(update={"why": NO_GUARDIAN})],
        None,
    ),
    Row("the text comes first", dues.call_beside, [received(START)], None),
    Row("booked", dues.call_beside, [received(START), HELD_TEXT, *booked(START)], None),
    # order.stale_after [G13]
    Row("young enough", dues.order_stale, [*ORDERED, *visits(START, 58)], None),
    Row("no order, nothing to renew", dues.order_stale, [*IN_CARE, *visits(START, 70)], None),
    Row(
        "grown old in care",
        dues.order_stale,
        [*ORDERED, *visits(START, 61, 64)],
        "day 61 14:00",
        "front_desk",
        "order_stale:of-20260112",
    ),
    Row(
        "a visit booked beyond it",
        dues.order_stale,
        [*ORDERED, visit_ahead(63, told=40)],
        "day 40 10:00",
        "front_desk",
        "order_stale:of-20260112",
    ),
    Row(
        "the first evaluation as well",
        dues.order_stale,
        [ORDERED[0], *booked(START, made=50, day=64)],
        "day 50 13:00",
        "front_desk",
        "order_stale:of-20260112",
    ),
    Row("renewed in time", dues.order_stale, [*ORDERED, order(40), *visits(START, 64)], None),
    Row(
        "an unsigned one renews nothing",
        dues.order_stale,
        [*ORDERED, order(40, signed=False), *visits(START, 64)],
        "day 64 14:00",
        "front_desk",
        "order_stale:of-20260112",
    ),
    Row(
        "the next one grows old too",
        dues.order_stale,
        [*ORDERED, order(40), *visits(START, 101)],
        "day 101 14:00",
        "front_desk",
        "order_stale:of-20260221",
    ),
    Row(
        "asked once",
        dues.order_stale,
        [*ORDERED, *visits(START, 61), opened("order_stale:of-20260112", 61)],
        None,
    ),
    Row(
        "care is over",
        dues.order_stale,
        [*ORDERED, *visits(START, 61), Discharged(at=at(62), reason=Ending.GOALS_MET)],
        None,
    ),
    # ack.due / warn / wait_for_duplicates; rules 7 and 8
    Row("15 minutes for duplicates", dues.thank_you, [ASKED], "day 0 10:15"),
    Row(
        "a past patient the next business day",
        dues.thank_you,
        [received(FRIDAY_NIGHT, source_kind="past_patient")],
        "day 7 08:00",
    ),
    Row("not to oneself", dues.thank_you, [received(START, source_kind="self")], None),
    Row("not unasked", dues.thank_you, [received(START, may_thank=False)], None),
    Row("not to strangers", dues.thank_you, [received(START, source_verified=False)], None),
    Row("once", dues.thank_you, [ASKED, THANKED], None),
    Row("the EMR's job", dues.thank_you, [ASKED], None, rules=OTHERS),
    Row(
        "20 of 24 wall hours, weekend or not",
        dues.acknowledged,
        [received(FRIDAY_NIGHT)],
        "day 5 17:00",
        "lead",
        "acknowledge:1",
    ),
    Row(
        "no such promise to past patients",
        dues.acknowledged,
        [received(START, source_kind="past_patient")],
        None,
    ),
    Row(
        "an unverified sender is a first task",
        dues.verified,
        [received(START, source_verified=False)],
        "day 0 10:00",
        "front_desk",
        "verify_sender:1",
    ),
    Row("nothing to verify", dues.verified, [ASKED], None),
    # evaluation.window / propose_close; rules 15 and 16
    Row(
        "30 days",
        dues.evaluation_window,
        [ASKED],
        "day 30 10:00",
        "lead",
        "evaluation_overdue:1",
    ),
    Row(
        "from the surgery, not from the referral",
        dues.evaluation_window,
        [received(START, not_before=at(20))],
        "day 50 10:00",
        "lead",
        "evaluation_overdue:1",
    ),
    Row(
        "then a closing is proposed",
        dues.evaluation_window,
        [ASKED, opened("evaluation_overdue:1", 30), done("evaluation_overdue:1", 31)],
        "day 45 10:00",
        "lead",
        "propose_close:window",
    ),
    Row(
        "never while a task is open",
        dues.evaluation_window,
        [ASKED, opened("evaluation_overdue:1", 30)],
        None,
    ),
    Row(
        "never after surgery: the question comes again",
        dues.evaluation_window,
        [
            received(START, urgency=Urgency.POST_OP),
            opened("evaluation_overdue:1", 30),
            done("evaluation_overdue:1", 31),
        ],
        "day 38 10:00",
        "lead",
        "evaluation_overdue:1-again-1",
    ),
    Row("evaluated", dues.evaluation_window, [ASKED, *evaluated(START)], None),
    # intake
    Row("48 hours ahead", dues.intake_reminder, [ASKED, *booked(START)], "day 5 11:00"),
    Row("booked too late for it", dues.intake_reminder, [ASKED, *booked(START, made=6)], None),
    Row(
        "forms are in",
        dues.intake_reminder,
        [ASKED, *booked(START), IntakeCompleted(at=at(1))],
        None,
    ),
    Row(
        "two messages about forms at most",
        dues.intake_reminder,
        [ASKED, *booked(START), sent("intake:patient:a0", 0), sent("intake:patient:a1", 1)],
        None,
    ),
    Row(
        "24 hours ahead the desk helps",
        dues.intake_help,
        [ASKED, *booked(START)],
        "day 6 11:00",
        "front_desk",
        "intake_help:a1",
    ),
    Row("the EMR's forms", dues.intake_help, [ASKED, *booked(START)], None, rules=OTHERS),
    # evaluation.no_show
    Row(
        "the next business day at 10:00",
        dues.attendance,
        [ASKED, *booked(START, day=4)],
        "day 7 10:00",
        "front_desk",
        "confirm_attendance:a1",
    ),
    Row(
        "asked again when the answer told nothing",
        dues.attendance,
        [
            ASKED,
            *booked(START),
            opened("confirm_attendance:a1", 8),
            done("confirm_attendance:a1", 8, "11:00"),
        ],
        "day 9 18:00",
        "front_desk",
        "confirm_attendance:a1-again-1",
    ),
    Row(
        "moved after the question: asked for the new day",
        dues.attendance,
        [
            ASKED,
            opened("confirm_attendance:a1", 8),
            AppointmentBooked(
                at=at(0, "13:00"), as_of=at(8, "11:00"), appointment_id="a1", starts_at=at(14)
            ),
        ],
        "day 15 10:00",
        "front_desk",
        "confirm_attendance:a1-again-1",
    ),
    Row(
        "missed: a call",
        dues.rebooking,
        [ASKED, *booked(START), AppointmentMissed(at=at(7, "12:00"), appointment_id="a1")],
        "day 7 12:00",
        "front_desk",
        "rebook_call:miss-1",
    ),
    Row(
        "cancelled: a call",
        dues.rebooking,
        [ASKED, *booked(START), AppointmentCancelled(at=at(3), appointment_id="a1")],
        "day 0 10:00",  # at once
        "front_desk",
        "rebook_call:cancelled-a1",
    ),
    Row(
        "missed thrice: the lead",
        dues.rebooking,
        [
            ASKED,
            *(a for n in (1, 2, 3) for a in booked(START, made=n, day=n + 1, name=f"a{n}")),
            *(AppointmentMissed(at=at(n + 1, "12:00"), appointment_id=f"a{n}") for n in (1, 2, 3)),
        ],
        "day 4 12:00",
        "lead",
        "decide_no_shows:miss-3",
    ),
    # poc.therapist_sign; director 3 bd; rule 2
    Row(
        "one business day after the evaluation",
        dues.plan_signature,
        [ASKED, *evaluated(START, day=4)],
        "day 7 18:00",
        "therapist",
        "sign_plan:1",
    ),
    Row(
        "the director after three",
        dues.plan_signature,
        [ASKED, *evaluated(START, day=4), opened("sign_plan:1", 7)],
        "day 9 18:00",
        "director",
        "sign_plan:director",
    ),
    Row(
        "the provider's signature alone is no plan",
        dues.plan_signature,
        [ASKED, *evaluated(START), *certified(START, day=7)],
        "day 8 18:00",
        "therapist",
        "sign_plan:1",
    ),
    Row(
        "given up once care is summed up",
        dues.plan_signature,
        [
            ASKED,
            *evaluated(START),
            *discharged(START, 7),
            opened("sign_plan:1", 8),
            done("sign_plan:1", 8),
        ],
        None,
    ),
    Row(
        "nobody to certify: on the day of the evaluation",
        dues.certifier,
        [received(START, certifier_id=None), *evaluated(START)],
        "day 7 11:00",
        "front_desk",
        "name_certifier:1",
    ),
    Row(
        "none is needed",
        dues.certifier,
        [received(START, certifier_id=None, payers=("self_pay",)), *evaluated(START)],
        None,
    ),
    # poc.send
    Row(
        "out within a business day",
        dues.plan_sent,
        IN_CARE,
        "day 8 18:00",
        "front_desk",
        "undeliverable:plan_of_care:certifier:v1",
    ),
    Row("the EMR faxes it", dues.plan_sent, IN_CARE, None, rules=OTHERS),
    # poc.signature_due / verbal
    Row("30 days from care", dues.signature, IN_CARE, "day 37 11:00", "director"),
    Row(
        "14 days after a verbal one",
        dues.signature,
        [*IN_CARE, *certified(START, day=9, verbal=True)],
        "day 23 13:00",
        "director",
    ),
    Row("signed", dues.signature, SIGNED, None),
    # poc.returned_check / change_review; rule 4
    Row(
        "a page came back",
        dues.returned_page,
        [*IN_CARE, PlanOfCareReturned(at=at(9, "17:00"))],
        "day 9 17:00",
        "front_desk",
        "judge_returned_plan:v1",
    ),
    Row(
        "another page of the same version",
        dues.returned_page,
        [
            *IN_CARE,
            opened("judge_returned_plan:v1-d1", 8),
            done("judge_returned_plan:v1-d1", 9),
            PlanOfCareReturned(at=at(9, "17:00"), document_id="d2"),
        ],
        "day 9 17:00",
        "front_desk",
        "judge_returned_plan:v1-d2",
    ),
    Row(
        "changed: reviewed at once",
        dues.changed_plan,
        [*IN_CARE, *certified(START, day=9, changed=True)],
        "day 9 13:00",
        "therapist",
        "review_changed_plan:v1",
    ),
    Row(
        "changed: the director before the next visit",
        dues.changed_plan,
        [
            *IN_CARE,
            *certified(START, day=9, changed=True),
            opened("review_changed_plan:v1", 9),
            visit_ahead(10),
        ],
        "day 10 14:00",
        "director",
        "review_changed_plan:v1-director",
    ),
    Row(
        "taken over",
        dues.changed_plan,
        [*IN_CARE, *certified(START, day=9, changed=True), *planned(START, day=10, version=2)],
        None,
    ),
    # recert
    Row(
        "14 days ahead of day 90",
        dues.recertification,
        SIGNED,
        "day 83 11:00",
        "therapist",
        "recertify:v1",
    ),
    Row(
        "14 days ahead of the plan's end, signed or not",
        dues.recertification,
        [ASKED, *evaluated(START), *planned(START, ends_on=date(2026, 3, 12))],
        "day 45 17:00",
        "therapist",
        "recertify:v1",
    ),
    Row(
        "from the last period's start",
        dues.recertification,
        [*SIGNED, *planned(START, day=80, version=2, recertifies=True)],
        "day 156 15:00",
        "therapist",
        "recertify:v2",
    ),
    Row("discharged", dues.recertification, ENDED, None),
    # progress
    Row("at once", dues.progress_report, [*SIGNED, *reported(START, 15)], "day 15 16:00"),
    Row(
        "14 days after the last",
        dues.progress_report,
        [
            *SIGNED,
            *reported(START, 15, "r1"),
            sent("progress_report:recipient:prv_1:r1", 15, "16:00"),
            *reported(START, 20, "r2"),
        ],
        "day 29 16:00",
    ),
    Row(
        "nobody wants it",
        dues.progress_report,
        [received(START, recipients=()), *evaluated(START), *reported(START, 15)],
        None,
    ),
    Row("nine days", dues.progress_overdue, [*SIGNED, *TEN_DAYS[:-1]], None),
    Row(
        "the evaluation is the first of ten; two visits on a day are one",
        dues.progress_overdue,
        [
            *SIGNED,
            *TEN_DAYS,
            VisitCompleted(at=at(18, "15:00"), visit_id="x", day=date(2026, 1, 30)),
        ],
        "day 18 18:00",
        "director",
        "progress_overdue:0",
    ),
    Row(
        "the count begins again",
        dues.progress_overdue,
        [*SIGNED, *TEN_DAYS, *reported(START, 18)],
        None,
    ),
    # dropout
    Row(
        "7 days after an early visit",
        dues.engagement,
        SIGNED,
        "day 14 11:00",
        "front_desk",
        "dropout:after-1",
    ),
    Row(
        "days off do not count, a closed Saturday is none",
        dues.engagement,
        [*SIGNED, *visits(START, 8)],
        "day 16 14:00",
        "front_desk",
        "dropout:after-2",
        rules=CLOSED_A_DAY,
    ),
    Row(
        "14 days later on",
        dues.engagement,
        [*SIGNED, *visits(START, 8, 9, 10)],
        "day 24 14:00",
        "front_desk",
        "dropout:after-4",
    ),
    Row(
        "from the next visit, if it is known",
        dues.engagement,
        [*SIGNED, visit_ahead(16)],
        "day 23 14:00",
        "front_desk",
        "dropout:after-1",
    ),
    Row(
        "no next visit, from a feed that tells of them",
        dues.engagement,
        [*SIGNED, visit_ahead(8), *visits(START, 8)],
        "day 11 18:00",
        "front_desk",
        "no_next_visit:after-2",
    ),
    Row(
        "30 days: a discharge is proposed",
        dues.engagement,
        [*SIGNED, opened("dropout:after-1", 14)],
        "day 37 11:00",
        "therapist",
        "propose_discharge:after-1",
    ),
    Row(
        "and proposed again",
        dues.engagement,
        [
            *SIGNED,
            opened("dropout:after-1", 14),
            done("dropout:after-1", 15),
            opened("propose_discharge:after-1", 37),
            done("propose_discharge:after-1", 38),
        ],
        "day 45 10:00",
        "therapist",
        "propose_discharge:after-1-again-1",
    ),
    # discharge
    Row(
        "the record is missing: 3 days",
        dues.missing_evaluation,
        [ASKED, *visits(START, 7), *discharged(START, 8)],
        "day 11 16:00",
        "therapist",
        "missing_evaluation:1",
    ),
    Row("3 business days", dues.summary, ENDED, "day 15 18:00", "therapist", "sign_summary:1"),
    Row(
        "7 days, unplanned",
        dues.summary,
        [*SIGNED, Discharged(at=at(10, "16:00"), reason=Ending.MEDICAL, planned=False)],
        "day 17 16:00",
        "therapist",
        "sign_summary:1",
    ),
    Row(
        "withdrawn in care is unplanned too",
        dues.summary,
        [*SIGNED, ReferralWithdrawn(at=at(10, "16:00"))],
        "day 17 16:00",
        "therapist",
        "sign_summary:1",
    ),
    Row(
        "the director two later",
        dues.summary,
        [*ENDED, opened("sign_summary:1", 15)],
        "day 17 18:00",
        "director",
        "sign_summary:director",
    ),
    # followup; rule 22
    Row("thanks the next business day", dues.patient_thanks, ENDED, "day 11 08:00"),
    Row("a week later", dues.check_in, ENDED, "day 17 16:00"),
    Row(
        "never after a bad ending",
        dues.check_in,
        [*SIGNED, *discharged(START, 10, Ending.STOPPED_COMING)],
        None,
    ),
    Row("the link lives a week", dues.check_in_answer, [*ENDED, CHECKED_IN], "day 24 10:00"),
    Row(
        "six of ten is called",
        dues.low_score,
        [*ENDED, CheckInAnswered(at=at(18), score=6)],
        "day 18 10:00",
        "lead",
        "low_score:1",
    ),
    Row("seven is content", dues.low_score, [*ENDED, CheckInAnswered(at=at(18), score=7)], None),
    # waiting; rule 15 and authorization.*
    Row(
        "an authorization is asked for at once",
        dues.authorization,
        REQUIRED,
        "day 0 12:00",
        "billing",
        "request_authorization:au1-20260112T170000",
    ),
    Row("that is a person's by now", dues.authorization, [*REQUIRED, ASKED_INSURER], None),
    Row(
        "chased three business days after it was asked for",
        dues.authorization,
        [*REQUIRED, ASKED_INSURER, done(ASKED_INSURER.task, 1)],
        "day 4 18:00",
        "billing",
        "chase_authorization:au1-20260112T170000",
    ),
    Row(
        "or after the EMR said so",
        dues.authorization,
        [*REQUIRED, *approval(START, 1, "requested")],
        "day 4 18:00",
        "billing",
        "chase_authorization:au1-20260113T170000",
    ),
    Row(
        "and every three from then on",
        dues.authorization,
        [
            *REQUIRED,
            *approval(START, 1, "requested"),
            opened("chase_authorization:au1-20260113T170000", 4, "18:00"),
            done("chase_authorization:au1-20260113T170000", 7),
        ],
        "day 10 18:00",
        "billing",
        "chase_authorization:au1-20260113T170000-again-1",
    ),
    Row(
        "a refusal is the lead's at once",
        dues.authorization,
        DENIED,
        "day 3 12:00",
        "lead",
        "authorization_denied:au1-20260115T170000",
    ),
    Row("given: nothing is left to ask", dues.authorization, GRANTED, None),
    Row(
        "after ten business days it is the lead's",
        dues.hold_limit,
        [*REQUIRED, *approval(START, 1, "requested")],
        "day 14 18:00",
        "lead",
        "hold_limit:au1-20260112T170000",
    ),
    Row("but not twice", dues.hold_limit, DENIED, None),
    Row(
        "a hold at its own limit",
        dues.hold_limit,
        [ASKED, *waits(START, 1, check=3, limit=21)],
        "day 21 09:00",
        "lead",
        "hold_limit:h1-20260202T140000",
    ),
    Row(
        "its owner looks after it in time",
        dues.hold_check,
        [ASKED, *waits(START, 1, check=3, limit=21, owner="therapist")],
        "day 3 09:00",
        "therapist",
        "check_hold:h1-20260115T140000",
    ),
    Row(
        "and again on the day agreed on then",
        dues.hold_check,
        [
            ASKED,
            *waits(START, 1, check=3, limit=21),
            opened("check_hold:h1-20260115T140000", 3, "09:00"),
            *waits(START, 3, check=8, limit=21),
        ],
        "day 8 09:00",
        "front_desk",
        "check_hold:h1-20260120T140000",
    ),
    Row(
        "of two holds the sooner",
        dues.hold_check,
        [
            ASKED,
            *waits(START, 1, check=3, limit=21),
            *waits(START, 1, check=2, limit=9, hold_id="h2", reason="capacity"),
        ],
        "day 2 09:00",
        "front_desk",
        "check_hold:h2-20260114T140000",
    ),
    Row(
        "lifted",
        dues.hold_check,
        [ASKED, *waits(START, 1, check=3, limit=21), *lifted(START, 2)],
        None,
    ),
    Row(
        "two weeks before an authorization ends",
        dues.authorization_low,
        [ASKED, *approval(START, 3, "granted", ends_on=date(2026, 3, 2))],
        "day 35 17:00",
        "billing",
        "renew_authorization:au1-20260115T170000",
    ),
    Row(
        "three visits before it is used up",
        dues.authorization_low,
        [*IN_CARE, *approval(START, 3, "granted", visits=6), *visits(START, 8, 9)],
        "day 9 12:00",
        "billing",
        "renew_authorization:au1-20260115T170000",
    ),
    Row(
        "four are still left",
        dues.authorization_low,
        [*IN_CARE, *approval(START, 3, "granted", visits=6), *visits(START, 8)],
        None,
    ),
    Row(
        "an expired one at once",
        dues.authorization_low,
        [*IN_CARE, *approval(START, 3, "granted"), *approval(START, 20, "expired")],
        "day 20 12:00",
        "billing",
        "renew_authorization:au1-20260201T170000",
    ),
    Row(
        "the next one is asked for already",
        dues.authorization_low,
        [
            *IN_CARE,
            *approval(START, 3, "granted", visits=3),
            *approval(START, 9, "requested", name="au2"),
        ],
        None,
    ),
    Row("the patient hears within two business days", dues.waiting_word, REQUIRED, "day 2 08:00"),
    Row(
        "also where a person waits for the insurer",
        dues.waiting_word,
        [ASKED, *waits(START, 1, check=3, limit=21, reason="benefits")],
        "day 3 08:00",
    ),
    Row(
        "not about their own absence",
        dues.waiting_word,
        [ASKED, *waits(START, 1, check=3, limit=21)],
        None,
    ),
    Row("a refusal is told by a person", dues.waiting_word, DENIED, None),
    Row("once", dues.waiting_word, [*REQUIRED, sent("waiting_on_insurer:patient:au1", 2)], None),
    Row(
        "once, however many approvals are waited for",
        dues.waiting_word,
        [
            *REQUIRED,
            *approval(START, 1, "required", name="au2"),
            sent("waiting_on_insurer:patient:au1", 2),
            *approval(START, 3, "granted"),
        ],
        None,
    ),
    Row("the EMR's job", dues.waiting_word, REQUIRED, None, rules=OTHERS),
    Row(
        "the surgery lies ahead", dues.first_day, [received(START, not_before=at(9))], "day 9 10:00"
    ),
    Row(
        "and has moved, and moved again",
        dues.first_day,
        [
            received(START, not_before=at(9)),
            NotBeforeChanged(at=at(3), not_before=at(20)),
            received(START, as_of=at(5), not_before=at(15)),
        ],
        "day 15 10:00",
    ),
    Row("a pause ends by itself", dues.pause_end, PAUSED, "day 9 09:00"),
    Row("or before", dues.pause_end, [*PAUSED, RESUMED], None),
    Row("it has ended", dues.pause_end, [*PAUSED, *visits(START, 9)], None),
    Row(
        "paused again",
        dues.pause_end,
        [*PAUSED, RESUMED, *paused(START, 6, until=7)],
        "day 7 09:00",
    ),
    Row(
        "it has passed",
        dues.first_day,
        [received(START, not_before=at(9)), sent("schedule_text:patient:bd-0", 9, "10:05")],
        None,
    ),
    # a question is not put while the feed is silent; rule 9
    Row(
        "put off until the feed may be asked again",
        dues.attendance,
        [ASKED, *booked(START), put_off("confirm_attendance:a1", 8, "14:00")],
        "day 8 14:00",
        "front_desk",
        "confirm_attendance:a1",
    ),
    Row(
        "also one that comes round again",
        dues.attendance,
        [
            ASKED,
            *booked(START),
            opened("confirm_attendance:a1", 8),
            done("confirm_attendance:a1", 8),
            put_off("confirm_attendance:a1-again-1", 10, "10:00"),
        ],
        "day 10 10:00",
        "front_desk",
        "confirm_attendance:a1-again-1",
    ),
    Row(
        "never sooner than promised",
        dues.attendance,
        [ASKED, *booked(START), put_off("confirm_attendance:a1", 3, "14:00")],
        "day 8 10:00",
        "front_desk",
        "confirm_attendance:a1",
    ),
    Row(
        "each rung by itself",
        dues.engagement,
        [*SIGNED, put_off("dropout:after-1", 15, "10:00")],
        "day 15 10:00",
        "front_desk",
        "dropout:after-1",
    ),
    # at another clinic
    Row(
        "the new clinic calls whom the old one has reached",
        dues.transfer_call,
        [ASKED, sent("schedule_text:patient:bd-0", 0), transferred(at(2))],
        "day 2 10:00",
        "front_desk",
        "call_after_transfer:20260114T150000",
    ),
    Row("nobody has heard of the old one", dues.transfer_call, [ASKED, transferred(at(2))], None),
    Row(
        "evaluated there only",
        dues.transfer_call,
        [ASKED, transferred(at(0, "10:01")), *evaluated(START, day=4)],
        None,
    ),
    Row(
        "somebody has called since",
        dues.transfer_call,
        [ASKED, *booked(START), transferred(at(2)), spoken(2, "11:00")],
        None,
    ),
    # a milestone nobody expected
    Row(
        "no request",
        dues.request,
        [*evaluated(START, day=0)],
        "day 1 18:00",
        "front_desk",
        "unmatched_event:request",
    ),
]


def shown(due: Due | None) -> tuple[str | None, str | None, str | None]:
    if due is None:
        return None, None, None
    task = f"{due.task}:{due.occasion}" if due.task else None
    return local(START, due.at), due.owner, task


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule.__name__}: {row.why}")
def test_what_is_promised(row: Row) -> None:
    found = shown(row.rule(Referral(row.facts), row.rules))
    assert found == (row.when, row.owner, row.task)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule.__name__}: {row.why}")
def test_the_agenda_says_the_same(row: Row) -> None:
    referral = Referral(row.facts)
    ahead = dues.agenda(referral, row.rules)
    due = row.rule(referral, row.rules)
    assert (due in ahead) == (due is not None)
    assert [one.at for one in ahead] == sorted(one.at for one in ahead)


def test_every_rule_has_a_row() -> None:
    rows = {row.rule for row in ROWS}
    # test_cadence, test_returned, test_answers, test_capture, test_requests, test_missed_calls
    elsewhere = {
        *(dues.booking_request, dues.call_back, dues.reminder),  # and test_reminding
        *(dues.reach, dues.chase, dues.undated_page, dues.declined_plan),
        *(dues.answer, dues.answer_late, dues.unconfirmed),
    }
    assert rows | elsewhere == {*dues.RULES, dues.request}


def test_when_it_is_over_nothing_is_promised() -> None:
    assert dues.agenda(Referral([*SIGNED, PatientDied(at=at(9))]), rules()) == []


def test_a_held_message_is_on_the_agenda_until_it_went() -> None:
    message = "schedule_text:patient:bd-0"
    hold = MessageHeld(at=at(0), message=message, until=at(1, "09:00"), why="quiet_hours")
    waiting = Referral([ASKED, hold])
    assert [d.at for d in dues.agenda(waiting, rules()) if d.key == f"held:{message}"] == [
        at(1, "09:00")
    ]
    gone = Referral([ASKED, hold, sent(message, 1, "09:00")])
    assert not [d for d in dues.agenda(gone, rules()) if d.key.startswith("held")]


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ([], Kind.INTAKE),
        ([IntakeCompleted(at=at(1))], Kind.BOOKED),
        # what has begun is not said again in other words
        ([sent("intake:patient:a1", 0), IntakeCompleted(at=at(1))], Kind.INTAKE),
        ([sent("intake:patient:a0", 0), sent("intake_reminder:patient:a0", 1)], Kind.BOOKED),
    ],
)
def test_one_confirmation_for_each_appointment(facts: Life, kind: Kind) -> None:
    [visit] = booked(START)
    assert isinstance(visit, AppointmentBooked)
    assert dues.confirmation(Referral([ASKED, visit, *facts]), rules(), visit) is kind


def _moved(day: int, told: int) -> AppointmentBooked:
    [visit] = booked(START, made=told, day=day)
    assert isinstance(visit, AppointmentBooked)
    return visit.model_copy(update={"at": START, "as_of": at(told)})


def _said(message: str, day: int, *, named: int | None) -> MessageSent:
    said = sent(message, day)
    assert isinstance(said, MessageSent)
    starts_at = on(START, named, "11:00") if named is not None else None
    return said.model_copy(update={"starts_at": starts_at})


STAMP = at(3).strftime("%Y%m%dT%H%M%S")
OVERTAKEN = MessageDropped(at=at(3), message="intake:patient:a1", why="overtaken")


@pytest.mark.parametrize(
    ("facts", "again"),
    [
        ([], None),  # the first confirmation is still ahead and will name the new time
        ([_said("intake:patient:a1", 0, named=7)], f"booked:patient:a1@{STAMP}"),
        ([_said("intake:patient:a1", 0, named=9)], None),  # the patient knows it
        ([_said("intake:patient:a1", 0, named=None)], None),  # by a version that did not keep it
        (
            [
                _said("intake:patient:a1", 0, named=7),
                _said(f"booked:patient:a1@{STAMP}", 3, named=9),
            ],
            None,
        ),
        ([OVERTAKEN], f"intake:patient:a1@{STAMP}"),  # held, and moved before its hour came
        ([OVERTAKEN, IntakeCompleted(at=at(1))], f"booked:patient:a1@{STAMP}"),
        ([_said("intake:patient:a2", 0, named=7)], None),  # about another appointment
    ],
)
def test_an_appointment_that_moved_is_confirmed_once_more(facts: Life, again: str | None) -> None:
    visit = _moved(9, told=3)
    message = dues.confirmed_anew(Referral([ASKED, visit, *facts]), rules(), visit)
    assert (message.key if message else None) == again


def test_a_call_does_not_count_as_a_task_done() -> None:
    call = CallLogged(at=at(31), by="lee", call_id="c1", outcome=CallOutcome.NO_ANSWER)
    asked = Referral([ASKED, opened("evaluation_overdue:1", 30), call])
    assert dues.evaluation_window(asked, rules()) is None
