"""Where a referral stands, as an administrator reads it in the Temporal UI: Markdown, PHI-free."""

from __future__ import annotations

from datetime import datetime

from models import certification, dues, duty, holds
from models.policy import Rules
from models.referral import Referral
from models.tasks import SPECS, kind_of


def details(r: Referral, rules: Rules, now: datetime) -> str:
    """Stage, what people have to do, what comes next and why; times local to the clinic."""
    closing = r.closing()
    lines = [f"**Stage:** {_words(r.stage())}"]
    if closing is not None:
        lines.append(f"**Closed:** {_words(closing.reason)}")
    moved = r.transfer()
    if moved is not None:
        lines.append(
            f"**Clinic:** {moved.clinic_id}, since {rules.calendar.local(moved.at):%a %d %b %Y}"
        )
    if r.plan() is not None:
        lines.append(f"**Plan of care:** {_words(certification.state(r))}")

    def moment(at: datetime) -> str:
        return f"{rules.calendar.local(at):%a %d %b %Y, %H:%M}"

    lines += [
        f"**Waits for:** {holds.WORDS[hold.reason]}, since {moment(hold.since)}"
        for hold in (holds.standing(r) if closing is None else [])
    ]
    together = r.reached_with()
    if together is not None and closing is None:
        lines.append(f"**Reached together with** {together}, another referral of this patient")
    paused = holds.pause(r)
    if paused is not None and now < paused.until and closing is None:
        owner = _words(paused.owner)
        lines.append(f"**Paused** until {moment(paused.until)}; the {owner} answers for it")
    tasks = r.open_tasks()
    if tasks:
        lines.append("\n**People have to:**")
    for task in tasks:
        late = " (late)" if task.due < now else ""
        says = SPECS[kind_of(task.task)].says
        raised = duty.raised_to(r, task.task)
        whose = _words(task.role) + (f", now also the {_words(raised)}" if raised else "")
        lines.append(f"- by {moment(task.due)}{late}, {whose}: {says}")
    ahead = dues.ahead(r, rules, now)
    if ahead:
        lines.append("\n**Next, by itself or due:**")
    lines += [f"- {moment(due.at)}: {due.says}" for due in ahead]
    return "\n".join(lines)


def _words(code: str) -> str:
    return code.replace("_", " ")
