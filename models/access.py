"""What each role may see and do at its clinics; nobody sees more of a patient than they work with.

HIPAA asks for the minimum necessary by role (45 CFR 164.514(d), domain.md [H2]). Which clinics
somebody works at is in the policy file, and holds for every right alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from models.organization import Staff
from models.roles import Role


class May(StrEnum):
    """One thing somebody may do on the desk's pages."""

    BOARD = "board"
    NAMES = "names"
    CHART = "chart"
    WORK = "work"
    WAIT = "wait"
    TALK = "talk"
    SORT = "sort"
    SLOTS = "slots"
    SOURCES = "sources"
    NUMBERS = "numbers"
    AUDIT = "audit"
    STAFF = "staff"


SAYS: Final[dict[May, str]] = {
    May.BOARD: "sees the board and the tasks",
    May.NAMES: "sees patients by name and number; without it by initials",
    May.CHART: "opens a referral: messages, documents, notes",
    May.WORK: "decides about referrals",
    May.WAIT: "places and lifts holds: authorization, benefits and the others",
    May.TALK: "texts with patients",
    May.SORT: "reads inbound faxes and says what they are",
    May.SLOTS: "offers times to patients",
    May.SOURCES: "keeps the book of sources: who sends, touches, gifts; never a patient's name",
    May.NUMBERS: "sees the figures",
    May.AUDIT: "reads who has seen and done what",
    May.STAFF: "invites colleagues and ends their sessions",
}

_DESK: Final = frozenset(
    {May.BOARD, May.NAMES, May.CHART, May.WORK, May.WAIT, May.TALK, May.SORT, May.SLOTS}
)

# The book of sources is for those who keep relationships and those who answer for them. A desk
# works with one referral at a time and needs no list of who sends how many.
GRANTS: Final[dict[Role, frozenset[May]]] = {
    Role.FRONT_DESK: _DESK,
    Role.LEAD: _DESK | {May.NUMBERS, May.SOURCES},
    Role.THERAPIST: frozenset({May.BOARD, May.NAMES, May.CHART, May.WORK, May.TALK}),
    Role.LIAISON: frozenset({May.BOARD, May.SOURCES}),
    Role.BILLING: frozenset({May.BOARD, May.NAMES, May.CHART, May.WAIT, May.SORT}),
    Role.COMPLIANCE: frozenset({May.BOARD, May.NAMES, May.CHART, May.AUDIT, May.SORT}),
    Role.DIRECTOR: _DESK | {May.SOURCES, May.NUMBERS, May.AUDIT, May.STAFF},
    Role.ADMIN: frozenset({May.BOARD, May.STAFF, May.AUDIT}),
}


def holders_of(staff: Iterable[Staff], what: May) -> list[Staff]:
    """Who of the staff has a right, at whichever clinic."""
    return [one for one in staff if what in GRANTS[one.role]]


def masked(given_name: str, family_name: str) -> str:
    """A patient as those see them who need no name, and as a screen facing the lobby shows them."""
    initials = [part[0].upper() for part in (given_name.strip(), family_name.strip()) if part]
    return ". ".join(initials) + "." if initials else "–"
