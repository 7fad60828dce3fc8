"""After a good ending: thanks, and one question."""

from __future__ import annotations

from models import dues
from models.kinds import Kind
from models.referral import Referral
from workflows.desk import Desk


async def follow_up(desk: Desk) -> None:
    """Thank the patient, ask how it went; then nothing more.

    Only goals met, plateau, the patient's choice or a move earn a cheerful word (rule 22). Who was
    not content is called: that is asked of a person as soon as the answer is known (dues.AT_ONCE).
    """
    if await desk.until(_never, dues.patient_thanks) is not None:
        await desk.send(Kind.PATIENT_THANKS, dues.PATIENT, unless=_no_good_end)
    if await desk.until(Referral.check_in_answered, dues.check_in) is not None:
        await desk.send(Kind.CHECK_IN, dues.PATIENT, unless=_answered_or_no_good_end)
    await desk.until(Referral.check_in_answered, dues.check_in_answer)


def _never(_: Referral) -> bool:
    return False


def _no_good_end(r: Referral) -> bool:
    ending = r.ending()
    return ending is None or not ending.good


def _answered_or_no_good_end(r: Referral) -> bool:
    return r.check_in_answered() or _no_good_end(r)
