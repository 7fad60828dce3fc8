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
from models.clock import Calendar
from models.due import Due
from models.facts import (
    AppointmentBooked,
    CheckInAnswered,
    MessageSent,
    ProgressReportSigned,
    Signer,
)
from models.hours import Span
from models.kinds import Kind
from models.people import SourceKind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import SPECS, TaskKind, again, judge_key, task_key

DueRule = Callable[[Referral, Rules], Due | None]

SOURCE, PATIENT, CERTIFIER = "source", "patient", "certifier"

# A task that was done without bringing what it is for comes round again: no wait may be left
# without an owner. Judgment: a week, as for calls about an unsigned plan; a question about one
# appointment the next business day.
COMES_AGAIN = Span.of("7 d")
ASKED_AGAIN = Span.of("1 bd")


def recipient(provider_id: str) -> str:
    """The party name of one report recipient."""
    return f"recipient:{provider_id}"


def soonest(*rules_: DueRule) -> DueRule:
    """The first to come of several promises."""

    def first(r: Referral, rules: Rules) -> Due | None:
        promised = [due for rule in rules_ if (due := rule(r, rules)) is not None]
        return min(promised, key=lambda due: due.at, default=None)

    return first


def _asked(r: Referral, rules: Rules, *rungs: Due, comes_again: Span = COMES_AGAIN) -> Due | None:
    """The first rung nobody was asked yet; None while a person has it.

    Once all were done in vain the last comes round again, for as long as the rule asks.
    """
    for rung in rungs:
        if r.task(_key(rung)) is None:
            return rung
    last, times = rungs[-1], 0
    asked = [_key(rung) for rung in rungs]
    while r.task(asked[-1]) is not None:
        times += 1
        asked.append(task_key(_kind(last), again(last.occasion, times)))
    if any(r.task_open(key) for key in asked):
        return None
    done = [at for key in asked if (at := r.task_done_at(key)) is not None]
    at = max([last.at, *(rules.calendar.after(moment, comes_again) for moment in done)])
    return last.model_copy(update={"at": at, "by": None, "occasion": again(last.occasion, times)})


def _kind(due: Due) -> TaskKind:
    assert due.task is not None  # only tasks are asked
    return due.task


def _key(due: Due) -> str:
    return task_key(_kind(due), due.occasion)


# --- how it begins --------------------------------------------------------------------------------


def request(r: Referral, rules: Rules) -> Due | None:
    """Milestones came, but the request they belong to did not: somebody looks for it."""
    if r.is_received() or not r.facts:
        return None
    at = rules.calendar.after(r.facts[0].at, Span.of("1 bd"))
    due = Due(
        key="request",
        at=at,
        owner=Role.FRONT_DESK,
        task=TaskKind.UNMATCHED_EVENT,
        occasion="request",
        says="Wait for the request that these events belong to",
    )
    return _asked(r, rules, due)


def thanks(r: Referral) -> MessageRef | None:
    """The thank-you this referral owes: none to oneself, none where a friend did not allow it."""
    received = r.received
    if received.source_kind == SourceKind.SELF or not received.may_thank:
        return None
    past = received.source_kind == SourceKind.PAST_PATIENT
    return MessageRef(Kind.THANK_YOU_PAST_PATIENT if past else Kind.THANK_YOU, SOURCE, "1")


def thanks_owed(r: Referral, rules: Rules) -> MessageRef | None:
    """The thank-you that is ours to send and still to come."""
    message = thanks(r)
    if message is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    return message


def thank_you(r: Referral, rules: Rules) -> Due | None:
    """When the thank-you goes out: after a moment for duplicates; a past patient next day."""
    message = thanks_owed(r, rules)
    if message is None or not r.received.source_verified:
        return None
    ack, cal = rules.policy.ack, rules.calendar
    if message.kind is Kind.THANK_YOU_PAST_PATIENT:
        day = cal.local_date(cal.after(r.received.confirmed_at, ack.past_patient))
        says = "Wait until the next business day to say thanks"
        return Due(key="thank_you", at=cal.opening(day), says=says)
    at = cal.after(r.received.confirmed_at, ack.wait_for_duplicates)
    return Due(key="thank_you", at=at, says="Wait a moment for a duplicate of this referral")


def acknowledged(r: Referral, rules: Rules) -> Due | None:
    """The source hears within 24 wall hours; the lead is asked while there is still time.

    Product promise; the clock does not stop at night (policy.md rule 8). It is made to sources,
    not to past patients.
    """
    message = thanks_owed(r, rules)
    if message is None or message.kind is Kind.THANK_YOU_PAST_PATIENT:
        return None
    cal, ack = rules.calendar, rules.policy.ack
    due = Due(
        key="acknowledged",
        at=cal.after(r.received.at, ack.warn),
        owner=Role.LEAD,
        task=TaskKind.ACKNOWLEDGE,
        by=cal.after(r.received.at, ack.due),
        says="The source must be thanked within 24 hours",
    )
    return _asked(r, rules, due)


def verified(r: Referral, rules: Rules) -> Due | None:
    """An unverified sender is the first task of the next open hour (policy.md rule 7)."""
    if r.received.source_verified or thanks_owed(r, rules) is None:
        return None
    cal = rules.calendar
    due = Due(
        key="verified",
        at=r.received.at,
        owner=Role.FRONT_DESK,
        task=TaskKind.VERIFY_SENDER,
        by=cal.after(cal.next_open(r.received.at), Span.of("1 bh")),
        says="Somebody must confirm who sent this referral",
    )
    return _asked(r, rules, due, comes_again=ASKED_AGAIN)


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
    proposed = r.task(_key(proposal)) is not None
    if proposed or (r.task(_key(overdue)) is not None and cadence.may_propose_close(r)):
        return _asked(r, rules, overdue, proposal)
    return _asked(r, rules, overdue)


def confirmation(r: Referral, rules: Rules, booked: AppointmentBooked) -> Kind:
    """Which one message confirms an appointment: the forms go with it while they are wanted."""
    for kind in (Kind.INTAKE, Kind.BOOKED):
        if r.begun(MessageRef(kind, PATIENT, booked.appointment_id)):
            return kind
    return Kind.INTAKE if _forms_wanted(r, rules) else Kind.BOOKED


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
    if r.task(task_key(TaskKind.INTAKE_HELP, booked.appointment_id)) is not None:
        return None  # from here on the question whether the patient came holds the limit
    at = rules.calendar.before(booked.starts_at, rules.policy.intake.desk_task_before)
    return Due(
        key="intake_help",
        at=max(at, booked.as_of),
        owner=Role.FRONT_DESK,
        task=TaskKind.INTAKE_HELP,
        occasion=booked.appointment_id,
        by=booked.starts_at,
        says="Forms should be complete a day before the evaluation",
    )


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
    return _asked(r, rules, due, comes_again=ASKED_AGAIN)


def rebooking(r: Referral, rules: Rules) -> Due | None:
    """A missed or cancelled evaluation is booked again by a call; the third miss is the lead's."""
    why = r.rebooking()
    if why is None:
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
    return _asked(r, rules, due)


# --- the plan of care -----------------------------------------------------------------------------


def plan_signature(r: Referral, rules: Rules) -> Due | None:
    """The therapist signs one business day after the evaluation; the director hears after three.

    Once care is summed up, a person may say that no plan will come.
    """
    start = r.evaluated_at
    if start is None or r.plan_signed_by_therapist() or r.plan_given_up():
        return None
    cal, poc = rules.calendar, rules.policy.poc
    therapist = Due(
        key="plan_signature",
        at=cal.after(start, poc.therapist_sign),
        owner=Role.THERAPIST,
        task=TaskKind.SIGN_PLAN,
        says="Wait for the therapist to sign the plan of care",
    )
    director = therapist.model_copy(
        update={
            "key": "plan_signature:director",
            "at": cal.after(start, poc.director_after),
            "owner": Role.DIRECTOR,
            "occasion": "director",
        }
    )
    return _asked(r, rules, therapist, director)


def certifier(r: Referral, rules: Rules) -> Due | None:
    """A missing certifying provider is a task on the day of the evaluation (policy.md rule 2)."""
    at = r.evaluated_at
    if at is None or not certifier_missing(r) or not rules.policy.ours(Kind.PLAN_OF_CARE):
        return None
    if r.plan_given_up() and not r.plan_signed_by_therapist():
        return None
    due = Due(
        key="certifier",
        at=at,
        owner=Role.FRONT_DESK,
        task=TaskKind.NAME_CERTIFIER,
        says="Somebody must name the provider who certifies the plan of care",
    )
    return _asked(r, rules, due, comes_again=ASKED_AGAIN)


def certifier_missing(r: Referral) -> bool:
    """A plan needs a signature and nobody is known who could give it."""
    return r.received.certifier_id is None and not r.certified()


def plan_sent(r: Referral, rules: Rules) -> Due | None:
    """A signed plan reaches the provider within one business day."""
    plan = r.plan()
    if plan is None or r.received.certifier_id is None or not rules.policy.ours(Kind.PLAN_OF_CARE):
        return None
    message = MessageRef(Kind.PLAN_OF_CARE, CERTIFIER, f"v{plan.version}")
    if r.settled(message):
        return None
    due = Due(
        key="plan_sent",
        at=rules.calendar.after(plan.at, rules.policy.poc.send),
        owner=Role.FRONT_DESK,
        task=TaskKind.UNDELIVERABLE,
        occasion=message.key,
        says="The signed plan of care must reach the provider",
    )
    return _asked(r, rules, due)


def chase(r: Referral, rules: Rules) -> Due | None:
    """The next act of the chase for a signature."""
    act = cadence.next_chase(r, rules)
    return Due(key=act.key, at=act.at, says=cadence.says(act)) if act else None


def signature(r: Referral, rules: Rules) -> Due | None:
    """The provider's signature is due 30 days after care began, 14 after a spoken approval [G1].

    Nothing waits on it: the chase acts before and after. It stands on the agenda as the legal date.
    """
    plan = r.plan()
    if plan is None or r.certified():
        return None
    poc = rules.policy.poc
    spoken = certification.spoken(r)
    if certification.state(r) is Certification.VERBAL and spoken is not None:
        at = rules.calendar.after(spoken.at, poc.verbal_signature)
    else:
        at = rules.calendar.after(certification.began(r) or plan.at, poc.signature_due)
    return Due(
        key="signature",
        at=at,
        owner=Role.DIRECTOR,
        says="The provider's signature on the plan of care is due",
    )


def returned_page(r: Referral, rules: Rules) -> Due | None:
    """A page that came back is judged by a person in four business hours (rule 4)."""
    page = r.returned_unjudged()
    if page is None or r.task(key := judge_key(page.version, page.document_id)) is not None:
        return None
    return Due(
        key="returned_page",
        at=page.at,
        owner=Role.FRONT_DESK,
        task=TaskKind.JUDGE_RETURNED_PLAN,
        occasion=key.split(":", 1)[1],
        by=rules.calendar.after(page.at, rules.policy.poc.returned_check),
        says="A plan of care came back: a person says what is on the page",
    )


def changed_plan(r: Referral, rules: Rules) -> Due | None:
    """A plan the provider changed becomes a new version before the next visit (rule 4)."""
    changed = [p for p in r.plans(Signer.PROVIDER) if p.changed and p.version >= r.plan_version]
    if not changed or r.plan() is None or r.discharged():
        return None
    signed = changed[-1]
    at = rules.calendar.after(signed.at, rules.policy.poc.change_review)
    visit = r.next_visit_at(signed.at)
    limit = min(at, visit) if visit else at
    therapist = Due(
        key="changed_plan",
        at=signed.at,
        owner=Role.THERAPIST,
        task=TaskKind.REVIEW_CHANGED_PLAN,
        occasion=f"v{signed.version}",
        by=limit,
        says="Wait for the therapist to sign the plan as the provider changed it",
    )
    director = therapist.model_copy(
        update={
            "key": "changed_plan:director",
            "at": limit,
            "owner": Role.DIRECTOR,
            "occasion": f"v{signed.version}-director",
            "by": None,
        }
    )
    return _asked(r, rules, therapist, director)


def recertification(r: Referral, rules: Rules) -> Due | None:
    """Recertify at the plan's end or day 90, whichever is first [G3]; prepared 14 days ahead."""
    plan, start = r.plan(), r.care_started_at
    if plan is None or start is None or r.discharged():
        return None
    if certification.state(r) is Certification.NOT_REQUIRED:
        return None
    cal, recert = rules.calendar, rules.policy.recert
    began = plan.at if plan.recertifies else start
    limit = cal.after(began, Span.of(f"{recert.at_day} d"))
    if plan.ends_on is not None:
        limit = min(limit, cal.at_local(plan.ends_on, time(17)))
    therapist = Due(
        key="recertification",
        at=max(plan.at, cal.before(limit, recert.prepare_before)),
        owner=Role.THERAPIST,
        task=TaskKind.RECERTIFY,
        occasion=f"v{plan.version}",
        by=cal.before(limit, recert.send_before),
        says="Prepare the recertification ahead of the plan's end",
    )
    director = Due(
        key="recertification:director",
        at=max(plan.at, cal.before(limit, recert.director_before)),
        owner=Role.DIRECTOR,
        task=TaskKind.RECERTIFY,
        occasion=f"v{plan.version}-director",
        says="The certification is about to end without a new plan",
    )
    return _asked(r, rules, therapist, director)


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
    reports = r.progress_reports()
    days = [day for day in r.treatment_days() if not reports or day > reports[-1].day]
    tenth = rules.calendar.at_local(days[rules.policy.progress.write_by_day - 1], time(12))
    due = Due(
        key="progress_overdue",
        at=rules.calendar.after(tenth, Span.of("0 bd")),
        owner=Role.DIRECTOR,
        task=TaskKind.PROGRESS_OVERDUE,
        occasion=str(len(reports)),
        says="The progress report is due on the tenth treatment day",
    )
    return _asked(r, rules, due)


reporting = soonest(progress_report, progress_overdue)


def engagement(r: Referral, rules: Rules) -> Due | None:
    """Nobody drops out unseen: a missing next visit, too long without one, a month without any.

    The next visit is only asked after where this feed has ever told of one; absence is not
    evidence (policy.md rule 9). Days on which the clinic was closed do not count. [E8]
    """
    last = r.last_visit_at()
    if last is None or r.discharged():
        return None
    policy = rules.policy.dropout
    visits = len(r.treatment_days())
    feed_tells = any(a.purpose == "visit" for a in r.all(AppointmentBooked))
    ahead = r.next_visit_at(last)
    quiet = policy.no_visit_early if visits <= policy.early_visits else policy.no_visit_later
    steps = [
        (TaskKind.DROPOUT, quiet, "no visit for too long"),
        (TaskKind.PROPOSE_DISCHARGE, policy.propose_discharge, "no visit at all"),
    ]
    if feed_tells and ahead is None:
        steps.insert(0, (TaskKind.NO_NEXT_VISIT, policy.no_future_visit, "no next visit"))
    begin = max(last, ahead) if ahead else last
    rungs = [
        Due(
            key=f"engagement:{task}",
            at=_while_open(begin, span, rules.calendar),
            owner=SPECS[task].role,
            task=task,
            occasion=f"after-{visits}",
            says=f"Watch that the patient keeps coming: {what} for {span}",
        )
        for task, span, what in steps
    ]
    return _asked(r, rules, *rungs)


def _while_open(begin: datetime, span: Span, cal: Calendar) -> datetime:
    """``span`` after ``begin``, longer by every weekday on which the clinic was closed."""
    end = cal.after(begin, span)
    first, last = cal.local_date(begin), cal.local_date(end)
    shut = sum(first < day <= last and bool(cal.hours.on(day)) for day in cal.closed)
    return end + timedelta(days=shut)


# --- the end --------------------------------------------------------------------------------------


def missing_evaluation(r: Referral, rules: Rules) -> Due | None:
    """Discharged before the evaluation was told: three days, then the therapist's task."""
    end = r.discharged_at
    if end is None or not r.discharged() or r.evaluation_on_record():
        return None
    due = Due(
        key="missing_evaluation",
        at=rules.calendar.after(end, rules.policy.discharge.wait_for_evaluation),
        owner=Role.THERAPIST,
        task=TaskKind.MISSING_EVALUATION,
        says="Wait for the missing evaluation record",
    )
    return _asked(r, rules, due)


def summary(r: Referral, rules: Rules) -> Due | None:
    """The discharge summary is signed in 3 business days, 7 days when unplanned [G12]."""
    end = r.discharged_at
    if end is None or not r.discharged() or r.summary_signed():
        return None
    cal, policy = rules.calendar, rules.policy.discharge
    at = cal.after(end, policy.sign if r.planned_ending() else policy.sign_unplanned)
    therapist = Due(
        key="summary",
        at=at,
        owner=Role.THERAPIST,
        task=TaskKind.SIGN_SUMMARY,
        says="Wait for the signed discharge summary",
    )
    director = therapist.model_copy(
        update={
            "key": "summary:director",
            "at": cal.after(at, policy.director_after),
            "owner": Role.DIRECTOR,
            "occasion": "director",
        }
    )
    return _asked(r, rules, therapist, director)


last_papers = soonest(missing_evaluation, summary)


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
    """One question a week after a good ending; not to who has told us already."""
    at = _good_end(r)
    message = MessageRef(Kind.CHECK_IN, PATIENT, "1")
    if at is None or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    if r.check_in_answered():
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


def low_score(r: Referral, rules: Rules) -> Due | None:
    """Who was not content is called within four business hours."""
    answer, policy = r.last(CheckInAnswered), rules.policy.followup
    if answer is None or answer.score > policy.call_at_or_below:
        return None
    if r.task(task_key(TaskKind.LOW_SCORE, "1")) is not None:
        return None
    return Due(
        key="low_score",
        at=answer.at,
        owner=Role.LEAD,
        task=TaskKind.LOW_SCORE,
        by=rules.calendar.after(answer.at, policy.call_within),
        says="The patient was not content: somebody calls",
    )


def _good_end(r: Referral) -> datetime | None:
    ending = r.ending()
    return r.discharged_at if ending is not None and ending.good else None


# --- all of them ----------------------------------------------------------------------------------

# What a fact by itself asks of a person at once, wherever the story stands.
AT_ONCE: tuple[DueRule, ...] = (returned_page, low_score)

RULES: tuple[DueRule, ...] = (
    thank_you,
    acknowledged,
    verified,
    reach,
    evaluation_window,
    intake_reminder,
    intake_help,
    attendance,
    rebooking,
    plan_signature,
    certifier,
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
    *AT_ONCE,
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
    if r.over():
        return []
    promises = RULES if r.is_received() else (request,)
    due = [promised for rule in promises if (promised := rule(r, rules)) is not None]
    return sorted([*due, *held(r)], key=lambda d: (d.at, d.key))


def _name(message: str) -> str:
    return MessageRef.parse(message).kind.replace("_", " ")
