"""Last words when a referral ends before its time."""

from __future__ import annotations

from models import dues
from models.facts import ClosedReason
from models.kinds import Kind
from models.referral import Referral
from models.tasks import TaskKind
from workflows.desk import Desk

# Whose reason no letter of ours says: a person tells the source (rule 14; ARCHITECTURE §7).
_TOLD_BY_PHONE = {
    ClosedReason.DECLINED_BY_PATIENT,
    ClosedReason.DECLINED_BY_CLINIC,
    ClosedReason.WITHDRAWN,
}
_TOLD_BY_LETTER = {ClosedReason.UNABLE_TO_REACH, ClosedReason.NOT_EVALUATED}


async def farewell(desk: Desk) -> None:
    """Stop what still waits for its hour; a source whose patient is not treated hears so (16).

    Runs after every track has ended. Deceased: nothing goes to anybody (rule 22).
    """
    await desk.drop_held("over")
    referral = desk.referral
    if not referral.over() or not referral.is_received() or not referral.treating_source():
        return
    closing = referral.closing()
    reason = closing.reason if closing else referral.closing_reason()
    if reason in _TOLD_BY_LETTER:
        await desk.send(Kind.UNABLE_TO_REACH, dues.SOURCE, "closed", unless=_open_again)
    elif reason in _TOLD_BY_PHONE:
        await desk.task(TaskKind.TELL_SOURCE, str(reason))


def _open_again(r: Referral) -> bool:
    return not r.closed()
