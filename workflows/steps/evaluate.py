"""The evaluation takes place, after as many bookings as it needs."""

from __future__ import annotations

from models import dues
from models.facts import AppointmentBooked, AppointmentCancelled
from models.kinds import Kind
from models.referral import Referral
from models.tasks import TaskKind
from workflows.desk import Desk, Known


async def evaluate(desk: Desk) -> None:
    """Wait for the evaluation; ask when no word comes, book again when it was missed.

    A no-show is never inferred: the desk is asked the next business day at 10:00 (rule 9).
    """
    while not desk.referral.evaluated_or_discharged():
        booked = desk.referral.appointment()
        if booked is None:
            await _book_again(desk)
            continue
        await desk.expect(_settled_or_moved(booked), dues.attendance)


async def _book_again(desk: Desk) -> None:
    """First miss: a text that day and a call; second: a call; third: the lead decides."""
    referral, policy = desk.referral, desk.rules.policy.evaluation
    misses = referral.missed()
    if misses:
        last = misses[-1]
        number = len(misses)
        if number >= policy.no_show_lead_from:
            await desk.task(TaskKind.DECIDE_NO_SHOWS, f"miss-{number}")
            await desk.send(Kind.UNABLE_TO_REACH, dues.SOURCE, "no-shows", unless=_on_track)
        else:
            if number < policy.no_show_call_only_from:
                await desk.send(Kind.MISSED, dues.PATIENT, last.appointment_id, unless=_on_track)
            call_by = desk.rules.calendar.after(last.at, policy.no_show_call)
            await desk.task(TaskKind.REBOOK_CALL, f"miss-{number}", due=call_by)
    cancelled = referral.last(AppointmentCancelled)
    if cancelled is not None and not misses:
        await desk.task(TaskKind.REBOOK_CALL, f"cancelled-{cancelled.appointment_id}")
    await desk.after(lambda r: _on_track(r) or len(r.missed()) > len(misses))


def _on_track(r: Referral) -> bool:
    return r.booked()


def _settled_or_moved(booked: AppointmentBooked) -> Known:
    def known(r: Referral) -> bool:
        now = r.appointment()
        same = now is not None and (now.appointment_id, now.starts_at) == (
            booked.appointment_id,
            booked.starts_at,
        )
        return r.evaluated_or_discharged() or not same

    return known
