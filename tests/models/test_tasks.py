"""When a task leaves the board by itself: one row a kind, and the fact that overtakes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from models.facts import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    BookingRequested,
    CallLogged,
    CallMissed,
    CallOutcome,
    ClosedReason,
    DischargeSummarySigned,
    IntakeCompleted,
    MessageApproved,
    MessageDropped,
    MessageHeld,
    MessageSent,
    OrderReceived,
    PageJudged,
    PatientDied,
    PatientReplied,
    ReferralClosed,
    RequestConfirmed,
    RequestRejected,
    TaskOpened,
)
from models.kinds import Kind
from models.referral import Referral
from models.tasks import SPECS, TaskKind, judge_key, kind_of, moot, task_key
from tests.lives import (
    Life,
    approval,
    booked,
    certified,
    discharged,
    evaluated,
    lifted,
    on,
    planned,
    received,
    reported,
    transferred,
    visits,
    waits,
)

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
ASKED = received(START)
CARE: Life = [*evaluated(START), *planned(START)]
MESSAGE = "thank_you:source:1"
PLAN = "plan_of_care:certifier:v1"
REFUSED = "step_failed:send-fax-login_refused"
DECLINE = "declined:source:closed"


def sent(key: str, kind: Kind) -> MessageSent:
    return MessageSent(at=START, message=key, message_kind=kind, channel="fax")


def rang(name: str = "c1", **changes: Any) -> CallMissed:
    return CallMissed(at=START, as_of=START, call_id=name, **changes)


def held(key: str) -> MessageHeld:
    return MessageHeld(at=START, message=key, why="login_refused")


def asked_for(task: str, message: str) -> TaskOpened:
    return TaskOpened(at=START, task=task, role="admin", due=on(START, 1), about=message)


def found(verdict: str, why: str | None = None) -> PageJudged:
    """A word on the returned plan; a later verdict corrects an earlier one."""
    day = 8 if why or verdict == "undated" else 9
    return PageJudged.model_validate(
        {"at": on(START, day), "by": "dana", "verdict": verdict, "why": why}
    )


def wrote(meaning: str, **more: object) -> PatientReplied:
    """A text from the patient; taken back a day later, if at all."""
    as_of = on(START, 2 if more else 1)
    return PatientReplied.model_validate(
        {"at": on(START, 1), "as_of": as_of, "reply_id": "m1", "meaning": meaning, **more}
    )


def called(outcome: str) -> CallLogged:
    return CallLogged.model_validate(
        {"at": on(START, 3), "by": "dana", "call_id": outcome, "outcome": outcome}
    )


def missed(name: str, day: int) -> AppointmentMissed:
    return AppointmentMissed(at=on(START, day, "12:00"), appointment_id=name)


TOLD = received(START, as_of=on(START, 1), certifier_id="prv_2")
NOBODY = [received(START, as_of=on(START, 0, "11:00"), certifier_id=None)]
MACHINE_READ = [received(START, as_of=on(START, 0, "11:00"), confirmed=False)]
STRANGER = [received(START, as_of=on(START, 0, "11:00"), source_verified=False)]
VERIFIED = [received(START, as_of=on(START, 1), source_verified=True)]
MISSED_ONCE = [*booked(START), missed("a1", 7)]
MISSED_TWICE = [*MISSED_ONCE, *booked(START, made=8, day=9, name="a2"), missed("a2", 9)]
MOVED = [
    TaskOpened(at=on(START, 8), task="confirm_attendance:a1", role="front_desk", due=on(START, 9)),
    AppointmentBooked(
        at=START, as_of=on(START, 8, "12:00"), appointment_id="a1", starts_at=on(START, 14)
    ),
]
CANCELLED = [AppointmentCancelled(at=on(START, 1), appointment_id="a1")]
ASKED_FOR = BookingRequested(at=START, request_id="q1", starts_at=on(START, 3))
AWAY = waits(START, 1, check=3, limit=21)
TO_CALL: Life = [
    TaskOpened(at=START, task="call_patient:bd-0-1", role="front_desk", due=on(START, 1))
]
CALLED: Life = [
    CallLogged(at=on(START, 1, "09:00"), by="dana", call_id="c1", outcome=CallOutcome.VOICEMAIL)
]
NEEDED = approval(START, 0, "required")
SECOND = planned(START, day=12, version=2)
RENEWED = OrderReceived(at=on(START, 40), order_id="o1", provider_id="prv_1", signed_and_dated=True)
NAMELESS: Life = [TaskOpened(at=START, task="name_guardian:1", role="front_desk", due=on(START, 1))]

MOVED_ON: Life = [transferred(on(START, 2))]
MOVED_BACK: Life = [transferred(on(START, 3), "east", "west")]
DECLINED: Life = [
    ReferralClosed(
        at=on(START, 1), by="lee", reason=ClosedReason.DECLINED_BY_CLINIC, declined_for="capacity"
    ),
    TaskOpened(at=on(START, 1), task="tell_patient:declined", role="front_desk", due=on(START, 1)),
]

ROWS: list[tuple[str, Life, Life]] = [  # task, while it stands, what overtakes it
    ("verify_sender:1", STRANGER, VERIFIED),
    ("acknowledge:1", [], [sent(MESSAGE, Kind.THANK_YOU)]),
    ("call_patient:bd-0-1", [], booked(START)),
    ("call_patient:bd-0-1", TO_CALL, CALLED),
    ("ask_office:bd-7", [], booked(START)),
    ("propose_close:bd-12", [], booked(START)),
    ("propose_close:window", MISSED_ONCE, booked(START, made=8, day=9, name="a2")),
    ("confirm_request:lead", MACHINE_READ, [RequestConfirmed(at=on(START, 1), by="dana")]),
    ("confirm_request:1", MACHINE_READ, [RequestRejected(at=START, by="dana", why="junk")]),
    ("answer_patient:m1", [wrote("other")], [called("no_answer")]),
    ("call_back:c1", [rang()], [called("no_answer")]),
    ("call_back:c2", [rang("c2")], [rang("c2", retracted=True)]),
    ("answer_patient:m1-lead", [wrote("other")], [wrote("other", retracted=True)]),
    ("red_flag:m1", [wrote("red_flag"), called("no_answer")], [called("reached")]),
    ("wrong_number:m1", [wrote("wrong_number"), called("reached")], [PatientDied(at=START)]),
    ("call_after_stop:m1", [wrote("stop"), called("voicemail")], [called("reached")]),
    ("call_after_cancel:m1", [wrote("cancel")], [called("reached")]),
    ("call_to_reschedule:m1", [wrote("reschedule")], [called("reached")]),
    ("book_request:q1", [ASKED_FOR], booked(START)),
    ("book_request:q1", [ASKED_FOR], [ASKED_FOR.model_copy(update={"request_id": "q2"})]),
    ("confirm_attendance:a1", booked(START), evaluated(START)),
    ("confirm_attendance:a1-again-1", booked(START), [missed("a1", 7)]),
    ("confirm_attendance:a1", booked(START), MOVED),
    ("rebook_call:miss-1", MISSED_ONCE, booked(START, made=8, day=9, name="a2")),
    ("rebook_call:miss-1-again-1", MISSED_ONCE, MISSED_TWICE),
    ("decide_no_shows:miss-2", MISSED_TWICE, booked(START, made=10, day=11, name="a3")),
    ("intake_help:a1", booked(START), [IntakeCompleted(at=START)]),
    ("intake_help:a1", booked(START), CANCELLED),
    ("evaluation_overdue:1", [], evaluated(START)),
    ("call_patient:bd-0-1", [], AWAY),
    ("propose_close:bd-12", [], AWAY),
    ("evaluation_overdue:1", [], AWAY),
    ("rebook_call:miss-1", MISSED_ONCE, AWAY),
    ("check_hold:h1-20260115T140000", AWAY, lifted(START, 2)),
    ("check_hold:h1-20260115T140000-again-1", AWAY, waits(START, 3, check=9, limit=21)),
    ("hold_limit:h1-20260202T140000", AWAY, waits(START, 20, check=25, limit=40)),
    ("hold_limit:au1-20260112T170000", NEEDED, approval(START, 9, "granted")),
    ("request_authorization:au1-20260112T170000", NEEDED, approval(START, 1, "requested")),
    ("chase_authorization:au1-20260112T170000", NEEDED, approval(START, 9, "granted")),
    ("chase_authorization:au1-20260113T170000", [*NEEDED, *approval(START, 1, "requested")],
     approval(START, 6, "denied")),
    ("authorization_denied:au1-20260118T170000", [*NEEDED, *approval(START, 6, "denied")],
     approval(START, 7, "requested")),
    ("renew_authorization:au1-20260121T170000", [*CARE, *approval(START, 9, "granted")],
     approval(START, 20, "requested", name="au2")),
    ("tell_waiting:au1", NEEDED, approval(START, 9, "granted")),
    ("name_certifier:1", NOBODY, [TOLD]),
    ("name_certifier:1", [*NOBODY, *CARE], certified(START, day=8)),
    ("attach_document:v1", CARE, [PatientDied(at=START)]),
    (f"attach_document:{PLAN}", [*CARE, asked_for(f"attach_document:{PLAN}", PLAN)],
     [sent(PLAN, Kind.PLAN_OF_CARE)]),
    (f"attach_document:{PLAN}", [*CARE, asked_for(f"attach_document:{PLAN}", PLAN)],
     [MessageDropped(at=START, message=PLAN, why="overtaken")]),
    (REFUSED, [asked_for(REFUSED, PLAN), held(PLAN)], [sent(PLAN, Kind.PLAN_OF_CARE)]),
    (REFUSED, [asked_for(REFUSED, PLAN), held(PLAN), sent(PLAN, Kind.PLAN_OF_CARE), held(MESSAGE)],
     [sent(MESSAGE, Kind.THANK_YOU)]),
    ("sign_plan:1", evaluated(START), planned(START)),
    ("sign_plan:director", [*evaluated(START), *discharged(START, 9)], planned(START)),
    ("call_certifier:v1-day-14", CARE, certified(START, day=8)),
    ("director_call:v1-day-27", CARE, SECOND),
    ("judge_returned_plan:v1-d2", CARE, certified(START, day=8)),
    ("review_changed_plan:v1-director", CARE, SECOND),
    ("plan_undated:v1", [*CARE, found("undated")], certified(START, day=9)),
    ("plan_not_their_patient:v1", [*CARE, found("declined", "not_our_patient")], [found("blank")]),
    ("plan_visit_first:v1", [*CARE, found("declined", "wants_visit_first")], SECOND),
    ("plan_disagreed:v1", [*CARE, found("declined", "disagrees")], [found("signed")]),
    ("recertify:v1", CARE, SECOND),
    ("write_progress:0", CARE, reported(START, 9)),
    ("progress_overdue:1", [*CARE, *reported(START, 9)], reported(START, 10, "r2")),
    ("under_scheduled:1|2|2026-01-20|2026-02-16|America/New_York", CARE, [
        AppointmentBooked(
            at=START, appointment_id=f"w{day}", starts_at=on(START, day), purpose="visit"
        )
        for day in (9, 11)
    ]),
    ("no_next_visit:after-2", [*CARE, *visits(START, 8)], [
        AppointmentBooked(
            at=START, appointment_id="w", starts_at=on(START, 9), purpose="visit"
        )
    ]),
    ("dropout:after-1", CARE, visits(START, 8)),
    ("propose_discharge:after-2-again-1", [*CARE, *visits(START, 8)], discharged(START, 40)),
    ("missing_evaluation:1", discharged(START, 9), evaluated(START)),
    ("sign_summary:1", CARE, [DischargeSummarySigned(at=START)]),
    ("call_after_transfer:20260114T150000", [*MOVED_ON, called("voicemail")], [called("reached")]),
    ("call_after_transfer:20260114T150000", MOVED_ON, MOVED_BACK),
    ("tell_source:moved-20260114T150000", MOVED_ON, [
        sent("transferred:source:20260114T150000", Kind.TRANSFERRED)
    ]),
    ("tell_source:moved-20260114T150000", MOVED_ON, MOVED_BACK),
    ("tell_patient:declined", [*DECLINED, called("voicemail")], [called("reached")]),
    ("tell_source:declined_by_clinic", DECLINED, [sent(DECLINE, Kind.DECLINED)]),
    (f"undeliverable:{PLAN}", CARE, [sent(PLAN, Kind.PLAN_OF_CARE)]),
    ("order_stale:of-20260112", CARE, [RENEWED]),
    ("name_guardian:1", NAMELESS, [sent("schedule_text:patient:bd-0", Kind.SCHEDULE_TEXT)]),
    (f"release_message:{MESSAGE}", [], [MessageApproved(at=START, by="lee", message=MESSAGE)]),
    (f"approve_message:{MESSAGE}", [], [MessageApproved(at=START, by="lee", message=MESSAGE)]),
]  # fmt: skip
# A person must do these whatever else is told.
STAND = {
    TaskKind.LOW_SCORE,
    TaskKind.UNCERTAIN_DELIVERY,
    TaskKind.AFTER_CLOSING,
    TaskKind.RETRACTED_AFTER_LETTER,
    TaskKind.UNREADABLE_EVENT,
    TaskKind.UNMATCHED_EVENT,
    TaskKind.TELL_SOURCE,
    TaskKind.RE_ENGAGEMENT,
    TaskKind.SORT_FAX,
    TaskKind.FEED_SILENT,
    TaskKind.CALL_PRACTICE,
    TaskKind.QUIET_PRACTICE,
    TaskKind.ASK_FAX_NUMBER,
    TaskKind.APPROVE_SCORECARD,
    TaskKind.SCORECARD_LOST,
    TaskKind.SCORECARD_UNCERTAIN,
}


@pytest.mark.parametrize(("task", "before", "then"), ROWS)
def test_a_task_is_overtaken_by_the_facts(task: str, before: Life, then: Life) -> None:
    assert not moot(task, Referral([ASKED, *before]))
    assert moot(task, Referral([ASKED, *before, *then]))


@pytest.mark.parametrize("kind", sorted(STAND))
def test_some_tasks_are_never_overtaken(kind: TaskKind) -> None:
    everything = [ASKED, *CARE, *discharged(START, 9), PatientDied(at=on(START, 20))]
    assert not moot(task_key(kind, "1"), Referral(everything))


def test_a_step_that_failed_waits_for_a_person_whatever_was_sent() -> None:
    asked = TaskOpened(at=START, task="step_failed:acknowledge-1", role="admin", due=on(START, 1))
    assert not moot(asked.task, Referral([ASKED, asked, sent(MESSAGE, Kind.THANK_YOU)]))


def test_every_kind_has_a_row_and_words() -> None:
    assert {kind_of(task) for task, _, _ in ROWS} | STAND == set(TaskKind) == set(SPECS)
    assert all(spec.says for spec in SPECS.values())


def test_a_detail_of_the_request_stays_on_the_board() -> None:
    """Intake asks about an NPI that does not check: no verified sender answers that."""
    assert not moot("verify_sender:source-npi", Referral([ASKED]))


def test_the_end_of_a_referral_clears_what_was_for_its_patient() -> None:
    over = Referral([ASKED, *booked(START), PatientDied(at=on(START, 1))])
    left = [kind for kind in TaskKind if not moot(task_key(kind, "1"), over)]
    assert set(left) == STAND | {TaskKind.UNDELIVERABLE, TaskKind.STEP_FAILED}


def test_each_returned_page_has_a_task_of_its_own() -> None:
    assert judge_key(2) == "judge_returned_plan:v2"
    assert judge_key(2, "doc_7") == "judge_returned_plan:v2-doc_7"
