"""The evaluation takes place, after as many bookings as it needs."""

from __future__ import annotations

from models import dues, parties
from models.facts import AppointmentBooked
from models.kinds import Kind
from models.referral import Referral
from workflows.desk import Desk, Known


async def evaluate(desk: Desk) -> None:
    """Wait for the evaluation; ask when no word comes, book again when it was missed.

    A no-show is never inferred: the desk is asked the next business day at 10:00 (rule 9).
    """
    while not desk.referral.evaluated_or_discharged():
        booked = desk.referral.appointment()
        if booked is None:
            await _book_again(desk)
        else:
            await desk.expect(_settled_or_moved(booked), dues.attendance)


async def _book_again(desk: Desk) -> None:
    """First miss: a text that day and a call; second: a call; third: the lead, the office told."""
    due = dues.rebooking(desk.referral, desk.rules)
    if due is not None and due.at <= desk.now():
        await desk.late(due)
    why, misses = desk.referral.rebooking(), desk.referral.missed()
    other = _another_reason(why)
    policy = desk.rules.policy.evaluation
    if misses and why == f"miss-{len(misses)}":
        if len(misses) < policy.no_show_call_only_from:
            await desk.send(Kind.MISSED, dues.PATIENT, misses[-1].appointment_id, unless=other)
        elif len(misses) >= policy.no_show_lead_from and (office := parties.office(desk.referral)):
            await desk.send(Kind.UNABLE_TO_REACH, office, "no-shows", unless=other)
    await desk.expect(other, dues.rebooking)


def _another_reason(why: str | None) -> Known:
    """Booked, or missed once more."""
    return lambda r: r.booked() or r.rebooking() != why


def _settled_or_moved(booked: AppointmentBooked) -> Known:
    def known(r: Referral) -> bool:
        now = r.appointment()
        same = now is not None and (now.appointment_id, now.starts_at) == (
            booked.appointment_id,
            booked.starts_at,
        )
        return r.evaluated_or_discharged() or not same

    return known
