"""The one word that a text gets by itself, at once: nothing in it is advice."""

from __future__ import annotations

from models import dues
from models.referral import Referral
from workflows.desk import Desk


async def reply_by_text(desk: Desk) -> None:
    """Confirm a STOP, answer HELP, say that we are closed; whether it may go Post judges (rule 17).

    Goes on for as long as the referral has anything else to do.
    """

    def owed(r: Referral) -> bool:
        return bool(dues.texts_owed(r, desk.rules))

    while True:
        await desk.after(lambda r: desk.rest_is_told or owed(r))
        if not owed(desk.referral):
            return
        kind, to, occasion = dues.texts_owed(desk.referral, desk.rules)[0]
        await desk.send(kind, to, occasion)
