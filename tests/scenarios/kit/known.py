"""Whether a message was right on what was known, kind by kind (policy.md §3): a second opinion.

A run in another order may send other messages, or fewer, only where this says so. The dates are
those of ``models.dues``; when a kind goes out at all is said here anew, from the facts, and not
taken from the steps that send it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from models import answers, cadence, dues, releases
from models.due import Due
from models.dues import begin, copies, linked
from models.facts import CallMissed, CertifierNamed, Meaning, PatientReplied
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral

Right = Callable[[Referral, MessageRef, Rules, datetime], bool]


def right(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    """Whether this message ought to be out by then. Raises KeyError for a kind not judged yet.

    ``r`` knows what was known at the time, without any word about the message itself.
    """
    if not r.is_received() or not rules.policy.ours(message.kind):
        return False
    last_words = message.kind in _LAST_WORDS and message.occasion == "closed"
    if r.over() and not last_words:
        return False
    return RIGHT[message.kind](r, message, rules, at)


_LAST_WORDS = frozenset({Kind.UNABLE_TO_REACH, Kind.DECLINED})


def _thanks(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    asked = [one for one in (begin.first(r), *linked.further(r)) if one.message == message]
    return bool(asked) and _come(begin.thank_when(r, rules, asked[0]), at)


def _reach(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    act = None if r.ever_booked() else cadence.next_reach(r, rules)
    return act is not None and act.message == message and act.at <= at


def _unable(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    if message.occasion == "closed":  # the source hears that its patient is not treated (rule 16)
        closing = r.closing()
        return closing is not None and closing.reason in _LOST and r.treating_source()
    if message.occasion == "no-shows":
        return str(r.rebooking()).startswith("miss-") and len(r.missed()) >= 3
    return _reach(r, message, rules, at)


_LOST = {"unable_to_reach", "not_evaluated"}


def _receipt(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    """To an office whose number is known, until a person has confirmed what came (rule 7)."""
    del message, rules, at
    return r.unconfirmed() and r.received.fax_verified


def _waiting(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    """Once for each wait for the insurer, while it stands (rule 15)."""
    due = dues.waiting_word(r, rules)
    return due is not None and due.occasion == message.occasion and due.at <= at


def _opt_out(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    """One word to whoever ends the texts, and nothing to a stranger (rule 17)."""
    del rules, at
    reply = _reply(r, message)
    if reply is None or reply.says(Meaning.WRONG_NUMBER):
        return False
    return answers.opts_out(r, reply)


def _help(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    del rules, at
    reply = _reply(r, message)
    return reply is not None and reply.says(Meaning.HELP)


def _missed_call(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    """To a patient who called and got nobody, while that is news."""
    calls = [call for call in r.all(CallMissed) if call.call_id == message.occasion and call.here]
    limit = rules.policy.missed_call.text_within
    return any(call.at <= at <= rules.calendar.after(call.at, limit) for call in calls)


def _closed_hours(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    """A text outside opening hours that asks something of a person."""
    del at
    reply = _reply(r, message)
    asks = reply is not None and bool(answers.asks(r, reply))
    return reply is not None and asks and not rules.calendar.is_open(reply.at)


def _reply(r: Referral, message: MessageRef) -> PatientReplied | None:
    """The patient's text that this is the answer to."""
    named = (one for one in r.all(PatientReplied) if one.reply_id == message.occasion)
    return next(named, None)


def _moved(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    """Who treats and is known hears of the last move; the patient if they knew the old clinic (1).

    A letter may wait for company until the clinic closes.
    """
    del rules, at
    moved = r.transfer()
    if moved is None or message.occasion != moved.occasion or r.discharged():
        return False
    if message.to == "patient":
        return dues.moves.in_touch(r, moved)
    return r.treating_source() and r.received.source_verified


def _declined(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    """Who sent a patient whom the clinic cannot take hears why, once they are known (rule 14)."""
    del rules, at
    closing = r.closing()
    return (
        closing is not None
        and closing.declined_for is not None
        and r.treating_source()
        and (message.to != "source" or r.received.source_verified)
    )


def _confirmation(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    del rules  # with the forms or without: what counts is that the appointment is confirmed
    booked = r.appointment()
    if booked is None or r.evaluated_or_discharged() or at >= booked.starts_at:
        return False
    appointment, _, moved = message.occasion.partition("@")
    first = [message._replace(kind=kind, occasion=appointment) for kind in _CONFIRMS]
    begun = any(r.settled(one) for one in first)
    if moved and not (begun and moved == f"{booked.as_of:%Y%m%dT%H%M%S}"):
        return False  # the first confirmation names the time that stands when it goes out
    known = r.told_time(booked.appointment_id) == booked.starts_at
    return booked.appointment_id == appointment and not known


_CONFIRMS = (Kind.BOOKED, Kind.INTAKE)


def _forms(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    booked = r.appointment()
    if booked is None or booked.appointment_id != message.occasion or r.evaluated_or_discharged():
        return False
    return at < booked.starts_at and _come(dues.intake_reminder(r, rules), at)


def _missed(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    del rules, at
    missed = r.missed()
    first = len(missed) == 1 and missed[0].appointment_id == message.occasion
    return first and r.rebooking() == "miss-1"


def _plan(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    del rules, at
    newest = r.plan()
    version, _, whose = message.occasion.partition("-")
    certifier = r.received.certifier_id
    if newest is None or version != f"v{newest.version}" or certifier is None:
        return False
    # Another certifier gets what is not signed; who was asked first is asked by the version alone.
    took_over = any(named.instead_of for named in r.all(CertifierNamed))
    return (whose == certifier and not r.certified()) if took_over else not whose


def _request(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    act = cadence.next_chase(r, rules)
    return act is not None and act.message == message and act.at <= at


def _copy(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    """For who does not treat: asked for, and allowed by the patient or by a person (rule 2)."""
    who = message.to.partition(":")[2] or r.received.source_id
    today = rules.calendar.local_date(at)
    allowed = releases.released(r.facts, who, message.kind, today) or r.approved(message)
    owed = copies.owed(r, rules, who) == message and who in copies.names(r)
    return allowed and owed and _come(copies.copy_of(who)(r, rules), at)


def _report(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    if message.to.startswith("source"):
        return _copy(r, message, rules, at)
    newest = dues.report_to_send(r)
    named = newest is not None and newest.report_id == message.occasion
    return named and _come(dues.progress_report(r, rules), at)


def _summary(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    if message.to.startswith("source"):
        return _copy(r, message, rules, at)
    return r.discharged() and r.evaluation_on_record() and r.summary_signed()


def _thank_patient(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    del message
    return _papers_out(r) and _come(dues.patient_thanks(r, rules), at)


def _check_in(r: Referral, message: MessageRef, rules: Rules, at: datetime) -> bool:
    del message
    return _papers_out(r) and _come(dues.check_in(r, rules), at)


def _papers_out(r: Referral) -> bool:
    """The patient is thanked once the physician has been told how it ended."""
    return r.evaluation_on_record() and r.summary_signed()


def _come(due: Due | None, at: datetime) -> bool:
    return due is not None and due.at <= at


RIGHT: dict[Kind, Right] = {
    Kind.RECEIPT_NOTICE: _receipt,
    Kind.THANK_YOU: _thanks,
    Kind.THANK_YOU_PAST_PATIENT: _thanks,
    Kind.SCHEDULE_TEXT: _reach,
    Kind.REACH_FOLLOWUP: _reach,
    Kind.LAST_TEXT: _reach,
    Kind.UNABLE_TO_REACH: _unable,
    Kind.WAITING_ON_INSURER: _waiting,
    Kind.OPT_OUT_CONFIRMATION: _opt_out,
    Kind.HELP: _help,
    Kind.MISSED_CALL: _missed_call,
    Kind.CLOSED_HOURS: _closed_hours,
    Kind.DECLINED: _declined,
    Kind.TRANSFERRED: _moved,
    Kind.NEW_CLINIC: _moved,
    Kind.BOOKED: _confirmation,
    Kind.INTAKE: _confirmation,
    Kind.INTAKE_REMINDER: _forms,
    Kind.MISSED: _missed,
    Kind.PLAN_OF_CARE: _plan,
    Kind.SIGNATURE_REQUEST: _request,
    Kind.PROGRESS_REPORT: _report,
    Kind.DISCHARGE_SUMMARY: _summary,
    Kind.PATIENT_THANKS: _thank_patient,
    Kind.CHECK_IN: _check_in,
}
