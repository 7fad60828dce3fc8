"""Last words when a referral ends before its time."""

from __future__ import annotations

from models import dues, parties, releases, telling
from models.facts import ClosedReason, ReferralClosed, RejectedWhy
from models.kinds import Kind
from models.referral import Referral
from models.tasks import TaskKind
from workflows.desk import Desk

# Whose reason no letter of ours says: a person tells the source (ARCHITECTURE §7).
_TOLD_BY_PHONE = {
    ClosedReason.DECLINED_BY_PATIENT,
    ClosedReason.DECLINED_BY_CLINIC,  # by letter where the reason was given (rule 14)
    ClosedReason.WITHDRAWN,
}
_TOLD_BY_LETTER = {ClosedReason.UNABLE_TO_REACH, ClosedReason.NOT_EVALUATED}


async def farewell(desk: Desk) -> None:
    """Stop what still waits for its hour; sources whose patient is not treated hear so (16).

    Runs after every track has ended. Deceased: nothing goes to anybody (rule 22).
    """
    await desk.drop_held("over")
    referral = desk.referral
    rejected = referral.rejected()
    if rejected is not None and rejected.why is RejectedWhy.ANOTHER_CLINIC:
        await desk.task(TaskKind.TELL_SOURCE, rejected.why)  # their fax went astray
    if not referral.over() or not referral.is_received():
        return
    closing = referral.closing()
    reason = closing.reason if closing else referral.closing_reason()
    if closing is not None and closing.declined_for is not None:
        await _have_patient_called(desk, closing)
    for sender in parties.senders(referral):
        if not _hears(desk, sender):
            continue
        letter = dues.telling.decline_letter(referral, desk.rules, sender)
        if letter is not None:
            await desk.send(*letter, unless=_open_again, by=dues.telling.declined_told(sender))
        elif reason in _TOLD_BY_LETTER and (sender.kind.treating or _may_read(desk, sender)):
            occasion = f"closed{telling.again(referral)}"
            await desk.send(Kind.UNABLE_TO_REACH, sender.party, occasion, unless=_open_again)
        elif reason in _TOLD_BY_LETTER | _TOLD_BY_PHONE:
            occasion = telling.by_phone(referral, sender, reason)
            await desk.task(TaskKind.TELL_SOURCE, occasion)


async def _have_patient_called(desk: Desk, closing: ReferralClosed) -> None:
    """A patient whom the clinic cannot take is called the same day, never texted (rule 14)."""
    by = desk.rules.calendar.after(closing.at, desk.rules.policy.decline.tell_source)
    occasion = f"declined{telling.again(desk.referral)}"
    await desk.task(TaskKind.TELL_PATIENT, occasion, due=by)


def _hears(desk: Desk, sender: parties.Sender) -> bool:
    """Who treats hears; for a third party a person decides what; nobody hears of a friend (8)."""
    third = sender.kind.third_party
    return sender.kind.treating or (third and desk.since("2026-11-third-parties"))


def _may_read(desk: Desk, sender: parties.Sender) -> bool:
    today = desk.rules.calendar.local_date(desk.now())
    facts = desk.referral.facts
    return releases.released(facts, sender.source_id, Kind.UNABLE_TO_REACH, today)


def _open_again(r: Referral) -> bool:
    return not r.closed()
