"""Thanks, the first calls, the evaluation and its visits."""

from __future__ import annotations

from models import dues
from models.facts import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    IntakeCompleted,
    Urgency,
)
from models.kinds import Kind
from models.sending import NO_GUARDIAN
from tests.lives import (
    booked,
    evaluated,
    received,
    rules,
    transferred,
)
from tests.models.promises.kit import (
    ASKED,
    FRIDAY_NIGHT,
    HELD_TEXT,
    OTHERS,
    START,
    THANKED,
    Row,
    at,
    done,
    opened,
    sent,
    spoken,
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
    # ack.due / warn / wait_for_duplicates; rules 7 and 8
    Row("15 minutes for duplicates", dues.thank_you, [ASKED], "day 0 10:15"),
    Row(
        "a past patient the next business day",
        dues.thank_you,
        [received(FRIDAY_NIGHT, source_kind="past_patient")],
        "day 7 08:00",
    ),
    Row(
        "months old, told today",
        dues.thank_you,
        [received(at(-200), confirmed_at=START)],
        "day 0 10:15",
    ),
    Row(
        "history that is loaded while thanks are nobody's",
        dues.thank_you,
        [received(at(-200), confirmed_at=START)],
        None,
        rules=rules(owner={Kind.THANK_YOU: "nobody"}),
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
