"""Before each booked evaluation: one confirmation, and the forms."""

from __future__ import annotations

from models import dues
from models.facts import AppointmentBooked
from models.kinds import Kind
from models.referral import Referral
from workflows.desk import Desk, Known


async def prepare_visit(desk: Desk) -> None:
    """Confirm each appointment once, the forms with it; remind once, then the desk helps.

    At most two messages about forms [W12]. An appointment that moves, is missed or is cancelled
    ends the round; the next one begins another.
    """
    while True:
        await desk.after(lambda r: r.appointment() is not None or r.evaluated_or_discharged())
        booked = desk.referral.appointment()
        if booked is None or desk.referral.evaluated_or_discharged():
            return
        changed = _no_longer(booked)
        forms = desk.ours(Kind.INTAKE) and not desk.referral.intake_done()
        kind = Kind.INTAKE if forms else Kind.BOOKED
        await desk.send(kind, dues.PATIENT, booked.appointment_id, unless=changed)
        if forms:
            await _forms(desk, booked, changed)
        await desk.after(changed)


async def _forms(desk: Desk, booked: AppointmentBooked, changed: Known) -> None:
    def ready(r: Referral) -> bool:
        return r.intake_done() or changed(r)

    if await desk.until(ready, dues.intake_reminder) is not None:
        await desk.send(Kind.INTAKE_REMINDER, dues.PATIENT, booked.appointment_id, unless=ready)
    await desk.expect(ready, dues.intake_help)


def _no_longer(booked: AppointmentBooked) -> Known:
    def changed(r: Referral) -> bool:
        now = r.appointment()
        moved = now is None or now.appointment_id != booked.appointment_id
        return moved or r.evaluated_or_discharged()

    return changed
