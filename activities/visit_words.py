"""One patient, one booked text: the visits it names, and who waits to be named in it (rule 12).

The confirmation of a booking names the patient's other evaluation at this clinic as well. While one
of the referrals that they are reached for is still to be booked, it waits a moment for that; the
first whose time comes takes the others along, each with a row and a delivery of its own, as letters
to one fax line do (``activities.fax_line``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from activities.company import Drawn, Going, along
from activities.judging import turn_of
from activities.tenants import Tenants
from activities.turns import Turn
from models import holds, sharing, written
from models.contracts import SendInput
from models.facts import AppointmentBooked, CadenceShared
from models.kinds import Kind
from models.messages import AboutVisit
from models.referral import MessageRef, Referral, appointment_of
from models.sending import Go, Hold
from store import lookups, post, referrals
from store.record import Record
from store.tables import MessageRow, MessageState, ReferralRow

TOGETHER = "together"  # why a confirmation waits: another booking may come in a moment
CONFIRMS = frozenset({Kind.BOOKED, Kind.INTAKE})


class VisitWords:
    """Questions about one patient's bookings; every method runs inside the caller's transaction."""

    def __init__(self, record: Record, tenants: Tenants) -> None:
        self._record = record
        self._tenants = tenants

    def also(self, session: Session, given: SendInput, at: datetime) -> tuple[datetime, ...]:
        """When the patient's other evaluations at this clinic begin, those still ahead."""
        if given.kind not in CONFIRMS:
            return ()
        visits = [(r, _visit(r, at)) for _, r in self._beside(session, given)]
        told = [visit.starts_at for r, visit in visits if visit and not _untold(r, visit)]
        return tuple(sorted(told))

    def judge(
        self, session: Session, turn: Turn, referral: Referral, row: MessageRow, *, begun: bool
    ) -> Go | Hold:
        """Wait a moment for the other booking, or go now; ``begun``: it was tried already.

        Nobody waits for a visit of the same day, nor for a second time when a visit has moved.
        """
        given, rules = turn.given, turn.rules
        appointment = appointment_of(given.occasion)
        if begun or given.kind not in CONFIRMS or appointment != given.occasion:
            return Go()
        until = rules.calendar.after(row.created_at, rules.policy.reach.together)
        today = rules.calendar.local_date(turn.at)
        soon = any(
            booked.appointment_id == appointment
            and rules.calendar.local_date(booked.starts_at) <= today
            for booked in referral.all(AppointmentBooked)
        )
        if soon or turn.at >= until:
            return Go()
        others = self._beside(session, given)
        if any(self._may_come(session, referral, one, r, turn.at) for one, r in others):
            return Hold(until=until, why=TOGETHER)
        return Go()

    def others(self, session: Session, first: Going) -> tuple[Turn, ...]:
        """The turns of the confirmations that wait beside this one."""
        given, at = first.turn.given, first.turn.at
        if given.kind not in CONFIRMS:
            return ()
        rows = [
            row for one, _ in self._beside(session, given) for row in self._waiting(session, one)
        ]
        return tuple(turn_of(session, self._tenants, row, at) for row in rows)

    def joining(self, session: Session, first: Going, company: Sequence[Drawn]) -> list[Going]:
        """Whose visit this message names, and may be told by it."""
        found = (self._may_join(session, first, one) for one in company)
        return [going for going in found if going is not None]

    # --- inside ---------------------------------------------------------------------------------

    def _beside(self, session: Session, given: SendInput) -> list[tuple[ReferralRow, Referral]]:
        """The patient's other open referrals at this clinic."""
        mine = referrals.get(session, given.org, given.referral_id)
        rows = lookups.open_referrals_of(session, given.org, mine.patient_id)
        return [
            (row, self._record.load(session, given.org, row.id))
            for row in rows
            if row.id != mine.id and row.clinic_id == mine.clinic_id
        ]

    def _may_come(
        self, session: Session, mine: Referral, row: ReferralRow, r: Referral, at: datetime
    ) -> bool:
        """Another booking is to be expected: reached for together, or told of this very moment."""
        if sharing.unbooked(r):
            together = any(one.all(CadenceShared) for one in (mine, r))
            return together and not holds.waits(r)
        visit = _visit(r, at)
        if visit is None:
            return False
        words = _confirmations(visit)
        return not any(r.begun(one) or post.find_message(session, row.id, one) for one in words)

    def _waiting(self, session: Session, row: ReferralRow) -> list[MessageRow]:
        return [
            one
            for one in post.messages_of(session, row.id)
            if one.kind in CONFIRMS and one.state == MessageState.HELD
        ]

    def _may_join(self, session: Session, first: Going, one: Drawn) -> Going | None:
        """None for what may not go now, or is not named by this message."""
        context, told = one.letter.context, first.letter.context
        if not isinstance(context, AboutVisit) or not isinstance(told, AboutVisit):
            return None
        if context.when not in told.also:
            return None
        return along(session, self._record, self._tenants, first, one)


def _visit(r: Referral, at: datetime) -> AppointmentBooked | None:
    """The evaluation that is ahead of the patient."""
    visit = None if r.over() or r.evaluated_or_discharged() else r.appointment()
    return visit if visit is not None and visit.starts_at > at else None


def _untold(r: Referral, visit: AppointmentBooked) -> bool:
    """Somebody has stopped the word about it."""
    return any(written.stopped(r, message) for message in _confirmations(visit))


def _confirmations(visit: AppointmentBooked) -> list[MessageRef]:
    return [MessageRef(kind, "patient", visit.appointment_id) for kind in sorted(CONFIRMS)]
