"""Copies for those who follow the patient without treating: adjusters, employers, lawyers, schools.

Who was ever given an authorization for reports gets progress reports and the summary; a source
without one the summary at least, so that it hears how it ended. Whether a copy may leave is judged
when it is about to (models.releases); until then a person has it.
"""

from __future__ import annotations

from datetime import datetime

from models import releases
from models.due import Due
from models.dues.asking import DueRule
from models.facts import MessageSent
from models.kinds import Kind
from models.parties import SOURCE, co_source, senders
from models.policy import Rules
from models.referral import MessageRef, Referral


def names(r: Referral) -> tuple[str, ...]:
    """Everybody concerned, by the id of their source."""
    if not r.is_received():
        return ()
    third = [one.source_id for one in senders(r) if one.kind.third_party]
    return tuple(dict.fromkeys((*third, *releases.readers(r))))


def party(r: Referral, name: str) -> str:
    """How their messages are addressed."""
    return SOURCE if r.received.source_id == name else co_source(name)


def owed(r: Referral, rules: Rules, name: str) -> MessageRef | None:
    """The next copy they are to get: the summary once it is signed, else the newest report."""
    to = party(r, name)
    if r.discharged():
        message = MessageRef(Kind.DISCHARGE_SUMMARY, to, "1")
        ready = r.evaluation_on_record() and r.summary_signed()
    else:
        reports = r.progress_reports() if name in releases.readers(r) else []
        message = MessageRef(Kind.PROGRESS_REPORT, to, reports[-1].report_id if reports else "0")
        ready = bool(reports)
    if not ready or r.settled(message) or not rules.policy.ours(message.kind):
        return None
    return message


def over(r: Referral, rules: Rules, name: str) -> bool:
    """Nothing will be owed to them any more."""
    last = MessageRef(Kind.DISCHARGE_SUMMARY, party(r, name), "1")
    return r.discharged() and (r.settled(last) or not rules.policy.ours(last.kind))


def copy_of(name: str) -> DueRule:
    """When the next copy goes: at once, but reports to one reader two weeks apart."""

    def rule(r: Referral, rules: Rules) -> Due | None:
        message = owed(r, rules, name)
        if message is None:
            return None
        return Due(
            key=f"copy-{name}",
            at=_when(r, rules, message),
            says="Keep two weeks between copies of progress reports",
        )

    return rule


def promises(r: Referral, rules: Rules) -> list[Due]:
    """The copies that are owed at present; not those that wait for a person."""
    found = []
    for name in names(r):
        message, due = owed(r, rules, name), copy_of(name)(r, rules)
        if message is not None and due is not None and not r.waits_for_approval(message):
            found.append(due)
    return found


def _when(r: Referral, rules: Rules, message: MessageRef) -> datetime:
    if message.kind is Kind.DISCHARGE_SUMMARY:
        return r.discharged_at or r.received.at
    cal, gap = rules.calendar, rules.policy.progress.min_gap
    report = r.progress_reports()[-1]
    earlier = [
        cal.after(sent.at, gap)
        for sent in r.all(MessageSent)
        if sent.message_kind is message.kind and MessageRef.parse(sent.message).to == message.to
    ]
    return max([report.at, *earlier])
