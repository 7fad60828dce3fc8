"""In care: progress is reported, and nobody drops out unseen."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from models import holds, planned
from models.clock import Calendar
from models.due import Due
from models.dues.asking import (
    DueRule,
    asked,
    once,
    recipient,
    soonest,
)
from models.facts import (
    AppointmentBooked,
    MessageSent,
    ProgressReportSigned,
)
from models.hours import Span
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import SPECS, TaskKind

_BOOKING: Final = timedelta(hours=1)


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
    return asked(r, rules, due)


reporting = soonest(progress_report, progress_overdue)


def engagement(r: Referral, rules: Rules) -> Due | None:
    """Nobody drops out unseen: a missing next visit, too long without one, a month without any.

    The next visit is only asked after where this feed has ever told of one; absence is not
    evidence (policy.md rule 9). Days on which the clinic was closed, or on which the referral
    waited, do not count. [E8]
    """
    last = r.last_visit_at()
    if last is None or r.discharged() or holds.waits(r):
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
    begin = max(at for at in (last, ahead, holds.ended_at(r)) if at is not None)
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
    return asked(r, rules, *rungs)


def under_scheduled(r: Referral, rules: Rules) -> Due | None:
    """Too few of the visits planned for the first weeks are booked: the front desk's [N4].

    Asked once for each number a plan asks for, a business day after the evaluation, and not while
    somebody is booking: an hour after the last booking (judgment). Nothing is said where the plan
    names no number or the EMR has never told of a visit (policy.md rule 9).
    """
    goal, told, start = planned.Goal.of(r, rules), planned.told_at(r), r.evaluated_at
    if goal is None or told is None or start is None or r.discharged() or holds.waits(r):
        return None
    at = max(rules.calendar.after(start, rules.policy.under_scheduled.check), told + _BOOKING)
    if goal.met(r) or rules.calendar.local_date(at) > goal.weeks.end:
        return None
    due = Due(
        key="under_scheduled",
        at=at,
        owner=SPECS[TaskKind.UNDER_SCHEDULED].role,
        task=TaskKind.UNDER_SCHEDULED,
        occasion=goal.occasion,
        says="Look whether enough of the planned visits are booked",
    )
    return once(r, due)


kept_up = soonest(engagement, under_scheduled)


def _while_open(begin: datetime, span: Span, cal: Calendar) -> datetime:
    """``span`` after ``begin``, longer by every weekday on which the clinic was closed."""
    end = cal.after(begin, span)
    first, last = cal.local_date(begin), cal.local_date(end)
    shut = sum(first < day <= last and bool(cal.hours.on(day)) for day in cal.closed)
    return end + timedelta(days=shut)


RULES: tuple[DueRule, ...] = (
    progress_report,
    progress_overdue,
    engagement,
    under_scheduled,
)
