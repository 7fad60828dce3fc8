"""What becomes of a letter to an office, and who is asked about it: settled in one place.

Nobody waits for a letter of these: one that did not arrive, or of which nobody can tell, would go
quiet unless somebody is asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from activities.tenants import Tenants
from models.kinds import Kind
from models.policy.base import span
from models.tasks import TaskKind
from store import ledger, post, settling, tasks
from store.tables import DeliveryRow, DeliveryState, ScorecardLetterRow, SubjectType

STOPPED: Final = "switched_off"  # they said so between the approval and the sending
NOT_THERE: Final = "not_there"  # the office says so
_SYSTEM: Final = "system"  # nobody has done it: the vendor said so
_SEE_TO_IT: Final = span("5 bd")  # judgment; nobody's care depends on it
_ASKED: Final = {
    DeliveryState.FAILED: TaskKind.SCORECARD_LOST,
    DeliveryState.UNKNOWN: TaskKind.SCORECARD_UNCERTAIN,
}


def settle(
    session: Session,
    tenants: Tenants,
    row: DeliveryRow,
    state: DeliveryState,
    *,
    at: datetime,
    by: str = _SYSTEM,
    vendor_id: str = "",
    code: str = "",
    prove_by: datetime | None = None,
) -> bool:
    """Move one try to send a letter; True where that is news. Again it changes nothing.

    Whoever was asked about it need not look any more, and somebody is asked where it did not
    arrive or nobody can tell: also where a person says so (*by*, a staff id), who may not be one
    that words another. The CRM hears of one that went out. In the caller's transaction.
    """
    settled = settling.settle(
        session, row.id, state, at=at, vendor_id=vendor_id, code=code, prove_by=prove_by
    )
    if state in {DeliveryState.ACCEPTED, DeliveryState.DELIVERED}:
        _tell_crm(session, row, at)
    if settled.moved:
        _answered(session, row, state, by, at)
        if state in _ASKED and code != STOPPED:
            _ask(session, tenants, row, _ASKED[state], code, at)
    return settled.moved


def _answered(
    session: Session, row: DeliveryRow, state: DeliveryState, by: str, at: datetime
) -> None:
    """What was asked of this letter is answered; only an arrival answers that one is lost."""
    kinds = [TaskKind.SCORECARD_UNCERTAIN]
    if state is DeliveryState.DELIVERED:
        kinds.append(TaskKind.SCORECARD_LOST)
    for kind in kinds:
        tasks.end_for(session, row.org, kind, row.subject_id, by=by, at=at, outcome=state)


def _ask(
    session: Session,
    tenants: Tenants,
    row: DeliveryRow,
    kind: TaskKind,
    code: str,
    at: datetime,
) -> None:
    letter = session.get_one(ScorecardLetterRow, row.subject_id)
    # A try may be uncertain twice, for two reasons: each is a task of its own.
    again = f"-{code}" if kind is TaskKind.SCORECARD_UNCERTAIN else ""
    tasks.open_for_source(
        session,
        ledger.standing(session, letter.source_id),
        kind,
        f"{letter.id}-{row.rung}{again}",
        due=tenants.calendar(row.org, at).after(at, _SEE_TO_IT),
        at=at,
    )


def _tell_crm(session: Session, row: DeliveryRow, at: datetime) -> None:
    """One touch for one letter, however often its vendor speaks of it (policy.md rule 23)."""
    letter = session.get_one(ScorecardLetterRow, row.subject_id)
    post.queue_crm(
        session,
        org=row.org,
        subject_type=SubjectType.SCORECARD,
        subject_id=letter.id,
        payload={
            "type": "touch",
            "kind": Kind.SCORECARD,
            "channel": row.channel,
            "source_id": letter.source_id,
            "by": letter.decided_by,
            "at": at.isoformat(),
        },
        at=at,
        recorded_at=at,
    )
