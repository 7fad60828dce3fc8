"""Before each booked evaluation: a reminder, and another one while nobody has confirmed."""

from __future__ import annotations

from models import dues
from models.facts import AppointmentBooked
from models.referral import Referral
from workflows.desk import Desk, Known


async def remind(desk: Desk) -> None:
    """Remind of each appointment that stands; never of one that has begun, or of its old time.

    Where the EMR reminds (policy.md rule 10) there is nothing to wait for.
    """
    while True:
        await desk.after(lambda r: r.appointment() is not None or r.evaluated_or_discharged())
        booked = desk.referral.appointment()
        if booked is None or desk.referral.evaluated_or_discharged():
            return
        moved = _no_longer(booked)
        while not moved(desk.referral) and desk.now() < booked.starts_at:
            due = await desk.until(moved, dues.reminder)
            message = dues.next_reminder(desk.referral, desk.rules)
            if due is None or message is None:
                break
            await desk.send(*message, unless=_too_late(desk, booked, moved))
        await desk.after(moved)


def _no_longer(booked: AppointmentBooked) -> Known:
    def moved(r: Referral) -> bool:
        now = r.appointment()
        return (
            r.evaluated_or_discharged()
            or now is None
            or (now.appointment_id, now.starts_at) != (booked.appointment_id, booked.starts_at)
        )

    return moved


def _too_late(desk: Desk, booked: AppointmentBooked, moved: Known) -> Known:
    return lambda r: moved(r) or desk.now() >= booked.starts_at
