"""A referral that goes on at another clinic: its row, its hours and its tasks move with it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from activities.tenants import Tenants
from models import duty
from models.contracts import Moved
from models.facts import ReturnedWhy, TaskReturned, Transferred
from models.policy import Rules
from models.referral import Referral
from store import referrals
from store.record import Record

SYSTEM = "system"


class Moving:
    """Every method works inside the caller's transaction; done again it changes nothing."""

    def __init__(self, record: Record, tenants: Tenants) -> None:
        self._record = record
        self._tenants = tenants

    def follow(
        self, session: Session, org: str, referral: Referral, referral_id: str, now: datetime
    ) -> tuple[Moved, tuple[TaskReturned, ...]]:
        """Bring the row to where the facts say the referral is; *now* is wall time.

        The policy stays as it was pinned, the calendar is the new clinic's (policy.md rule 11).
        Tasks stand with the new clinic's people: what somebody has who does not work there is
        everybody's again, and these words are answered.
        """
        newest = referral.transfer()
        if newest is None:
            raise LookupError("a referral that has not moved")
        row = referrals.get(session, org, referral_id)
        if row.clinic_id != newest.clinic_id:
            pinned = Rules.model_validate(row.rules)
            calendar = self._tenants.calendar(org, newest.at, newest.clinic_id)
            row.clinic_id = newest.clinic_id
            row.rules = pinned.model_copy(update={"calendar": calendar}).model_dump(mode="json")
            session.add(row)
            session.flush()
        returned = self._returned(org, referral, newest)
        self._record.write_in(session, org, row.id, *returned, recorded_at=now)
        known = self._record.load(session, org, row.id).all(TaskReturned)
        learned = [one for one in known if one.why is ReturnedWhy.MOVED and one.at >= newest.at]
        moved = Moved(clinic_id=row.clinic_id, rules=Rules.model_validate(row.rules))
        return moved, tuple(learned)

    def _returned(self, org: str, referral: Referral, moved: Transferred) -> list[TaskReturned]:
        staff = self._tenants.get(org).staff
        there = {one.id for one in staff if moved.clinic_id in one.clinics}
        found = []
        for task in referral.open_tasks():
            held = duty.lease(referral, task.task)
            if held is None or held.who in there:
                continue
            at = max(moved.at, held.since)
            found.append(
                TaskReturned(at=at, as_of=at, by=SYSTEM, task=task.task, why=ReturnedWhy.MOVED)
            )
        return found
