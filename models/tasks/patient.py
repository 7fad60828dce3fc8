"""What is asked about reaching the patient, and about the evaluation until it took place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import holds
from models.roles import Role
from models.tasks.base import Moot, TaskKind, TaskSpec, base_of, task_key

if TYPE_CHECKING:
    from models.referral import Referral


def _knows_new_clinic(r: Referral, occasion: str) -> bool:
    """Somebody has spoken to the patient since, or it moved once more."""
    moved = r.transfer()
    if moved is None or moved.occasion != occasion or r.over() or r.discharged():
        return True
    return any(call.outcome.spoken and call.at >= moved.at for call in r.calls())


def _told_in_person(r: Referral, occasion: str) -> bool:
    """Somebody has spoken to the patient since, or the referral goes on after all."""
    opened = r.task(task_key(TaskKind.TELL_PATIENT, occasion))
    told = [call.at for call in r.calls() if call.outcome.spoken]
    return r.died() or not r.over() or (opened is not None and any(at >= opened.at for at in told))


def _ever_booked(r: Referral, _: str) -> bool:
    return r.ever_booked() or r.over()


def _booked(r: Referral, _: str) -> bool:
    return r.booked() or r.over()


def _called_off(r: Referral, occasion: str) -> bool:
    key = task_key(TaskKind.CALL_PATIENT, occasion)
    opened = r.task(key)
    # Whoever logs a call has made it (rule 18): two people must not call one patient.
    called = opened is not None and any(call.at >= opened.at for call in r.calls())
    called = called or (opened is not None and r.asked_for_a_time_since(opened.at))
    elsewhere = r.reached_with() is not None  # called once, for both referrals (rule 12)
    return called or elsewhere or _ever_booked(r, occasion) or _waits(r, key)


def _booked_or_never_mind(r: Referral, occasion: str) -> bool:
    if _waits(r, task_key(TaskKind.PROPOSE_CLOSE, occasion)):
        return True
    # The cadence proposes before the first booking, the evaluation window at any time.
    return _booked(r, occasion) if occasion.startswith("window") else _ever_booked(r, occasion)


def _waits(r: Referral, key: str) -> bool:
    """A hold stands, or one ended after the task was opened: everything begins anew then (15)."""
    opened = r.task(key)
    anew = opened is not None and r.is_received() and opened.at < r.clock_start
    return anew or holds.waits(r)


def _answered(kind: TaskKind) -> Moot:
    """A call has answered the patient's text; its occasion names which one."""
    return lambda r, occasion: r.died() or r.reply_overtaken(kind, occasion)


def _called_back(r: Referral, occasion: str) -> bool:
    """Somebody has called since, or the call was taken back."""
    return r.died() or r.call_answered(occasion)


def _another_visit(r: Referral, occasion: str) -> bool:
    booked = r.appointment()
    return booked is None or booked.appointment_id != base_of(occasion)


def _attended(r: Referral, occasion: str) -> bool:
    if r.evaluated_or_discharged() or r.over() or _another_visit(r, occasion):
        return True
    booked, asked = r.appointment(), r.task(task_key(TaskKind.CONFIRM_ATTENDANCE, occasion))
    # Moved to a later day after the question was put: it is put again then.
    return booked is not None and asked is not None and asked.at < booked.starts_at


def _forms_in(r: Referral, occasion: str) -> bool:
    return r.intake_done() or r.over() or _another_visit(r, occasion)


def _booked_again(r: Referral, occasion: str) -> bool:
    if r.over() or r.rebooking() != base_of(occasion) or holds.waits(r):
        return True
    opened = r.task(task_key(TaskKind.REBOOK_CALL, occasion))
    return opened is not None and r.asked_for_a_time_since(opened.at)


def _request_settled(r: Referral, occasion: str) -> bool:
    asked = r.booking_request()
    return r.over() or asked is None or asked.request_id != occasion


def _in_care(r: Referral, occasion: str) -> bool:
    waits = _waits(r, task_key(TaskKind.EVALUATION_OVERDUE, occasion))
    return r.evaluated_or_discharged() or r.over() or waits


SPECS: dict[TaskKind, TaskSpec] = {
    TaskKind.CALL_PATIENT: TaskSpec(
        Role.FRONT_DESK, "Call the patient to book the evaluation", _called_off
    ),
    TaskKind.ASK_OFFICE: TaskSpec(
        Role.FRONT_DESK, "Ask the referring office for another number for the patient", _ever_booked
    ),
    TaskKind.PROPOSE_CLOSE: TaskSpec(
        Role.LEAD,
        "Decide: close as unable to reach, or keep trying",
        _booked_or_never_mind,
        infers=True,
    ),
    TaskKind.ANSWER_PATIENT: TaskSpec(
        Role.FRONT_DESK,
        "The patient wrote: read it and answer, or call",
        _answered(TaskKind.ANSWER_PATIENT),
        urgent=True,
    ),
    TaskKind.CALL_BACK: TaskSpec(
        Role.FRONT_DESK,
        "Somebody called and nobody answered: call back",
        _called_back,
        urgent=True,
    ),
    TaskKind.RED_FLAG: TaskSpec(
        Role.THERAPIST,
        "The patient wrote of something that may be urgent: read it and call now",
        _answered(TaskKind.RED_FLAG),
        urgent=True,
    ),
    TaskKind.WRONG_NUMBER: TaskSpec(
        Role.COMPLIANCE,
        "Our texts reached a stranger: record the incident, tell them nothing, find the right "
        "number",
        _answered(TaskKind.WRONG_NUMBER),
    ),
    TaskKind.CALL_AFTER_STOP: TaskSpec(
        Role.FRONT_DESK,
        "The patient wants no more texts: call, and go on by phone",
        _answered(TaskKind.CALL_AFTER_STOP),
    ),
    TaskKind.CALL_AFTER_CANCEL: TaskSpec(
        Role.FRONT_DESK,
        "The patient wrote that they cancel: call now; the booking stands until they say which",
        _answered(TaskKind.CALL_AFTER_CANCEL),
        urgent=True,
    ),
    TaskKind.CALL_TO_RESCHEDULE: TaskSpec(
        Role.FRONT_DESK,
        "The patient asks for another time: call and book it",
        _answered(TaskKind.CALL_TO_RESCHEDULE),
    ),
    TaskKind.BOOK_REQUEST: TaskSpec(
        Role.FRONT_DESK,
        "The patient asked for a time: book it in the EMR; where it cannot be had, call them and "
        "dismiss this",
        _request_settled,
        urgent=True,
    ),
    TaskKind.CONFIRM_ATTENDANCE: TaskSpec(
        Role.FRONT_DESK, "Did the patient attend the evaluation?", _attended, infers=True
    ),
    TaskKind.REBOOK_CALL: TaskSpec(
        Role.FRONT_DESK, "Call the patient to book the missed evaluation again", _booked_again
    ),
    TaskKind.DECIDE_NO_SHOWS: TaskSpec(
        Role.LEAD,
        "Third missed evaluation: decide how to go on, and tell the office",
        _booked_again,
    ),
    TaskKind.INTAKE_HELP: TaskSpec(
        Role.FRONT_DESK,
        "Forms are still open a day before the evaluation: help the patient",
        _forms_in,
    ),
    TaskKind.EVALUATION_OVERDUE: TaskSpec(
        Role.LEAD,
        "No evaluation in the window: book it, or propose to close",
        _in_care,
        infers=True,
    ),
    TaskKind.TELL_PATIENT: TaskSpec(
        Role.FRONT_DESK,
        "Call the patient, do not text: we cannot take them; say who can, or to ask the office",
        _told_in_person,
    ),
    TaskKind.CALL_AFTER_TRANSFER: TaskSpec(
        Role.FRONT_DESK,
        "Call the patient: they go on with us now; agree on what was booked at the other clinic",
        _knows_new_clinic,
    ),
}
