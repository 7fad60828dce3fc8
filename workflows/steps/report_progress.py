"""A progress report at least every ten treatment days, and to those who asked for it."""

from __future__ import annotations

from models import dues, parties
from models.kinds import Kind
from models.referral import Referral
from models.tasks import TaskKind
from workflows.desk import Desk, Known


async def report_progress(desk: Desk) -> None:
    """Ask on the 8th treatment day, escalate after the 10th, send what was signed [G9].

    The limit is a count of treatment days, not a date; watch_engagement sees to it that visits go
    on. At most one report goes out in two weeks; one still waiting at discharge stays unsent,
    because the summary says more.
    """
    await desk.after(lambda r: r.evaluated() or r.discharged())
    while True:
        due = dues.reporting(desk.referral, desk.rules)
        sends = dues.progress_report(desk.referral, desk.rules)
        if sends is not None and sends.at <= desk.now():
            await _send(desk)
        elif desk.referral.discharged():
            return
        elif due is not None and due.at <= desk.now():
            await desk.late(due)
        else:
            await _ask(desk)
            await _next(desk)


async def _send(desk: Desk) -> None:
    """One report to every recipient; a newer one takes its place while it waits."""
    report = dues.report_to_send(desk.referral)
    if report is None:
        return

    def overtaken(r: Referral) -> bool:
        newest = dues.report_to_send(r)
        return newest is None or newest.report_id != report.report_id

    for one in desk.referral.received.recipients:
        to, unless = dues.recipient(one), _either(overtaken, parties.hears_no_more(one))
        await desk.send(Kind.PROGRESS_REPORT, to, report.report_id, unless=unless)


def _either(one: Known, other: Known) -> Known:
    return lambda r: one(r) or other(r)


async def _ask(desk: Desk) -> None:
    """The therapist is asked on the 8th treatment day."""
    days = dues.report_days(desk.referral)
    if days >= desk.rules.policy.progress.prompt_day:
        period = str(len(desk.referral.progress_reports()))
        await desk.task(TaskKind.WRITE_PROGRESS, period)


async def _next(desk: Desk) -> None:
    """Until something is due, or the next count of treatment days, a new report, the end."""
    policy = desk.rules.policy.progress
    reports = len(desk.referral.progress_reports())
    days = dues.report_days(desk.referral)
    ahead = [mark for mark in (policy.prompt_day, policy.write_by_day) if mark > days]

    def reached(r: Referral) -> bool:
        counted = bool(ahead) and dues.report_days(r) >= ahead[0]
        return r.discharged() or len(r.progress_reports()) != reports or counted

    if await desk.until(reached, dues.reporting) is None:
        await desk.after(lambda r: reached(r) or dues.reporting(r, desk.rules) is not None)
