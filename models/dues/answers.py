"""What a patient's text promises: a person in minutes, one word by itself (policy.md rule 17)."""

from __future__ import annotations

from datetime import datetime

from models import answers
from models.answers import LEAD
from models.due import Due
from models.dues.asking import PATIENT, DueRule
from models.facts import AppointmentBooked, Meaning, MessageSent, PatientReplied, Urgency
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import SPECS, TaskKind, task_key

_SAYS = {
    TaskKind.RED_FLAG: "The patient wrote of something urgent: somebody calls",
    TaskKind.WRONG_NUMBER: "A stranger has the number we wrote to",
    TaskKind.CALL_AFTER_STOP: "The patient wants no more texts: somebody calls",
    TaskKind.CALL_AFTER_CANCEL: "The patient wrote that they cancel: somebody calls",
    TaskKind.CALL_TO_RESCHEDULE: "The patient asks for another time: somebody calls",
    TaskKind.ANSWER_PATIENT: "The patient wrote: somebody answers",
}
_PASSED_ON = {TaskKind.RED_FLAG: Role.DIRECTOR, TaskKind.ANSWER_PATIENT: Role.LEAD}


def answer(r: Referral, rules: Rules) -> Due | None:
    """The next text that nobody has been asked about yet; the people for it are asked at once."""
    for reply, kind in answers.owed(r):
        if r.task(task_key(kind, reply.reply_id)) is None:
            return Due(
                key=f"answer:{kind}:{reply.reply_id}",
                at=reply.at,
                owner=_owner(r, kind),
                task=kind,
                occasion=reply.reply_id,
                by=_answer_by(r, reply, kind, rules),
                says=_SAYS[kind],
            )
    return None


def answer_late(r: Referral, rules: Rules) -> Due | None:
    """A text still unanswered after one business hour is the lead's; an urgent one the director's.

    policy.md §2 inbound_text.answer.
    """
    late = [
        Due(
            key=f"answer_late:{kind}:{reply.reply_id}",
            at=rules.calendar.after(reply.at, rules.policy.inbound_text.lead_after),
            owner=_PASSED_ON[kind],
            task=kind,
            occasion=reply.reply_id + LEAD,
            says=_SAYS[kind],
        )
        for reply, kind in answers.owed(r)
        if kind in _PASSED_ON and r.task(task_key(kind, reply.reply_id + LEAD)) is None
    ]
    return min(late, key=lambda due: (due.at, due.key), default=None)


def texts_owed(r: Referral, rules: Rules) -> list[MessageRef]:
    """The one word each text gets by itself, where it gets any and it is ours to send.

    A wish to be left alone is confirmed once [K5]; HELP is answered; outside opening hours the
    patient is told that nobody reads, once in twelve hours. A stranger hears nothing.
    """
    owed = []
    for reply in answers.read(r):
        kind = _text_for(r, reply, rules)
        message = MessageRef(kind, PATIENT, reply.reply_id) if kind else None
        if message and rules.policy.ours(message.kind) and not r.settled(message):
            owed.append(message)
    return owed


def _text_for(r: Referral, reply: PatientReplied, rules: Rules) -> Kind | None:
    if reply.says(Meaning.WRONG_NUMBER):
        return None
    if reply.says(Meaning.STOP, Meaning.CANCEL):
        return Kind.OPT_OUT_CONFIRMATION if answers.opts_out(r, reply) else None
    if reply.says(Meaning.HELP):
        return Kind.HELP
    shut = not rules.calendar.is_open(reply.at)
    return (
        Kind.CLOSED_HOURS if shut and answers.asks(r, reply) and _silent(r, reply, rules) else None
    )


def _silent(r: Referral, reply: PatientReplied, rules: Rules) -> bool:
    """Nobody was told in the last hours that we are closed; Post looks at the whole number."""
    every = rules.policy.inbound_text.closed_hours_reply_every
    told = [
        sent.at
        for sent in r.all(MessageSent)
        if sent.message_kind is Kind.CLOSED_HOURS
        and MessageRef.parse(sent.message).occasion != reply.reply_id
    ]
    return not any(at <= reply.at < rules.calendar.after(at, every) for at in told)


def _owner(r: Referral, kind: TaskKind) -> Role:
    if kind is TaskKind.RED_FLAG and not r.evaluated():
        return Role.LEAD  # no therapist knows the patient yet
    return SPECS[kind].role


def _answer_by(r: Referral, reply: PatientReplied, kind: TaskKind, rules: Rules) -> datetime:
    cal, policy = rules.calendar, rules.policy
    if kind in {TaskKind.RED_FLAG, TaskKind.ANSWER_PATIENT}:
        return cal.after(reply.at, policy.inbound_text.answer)
    if kind is TaskKind.WRONG_NUMBER:
        return cal.after(reply.at, policy.task.lease)
    hurry = policy.stop_or_cancel
    urgent = r.received.urgency is Urgency.POST_OP or any(
        reply.at < booked.starts_at <= cal.after(reply.at, hurry.urgent_if_booked_within)
        for booked in r.all(AppointmentBooked)
    )
    return cal.after(cal.next_open(reply.at), hurry.urgent_task if urgent else hurry.task)


RULES: tuple[DueRule, ...] = (answer_late,)
