"""Fax numbers that take nothing any more: marked after several documents, and asked about once.

Nothing is sent to a dead number (``models.sending``): letters go by their next channel, or a person
calls. Somebody asks the practice for its number; when that is done, the number may be tried again.
"""

from __future__ import annotations

from sqlmodel import Session

from activities.turns import Turn
from models.tasks import TaskKind, dead_number_occasion
from store import consent, people, settling, tasks


def judge(session: Session, turn: Turn, number: str) -> bool:
    """Mark a number dead once enough documents failed there; True where it was not known.

    Three different ones, since one last went through (policy.md §2 fax.retry). In the caller's
    transaction, after the failure of the last one was written.
    """
    org, rules = turn.given.org, turn.rules
    if settling.failures_to(session, org, number) < rules.policy.fax.dead_after_documents:
        return False
    if not consent.mark_dead(session, org=org, address=number, why="fax_failed", at=turn.at):
        return False
    whose = people.office_by_fax(session, org, number)
    tasks.open_for_org(
        session,
        org,
        TaskKind.ASK_FAX_NUMBER,
        dead_number_occasion(number, turn.at),
        due=rules.calendar.after(turn.at, rules.policy.task.lease),
        at=turn.at,
        clinic_id=turn.given.clinic_id,
        says=f"Faxes to {whose.name if whose else 'an office'} at {number} keep failing, and "
        "nothing is faxed there any more: ask for the right number and correct it. When this is "
        "done, the number may be tried again",
    )
    return True
