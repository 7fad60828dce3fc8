"""After a good ending: thanks, and one question."""

from __future__ import annotations

from models import dues
from models.facts import CheckInAnswered
from models.kinds import Kind
from models.referral import Referral
from models.tasks import TaskKind
from workflows.desk import Desk


async def follow_up(desk: Desk) -> None:
    """Thank the patient, ask how it went, call the unhappy the same day; then nothing more.

    Only goals met, plateau, the patient's choice or a move earn a cheerful word (rule 22).
    """
    ending = desk.referral.ending()
    if ending is None or not ending.good:
        return
    if await desk.until(_never, dues.patient_thanks) is not None:
        await desk.send(Kind.PATIENT_THANKS, dues.PATIENT)
    if await desk.until(Referral.check_in_answered, dues.check_in) is not None:
        await desk.send(Kind.CHECK_IN, dues.PATIENT, unless=Referral.check_in_answered)
    await desk.until(Referral.check_in_answered, dues.check_in_answer)
    answer = desk.referral.last(CheckInAnswered)
    policy = desk.rules.policy.followup
    if answer is not None and answer.score <= policy.call_at_or_below:
        call_by = desk.rules.calendar.after(answer.at, policy.call_within)
        await desk.task(TaskKind.LOW_SCORE, "1", due=call_by)


def _never(_: Referral) -> bool:
    return False
