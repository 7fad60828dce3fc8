"""Every promised date, as a pure function of facts and pinned policy.

A function answers None when it promises nothing at present. Steps wait on these very functions
and ``agenda`` lists them, so the card, the Temporal details, ``explain`` and the timers can never
disagree. No date here is "now + n": walking a step again arms the same date.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

from models import cadence, certification
from models.certification import Certification
from models.due import Due
from models.facts import AppointmentBooked, MessageSent, ProgressReportSigned
from models.hours import Span
from models.kinds import Kind
from models.people import SourceKind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import TaskKind, task_key

DueRule = Callable[[Referral, Rules], Due | None]

SOURCE, PATIENT, CERTIFIER = "source", "patient", "certifier"


def recipient(provider_id: str) -> str:
    """The party name of one report recipient."""
    return f"recipient:{provider_id}"


# --- acknowledge ----------------------------------------------------------------------------------


def thanks(r: Referral) -> MessageRef | None:
    """The thank-you this referral owes: none to oneself, none where a friend did not allow it."""
    received = r.received
    if received.source_kind == SourceKind.SELF or not received.may_thank:
        return None
    past = received.source_kind == SourceKind.PAST_PATIENT
    return MessageRef(Kind.THANK_YOU_PAST_PATIENT if past else Kind.THANK_YOU, SOURCE, "1")


def thank_you(r: Referral, rules: Rules) -> Due | None:
    """When the thank-you goes out: after a moment for duplicates; a past patient next day."""
    message = thanks(r)
    if message is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    if not r.received.source_verified:
        return None
    ack = rules.policy.ack
    if message.kind is Kind.THANK_YOU_PAST_PATIENT:
        at = rules.calendar.opening(
            rules.calendar.local_date(
                rules.calendar.after(r.received.confirmed_at, ack.past_patient)
            )
        )
        return Due(key="thank_you", at=at, says="Wait until the next business day to say thanks")
    at = rules.calendar.after(r.received.confirmed_at, ack.wait_for_duplicates)
    return Due(key="thank_you", at=at, says="Wait a moment for a duplicate of this referral")


def acknowledged(r: Referral, rules: Rules) -> Due | None:
    """The source hears within 24 wall hours; the lead is asked while there is still time.

    Product promise; the clock does not stop at night (policy.md rule 8).
    """
    message = thanks(r)
    if message is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    warn = rules.policy.ack.warn
    if message.kind is Kind.THANK_YOU_PAST_PATIENT:
        warn = Span.of("2 bd")
    return Due(
        key="acknowledged",
        at=rules.calendar.after(r.received.at, warn),
        owner=Role.LEAD,
        task=TaskKind.ACKNOWLEDGE,
        says="The source must be thanked within 24 hours",
    )


def verified(r: Referral, rules: Rules) -> Due | None:
    """An unverified sender is the first task of the next open hour (policy.md rule 7)."""
    if r.received.source_verified or thanks(r) is None:
        return None
    at = rules.calendar.after(rules.calendar.next_open(r.received.at), Span.of("1 bh"))
    return Due(
        key="verified",
        at=at,
        owner=Role.LEAD,
        task=TaskKind.ACKNOWLEDGE,
        says="Somebody must confirm who sent this referral",
    )


# --- the patient's way ----------------------------------------------------------------------------


def reach(r: Referral, rules: Rules) -> Due | None:
    """The next act of the cadence until an evaluation is booked for the first time."""
    if r.ever_booked():
        return None
    act = cadence.next_reach(r, rules)
    return Due(key=act.key, at=act.at, says=cadence.says(act)) if act else None


def evaluation_window(r: Referral, rules: Rules) -> Due | None:
    """An evaluation within 30 days, else the lead decides; after 45 a closing is proposed [D2]."""
    if r.evaluated_or_discharged():
        return None
    policy = rules.policy.evaluation
    overdue = task_key(TaskKind.EVALUATION_OVERDUE, "1")
    if r.task(overdue) is None:
        at = rules.calendar.after(r.clock_start, policy.window)
        return Due(
            key="evaluation_window",
            at=at,
            owner=Role.LEAD,
            task=TaskKind.EVALUATION_OVERDUE,
            says=f"Wait up to {policy.window} for the evaluation",
        )
    if r.task(task_key(TaskKind.PROPOSE_CLOSE, "window")) is None:
        at = rules.calendar.after(r.clock_start, policy.propose_close)
        return Due(
            key="evaluation_close",
            at=at,
            owner=Role.LEAD,
            task=TaskKind.PROPOSE_CLOSE,
            occasion="window",
            says=f"Propose to close after {policy.propose_close} without an evaluation",
        )
    return None


def intake_reminder(r: Referral, rules: Rules) -> Due | None:
    """One reminder for open forms, 48 hours ahead, unless the booking was later than that [W12]."""
    booked = r.appointment()
    if booked is None or r.intake_done():
        return None
    at = rules.calendar.before(booked.starts_at, rules.policy.intake.reminder_before)
    message = MessageRef(Kind.INTAKE_REMINDER, PATIENT, booked.appointment_id)
    if not rules.policy.ours(message.kind):
        return None
    if at <= booked.as_of or r.settled(message):
        return None
    return Due(key="intake_reminder", at=at, says="Wait until 48 hours before the evaluation")


def intake_help(r: Referral, rules: Rules) -> Due | None:
    """Forms still open a day ahead are the desk's."""
    booked = r.appointment()
    if booked is None or r.intake_done():
        return None
    if r.task(task_key(TaskKind.INTAKE_HELP, booked.appointment_id)) is not None:
        return None
    at = rules.calendar.before(booked.starts_at, rules.policy.intake.desk_task_before)
    return Due(
        key="intake_help",
        at=max(at, booked.as_of),
        owner=Role.FRONT_DESK,
        task=TaskKind.INTAKE_HELP,
        occasion=booked.appointment_id,
        says="Forms should be complete a day before the evaluation",
    )


def attendance(r: Referral, rules: Rules) -> Due | None:
    """No word on the evaluation by 10:00 the next business day: ask, never infer (rule 9)."""
    booked = r.appointment()
    if booked is None or r.evaluated_or_discharged():
        return None
    if r.task(task_key(TaskKind.CONFIRM_ATTENDANCE, booked.appointment_id)) is not None:
        return None
    cal = rules.calendar
    day = cal.next_business_day(cal.local_date(booked.starts_at) + timedelta(days=1))
    return Due(
        key="attendance",
        at=cal.at_local(day, rules.policy.evaluation.no_show_ask_at),
        owner=Role.FRONT_DESK,
        task=TaskKind.CONFIRM_ATTENDANCE,
        occasion=booked.appointment_id,
        says="Wait for word that the evaluation took place",
    )


# --- the plan of care -----------------------------------------------------------------------------


def plan_signature(r: Referral, rules: Rules) -> Due | None:
    """The therapist signs one business day after the evaluation; the director hears after three."""
    start = r.evaluated_at
    if start is None or r.plan_signed_by_therapist():
        return None
    poc = rules.policy.poc
    late = r.task(task_key(TaskKind.SIGN_PLAN, "1")) is not None
    if late and r.task(task_key(TaskKind.SIGN_PLAN, "director")) is not None:
        return None
    span = poc.director_after if late else poc.therapist_sign
    return Due(
        key="plan_signature_director" if late else "plan_signature",
        at=rules.calendar.after(start, span),
        owner=Role.DIRECTOR if late else Role.THERAPIST,
        task=TaskKind.SIGN_PLAN,
        occasion="director" if late else "1",
        says="Wait for the therapist to sign the plan of care",
    )


def plan_sent(r: Referral, rules: Rules) -> Due | None:
    """A signed plan reaches the provider within one business day."""
    plan = r.plan()
    if plan is None or not rules.policy.ours(Kind.PLAN_OF_CARE):
        return None
    if r.settled(MessageRef(Kind.PLAN_OF_CARE, CERTIFIER, f"v{plan.version}")):
        return None
    return Due(
        key="plan_sent",
        at=rules.calendar.after(plan.at, rules.policy.poc.send),
        owner=Role.FRONT_DESK,
        task=TaskKind.UNDELIVERABLE,
        occasion=f"plan-v{plan.version}",
        says="The signed plan of care must reach the provider",
    )


def chase(r: Referral, rules: Rules) -> Due | None:
    """The next act of the chase for a signature."""
    act = cadence.next_chase(r, rules)
    return Due(key=act.key, at=act.at, says=cadence.says(act)) if act else None


def signature(r: Referral, rules: Rules) -> Due | None:
    """The provider's signature is due 30 days after care began, 14 after a spoken approval [G1].

    Nothing waits on it: the chase acts before and after. It stands on the agenda as the legal date.
    """
    plan, start = r.plan(), r.care_started_at
    if plan is None or start is None or r.certified():
        return None
    poc = rules.policy.poc
    spoken = certification.spoken(r)
    if certification.state(r) is Certification.VERBAL and spoken is not None:
        at = rules.calendar.after(spoken.at, poc.verbal_signature)
    else:
        at = rules.calendar.after(plan.at if plan.recertifies else start, poc.signature_due)
    return Due(
        key="signature",
        at=at,
        owner=Role.DIRECTOR,
        says="The provider's signature on the plan of care is due",
    )


def changed_plan(r: Referral, rules: Rules) -> Due | None:
    """A plan the provider changed becomes a new version before the next visit (rule 4)."""
    signed = certification.signature(r)
    if signed is None or not signed.changed or r.plan_version > signed.version:
        return None
    if r.discharged():
        return None
    at = rules.calendar.after(signed.at, rules.policy.poc.change_review)
    visit = r.next_visit_at(signed.at)
    return Due(
        key="changed_plan",
        at=min(at, visit) if visit else at,
        owner=Role.DIRECTOR,
        task=TaskKind.SIGN_PLAN,
        occasion=f"change-v{signed.version}",
        says="Wait for the therapist to sign the plan as the provider changed it",
    )


def recertification(r: Referral, rules: Rules) -> Due | None:
    """Recertify at the plan's end or day 90, whichever is first [G3]; prepared 14 days ahead."""
    plan, start = r.plan(), r.care_started_at
    if plan is None or start is None or r.discharged() or not r.certified():
        return None
    if certification.state(r) is Certification.NOT_REQUIRED:
        return None
    cal, recert = rules.calendar, rules.policy.recert
    began = plan.at if plan.recertifies else start
    limit = cal.after(began, Span.of(f"{recert.at_day} d"))
    if plan.ends_on is not None:
        limit = min(limit, cal.at_local(plan.ends_on, time(17)))
    asked = task_key(TaskKind.RECERTIFY, f"v{plan.version}")
    warned = task_key(TaskKind.RECERTIFY, f"v{plan.version}-director")
    if r.task(asked) is None:
        return Due(
            key="recertification",
            at=cal.before(limit, recert.prepare_before),
            owner=Role.THERAPIST,
            task=TaskKind.RECERTIFY,
            occasion=f"v{plan.version}",
            says="Prepare the recertification ahead of the plan's end",
        )
    if r.task(warned) is None:
        return Due(
            key="recertification_director",
            at=cal.before(limit, recert.director_before),
            owner=Role.DIRECTOR,
            task=TaskKind.RECERTIFY,
            occasion=f"v{plan.version}-director",
            says="The certification is about to end without a new plan",
        )
    return None


# --- in care --------------------------------------------------------------------------------------


def report_to_send(r: Referral) -> ProgressReportSigned | None:
    """The newest signed report that not every recipient has been sent."""
    reports = r.progress_reports()
    if not reports:
        return None
    newest = reports[-1]
    owed = (
        MessageRef(Kind.PROGRESS_REPORT, recipient(one), newest.report_id)
        for one in r.received.recipients
    )
    return newest if any(not r.settled(message) for message in owed) else None


def progress_report(r: Referral, rules: Rules) -> Due | None:
    """A signed report goes out at once, but at most one in 14 days (policy.md §2)."""
    report = report_to_send(r)
    if report is None or not rules.policy.ours(Kind.PROGRESS_REPORT):
        return None
    earlier = [
        m.at
        for m in r.all(MessageSent)
        if m.message_kind is Kind.PROGRESS_REPORT
        and MessageRef.parse(m.message).occasion != report.report_id
    ]
    gap = rules.policy.progress.min_gap
    at = max([report.at, *(rules.calendar.after(sent, gap) for sent in earlier)])
    return Due(key="progress_report", at=at, says="Keep two weeks between progress reports")


def report_days(r: Referral) -> int:
    """Treatment days since the last signed report; the count resets at each one (rule 21)."""
    reports = r.progress_reports()
    days = r.treatment_days()
    if not reports:
        return len(days)
    return len([day for day in days if day > reports[-1].day])


def progress_overdue(r: Referral, rules: Rules) -> Due | None:
    """No signed report when the clinic closes on the tenth treatment day: the director's [G9]."""
    if r.discharged() or report_days(r) < rules.policy.progress.write_by_day:
        return None
    period = str(len(r.progress_reports()))
    if r.task(task_key(TaskKind.PROGRESS_OVERDUE, period)) is not None:
        return None
    reports = r.progress_reports()
    days = [day for day in r.treatment_days() if not reports or day > reports[-1].day]
    tenth = rules.calendar.at_local(days[rules.policy.progress.write_by_day - 1], time(12))
    return Due(
        key="progress_overdue",
        at=rules.calendar.after(tenth, Span.of("0 bd")),
        owner=Role.DIRECTOR,
        task=TaskKind.PROGRESS_OVERDUE,
        occasion=period,
        says="The progress report is due on the tenth treatment day",
    )


def reporting(r: Referral, rules: Rules) -> Due | None:
    """Whichever comes first: a report may go out, or one is overdue."""
    both = (progress_report(r, rules), progress_overdue(r, rules))
    return min((due for due in both if due), key=lambda due: due.at, default=None)


def engagement(r: Referral, rules: Rules) -> Due | None:
    """Nobody drops out unseen: a missing next visit, too long without one, a month without any.

    The next visit is only asked after where this feed has ever told of one; absence is not
    evidence (policy.md rule 9). [E8]
    """
    last = r.last_visit_at()
    if last is None or r.discharged():
        return None
    cal, policy = rules.calendar, rules.policy.dropout
    visits = len(r.treatment_days())
    feed_tells = any(a.purpose == "visit" for a in r.all(AppointmentBooked))
    ahead = r.next_visit_at(last)
    early = visits <= policy.early_visits
    quiet = policy.no_visit_early if early else policy.no_visit_later
    steps = [
        (TaskKind.DROPOUT, quiet, Role.FRONT_DESK, "No visit for too long"),
        (TaskKind.PROPOSE_DISCHARGE, policy.propose_discharge, Role.THERAPIST, "No visit at all"),
    ]
    if feed_tells and ahead is None:
        steps.insert(
            0, (TaskKind.NO_NEXT_VISIT, policy.no_future_visit, Role.FRONT_DESK, "No next visit")
        )
    begin = max(last, ahead) if ahead else last
    for task, span, role, what in steps:
        occasion = f"after-{visits}"
        if r.task(task_key(task, occasion)) is None:
            return Due(
                key=f"engagement:{task}:{occasion}",
                at=cal.after(begin, span),
                owner=role,
                task=task,
                occasion=occasion,
                says=f"Watch that the patient keeps coming: {what.lower()} for {span}",
            )
    return None


# --- the end --------------------------------------------------------------------------------------


def missing_evaluation(r: Referral, rules: Rules) -> Due | None:
    """Discharged before the evaluation was told: three days, then the therapist's task."""
    end = r.discharged_at
    if end is None or r.evaluation_on_record():
        return None
    if r.task(task_key(TaskKind.MISSING_EVALUATION, "1")) is not None:
        return None
    return Due(
        key="missing_evaluation",
        at=rules.calendar.after(end, rules.policy.discharge.wait_for_evaluation),
        owner=Role.THERAPIST,
        task=TaskKind.MISSING_EVALUATION,
        says="Wait for the missing evaluation record",
    )


def summary(r: Referral, rules: Rules) -> Due | None:
    """The discharge summary is signed in 3 business days, 7 days when unplanned [G12]."""
    end = r.discharged_at
    if end is None or r.summary_signed():
        return None
    cal, policy = rules.calendar, rules.policy.discharge
    at = cal.after(end, policy.sign if r.planned_ending() else policy.sign_unplanned)
    late = r.task(task_key(TaskKind.SIGN_SUMMARY, "1")) is not None
    if late and r.task(task_key(TaskKind.SIGN_SUMMARY, "director")) is not None:
        return None
    return Due(
        key="summary_director" if late else "summary",
        at=cal.after(at, policy.director_after) if late else at,
        owner=Role.DIRECTOR if late else Role.THERAPIST,
        task=TaskKind.SIGN_SUMMARY,
        occasion="director" if late else "1",
        says="Wait for the signed discharge summary",
    )


def patient_thanks(r: Referral, rules: Rules) -> Due | None:
    """A thank-you one business day after a good ending (policy.md rule 22)."""
    at = _good_end(r)
    message = MessageRef(Kind.PATIENT_THANKS, PATIENT, "1")
    if at is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    cal = rules.calendar
    day = cal.local_date(cal.after(at, rules.policy.followup.thank_you))
    return Due(key="patient_thanks", at=cal.opening(day), says="Wait a day to thank the patient")


def check_in(r: Referral, rules: Rules) -> Due | None:
    """One question a week after a good ending."""
    at = _good_end(r)
    message = MessageRef(Kind.CHECK_IN, PATIENT, "1")
    if at is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    return Due(
        key="check_in",
        at=rules.calendar.after(at, rules.policy.followup.check_in),
        says="Wait a week to ask the patient how it went",
    )


def check_in_answer(r: Referral, rules: Rules) -> Due | None:
    """The link to the one question lives seven days; then nothing more is asked."""
    message = MessageRef(Kind.CHECK_IN, PATIENT, "1")
    sent = r.settled_at(message) if r.sent(message) else None
    if sent is None or r.check_in_answered():
        return None
    return Due(
        key="check_in_answer",
        at=rules.calendar.after(sent, rules.policy.retention.scheduling_link),
        says="Wait a week for the patient's answer",
    )


def _good_end(r: Referral) -> datetime | None:
    ending = r.ending()
    return r.discharged_at if ending is not None and ending.good else None


# --- all of them ----------------------------------------------------------------------------------

RULES: tuple[DueRule, ...] = (
    thank_you,
    acknowledged,
    verified,
    reach,
    evaluation_window,
    intake_reminder,
    intake_help,
    attendance,
    plan_signature,
    plan_sent,
    chase,
    signature,
    changed_plan,
    recertification,
    progress_report,
    progress_overdue,
    engagement,
    missing_evaluation,
    summary,
    patient_thanks,
    check_in,
    check_in_answer,
)


def held(r: Referral) -> list[Due]:
    """Messages that wait for their hour; they are rows already, so the card can name them."""
    return [
        Due(
            key=f"held:{hold.message}",
            at=hold.until,
            says=f"Send when its time comes: {_name(hold.message)}",
        )
        for hold in r.held()
        if hold.until is not None
    ]


def agenda(r: Referral, rules: Rules) -> list[Due]:
    """Everything promised at present, soonest first: card, Temporal details, explain, rehearsal."""
    if r.over() or not r.is_received():
        return []
    due = [promised for rule in RULES if (promised := rule(r, rules)) is not None]
    return sorted([*due, *held(r)], key=lambda d: (d.at, d.key))


def _name(message: str) -> str:
    return MessageRef.parse(message).kind.replace("_", " ")
