"""A patient whose insurer keeps us waiting hears so once."""

from __future__ import annotations

from models import dues, holds
from models.kinds import Kind
from models.referral import MessageRef, Referral
from models.tasks import TaskKind, task_key
from workflows.desk import Desk, Known


async def tell_waiting(desk: Desk) -> None:
    """One text within two business days of the wait, never the payer's name (policy.md §3).

    Where no text may go, somebody calls. That the insurer said no is told by a person.
    """
    while not desk.referral.evaluated_or_discharged():
        due = await desk.until(Referral.evaluated_or_discharged, dues.waiting_word)
        if due is not None:
            await _tell(desk, MessageRef(Kind.WAITING_ON_INSURER, dues.PATIENT, due.occasion))
        else:
            await desk.after(
                lambda r: (
                    r.evaluated_or_discharged() or dues.waiting_word(r, desk.rules) is not None
                )
            )


async def _tell(desk: Desk, message: MessageRef) -> None:
    """The text, or a call where no text may go and no other task says so already."""
    overtaken = _waits_no_more(message.occasion)
    await desk.send(*message, unless=overtaken)
    r = desk.referral
    unsaid = r.settled(message) and not r.sent(message) and not overtaken(r)
    if unsaid and r.task(task_key(TaskKind.UNDELIVERABLE, message.key)) is None:
        await desk.task(TaskKind.TELL_WAITING, message.occasion)


def _waits_no_more(hold_id: str) -> Known:
    def over(r: Referral) -> bool:
        standing = {hold.hold_id for hold in holds.standing(r) if not hold.denied}
        return hold_id not in standing or r.evaluated_or_discharged()

    return over
