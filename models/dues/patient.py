"""The patient's way to the evaluation: reached, booked, forms in, attended."""

from __future__ import annotations

from models import cadence, holds
from models.due import Due
from models.dues.asking import (
    PATIENT,
    DueRule,
    anew,
    asked,
    key_of,
    once,
)
from models.facts import (
    AppointmentBooked,
)
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import TaskKind


def reach(r: Referral, rules: Rules) -> Due | None:
    """The next act of the cadence until an evaluation is booked for the first time."""
    if r.ever_booked():
        return None
    act = cadence.next_reach(r, rules)
    return Due(key=act.key, at=act.at, says=cadence.says(act)) if act else None


def call_beside(r: Referral, rules: Rules) -> Due | None:
    """A call whose time comes while a text is held back by hours, caps or a person (rule 18)."""
    act = None if r.ever_booked() else cadence.call_beside(r, rules)
    if act is None:
        return None
    return Due(
        key=f"beside:{act.key}",
        at=act.at,
        owner=Role.FRONT_DESK,
        task=act.task,
        occasion=act.occasion,
        says=cadence.says(act),
    )


def evaluation_window(r: Referral, rules: Rules) -> Due | None:
    """An evaluation within 30 days, else the lead decides; after 45 a closing is proposed [D2].

    It rests while a hold stands; afterwards both count from its end (policy.md rule 15).
    """
    if r.evaluated_or_discharged() or holds.waits(r):
        return None
    policy, cal = rules.policy.evaluation, rules.calendar
    overdue = Due(
        key="evaluation_window",
        at=cal.after(r.clock_start, policy.window),
        owner=Role.LEAD,
        task=TaskKind.EVALUATION_OVERDUE,
        says=f"Wait up to {policy.window} for the evaluation",
    )
    proposal = Due(
        key="evaluation_window:close",
        at=cal.after(r.clock_start, policy.propose_close),
        owner=Role.LEAD,
        task=TaskKind.PROPOSE_CLOSE,
        occasion="window",
        says=f"Propose to close after {policy.propose_close} without an evaluation",
    )
    overdue, proposal = anew(r, overdue, r.clock_start), anew(r, proposal, r.clock_start)
    proposed = r.task(key_of(proposal)) is not None
    if proposed or (r.task(key_of(overdue)) is not None and cadence.may_propose_close(r)):
        return asked(r, rules, overdue, proposal)
    return asked(r, rules, overdue)


def confirmation(r: Referral, rules: Rules, booked: AppointmentBooked) -> Kind:
    """Which one message confirms an appointment: the forms go with it while they are wanted."""
    for kind in (Kind.INTAKE, Kind.BOOKED):
        if r.begun(MessageRef(kind, PATIENT, booked.appointment_id)):
            return kind
    return Kind.INTAKE if _forms_wanted(r, rules) else Kind.BOOKED


def confirmed_anew(r: Referral, rules: Rules, booked: AppointmentBooked) -> MessageRef | None:
    """Once more for an appointment that moved, where the patient was told another time, or none.

    Nobody is told the same time twice, however often an EMR tells of it.
    """
    kinds = (Kind.INTAKE, Kind.BOOKED)
    first = [MessageRef(kind, PATIENT, booked.appointment_id) for kind in kinds]
    told = r.told_time(booked.appointment_id)
    # Sent by a version that did not keep the time, or stopped by a person: as it was.
    silent = told is None and any(r.sent(message) or r.stopped(message) for message in first)
    if silent or told == booked.starts_at or not any(r.settled(message) for message in first):
        return None
    kind = Kind.INTAKE if told is None and _forms_wanted(r, rules) else Kind.BOOKED
    return MessageRef(kind, PATIENT, f"{booked.appointment_id}@{booked.as_of:%Y%m%dT%H%M%S}")


def _forms_wanted(r: Referral, rules: Rules) -> bool:
    """Forms are ours, open, and asked for less often than the policy allows [W12]."""
    asked = r.times_sent(Kind.INTAKE, Kind.INTAKE_REMINDER)
    wanted = not r.intake_done() and asked < rules.policy.intake.max_messages
    return wanted and rules.policy.ours(Kind.INTAKE)


def intake_reminder(r: Referral, rules: Rules) -> Due | None:
    """One reminder for open forms, 48 hours ahead, unless the booking was later than that [W12]."""
    booked = r.appointment()
    if booked is None or not _forms_wanted(r, rules):
        return None
    at = rules.calendar.before(booked.starts_at, rules.policy.intake.reminder_before)
    message = MessageRef(Kind.INTAKE_REMINDER, PATIENT, booked.appointment_id)
    if not rules.policy.ours(message.kind) or at <= booked.as_of or r.settled(message):
        return None
    return Due(key="intake_reminder", at=at, says="Wait until 48 hours before the evaluation")


def intake_help(r: Referral, rules: Rules) -> Due | None:
    """Forms still open a day ahead are the desk's."""
    booked = r.appointment()
    if booked is None or r.intake_done() or not rules.policy.ours(Kind.INTAKE):
        return None
    at = rules.calendar.before(booked.starts_at, rules.policy.intake.desk_task_before)
    due = Due(
        key="intake_help",
        at=max(at, booked.as_of),
        owner=Role.FRONT_DESK,
        task=TaskKind.INTAKE_HELP,
        occasion=booked.appointment_id,
        by=booked.starts_at,
        says="Forms should be complete a day before the evaluation",
    )
    return once(r, due)  # after it the question whether the patient came holds the limit


def attendance(r: Referral, rules: Rules) -> Due | None:
    """No word on the evaluation by 10:00 the next business day: ask, never infer (rule 9)."""
    booked = r.appointment()
    if booked is None or r.evaluated_or_discharged():
        return None
    cal = rules.calendar
    day = cal.next_business_day(cal.local_date(booked.starts_at))
    due = Due(
        key="attendance",
        at=cal.at_local(day, rules.policy.evaluation.no_show_ask_at),
        owner=Role.FRONT_DESK,
        task=TaskKind.CONFIRM_ATTENDANCE,
        occasion=booked.appointment_id,
        says="Wait for word that the evaluation took place",
    )
    return asked(r, rules, due, comes_again=rules.policy.task.asked_again)


def rebooking(r: Referral, rules: Rules) -> Due | None:
    """A missed or cancelled evaluation is booked again by a call; the third miss is the lead's."""
    why = r.rebooking()
    if why is None or holds.waits(r) or r.booking_request() is not None:
        return None
    cal, policy = rules.calendar, rules.policy.evaluation
    misses = r.missed()
    lead = why.startswith("miss-") and len(misses) >= policy.no_show_lead_from
    at = misses[-1].at if why.startswith("miss-") else r.clock_start
    due = Due(
        key="rebooking",
        at=at,
        owner=Role.LEAD if lead else Role.FRONT_DESK,
        task=TaskKind.DECIDE_NO_SHOWS if lead else TaskKind.REBOOK_CALL,
        occasion=why,
        by=cal.after(at, policy.no_show_call) if why.startswith("miss-") else None,
        says="The evaluation must be booked again",
    )
    return asked(r, rules, due)


def booking_request(r: Referral, rules: Rules) -> Due | None:
    """A time the patient asked for is booked, or another one offered, within hours (rule 18)."""
    asked_for = r.booking_request()
    if asked_for is None:
        return None
    cal = rules.calendar
    due = Due(
        key="booking_request",
        at=asked_for.at,
        owner=Role.FRONT_DESK,
        task=TaskKind.BOOK_REQUEST,
        occasion=asked_for.request_id,
        by=cal.after(cal.next_open(asked_for.at), rules.policy.booking.answer),
        says="The patient asked for a time: somebody books it",
    )
    return once(r, due)


RULES: tuple[DueRule, ...] = (
    reach,
    call_beside,
    evaluation_window,
    intake_reminder,
    intake_help,
    attendance,
    rebooking,
)
