"""What each role may see and do at its clinics; nobody sees more of a patient than they work with.

HIPAA asks for the minimum necessary by role (45 CFR 164.514(d), domain.md [H2]). Which clinics
somebody works at is in the policy file, and holds for every right alike.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from models.roles import Role


class May(StrEnum):
    """One thing somebody may do on the desk's pages."""

    BOARD = "board"  # the board, the tasks and what stands on cards
    NAMES = "names"  # patients by name; without it by initials, and no numbers
    CHART = "chart"  # messages, documents and notes of one referral
    WORK = "work"  # decide about referrals and tasks of the front desk
    WAIT = "wait"  # holds: authorization, benefits and the others
    TALK = "talk"  # text with patients
    SORT = "sort"  # read inbound faxes and say what they are
    SLOTS = "slots"  # offer times to patients
    NUMBERS = "numbers"  # the director's figures
    AUDIT = "audit"  # who has seen and done what
    STAFF = "staff"  # invite colleagues, end their sessions


_DESK: Final = frozenset(
    {May.BOARD, May.NAMES, May.CHART, May.WORK, May.WAIT, May.TALK, May.SORT, May.SLOTS}
)

GRANTS: Final[dict[Role, frozenset[May]]] = {
    Role.FRONT_DESK: _DESK,
    Role.LEAD: _DESK | {May.NUMBERS},
    Role.THERAPIST: frozenset({May.BOARD, May.NAMES, May.CHART, May.WORK, May.TALK}),
    Role.LIAISON: frozenset({May.BOARD}),
    Role.BILLING: frozenset({May.BOARD, May.NAMES, May.CHART, May.WAIT, May.SORT}),
    Role.COMPLIANCE: frozenset({May.BOARD, May.NAMES, May.CHART, May.AUDIT, May.SORT}),
    Role.DIRECTOR: _DESK | {May.NUMBERS, May.AUDIT, May.STAFF},
    Role.ADMIN: frozenset({May.BOARD, May.STAFF, May.AUDIT}),
}


def masked(given_name: str, family_name: str) -> str:
    """A patient as those see them who need no name, and as a screen facing the lobby shows them."""
    initials = [part[0].upper() for part in (given_name.strip(), family_name.strip()) if part]
    return ". ".join(initials) + "." if initials else "–"
