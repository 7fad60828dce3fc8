"""What a person should know before they call a source that has gone quiet, in one sentence.

Figures of the source only, never of a patient: no figure stands for fewer than ``FEW`` people's
visits (policy.md rule 23). All functions are pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from models.base import Model
from models.book import TouchKind
from models.policy import Policy
from models.source_states import Change, SourceState
from models.sources import MONTH, Priority, SourceHistory, priority

FEW = 3
_A_YEAR = 11.0  # months of knowing somebody after which one may speak of a year
_OFTEN = 0.95  # a month: below it a rate is a strange way to put it


class Worked(Model):
    """What came before a source sent again: the last thing a person did about its silence.

    ``how`` is the touch that was logged; None: a task was done, and nobody said how.
    """

    how: TouchKind | None = None
    by: str | None = None  # a staff id
    who: str = ""  # their name
    days: int  # before the referral


class Facts(Model):
    """How a source sent until its silence, and how its patients fared.

    ``sent`` counts the referrals of ``months`` months up to the last one, ``ever`` all of them;
    ``silent`` is in whole days; ``seen`` is the median of days from referral to evaluation, None
    where it would stand for fewer than ``FEW`` of them.
    """

    sent: int = 0
    months: float = 0.0
    ever: int = 0
    silent: int = 0
    worth: Priority = "low"
    seen: int | None = None
    declined: bool = False  # their last patient, by us
    heard: bool = True  # a referral said how they stand; no: leave, departure or a correction did
    worked: Worked | None = None

    @property
    def a_month(self) -> float:
        """Referrals a month; over less than a month they are not blown up to one."""
        return self.sent / max(self.months, 1.0)


def facts(
    history: SourceHistory,
    change: Change,
    policy: Policy,
    at: datetime,
    seen: Sequence[int] = (),
    worked: Worked | None = None,
) -> Facts:
    """What is known of a source at a moment; *seen* are its patients' days to evaluation.

    Of who has returned the figures are those of before the silence that their referral ended.
    """
    returned = change.state is SourceState.RETURNED
    sent = sorted(one for one in history.received if not returned or one < change.since)
    if not sent:
        return Facts()
    last = sent[-1]
    since = max(sent[0], last - policy.silence.rhythm_months * MONTH)
    until = change.since if returned else at
    return Facts(
        sent=sum(one >= since for one in sent),
        months=round((last - since) / MONTH, 1),
        ever=len(sent),
        worth=priority(history, policy),
        silent=max(until - last, timedelta(0)).days,
        seen=round(median(seen)) if len(seen) >= FEW else None,
        declined=history.declined is not None and history.declined >= last,
        worked=worked,
    )


_SAYS = {
    SourceState.ACTIVE: "Sends again",
    SourceState.COOLING: "Slower than their own rhythm",
    SourceState.QUIET: "Quiet",
    SourceState.LAPSED: "Lapsed",
    SourceState.RETURNED: "Back",
}
_HOW = {
    TouchKind.VISIT: "a visit",
    TouchKind.CALL: "a call",
    TouchKind.LUNCH: "a lunch",
    TouchKind.EVENT: "a talk at an event",
    TouchKind.WROTE: "a letter",
    TouchKind.NOTE: "a note",
}


def says(state: SourceState, known: Facts) -> str:
    """The state and its facts, as a person would say them to a colleague."""
    if state is SourceState.ACTIVE and not known.heard:
        return f"No silence after all: {_used_to(known)}, last one {_days(known.silent)} ago"
    if state is SourceState.RETURNED:
        return f"{_SAYS[state]} after {_days(known.silent)}: {_used_to(known)}; {_after(known)}"
    return f"{_SAYS[state]}: {silence(known)}"


def silence(known: Facts) -> str:
    """What is known of who does not send, without the word for it."""
    parts = [_used_to(known), f"last one {_days(known.silent)} ago"]
    if known.ever == 1:
        parts = [f"one patient so far, {_days(known.silent)} ago"]
    if known.seen is not None:
        parts.append(f"their patients were seen in {_days(known.seen)}")
    if known.declined:
        parts.append("we declined the last one")
    return ", ".join(parts)


def _used_to(known: Facts) -> str:
    if known.months >= _A_YEAR and known.a_month >= _OFTEN:
        return f"{known.a_month:.1f} a month last year"
    if known.months >= _A_YEAR:
        return f"{known.sent} in the last year they sent"
    if known.ever == 1:
        return "one patient before"
    weeks = round(known.months * MONTH / timedelta(days=7))
    return f"{known.sent} in {max(weeks, 1)} week{'' if weeks <= 1 else 's'}"


def _after(known: Facts) -> str:
    if known.worked is None:
        return "nobody had called or written"
    who = known.worked.who or known.worked.by
    how = _HOW[known.worked.how] if known.worked.how else "a call or note"
    return f"{_days(known.worked.days)} after {how}{f' by {who}' if who else ''}"


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"
