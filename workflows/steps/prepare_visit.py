"""Before each booked evaluation: one confirmation, and the forms."""

from __future__ import annotations

from models import dues
from models.facts import AppointmentBooked
from models.kinds import Kind
from models.referral import Referral
from workflows.desk import Desk, Known


async def prepare_visit(desk: Desk) -> None:
    """Confirm each appointment once, and when it moves; the forms with it; then the desk helps.

    One reminder, at most two messages about forms [W12], none about a visit that has begun. An
    appointment that moves, is missed or is cancelled ends the round; the next one begins another.
    """
    while True:
        await desk.after(lambda r: r.appointment() is not None or r.evaluated_or_discharged())
        booked = desk.referral.appointment()
        if booked is None or desk.referral.evaluated_or_discharged():
            return
        changed = _no_longer(booked)
        if desk.now() < booked.starts_at:
            await _confirm(desk, booked, changed)
        if desk.now() < booked.starts_at:
            await _forms(desk, booked, changed)
        await desk.after(changed)


async def _confirm(desk: Desk, booked: AppointmentBooked, changed: Known) -> None:
    def too_late(r: Referral) -> bool:
        return changed(r) or desk.now() >= booked.starts_at

    kind = dues.confirmation(desk.referral, desk.rules, booked)
    await desk.send(kind, dues.PATIENT, booked.appointment_id, unless=too_late)
    again = dues.confirmed_anew(desk.referral, desk.rules, booked)
    if again is not None and not too_late(desk.referral) and desk.since("2026-11-moved-visit"):
        await desk.send(again.kind, again.to, again.occasion, unless=too_late)


async def _forms(desk: Desk, booked: AppointmentBooked, changed: Known) -> None:
    def ready(r: Referral) -> bool:
        return r.intake_done() or changed(r)

    def too_late(r: Referral) -> bool:
        return ready(r) or desk.now() >= booked.starts_at

    if await desk.until(ready, dues.intake_reminder) is not None:
        to = booked.appointment_id
        await desk.send(Kind.INTAKE_REMINDER, dues.PATIENT, to, unless=too_late)
    await desk.expect(ready, dues.intake_help)


def _no_longer(booked: AppointmentBooked) -> Known:
    def changed(r: Referral) -> bool:
        now = r.appointment()
        same = now is not None and (now.appointment_id, now.starts_at) == (
            booked.appointment_id,
            booked.starts_at,
        )
        return not same or r.evaluated_or_discharged()

    return changed
