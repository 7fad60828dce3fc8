"""Last words when a referral ends before its time."""

from __future__ import annotations

from models import dues
from models.facts import ClosedReason
from models.kinds import Kind
from models.people import SourceKind
from workflows.desk import Desk


async def farewell(desk: Desk) -> None:
    """Stop what still waits for its hour; a source whose patient was not reached hears so (16).

    Runs after every track has ended. Deceased: nothing goes to anybody (rule 22).
    """
    await desk.drop_held("over")
    closing = desk.referral.closing()
    if closing is None or closing.reason is not ClosedReason.UNABLE_TO_REACH:
        return
    if SourceKind(desk.referral.received.source_kind).treating:
        await desk.send(Kind.UNABLE_TO_REACH, dues.SOURCE, "closed")
