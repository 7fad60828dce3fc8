"""Texts from patients as work: what each asks of a person, and when it is answered (rule 17).

The gravest wish decides whose work a text is. What a machine may answer alone (HELP, START, a C for
a booking, a number for the one question) asks nobody; whatever is not surely understood does.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from models.facts import (
    AppointmentBooked,
    CallOutcome,
    Meaning,
    PatientReplied,
    RequestConfirmed,
    TextWritten,
)
from models.tasks import TaskKind, task_key

if TYPE_CHECKING:
    from models.referral import Referral

LEAD = "-lead"  # ends the occasion of a task that was passed on because nobody answered

_CALLS = (
    (Meaning.STOP, TaskKind.CALL_AFTER_STOP),
    (Meaning.CANCEL, TaskKind.CALL_AFTER_CANCEL),
    (Meaning.RESCHEDULE, TaskKind.CALL_TO_RESCHEDULE),
)
_OPTS_OUT = (Meaning.STOP, Meaning.CANCEL, Meaning.WRONG_NUMBER)
_ALONE = (Meaning.HELP, Meaning.START, Meaning.SCORE)


def read(r: Referral) -> list[PatientReplied]:
    """The texts this referral has to answer, oldest first."""
    return [reply for reply in r.all(PatientReplied) if reply.meaning is not None and reply.here]


def asks(r: Referral, reply: PatientReplied) -> tuple[TaskKind, ...]:
    """What a text asks of people; nothing where it is answered elsewhere, or by itself."""
    if reply.meaning is None or not reply.here:
        return ()
    grave = [
        kind
        for said, kind in (
            (Meaning.RED_FLAG, TaskKind.RED_FLAG),
            (Meaning.WRONG_NUMBER, TaskKind.WRONG_NUMBER),
        )
        if reply.says(said)
    ]
    if grave:
        return tuple(grave)
    for said, kind in _CALLS:
        if reply.says(said):
            known = said is Meaning.STOP and not opts_out(r, reply)
            return () if known else (kind,)
    confirms = reply.says(Meaning.CONFIRM) and any(
        booked.starts_at > reply.at for booked in r.all(AppointmentBooked)
    )
    return () if confirms or reply.says(*_ALONE) else (TaskKind.ANSWER_PATIENT,)


def opts_out(r: Referral, reply: PatientReplied) -> bool:
    """Whether this text ends the texts to its number: one that wrote so before has ended them."""
    if not reply.says(*_OPTS_OUT):
        return False
    out = False
    for earlier in r.all(PatientReplied):
        if (earlier.at, earlier.key) >= (reply.at, reply.key):
            break
        out = earlier.says(*_OPTS_OUT) or (out and not earlier.says(Meaning.START))
    return not out


def owed(r: Referral) -> list[tuple[PatientReplied, TaskKind]]:
    """What texts ask of people and nobody has done yet, oldest first."""
    return [
        (reply, kind)
        for reply in read(r)
        for kind in asks(r, reply)
        if not (_called_since(r, reply, kind) or _done(r, reply, kind))
    ]


def overtaken(r: Referral, kind: TaskKind, occasion: str) -> bool:
    """Whether a call has answered the text a task is about, or the text was taken back."""
    about = [one for one in read(r) if occasion in {one.reply_id, one.reply_id + LEAD}]
    return not about or any(_called_since(r, reply, kind) for reply in about)


def confirmed(r: Referral, booked: AppointmentBooked) -> bool:
    """The patient has said that they come, since the appointment was made or last moved."""
    return any(one.says(Meaning.CONFIRM) and one.at >= booked.as_of for one in read(r))


def wrong_number(r: Referral) -> PatientReplied | None:
    """The text by which a stranger told us that the number is not the patient's.

    It stands until the patient was reached, or a person has corrected the number.
    """
    told = [one for one in r.all(PatientReplied) if one.says(Meaning.WRONG_NUMBER)]
    reached = [c.at for c in r.calls() if c.outcome is CallOutcome.REACHED]
    reached += [c.at for c in r.all(RequestConfirmed) if "patient.phone" in c.corrected]
    last = told[-1] if told else None
    return None if last is None or any(at > last.at for at in reached) else last


def number_lost(r: Referral) -> datetime | None:
    """Since when nobody is called or texted at the number: a stranger has it, or it is dead.

    By a text, or by a call that said so. It stands until the patient was reached, or a person has
    corrected the number.
    """
    texted = wrong_number(r)
    called = [c.at for c in r.calls() if c.why is not None and c.why.of_number]
    again = [c.at for c in r.calls() if c.outcome is CallOutcome.REACHED]
    again += [c.at for c in r.all(RequestConfirmed) if "patient.phone" in c.corrected]
    last = max(called, default=None)
    if last is not None and any(at > last for at in again):
        last = None
    return max([at for at in (texted.at if texted else None, last) if at], default=None)


def _called_since(r: Referral, reply: PatientReplied, kind: TaskKind) -> bool:
    """Any call or text answers a question; what is urgent wants somebody reached.

    A wrong number wants its form.
    """
    if kind is TaskKind.WRONG_NUMBER:
        return False
    calls = [call for call in r.calls() if call.at >= reply.at]
    if kind is TaskKind.ANSWER_PATIENT:
        return bool(calls) or any(text.at >= reply.at for text in r.all(TextWritten))
    return any(call.outcome.spoken for call in calls)


def _done(r: Referral, reply: PatientReplied, kind: TaskKind) -> bool:
    occasions = (reply.reply_id, reply.reply_id + LEAD)
    return any(r.task_done(task_key(kind, occasion)) for occasion in occasions)
