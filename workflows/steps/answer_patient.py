"""Whoever writes to us hears from a person, and in minutes."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from workflows.desk import Desk


async def answer_patient(desk: Desk) -> None:
    """Pass on what nobody has answered within the hour (policy.md §2 inbound_text.answer).

    The first task stands as soon as the text is known (dues.AT_ONCE). Goes on for as long as the
    referral has anything else to do, and never ends with a text unread.
    """
    while not (desk.rest_is_told and _answered(desk.referral)):
        await desk.expect(_answered, dues.answer_late)
        await desk.after(lambda r: desk.rest_is_told or not _answered(r))


def _answered(r: Referral) -> bool:
    return not r.unanswered()
