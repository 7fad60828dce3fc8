"""Calls that nobody answered: facts of the referrals on the number, or a task of the desk's."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from activities.tenants import Tenants
from integrations.emr.calls import MISSED, CallIn, read_call
from integrations.emr.events import read_json
from models.contracts import RawRequest
from models.errors import BadRequest
from models.events import Event
from models.facts import CallMissed
from models.tasks import TaskKind
from store import lookups, replies, tasks
from store.tables import InboxRow, ReferralRow

__all__ = ["MISSED", "MissedCall", "MissedCalls"]


class MissedCall(NamedTuple):
    """One call as a vendor's callback brings it."""

    call_id: str
    phone: str
    called: str
    at: datetime

    def request(self, received_at: datetime) -> RawRequest:
        """The same as a request at our door."""
        data = {"call_id": self.call_id, "phone": self.phone, "called": self.called}
        event = Event(type=MISSED, at=self.at, data=data)
        body = event.model_dump_json(exclude_defaults=True).encode()
        return RawRequest(origin="texts", body=body, received_at=received_at)


class MissedCalls:
    """Reads calls; every method works inside the caller's transaction and may be called again."""

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants

    def about(
        self, session: Session, inbox: InboxRow, event: Event
    ) -> list[tuple[ReferralRow, CallMissed]]:
        """The fact for every open referral on the number; the oldest one answers for all."""
        call = self._read(inbox, event)
        on = replies.on_number(session, inbox.org, call.phone)
        return [(row, _fact(event, call, here=row.id == on[0].id)) for row in on]

    def ask(self, session: Session, inbox: InboxRow, event: Event) -> None:
        """Somebody we do not know called: the desk calls back, and nothing is texted to them.

        While nobody has, another call from that number asks nothing new.
        """
        call = self._read(inbox, event)
        if event.retracted or self._asked(session, inbox, call):
            return
        clinics = self._tenants.get(inbox.org).organization.clinics
        clinic = next((one for one in clinics if one.phone == call.called), clinics[0])
        at = inbox.received_at
        rules = self._tenants.rules(inbox.org, clinic.id, at)
        tasks.open_for_org(
            session,
            inbox.org,
            TaskKind.CALL_BACK,
            call.call_id,
            due=rules.calendar.after(at, rules.policy.missed_call.call_back),
            at=at,
            clinic_id=clinic.id,
            inbox=inbox,
        )

    # --- inside ---------------------------------------------------------------------------------

    def _read(self, inbox: InboxRow, event: Event) -> CallIn:
        return read_call(event, self._tenants.get(inbox.org).organization.country)

    def _asked(self, session: Session, inbox: InboxRow, call: CallIn) -> bool:
        """Whether a task already asks to call this number back."""
        for task in tasks.open_tasks(session, inbox.org, kind=TaskKind.CALL_BACK):
            row = lookups.row(session, task.inbox_id) if task.inbox_id else None
            if row is None or row.id == inbox.id or not row.body:
                continue
            try:
                told = Event.model_validate(read_json(row.body))
                if self._read(row, told).phone == call.phone:
                    return True
            except (BadRequest, ValueError):
                continue
        return False


def _fact(event: Event, call: CallIn, *, here: bool) -> CallMissed:
    return CallMissed(
        at=event.at,
        as_of=event.as_of or event.at,
        retracted=event.retracted,
        call_id=call.call_id,
        here=here,
    )
