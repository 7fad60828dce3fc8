"""What is asked about sources, practices, feeds and events nobody can place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.roles import Role
from models.tasks.base import TaskKind, TaskSpec, base_of, never

if TYPE_CHECKING:
    from models.referral import Referral


def _placed(r: Referral, occasion: str) -> bool:
    # The occasion is the event, or the request that is missing.
    found = base_of(occasion) == "request" and r.is_received()
    return found or r.knows(f"match:{occasion}")


SPECS: dict[TaskKind, TaskSpec] = {
    TaskKind.UNREADABLE_EVENT: TaskSpec(
        Role.ADMIN, "An event could not be read: the original is attached", never
    ),
    TaskKind.UNMATCHED_EVENT: TaskSpec(
        Role.FRONT_DESK, "An event matches no referral, or several: say which one", _placed
    ),
    TaskKind.SORT_FAX: TaskSpec(
        Role.FRONT_DESK,
        "A fax needs a person: say what it is",
        never,
        urgent=True,
        own_ladder=True,
    ),
    TaskKind.FEED_SILENT: TaskSpec(
        Role.ADMIN,
        "The EMR's feed is silent, and nothing is inferred from it: have it mended, or say that "
        "nothing is missing",
        never,
        urgent=True,
    ),
    TaskKind.RE_ENGAGEMENT: TaskSpec(
        Role.LIAISON,
        "A source has gone quiet: call, or write a personal note",
        never,
        own_ladder=True,
    ),
    TaskKind.ASK_FAX_NUMBER: TaskSpec(
        Role.FRONT_DESK,
        "Nothing is faxed to this office any more: ask for its fax number, and correct it",
        never,
    ),
    TaskKind.APPROVE_SCORECARD: TaskSpec(
        Role.DIRECTOR,
        "A letter to an office about its patients' figures waits: read it, then approve or decline",
        never,
    ),
    TaskKind.SCORECARD_LOST: TaskSpec(
        Role.LEAD,
        "A letter to an office about its patients' figures did not arrive: correct the number and "
        "word it again, or let it be",
        never,
    ),
    TaskKind.SCORECARD_UNCERTAIN: TaskSpec(
        Role.LEAD,
        "It is unknown whether a letter to an office about its patients' figures arrived: ask "
        "them, and say on the scorecard's page what they say",
        never,
    ),
    TaskKind.CALL_PRACTICE: TaskSpec(
        Role.FRONT_DESK, "Call this practice once about everything listed here", never
    ),
    TaskKind.QUIET_PRACTICE: TaskSpec(
        Role.LIAISON,
        "Several physicians of one practice have gone quiet: call once, or write one note",
        never,
        own_ladder=True,
    ),
}
